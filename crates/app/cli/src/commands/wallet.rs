//! Wallets: key pairs, folders, signatures, and the money on them.

mod balance;
mod export;
mod import;
mod list;
mod new;
mod protection;
mod show;
mod sign;
mod transfer;
mod unlock;
mod verify;

pub(crate) use unlock::{key_failure, unlock};

use crate::context::Context;
use assay_keys::{Encryption, KeyRole, PublicKey, Scheme};
use serde::Serialize;

/// Make, list, move and use wallets
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    #[command(visible_alias = "create")]
    New(new::Args),
    /// List the wallets of a folder
    List(list::Args),
    /// Show one wallet's keys, without any secret
    Show(show::Args),
    #[command(visible_alias = "regen")]
    Import(import::Args),
    Export(export::Args),
    Sign(sign::Args),
    Verify(verify::Args),
    Balance(balance::Args),
    Transfer(transfer::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::New(args) => new::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Import(args) => import::run(&args, context),
        Command::Export(args) => export::run(&args, context),
        Command::Sign(args) => sign::run(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Balance(args) => balance::run(&args, context),
        Command::Transfer(args) => transfer::run(&args, context),
    }
}

/// Which of a wallet's two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Key {
    Coldkey,
    Hotkey,
}

impl Key {
    fn role(self) -> KeyRole {
        match self {
            Self::Coldkey => KeyRole::Coldkey,
            Self::Hotkey => KeyRole::Hotkey,
        }
    }
}

/// A public key as JSON shows it.
#[derive(Debug, Serialize)]
struct PublicJson {
    account: String,
    public_key: String,
    scheme: Scheme,
}

impl From<PublicKey> for PublicJson {
    fn from(key: PublicKey) -> Self {
        Self {
            account: key.account.to_string(),
            public_key: key.account.to_hex(),
            scheme: key.scheme,
        }
    }
}

/// How a secret is kept, in a word; `None` is a public key alone.
fn kept(secret: Option<Encryption>) -> String {
    secret.map_or_else(|| "public only".to_owned(), |encryption| encryption.to_string())
}
