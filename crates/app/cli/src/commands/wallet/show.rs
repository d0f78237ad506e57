//! `assay wallet show`: one wallet's public side.

use super::{PublicJson, kept, unlock::key_failure};
use crate::context::Context;
use assay_keys::{Encryption, KeyError, KeyRole, Wallet};
use serde::Serialize;
use std::path::PathBuf;

/// Shows the accounts of the chosen wallet and hotkey and how their secrets are kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[derive(Debug, Serialize)]
struct Answer {
    wallet: String,
    hotkey_name: String,
    coldkey: Option<KeyJson>,
    hotkey: Option<KeyJson>,
}

#[derive(Debug, Serialize)]
struct KeyJson {
    #[serde(flatten)]
    public: PublicJson,
    path: PathBuf,
    /// How the secret is kept; null when there is only a public key.
    encryption: Option<Encryption>,
}

pub(super) fn run(_args: &Args, context: &Context) -> miette::Result<()> {
    let wallet = context.wallet();
    let answer = Answer {
        wallet: wallet.name().to_owned(),
        hotkey_name: wallet.hotkey_name().to_owned(),
        coldkey: key(&wallet, KeyRole::Coldkey)?,
        hotkey: key(&wallet, KeyRole::Hotkey)?,
    };
    if answer.coldkey.is_none() && answer.hotkey.is_none() {
        let path = wallet
            .keyfile(KeyRole::Coldkey)
            .map_err(key_failure)?
            .path()
            .to_owned();
        return Err(key_failure(KeyError::Missing {
            role: KeyRole::Coldkey,
            path,
        }));
    }
    context.output().data(&answer, describe)
}

/// The key, or nothing when the wallet has no such file.
fn key(wallet: &Wallet, role: KeyRole) -> miette::Result<Option<KeyJson>> {
    let (secret, public) = role.halves();
    let (secret, public) = (
        wallet.keyfile(secret).map_err(key_failure)?,
        wallet.keyfile(public).map_err(key_failure)?,
    );
    let (path, encryption) = if secret.exists() {
        (
            secret.path().to_owned(),
            Some(secret.encryption().map_err(key_failure)?),
        )
    } else {
        (public.path().to_owned(), None)
    };
    match wallet.public(role) {
        Ok(public) => Ok(Some(KeyJson {
            public: public.into(),
            path,
            encryption,
        })),
        Err(KeyError::Missing { .. }) if encryption.is_none() => Ok(None),
        Err(error) => Err(key_failure(error)),
    }
}

fn describe(answer: &Answer) -> String {
    let mut text = format!("wallet   {}\n", answer.wallet);
    for (name, key) in [("coldkey", &answer.coldkey), ("hotkey", &answer.hotkey)] {
        match key {
            Some(key) => text.push_str(&format!(
                "{name:<8} {} ({}, {})\n         {}\n",
                key.public.account,
                key.public.scheme,
                kept(key.encryption),
                key.path.display()
            )),
            None => text.push_str(&format!("{name:<8} none\n")),
        }
    }
    text
}
