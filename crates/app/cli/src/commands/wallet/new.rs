//! `assay wallet new`: fresh keys.

use super::{Key, PublicJson, kept, protection::ProtectionArgs, unlock::key_failure};
use crate::context::Context;
use assay_keys::{Encryption, KeyRole, Overwrite, Pair, Protection, Scheme, Wallet, WordCount};
use serde::Serialize;
use std::path::PathBuf;

/// Make a coldkey, a hotkey, or both
///
/// Keys come from the system's randomness; each recovery phrase is printed once. The phrase is the only way back to a
/// lost key. A coldkey is encrypted; its password comes from the environment (BT_WALLET_PASSWORD,
/// BT_WALLET_PASSWORD_FILE) or from the terminal.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Make this key only; without it both are made
    #[arg(value_enum)]
    key: Option<Key>,
    /// Words of the recovery phrase: 12, 15, 18, 21 or 24
    #[arg(long, value_name = "N", default_value = "12", alias = "n-words", value_parser = parse_words)]
    words: WordCount,
    /// How the keys sign: sr25519 or ed25519
    #[arg(long, value_name = "SCHEME", default_value = "sr25519", alias = "crypto-type")]
    scheme: Scheme,
    /// How the hotkey signs, where it differs from the coldkey
    #[arg(long, value_name = "SCHEME", alias = "hotkey-crypto-type")]
    hotkey_scheme: Option<Scheme>,
    #[command(flatten)]
    protection: ProtectionArgs,
    /// Put the new key in the place of an existing one
    #[arg(long)]
    overwrite: bool,
}

fn parse_words(text: &str) -> Result<WordCount, String> {
    let words: usize = text.parse().map_err(|_| "it is not a number".to_owned())?;
    WordCount::try_from(words).map_err(|error| error.to_string())
}

/// One key of the answer. Without a phrase it is only planned.
#[derive(Debug, Serialize)]
struct MadeKey {
    role: String,
    path: PathBuf,
    #[serde(flatten)]
    public: Option<PublicJson>,
    encryption: Encryption,
    replaces: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    wallet: String,
    hotkey: String,
    dry_run: bool,
    keys: Vec<MadeKey>,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let wallet = context.wallet();
    let roles: &[KeyRole] = match args.key {
        Some(Key::Coldkey) => &[KeyRole::Coldkey],
        Some(Key::Hotkey) => &[KeyRole::Hotkey],
        None => &[KeyRole::Coldkey, KeyRole::Hotkey],
    };
    let overwrite = if args.overwrite {
        Overwrite::Replace
    } else {
        Overwrite::Refuse
    };
    let mut plan = Vec::new();
    for &role in roles {
        plan.push(planned(args, &wallet, role, overwrite)?);
    }
    let mut answer = Answer {
        wallet: wallet.name().to_owned(),
        hotkey: wallet.hotkey_name().to_owned(),
        dry_run: context.dry_run(),
        keys: plan,
    };
    if !context.dry_run() {
        for key in answer.keys.iter().filter(|key| key.replaces) {
            context.confirm(&format!("Lose the {} in {}?", key.role, key.path.display()))?;
        }
        // Every password before any file: interrupted at the prompt, nothing has been written.
        let protections = roles
            .iter()
            .map(|&role| args.protection.of_new(context, &wallet, role))
            .collect::<miette::Result<Vec<_>>>()?;
        let mut made_before = None;
        for ((role, protection), made) in roles.iter().zip(&protections).zip(&mut answer.keys) {
            if let Err(error) = make(args, context, &wallet, *role, protection, overwrite, made) {
                if let Some(earlier) = made_before {
                    context.output().warn(&format!(
                        "the {earlier} is there already: `assay wallet export {earlier} --as phrase` shows its phrase"
                    ));
                }
                return Err(error);
            }
            made_before = Some(role);
        }
        context.output().warn("write the recovery phrases down now: they are not shown again, and nothing else brings the keys back");
    }
    context.output().data(&answer, describe)
}

fn planned(args: &Args, wallet: &Wallet, role: KeyRole, overwrite: Overwrite) -> miette::Result<MadeKey> {
    let file = wallet.keyfile(role).map_err(key_failure)?;
    let replaces = file.exists();
    if replaces && overwrite == Overwrite::Refuse {
        return Err(key_failure(assay_keys::KeyError::AlreadyExists {
            path: file.path().to_owned(),
        }));
    }
    Ok(MadeKey {
        role: role.to_string(),
        path: file.path().to_owned(),
        public: None,
        encryption: if args.protection.encrypts(role) {
            Encryption::Nacl
        } else {
            Encryption::Plain
        },
        replaces,
        phrase: None,
    })
}

fn make(
    args: &Args,
    context: &Context,
    wallet: &Wallet,
    role: KeyRole,
    protection: &Protection,
    overwrite: Overwrite,
    made: &mut MadeKey,
) -> miette::Result<()> {
    let scheme = match role {
        KeyRole::Hotkey | KeyRole::HotkeyPublic => args.hotkey_scheme.unwrap_or(args.scheme),
        KeyRole::Coldkey | KeyRole::ColdkeyPublic => args.scheme,
    };
    let (pair, phrase) = Pair::generate(scheme, args.words).map_err(key_failure)?;
    if matches!(protection, Protection::Password(_)) {
        context
            .output()
            .say("Encrypting the coldkey; this takes some seconds.");
    }
    wallet
        .create(role, &pair, protection, overwrite)
        .map_err(key_failure)?;
    made.public = Some(pair.public().into());
    made.phrase = Some(phrase.expose_phrase().to_owned());
    Ok(())
}

fn describe(answer: &Answer) -> String {
    let mut text = String::new();
    for key in &answer.keys {
        let verb = match (answer.dry_run, key.replaces) {
            (true, false) => "would make",
            (true, true) => "would replace",
            (false, false) => "made",
            (false, true) => "replaced",
        };
        text.push_str(&format!(
            "{verb} the {} {} ({})\n",
            key.role,
            key.path.display(),
            kept(Some(key.encryption))
        ));
        if let Some(public) = &key.public {
            text.push_str(&format!("  account  {} ({})\n", public.account, public.scheme));
        }
        if let Some(phrase) = &key.phrase {
            text.push_str(&format!("  phrase   {phrase}\n"));
        }
    }
    text
}
