//! The wallets of a local subnet: one for its owner, one for each miner and validator.
//!
//! They are ordinary wallet folders, readable by every tool of the ecosystem, with keys derived from the run's seed,
//! so that a restart finds the same accounts on the chain even when a folder was lost.

use assay_keys::{KeyError, Overwrite, Pair, Protection, Scheme, Wallet};
use std::path::Path;

/// The hotkey's name in each of these wallets.
const HOTKEY: &str = "default";

/// One participant's keys.
#[derive(Clone, Debug)]
pub struct Account {
    /// The wallet's name.
    pub name: String,
    /// Holds the money.
    pub coldkey: Pair,
    /// Signs for the neuron.
    pub hotkey: Pair,
}

impl Account {
    /// Opens the wallet `name` in the folder `wallets`, writing it the first time. Equal seeds and names give equal
    /// keys.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn open(wallets: &Path, seed: &str, name: &str) -> Result<Self, KeyError> {
        let path = format!("//assay//{seed}//{name}");
        let account = Self {
            name: name.to_owned(),
            coldkey: Pair::from_uri(&path, Scheme::Sr25519)?,
            hotkey: Pair::from_uri(&format!("{path}//{HOTKEY}"), Scheme::Sr25519)?,
        };
        let wallet = Wallet::open(wallets, name, HOTKEY);
        // Plain, because the keys open nothing but this one local chain and the run must start unattended.
        let protection = Protection::Plain;
        for written in [
            wallet.create_coldkey(&account.coldkey, &protection, Overwrite::Refuse),
            wallet.create_hotkey(&account.hotkey, &protection, Overwrite::Refuse),
        ] {
            match written {
                Ok(()) | Err(KeyError::AlreadyExists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(account)
    }
}
