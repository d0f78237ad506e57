//! What wallets there are.

use super::{KeyRole, PUBLIC_ENDING, Wallet, check_name};
use crate::{Encryption, KeyError, PublicKey};
use std::{collections::BTreeSet, io, path::Path};

/// A wallet as found on disk.
#[derive(Debug)]
pub struct ListedWallet {
    /// Its name.
    pub name: String,
    /// Its coldkey, if there is any file of one.
    pub coldkey: Option<ListedKey>,
    /// Its hotkeys, by name.
    pub hotkeys: Vec<ListedHotkey>,
}

/// A hotkey as found on disk.
#[derive(Debug)]
pub struct ListedHotkey {
    /// Its name.
    pub name: String,
    /// The key.
    pub key: ListedKey,
}

/// A key as found on disk, without a password.
#[derive(Debug)]
pub struct ListedKey {
    /// Its public half, or why it cannot be seen.
    pub public: Result<PublicKey, KeyError>,
    /// How the secret is kept, or `None` when there is only a public key.
    pub secret: Option<Encryption>,
}

pub(super) fn list(path: &Path) -> Result<Vec<ListedWallet>, KeyError> {
    let mut wallets = Vec::new();
    for name in entries(path, |kind| !kind.is_file())? {
        let wallet = Wallet::open(path, &name, super::DEFAULT_NAME);
        let mut hotkeys = Vec::new();
        for hotkey in hotkey_names(&path.join(&name).join("hotkeys"))? {
            if let Some(key) = listed(
                &wallet.with_hotkey(&hotkey),
                KeyRole::Hotkey,
                KeyRole::HotkeyPublic,
            )? {
                hotkeys.push(ListedHotkey { name: hotkey, key });
            }
        }
        let coldkey = listed(&wallet, KeyRole::Coldkey, KeyRole::ColdkeyPublic)?;
        // Any other folder that happens to lie here is no wallet.
        if coldkey.is_some() || !hotkeys.is_empty() {
            wallets.push(ListedWallet {
                name,
                coldkey,
                hotkeys,
            });
        }
    }
    Ok(wallets)
}

fn listed(wallet: &Wallet, secret: KeyRole, public: KeyRole) -> Result<Option<ListedKey>, KeyError> {
    let (secret_file, public_file) = (wallet.keyfile(secret)?, wallet.keyfile(public)?);
    if !secret_file.exists() && !public_file.exists() {
        return Ok(None);
    }
    Ok(Some(ListedKey {
        public: wallet.public(secret),
        secret: secret_file.encryption().ok(),
    }))
}

/// Names of hotkeys with a secret file, a public one, or both.
fn hotkey_names(folder: &Path) -> Result<BTreeSet<String>, KeyError> {
    let files = entries(folder, |kind| !kind.is_dir())?;
    let names = files
        .into_iter()
        .map(|file| file.strip_suffix(PUBLIC_ENDING).unwrap_or(&file).to_owned());
    Ok(names.filter(|name| check_name(name).is_ok()).collect())
}

/// Names in a folder that are text and not hidden, in order; none when there is no such folder.
fn entries(folder: &Path, wanted: fn(std::fs::FileType) -> bool) -> Result<BTreeSet<String>, KeyError> {
    let failed = |source| KeyError::Io {
        action: "list",
        path: folder.to_owned(),
        source,
    };
    let found = match fs_err::read_dir(folder) {
        Ok(found) => found,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(BTreeSet::new());
        }
        Err(error) => return Err(failed(error)),
    };
    let mut names = BTreeSet::new();
    for entry in found {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !name.starts_with('.') && entry.file_type().is_ok_and(wanted) {
            names.insert(name);
        }
    }
    Ok(names)
}
