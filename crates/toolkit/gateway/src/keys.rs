//! API keys: who may ask, how much, and what becomes of it.
//!
//! A key is 32 random bytes behind `sk-assay-`. It is shown once, when it is made; the file holds only its SHA-256, which
//! is enough because nobody can try 2²⁵⁶ keys. The folder of a gateway's keys holds `keys.json`, which the operator's
//! commands and the running gateway share, and `usage.json`, what was used of each key's quotas.

mod durable;
mod ledger;
mod quota;
mod ring;
mod secret;
mod store;

pub use ledger::LedgerError;
pub use quota::{Allowance, Exceeded, ExceededQuota, Quotas};
pub use secret::ApiKey;
pub use store::{KeyId, KeyRecord, KeyStore, KeyStoreError, NewKey};

pub(crate) use ledger::{Lease, Ledger};
pub(crate) use ring::KeyRing;

use serde::{Deserialize, Serialize};

/// Whether the texts of an exchange may leave the memory of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// They may be stored and exported.
    #[default]
    Shared,
    /// They are scored and forgotten: no log, no record, no export has them.
    Private,
}

/// Whose answers are heard to their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    /// Those of all who were asked, so that all can be scored.
    #[default]
    All,
    /// Only the one that the user gets.
    RelayedOnly,
}
