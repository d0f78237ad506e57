//! The wallets of a run: one for the subnet's owner, one for each miner and validator.
//!
//! They are ordinary wallet folders, readable by every tool of the ecosystem, with keys derived from the run's seed,
//! so that a restart finds the same accounts on the chain even when a folder was lost.

use super::home::Home;
use assay_keys::{KeyError, Overwrite, Pair, Protection, Scheme, Wallet};

/// The hotkey's name in each of these wallets.
const HOTKEY: &str = "default";

/// One participant's keys.
#[derive(Debug)]
pub(super) struct Account {
    /// The wallet's name.
    pub(super) name: String,
    pub(super) coldkey: Pair,
    pub(super) hotkey: Pair,
}

impl Account {
    /// Opens the wallet `name` of this run, writing it the first time.
    pub(super) fn open(home: &Home, name: &str) -> Result<Self, KeyError> {
        let path = format!("//assay//{}//{name}", home.settings.seed);
        let account = Self {
            name: name.to_owned(),
            coldkey: Pair::from_uri(&path, Scheme::Sr25519)?,
            hotkey: Pair::from_uri(&format!("{path}//{HOTKEY}"), Scheme::Sr25519)?,
        };
        let wallet = Wallet::open(home.wallets(), name, HOTKEY);
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

/// The key that may do everything on a devnet.
pub(super) fn sudo() -> Result<Pair, KeyError> {
    Pair::from_uri("//Alice", Scheme::Sr25519)
}
