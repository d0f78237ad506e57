//! `assay wallet list`: what is on disk.

use super::{PublicJson, kept, unlock::key_failure};
use crate::{context::Context, output};
use assay_keys::{Encryption, ListedKey, ListedWallet, Wallet};
use serde::Serialize;
use std::path::PathBuf;

/// Lists every wallet below the wallet folder, with its hotkeys. Opens nothing that needs a password.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[derive(Debug, Serialize)]
struct Answer {
    path: PathBuf,
    wallets: Vec<WalletJson>,
}

#[derive(Debug, Serialize)]
struct WalletJson {
    name: String,
    coldkey: Option<KeyJson>,
    hotkeys: Vec<HotkeyJson>,
}

#[derive(Debug, Serialize)]
struct HotkeyJson {
    name: String,
    #[serde(flatten)]
    key: KeyJson,
}

#[derive(Debug, Serialize)]
struct KeyJson {
    #[serde(flatten)]
    public: Option<PublicJson>,
    /// How the secret is kept; null when there is only a public key.
    encryption: Option<Encryption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl From<ListedKey> for KeyJson {
    fn from(key: ListedKey) -> Self {
        let (public, problem) = match key.public {
            Ok(public) => (Some(public.into()), None),
            Err(error) => {
                let cause = std::error::Error::source(&error)
                    .map(|cause| format!(": {cause}"))
                    .unwrap_or_default();
                (None, Some(format!("{error}{cause}")))
            }
        };
        Self {
            public,
            encryption: key.secret,
            problem,
        }
    }
}

impl From<ListedWallet> for WalletJson {
    fn from(wallet: ListedWallet) -> Self {
        let hotkeys = wallet.hotkeys.into_iter().map(|hotkey| HotkeyJson {
            name: hotkey.name,
            key: hotkey.key.into(),
        });
        Self {
            name: wallet.name,
            coldkey: wallet.coldkey.map(KeyJson::from),
            hotkeys: hotkeys.collect(),
        }
    }
}

pub(super) fn run(_args: &Args, context: &Context) -> miette::Result<()> {
    let path = context.wallet_path();
    let wallets = Wallet::list(&path).map_err(key_failure)?;
    let answer = Answer {
        path,
        wallets: wallets.into_iter().map(WalletJson::from).collect(),
    };
    if answer.wallets.is_empty() && !context.output().is_json() {
        context
            .output()
            .say(&format!("There are no wallets in {}.", answer.path.display()));
        context.output().say(" hint: `assay wallet new` makes one");
        return Ok(());
    }
    context.output().data(&answer, table)
}

fn table(answer: &Answer) -> String {
    let mut table = output::table(["wallet", "key", "account", "scheme", "kept"]);
    for wallet in &answer.wallets {
        if let Some(key) = &wallet.coldkey {
            table.add_row(row(&wallet.name, "coldkey", key));
        }
        for hotkey in &wallet.hotkeys {
            table.add_row(row(&wallet.name, &format!("hotkey {}", hotkey.name), &hotkey.key));
        }
    }
    table.trim_fmt()
}

fn row(wallet: &str, name: &str, key: &KeyJson) -> [String; 5] {
    let (account, scheme) = match &key.public {
        Some(public) => (public.account.clone(), public.scheme.to_string()),
        None => (key.problem.clone().unwrap_or_default(), String::new()),
    };
    [
        wallet.to_owned(),
        name.to_owned(),
        account,
        scheme,
        kept(key.encryption),
    ]
}
