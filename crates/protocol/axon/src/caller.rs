//! Who sent a request.

use crate::{Dialect, OperatorName};
use assay_keys::AccountId;

/// Who a request is from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identity {
    /// A neuron, by its hotkey.
    Hotkey(AccountId),
    /// A person or program with a token of the operator's.
    Operator(OperatorName),
}

/// What the axon knows of who it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Its signature holds, is fresh and was not taken before.
    Verified,
    /// It only says so: the route lets unsigned requests through, as bittensor up to 10.4.1 did.
    Claimed,
}

/// Who sent a request, in which dialect, and how far that is proven.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Who.
    pub identity: Identity,
    /// In which dialect.
    pub dialect: Dialect,
    /// How far it is proven.
    pub standing: Standing,
}

impl Caller {
    /// The hotkey, if it is a neuron's and proven: what permits, limits and blacklists go by.
    #[must_use]
    pub fn hotkey(&self) -> Option<AccountId> {
        match (&self.identity, self.standing) {
            (Identity::Hotkey(hotkey), Standing::Verified) => Some(*hotkey),
            _ => None,
        }
    }
}
