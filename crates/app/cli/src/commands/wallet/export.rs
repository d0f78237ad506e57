//! `assay wallet export`: a key leaves the wallet.

use super::{
    Key, PublicJson, kept,
    protection::ProtectionArgs,
    unlock::{key_failure, unlock},
};
use crate::context::Context;
use assay_keys::{Encryption, KeyRole, Keyfile, Overwrite, Pair};
use miette::miette;
use serde::Serialize;
use std::path::PathBuf;

/// Take a key out of a wallet
///
/// It is printed, or written to a keyfile of its own. Without --as only the public half is printed. Secrets are
/// printed after a question, or with --yes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which of the wallet's keys
    #[arg(value_enum)]
    key: Key,
    /// What of it
    #[arg(long = "as", value_enum, default_value = "public")]
    form: Form,
    /// Where a keyfile goes
    #[arg(long, value_name = "FILE", required_if_eq("form", "keyfile"))]
    to: Option<PathBuf>,
    #[command(flatten)]
    protection: ProtectionArgs,
    /// Replace FILE when it is there
    #[arg(long)]
    overwrite: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Address, public key and scheme
    Public,
    /// The recovery phrase
    Phrase,
    /// The 32-byte seed
    Seed,
    /// The private key
    PrivateKey,
    /// A keyfile as in a wallet
    Keyfile,
}

/// The secret of the answer, under the name that says what it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Exported {
    Phrase(String),
    Seed(String),
    PrivateKey(String),
    Keyfile { path: PathBuf, encryption: Encryption },
}

#[derive(Debug, Serialize)]
struct Answer {
    role: String,
    #[serde(flatten)]
    public: PublicJson,
    #[serde(flatten)]
    exported: Option<Exported>,
}

/// What would be taken out.
#[derive(Debug, Serialize)]
struct Plan {
    dry_run: bool,
    role: String,
    form: &'static str,
    from: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let role = args.key.role();
    let wallet = context.wallet();
    if args.form == Form::Public {
        let public = wallet.public(role).map_err(key_failure)?.into();
        return print(
            context,
            &Answer {
                role: role.to_string(),
                public,
                exported: None,
            },
        );
    }
    let path = wallet
        .secret_keyfile(role)
        .map_err(key_failure)?
        .path()
        .to_owned();
    if context.dry_run() {
        let plan = Plan {
            dry_run: true,
            role: role.to_string(),
            form: name(args.form),
            from: path,
            to: args.to.clone(),
        };
        return context.output().data(&plan, |plan| {
            format!("would take the {} out of {}", plan.form, plan.from.display())
        });
    }
    if args.form != Form::Keyfile {
        context.confirm(&format!(
            "Print the {} of {}, which is all it takes to own the key?",
            name(args.form),
            path.display()
        ))?;
    }
    let pair = unlock(context, role)?;
    let exported = match args.form {
        Form::Phrase => pair
            .expose_mnemonic()
            .map(|phrase| Exported::Phrase(phrase.expose_phrase().to_owned()))
            .ok_or_else(|| not_known(&pair, "recovery phrase"))?,
        Form::Seed => pair
            .expose_seed()
            .map(|seed| Exported::Seed(format!("0x{}", hex::encode(seed))))
            .ok_or_else(|| not_known(&pair, "seed"))?,
        Form::Public | Form::PrivateKey => {
            Exported::PrivateKey(format!("0x{}", hex::encode(&*pair.expose_private_key())))
        }
        Form::Keyfile => write_keyfile(args, context, role, &pair)?,
    };
    print(
        context,
        &Answer {
            role: role.to_string(),
            public: pair.public().into(),
            exported: Some(exported),
        },
    )
}

fn write_keyfile(args: &Args, context: &Context, role: KeyRole, pair: &Pair) -> miette::Result<Exported> {
    let Some(path) = args.to.clone() else {
        return Err(miette!(help = "add --to FILE", "a keyfile needs a place to go"));
    };
    let file = Keyfile::at(&path, role);
    let protection = args.protection.of_new(context, &context.wallet(), role)?;
    let overwrite = if args.overwrite {
        Overwrite::Replace
    } else {
        Overwrite::Refuse
    };
    file.write(pair, &protection, overwrite).map_err(key_failure)?;
    let encryption = if args.protection.encrypts(role) {
        Encryption::Nacl
    } else {
        Encryption::Plain
    };
    Ok(Exported::Keyfile { path, encryption })
}

fn not_known(pair: &Pair, what: &str) -> miette::Report {
    miette!(
        help = "--as private-key always works",
        "the keyfile of {} does not hold its {what}: the key was derived or imported without it",
        pair.account()
    )
}

fn name(form: Form) -> &'static str {
    match form {
        Form::Public => "public key",
        Form::Phrase => "recovery phrase",
        Form::Seed => "seed",
        Form::PrivateKey => "private key",
        Form::Keyfile => "keyfile",
    }
}

fn print(context: &Context, answer: &Answer) -> miette::Result<()> {
    context.output().data(answer, |answer| match &answer.exported {
        None => format!(
            "{} {} ({})\n",
            answer.role, answer.public.account, answer.public.scheme
        ),
        Some(Exported::Phrase(secret) | Exported::Seed(secret) | Exported::PrivateKey(secret)) => {
            format!("{secret}\n")
        }
        Some(Exported::Keyfile { path, encryption }) => {
            format!(
                "wrote the {} {} ({})\n",
                answer.role,
                path.display(),
                kept(Some(*encryption))
            )
        }
    })
}
