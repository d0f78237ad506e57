//! What is checked of a request, in which order.

use super::headers::BtauthClaim;
use crate::{
    BodyDigest, FreshnessWindow, MalformedHeader, ReceiverProblem, ReplayError, ReplayKey, ReplayStore,
    Stale, UnixNanos, receiver,
};
use assay_keys::{AccountId, verify};
use http::{Method, StatusCode, uri::PathAndQuery};

/// The window of bittensor 11, in seconds: age, future, retention. A smaller age refuses callers whose clock is a few
/// seconds off; a greater one leaves an intercepted request usable for longer after a restart without a journal.
const WINDOW: FreshnessWindow = FreshnessWindow::known(10, 2, 60);

/// What an axon wants of a request. The default is that of bittensor 11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BtauthPolicy {
    /// How old a request may be: 10 s, and 2 s in the future, remembered for 60 s.
    pub window: FreshnessWindow,
    /// Whether a request must name its receiver. One that names another receiver is refused in any case.
    pub require_receiver: bool,
}

impl Default for BtauthPolicy {
    fn default() -> Self {
        Self {
            window: WINDOW,
            require_receiver: true,
        }
    }
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BtauthError {
    /// A header that cannot be read.
    #[error(transparent)]
    MalformedAuth(#[from] MalformedHeader),
    /// Not for this axon.
    #[error(transparent)]
    WrongReceiver(#[from] ReceiverProblem),
    /// Out of its time.
    #[error(transparent)]
    StaleRequest(#[from] Stale),
    /// Not signed by the hotkey that it names, or changed on the way.
    #[error("the signature is not the sender's over this request")]
    BadSignature,
    /// Accepted before.
    #[error("a request of this sender with this nonce was accepted before")]
    ReplayedRequest,
    /// Good, but it could not be remembered, and what is not remembered could come again. The caller may try again
    /// later.
    #[error("the request could not be remembered: {0}")]
    Unrecorded(#[source] ReplayError),
}

impl BtauthError {
    /// The status to answer with: 403 for the wrong receiver, 503 where the fault is this side's, 401 otherwise.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::WrongReceiver(_) => StatusCode::FORBIDDEN,
            Self::Unrecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::MalformedAuth(_) | Self::StaleRequest(_) | Self::BadSignature | Self::ReplayedRequest => {
                StatusCode::UNAUTHORIZED
            }
        }
    }
}

/// A claim that names the right receiver (or none where that is allowed) and a time that is good. Still not proven.
#[derive(Clone, Debug)]
#[must_use]
pub struct FreshBtauth {
    claim: BtauthClaim,
    window: FreshnessWindow,
}

/// A request that its sender signed. It may have been accepted before.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProvenBtauth {
    sender: AccountId,
    nonce: UnixNanos,
    window: FreshnessWindow,
}

impl BtauthClaim {
    /// Looks at what the headers alone show. `own` is the hotkey of this axon.
    ///
    /// # Errors
    ///
    /// [`BtauthError::WrongReceiver`], then [`BtauthError::StaleRequest`].
    pub fn check(
        self,
        policy: &BtauthPolicy,
        own: &AccountId,
        now: UnixNanos,
    ) -> Result<FreshBtauth, BtauthError> {
        receiver::check(self.receiver(), own, policy.require_receiver)?;
        policy.window.check(now, self.nonce)?;
        Ok(FreshBtauth {
            claim: self,
            window: policy.window,
        })
    }
}

impl FreshBtauth {
    /// The claim.
    #[must_use]
    pub const fn claim(&self) -> &BtauthClaim {
        &self.claim
    }

    /// Checks the signature. `target` is path and query exactly as they came.
    ///
    /// # Errors
    ///
    /// [`BtauthError::BadSignature`].
    pub fn verify(
        self,
        method: &Method,
        target: &PathAndQuery,
        body: &BodyDigest,
    ) -> Result<ProvenBtauth, BtauthError> {
        let claim = self.claim;
        let message = claim.message(method, target, body);
        if !verify(claim.sender(), claim.scheme, message.as_bytes(), &claim.signature) {
            return Err(BtauthError::BadSignature);
        }
        Ok(ProvenBtauth {
            sender: *claim.sender(),
            nonce: claim.nonce,
            window: self.window,
        })
    }
}

impl ProvenBtauth {
    /// Who sent it.
    #[must_use]
    pub const fn sender(&self) -> &AccountId {
        &self.sender
    }

    /// Lets the request in, once, and says who sent it. `now` is the time at which its body was complete.
    ///
    /// # Errors
    ///
    /// [`BtauthError::StaleRequest`] when the body took too long, [`BtauthError::ReplayedRequest`],
    /// [`BtauthError::Unrecorded`].
    pub fn accept(self, store: &mut ReplayStore, now: UnixNanos) -> Result<AccountId, BtauthError> {
        self.window.check_complete(now, self.nonce)?;
        let key = ReplayKey::btauth(self.sender, self.nonce);
        match store.insert(now, key, self.window.keep_until(self.nonce)) {
            Ok(()) => Ok(self.sender),
            Err(ReplayError::Replayed) => Err(BtauthError::ReplayedRequest),
            Err(error) => Err(BtauthError::Unrecorded(error)),
        }
    }
}
