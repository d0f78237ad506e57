//! The accounts whose keys everybody knows.

use crate::{DevelopmentAccounts, Genesis};
use node_subtensor_runtime::genesis::{development_account, development_balances};
use serde::Serialize;
use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};

/// Names of the accounts, in the order in which people know them.
const NAMES: [&str; 9] = [
    "Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "One", "Two", "Three",
];

/// A funded account whose key everybody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevelopmentAccount {
    /// What wallets take for its key, such as `//Alice`.
    pub uri: String,
    /// SS58 address.
    pub address: String,
    /// What the genesis gives it, in rao.
    pub balance: u64,
}

/// The funded development accounts of a genesis.
#[must_use]
pub fn development_accounts(genesis: &Genesis) -> Vec<DevelopmentAccount> {
    if genesis.development_accounts != DevelopmentAccounts::Funded {
        return Vec::new();
    }
    let balances = development_balances();
    NAMES
        .iter()
        .filter_map(|name| {
            let account = development_account(name);
            let (_, balance) = balances.iter().find(|(funded, _)| *funded == account)?;
            Some(DevelopmentAccount {
                uri: format!("//{name}"),
                address: account.to_ss58check_with_version(Ss58AddressFormat::custom(42)),
                balance: *balance,
            })
        })
        .collect()
}
