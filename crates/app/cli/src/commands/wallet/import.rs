//! `assay wallet import`: a key that exists elsewhere comes into the wallet.

use super::{
    Key, PublicJson, kept,
    protection::ProtectionArgs,
    unlock::{ask, environment, key_failure, unlock_file},
};
use crate::context::Context;
use assay_keys::{
    AccountId, Encryption, KeyError, KeyMaterial, Keyfile, Overwrite, Pair, Passwords, Protection, PublicKey,
    Scheme, SecretError,
};
use miette::miette;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::{io::Read, path::PathBuf};

/// Longer than any secret that is read here.
const MAX_SECRET_BYTES: u64 = 8192;

/// Bring a key into a wallet: from its phrase, seed, private key, secret URI, keyfile or address
///
/// Secrets are read from the terminal without echo, or from standard input when that is a file or a pipe; never from
/// the command line, where other users and the shell's history see them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which of the wallet's keys it becomes
    #[arg(value_enum)]
    key: Key,
    #[command(flatten)]
    source: Source,
    /// How the key signs: sr25519 or ed25519. A keyfile says so itself
    #[arg(long, value_name = "SCHEME", default_value = "sr25519", alias = "crypto-type")]
    scheme: Scheme,
    #[command(flatten)]
    protection: ProtectionArgs,
    /// Put the key in the place of an existing one
    #[arg(long)]
    overwrite: bool,
}

/// Where the key comes from.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// From a recovery phrase of 12 to 24 words
    #[arg(long, alias = "mnemonic")]
    phrase: bool,
    /// From a seed: 64 hexadecimal digits
    #[arg(long)]
    seed: bool,
    /// From a private key: 128 hexadecimal digits (sr25519) or 64 (ed25519)
    #[arg(long)]
    private_key: bool,
    /// From a secret URI, such as `phrase//hard/soft///password` or `//Alice`
    #[arg(long)]
    uri: bool,
    /// From a keyfile in any of the formats of Bittensor wallets
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A public key alone, to look at and send to: an SS58 address, or 0x and 64 hexadecimal digits
    #[arg(long, value_name = "ACCOUNT")]
    address: Option<AccountId>,
}

#[derive(Debug, Serialize)]
struct Answer {
    wallet: String,
    role: String,
    path: PathBuf,
    #[serde(flatten)]
    public: PublicJson,
    encryption: Option<Encryption>,
    replaces: bool,
    dry_run: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let wallet = context.wallet();
    let (secret, public) = args.key.role().halves();
    let role = if args.source.address.is_some() {
        public
    } else {
        secret
    };
    let file = wallet.keyfile(role).map_err(key_failure)?;
    let overwrite = if args.overwrite {
        Overwrite::Replace
    } else {
        Overwrite::Refuse
    };
    let replaces = file.exists();
    if replaces && overwrite == Overwrite::Refuse {
        return Err(key_failure(KeyError::AlreadyExists {
            path: file.path().to_owned(),
        }));
    }
    let material = read(args, context)?;
    let encryption = match &material {
        KeyMaterial::Public(_) => None,
        KeyMaterial::Secret(_) if args.protection.encrypts(role) => Some(Encryption::Nacl),
        KeyMaterial::Secret(_) => Some(Encryption::Plain),
    };
    let answer = Answer {
        wallet: wallet.name().to_owned(),
        role: role.to_string(),
        path: file.path().to_owned(),
        public: material.public().into(),
        encryption,
        replaces,
        dry_run: context.dry_run(),
    };
    if !context.dry_run() {
        if replaces {
            context.confirm(&format!("Lose the {role} in {}?", file.path().display()))?;
        }
        match &material {
            KeyMaterial::Public(key) => wallet.create_public(role, key, overwrite),
            KeyMaterial::Secret(pair) => {
                let protection = args.protection.of_new(context, &wallet, role)?;
                if matches!(protection, Protection::Password(_)) {
                    context
                        .output()
                        .say("Encrypting the coldkey; this takes some seconds.");
                }
                wallet.create(role, pair, &protection, overwrite)
            }
        }
        .map_err(key_failure)?;
    }
    context.output().data(&answer, describe)
}

fn read(args: &Args, context: &Context) -> miette::Result<KeyMaterial> {
    let source = &args.source;
    if let Some(account) = source.address {
        return Ok(KeyMaterial::Public(PublicKey {
            account,
            scheme: args.scheme,
        }));
    }
    if let Some(path) = &source.file {
        let file = Keyfile::at(path, args.key.role());
        let passwords = Passwords::from_environment(path, Some(context.wallet().name()), environment)
            .map_err(key_failure)?;
        return unlock_file(context, &file, &passwords)
            .map(Box::new)
            .map(KeyMaterial::Secret);
    }
    let what = match (source.phrase, source.seed, source.private_key) {
        (true, ..) => "Recovery phrase",
        (_, true, _) => "Seed in hexadecimal",
        (.., true) => "Private key in hexadecimal",
        _ => "Secret URI",
    };
    let secret = read_secret(context, what)?;
    let text = secret.expose_secret();
    let pair = if source.phrase {
        Pair::from_mnemonic(text, args.scheme, None)
    } else if source.seed {
        bytes_of_hex(text).and_then(|bytes| match <&[u8; 32]>::try_from(bytes.expose_secret()) {
            Ok(seed) => Ok(Pair::from_seed(seed, args.scheme)),
            Err(_) => Err(SecretError::Length {
                bytes: bytes.expose_secret().len(),
                wanted: 32,
            }
            .into()),
        })
    } else if source.private_key {
        bytes_of_hex(text).and_then(|bytes| Pair::from_private_key(bytes.expose_secret(), args.scheme))
    } else {
        Pair::from_uri(text, args.scheme)
    };
    pair.map(Box::new).map(KeyMaterial::Secret).map_err(key_failure)
}

fn bytes_of_hex(text: &str) -> Result<secrecy::SecretSlice<u8>, KeyError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits)
        .map(secrecy::SecretSlice::from)
        .map_err(|_| SecretError::Invalid.into())
}

/// A secret from the terminal, or from what is piped in.
fn read_secret(context: &Context, what: &str) -> miette::Result<SecretString> {
    if context.output().may_prompt() {
        return ask(&format!("{what}: "));
    }
    let mut text = String::with_capacity(MAX_SECRET_BYTES as usize + 1);
    let read = std::io::stdin()
        .take(MAX_SECRET_BYTES + 1)
        .read_to_string(&mut text);
    let text = SecretString::from(text);
    match read {
        Ok(bytes) if bytes as u64 > MAX_SECRET_BYTES => Err(miette!(
            "standard input holds more than {MAX_SECRET_BYTES} bytes, which no secret key takes"
        )),
        Ok(_) if text.expose_secret().trim().is_empty() => Err(miette!(
            help = "pipe it in: `assay wallet import hotkey --phrase < phrase.txt`",
            "standard input is empty, and a secret key was expected there"
        )),
        Ok(_) => Ok(SecretString::from(text.expose_secret().trim())),
        Err(error) => Err(miette!("standard input cannot be read: {error}")),
    }
}

fn describe(answer: &Answer) -> String {
    let verb = match (answer.dry_run, answer.replaces) {
        (true, false) => "would write",
        (true, true) => "would replace",
        (false, false) => "wrote",
        (false, true) => "replaced",
    };
    format!(
        "{verb} the {} {} ({})\n  account  {} ({})\n",
        answer.role,
        answer.path.display(),
        kept(answer.encryption),
        answer.public.account,
        answer.public.scheme
    )
}
