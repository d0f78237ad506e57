//! Why a transaction that is in a block failed: the chain's own error, with what to do about it.

use crate::{Retry, explain_in};
use std::{borrow::Cow, fmt};

/// The error of a dispatched call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DispatchFailure {
    /// An error of a pallet.
    Pallet {
        /// The pallet, `SubtensorModule` for one.
        pallet: String,
        /// The error's name on chain, `SettingWeightsTooFast` for one.
        name: String,
        /// The chain's own words about it, from the metadata; may be empty.
        docs: String,
    },
    /// An error of a pallet that the metadata does not name.
    UnnamedPallet {
        /// Index of the pallet.
        pallet: u8,
        /// Index of the error.
        error: u8,
    },
    /// An error that belongs to no pallet.
    General(GeneralFailure),
    /// The outer call went through, the call inside it (sudo, proxy, batch) did not.
    Inner {
        /// The pallet that ran the inner call.
        by: String,
        /// Its failure.
        failure: Box<DispatchFailure>,
    },
}

/// Errors that belong to no pallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeneralFailure {
    /// Not said.
    #[error("an error without a name")]
    Other,
    /// An address could not be resolved.
    #[error("the address could not be resolved")]
    CannotLookup,
    /// The signer may not do this.
    #[error("the signer may not do this (BadOrigin)")]
    BadOrigin,
    /// References to the account remain.
    #[error("the account is still in use")]
    ConsumerRemaining,
    /// Nothing gives the account a reason to exist.
    #[error("the account does not exist")]
    NoProviders,
    /// Too many references to the account.
    #[error("the account is in use too often")]
    TooManyConsumers,
    /// Not enough free balance.
    #[error("not enough free balance (FundsUnavailable)")]
    FundsUnavailable,
    /// The account would be left with less than the existential deposit.
    #[error("the account would fall below the existential deposit")]
    BelowExistentialDeposit,
    /// Some part of the balance is frozen.
    #[error("the balance is frozen")]
    Frozen,
    /// Another error of a currency.
    #[error("the currency refused")]
    Currency,
    /// A number fell below zero; in a transfer, more was sent than the account holds.
    #[error("a number fell below zero (Underflow)")]
    Underflow,
    /// A number grew beyond its type, or was divided by zero.
    #[error("a number grew too large, or was divided by zero")]
    Arithmetic,
    /// Calls nested too deep.
    #[error("calls are nested too deep")]
    Nesting,
    /// Too much to process.
    #[error("a resource is exhausted")]
    Exhausted,
    /// The chain's state is damaged.
    #[error("the chain's state is corrupt")]
    Corruption,
    /// Something is not there right now.
    #[error("something is unavailable right now")]
    Unavailable,
    /// Root may not do this.
    #[error("root may not do this")]
    RootNotAllowed,
}

impl DispatchFailure {
    /// The chain's name of the error, of the innermost call.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Pallet { name, .. } => Some(name),
            Self::Inner { failure, .. } => failure.name(),
            Self::UnnamedPallet { .. } | Self::General(_) => None,
        }
    }

    /// The pallet whose error it is, of the innermost call.
    pub fn pallet(&self) -> Option<&str> {
        match self {
            Self::Pallet { pallet, .. } => Some(pallet),
            Self::Inner { failure, .. } => failure.pallet(),
            Self::UnnamedPallet { .. } | Self::General(_) => None,
        }
    }

    /// The chain's own words about it; empty when the metadata has none.
    pub fn docs(&self) -> &str {
        match self {
            Self::Pallet { docs, .. } => docs,
            Self::Inner { failure, .. } => failure.docs(),
            Self::UnnamedPallet { .. } | Self::General(_) => "",
        }
    }

    /// Whether and when the same call makes sense again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Pallet { pallet, name, .. } => {
                explain_in(pallet, name).map_or(Retry::Never, |known| known.retry)
            }
            Self::Inner { failure, .. } => failure.retry(),
            Self::General(GeneralFailure::Exhausted | GeneralFailure::Unavailable) => Retry::AfterBlocks(1),
            Self::UnnamedPallet { .. } | Self::General(_) => Retry::Never,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Pallet { pallet, name, docs } => match explain_in(pallet, name) {
                Some(known) => Some(Cow::Borrowed(known.hint)),
                None if docs.is_empty() => None,
                None => Some(Cow::Owned(docs.clone())),
            },
            Self::Inner { failure, .. } => failure.hint(),
            Self::General(GeneralFailure::BadOrigin) => Some(Cow::Borrowed(
                "sign with the key that the call asks for: the subnet's owner, the hotkey, or sudo",
            )),
            Self::General(
                GeneralFailure::FundsUnavailable
                | GeneralFailure::BelowExistentialDeposit
                | GeneralFailure::Underflow,
            ) => Some(Cow::Borrowed(
                "send less, or fund the account first: `assay wallet balance`",
            )),
            Self::UnnamedPallet { .. } => {
                Some(Cow::Borrowed("the runtime is newer than its metadata; reconnect"))
            }
            Self::General(_) => None,
        }
    }
}

impl fmt::Display for DispatchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pallet { pallet, name, docs } => {
                write!(f, "{pallet}.{name}")?;
                if docs.is_empty() {
                    Ok(())
                } else {
                    write!(f, " ({docs})")
                }
            }
            Self::UnnamedPallet { pallet, error } => write!(f, "error {error} of pallet {pallet}"),
            Self::General(general) => general.fmt(f),
            Self::Inner { by, failure } => write!(f, "the call inside {by}: {failure}"),
        }
    }
}
