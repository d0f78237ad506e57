//! Who the accounts of a spec are.

use super::{
    SpecError, SpecHotkey, SpecProblem, SpecWallet,
    document::{Document, Wallet},
    places::Places,
};
use node_subtensor_runtime::AccountId;
use sp_core::{Pair, crypto::Ss58Codec, sr25519};
use std::collections::BTreeSet;

/// The wallets of a spec, which give names to accounts.
#[derive(Debug)]
pub(super) struct Accounts {
    wallets: Vec<NamedKeys>,
}

#[derive(Debug)]
struct NamedKeys {
    name: String,
    coldkey: AccountId,
    hotkeys: Vec<(String, AccountId)>,
}

/// A hotkey, and its owner where a wallet has it.
#[derive(Debug, Clone)]
pub(super) struct NamedHotkey {
    pub(super) hotkey: AccountId,
    pub(super) owner: Option<AccountId>,
}

impl Accounts {
    /// Derives the keys of all wallets.
    pub(super) fn of(document: &Document, places: &Places) -> Result<(Self, Vec<SpecWallet>), SpecError> {
        let mut names = BTreeSet::new();
        let mut wallets = Vec::new();
        let mut written = Vec::new();
        for (number, wallet) in document.wallets.iter().enumerate() {
            let place = format!("wallets[{number}]");
            let described = described(wallet).map_err(|(field, problem)| {
                let field = format!("{place}.{field}");
                SpecError {
                    line: places.line(&field),
                    field,
                    problem,
                }
            })?;
            if !names.insert(&wallet.name) {
                let field = format!("{place}.name");
                let problem = SpecProblem::SameName(wallet.name.clone());
                return Err(SpecError {
                    line: places.line(&field),
                    field,
                    problem,
                });
            }
            wallets.push(keys(&described).map_err(|uri| SpecError {
                line: places.line(&place),
                field: place.clone(),
                problem: SpecProblem::Account(uri),
            })?);
            written.push(described);
        }
        Ok((Self { wallets }, written))
    }

    /// A coldkey: a wallet's name, a development key, an address.
    pub(super) fn coldkey(&self, text: &str) -> Result<AccountId, SpecProblem> {
        match self.wallet(text) {
            Some(wallet) => Ok(wallet.coldkey.clone()),
            None => account(text),
        }
    }

    /// A hotkey: a wallet's name (its first hotkey), `wallet/hotkey`, a development key, an address.
    pub(super) fn hotkey(&self, text: &str) -> Result<NamedHotkey, SpecProblem> {
        let named = |wallet: &NamedKeys, hotkey: &AccountId| NamedHotkey {
            hotkey: hotkey.clone(),
            owner: Some(wallet.coldkey.clone()),
        };
        if let Some(wallet) = self.wallet(text) {
            let first = wallet.hotkeys.first();
            return first
                .map(|(_, hotkey)| named(wallet, hotkey))
                .ok_or_else(|| SpecProblem::NoHotkeys(text.to_owned()));
        }
        if let Some((wallet, name)) = text.split_once('/')
            && let Some(wallet) = self.wallet(wallet)
        {
            let hotkey = wallet.hotkeys.iter().find(|(known, _)| known == name);
            return hotkey
                .map(|(_, hotkey)| named(wallet, hotkey))
                .ok_or_else(|| SpecProblem::Hotkey {
                    wallet: wallet.name.clone(),
                    hotkey: name.to_owned(),
                });
        }
        let hotkey = account(text)?;
        Ok(NamedHotkey { hotkey, owner: None })
    }

    fn wallet(&self, name: &str) -> Option<&NamedKeys> {
        self.wallets.iter().find(|wallet| wallet.name == name)
    }
}

fn described(wallet: &Wallet) -> Result<SpecWallet, (String, SpecProblem)> {
    let plain = |name: &str| {
        let letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        !name.is_empty() && name.len() <= 64 && name.chars().all(letter)
    };
    if !plain(&wallet.name) {
        return Err(("name".to_owned(), SpecProblem::Name(wallet.name.clone())));
    }
    let coldkey_uri = format!("//{}", wallet.name);
    let mut hotkeys: Vec<SpecHotkey> = Vec::new();
    for (number, name) in wallet.hotkeys.iter().enumerate() {
        let problem = if !plain(name) {
            SpecProblem::Name(name.clone())
        } else if hotkeys.iter().any(|known| known.name == *name) {
            SpecProblem::SameName(name.clone())
        } else {
            let uri = format!("{coldkey_uri}//{name}");
            hotkeys.push(SpecHotkey {
                name: name.clone(),
                uri,
            });
            continue;
        };
        return Err((format!("hotkeys[{number}]"), problem));
    }
    Ok(SpecWallet {
        name: wallet.name.clone(),
        coldkey_uri,
        hotkeys,
    })
}

fn keys(wallet: &SpecWallet) -> Result<NamedKeys, String> {
    let hotkeys = wallet.hotkeys.iter();
    Ok(NamedKeys {
        name: wallet.name.clone(),
        coldkey: derived(&wallet.coldkey_uri)?,
        hotkeys: hotkeys
            .map(|hotkey| Ok((hotkey.name.clone(), derived(&hotkey.uri)?)))
            .collect::<Result<_, String>>()?,
    })
}

fn account(text: &str) -> Result<AccountId, SpecProblem> {
    let unknown = || SpecProblem::Account(text.to_owned());
    if text.starts_with("//") {
        return derived(text).map_err(|_| unknown());
    }
    if let Some(digits) = text.strip_prefix("0x") {
        let bytes = const_hex::decode(digits).map_err(|_| unknown())?;
        return AccountId::try_from(&bytes[..]).map_err(|()| unknown());
    }
    AccountId::from_ss58check(text).map_err(|_| unknown())
}

fn derived(uri: &str) -> Result<AccountId, String> {
    sr25519::Pair::from_string(uri, None)
        .map(|pair| pair.public().into())
        .map_err(|_| uri.to_owned())
}
