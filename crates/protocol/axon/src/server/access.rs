//! Who may ask what, and who goes first.

use super::Priority;
use crate::Caller;

/// A caller who is not served, and why, in words that it is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Blacklisted {
    /// Without secrets, and short.
    pub reason: String,
}

/// A caller whose proof is not enough for this axon, and why, in words that it is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unverified {
    /// Without secrets, and short.
    pub reason: String,
}

/// The axon's own rules, asked before a body is read. They must not wait: they look at what is in memory, such as the
/// newest metagraph.
pub trait Access: Send + Sync + 'static {
    /// Whether the caller may ask this route. Of btauth/1 and Epistula the hotkey is still a claim here.
    ///
    /// # Errors
    /// [`Blacklisted`], which is `403`.
    fn admit(&self, caller: &Caller, route: &str) -> Result<(), Blacklisted>;

    /// Whether the proof is enough, asked once the signature holds. bittensor's `verify_fn`, but beside the axon's own
    /// checks and never in their place.
    ///
    /// # Errors
    /// [`Unverified`], which is `401`.
    fn verify(&self, caller: &Caller, route: &str) -> Result<(), Unverified> {
        let _ = (caller, route);
        Ok(())
    }

    /// Who goes first when the axon is busy; usually by stake.
    fn priority(&self, caller: &Caller) -> Priority {
        let _ = caller;
        Priority::default()
    }
}

/// Everybody who proves who they are may ask, in the order of arrival.
#[derive(Clone, Copy, Debug, Default)]
pub struct Everybody;

impl Access for Everybody {
    fn admit(&self, _caller: &Caller, _route: &str) -> Result<(), Blacklisted> {
        Ok(())
    }
}
