//! What is checked of a request, in which order.

use super::{
    headers::EpistulaClaim,
    message::{SecretSpelling, secret_messages},
    uuid::RequestUuid,
};
use crate::{
    BodyDigest, FreshnessWindow, MalformedHeader, ReceiverProblem, ReplayError, ReplayKey, ReplayStore,
    Stale, UnixNanos, receiver,
};
use assay_keys::{AccountId, Scheme, verify};
use http::StatusCode;

/// The age that the common implementations allow, in seconds, then the future, which they do not bound, and the
/// retention. A smaller age refuses callers whose clock is a few seconds off; a greater one leaves an intercepted
/// request usable for longer after a restart without a journal.
const WINDOW: FreshnessWindow = FreshnessWindow::known(8, 2, 60);

/// What an axon wants of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpistulaPolicy {
    /// How old a request may be: 8 s, and 2 s in the future, remembered for 60 s.
    pub window: FreshnessWindow,
    /// Whether a request must name its receiver: yes by default. One that names another receiver is refused in any
    /// case.
    pub require_receiver: bool,
    /// Whether a secret signature is demanded, in either spelling, before the body is read: no by default, since not
    /// all senders have one. It proves who sends before a long body has to be taken in, at the price of up to three
    /// signature checks more.
    pub require_secret_signature: bool,
    /// How callers sign; the headers do not say. sr25519, although Epistula's own documents speak of ed25519.
    pub scheme: Scheme,
}

impl Default for EpistulaPolicy {
    fn default() -> Self {
        Self {
            window: WINDOW,
            require_receiver: true,
            require_secret_signature: false,
            scheme: Scheme::Sr25519,
        }
    }
}

/// Why a request is refused. None of them shows the text that should have been signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EpistulaError {
    /// A header that cannot be read.
    #[error(transparent)]
    Malformed(#[from] MalformedHeader),
    /// Not for this axon.
    #[error(transparent)]
    WrongReceiver(#[from] ReceiverProblem),
    /// Out of its time.
    #[error(transparent)]
    StaleRequest(#[from] Stale),
    /// The policy demands a secret signature, and there is none, or it is not the sender's for this receiver and time.
    #[error("the secret signature is missing, or not the sender's for this receiver and time")]
    BadSecretSignature,
    /// Not signed by the hotkey that it names, or changed on the way.
    #[error("the signature is not the sender's over this request")]
    BadSignature,
    /// Accepted before.
    #[error("a request of this sender with this uuid was accepted before")]
    ReplayedRequest,
    /// Good, but it could not be remembered, and what is not remembered could come again. The caller may try again
    /// later.
    #[error("the request could not be remembered: {0}")]
    Unrecorded(#[source] ReplayError),
}

impl EpistulaError {
    /// The status to answer with: 503 where the fault is this side's, 400 otherwise, as the other implementations do.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Unrecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Malformed(_)
            | Self::WrongReceiver(_)
            | Self::StaleRequest(_)
            | Self::BadSecretSignature
            | Self::BadSignature
            | Self::ReplayedRequest => StatusCode::BAD_REQUEST,
        }
    }
}

/// A claim that names the right receiver (or none where that is allowed) and a time that is good. Still not proven.
#[derive(Clone, Debug)]
#[must_use]
pub struct FreshEpistula {
    claim: EpistulaClaim,
    policy: EpistulaPolicy,
}

/// A request that its sender signed. It may have been accepted before.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProvenEpistula {
    sender: AccountId,
    uuid: RequestUuid,
    dated: UnixNanos,
    window: FreshnessWindow,
}

impl EpistulaClaim {
    /// Looks at what the headers alone show. `own` is the hotkey of this axon.
    ///
    /// # Errors
    ///
    /// [`EpistulaError::WrongReceiver`], then [`EpistulaError::StaleRequest`], then
    /// [`EpistulaError::BadSecretSignature`].
    pub fn check(
        self,
        policy: &EpistulaPolicy,
        own: &AccountId,
        now: UnixNanos,
    ) -> Result<FreshEpistula, EpistulaError> {
        receiver::check(self.receiver(), own, policy.require_receiver)?;
        policy.window.check(now, self.time.moment())?;
        if policy.require_secret_signature && self.secret_spelling(policy.scheme).is_none() {
            return Err(EpistulaError::BadSecretSignature);
        }
        Ok(FreshEpistula {
            claim: self,
            policy: *policy,
        })
    }

    /// In which spelling the middle secret signature is the sender's for the receiver and time of the headers. The
    /// middle one is enough: the others only help receivers that do not read the time.
    #[must_use]
    pub fn secret_spelling(&self, scheme: Scheme) -> Option<SecretSpelling> {
        let [_, Some(signature), _] = &self.secrets else {
            return None;
        };
        let receiver = self.receiver.as_ref()?.text.as_str();
        let sender = self.sender.text.as_str();
        let spellings = [
            (SecretSpelling::Python, receiver),
            (SecretSpelling::Go, receiver),
            (SecretSpelling::Go, sender),
        ];
        spellings.into_iter().find_map(|(spelling, named)| {
            let [_, message, _] = secret_messages(spelling, self.time, named);
            verify(self.sender(), scheme, message.as_bytes(), signature).then_some(spelling)
        })
    }
}

impl FreshEpistula {
    /// The claim.
    #[must_use]
    pub const fn claim(&self) -> &EpistulaClaim {
        &self.claim
    }

    /// Checks the signature.
    ///
    /// # Errors
    ///
    /// [`EpistulaError::BadSignature`].
    pub fn verify(self, body: &BodyDigest) -> Result<ProvenEpistula, EpistulaError> {
        let Self { claim, policy } = self;
        let message = claim.message(body);
        if !verify(
            claim.sender(),
            policy.scheme,
            message.as_bytes(),
            &claim.signature,
        ) {
            return Err(EpistulaError::BadSignature);
        }
        Ok(ProvenEpistula {
            sender: *claim.sender(),
            dated: claim.time.moment(),
            uuid: claim.uuid,
            window: policy.window,
        })
    }
}

impl ProvenEpistula {
    /// Who sent it.
    #[must_use]
    pub const fn sender(&self) -> &AccountId {
        &self.sender
    }

    /// Lets the request in, once, and says who sent it. `now` is the time at which its body was complete.
    ///
    /// # Errors
    ///
    /// [`EpistulaError::StaleRequest`] when the body took too long, [`EpistulaError::ReplayedRequest`],
    /// [`EpistulaError::Unrecorded`].
    pub fn accept(self, store: &mut ReplayStore, now: UnixNanos) -> Result<AccountId, EpistulaError> {
        self.window.check_complete(now, self.dated)?;
        let key = ReplayKey::epistula(self.sender, self.uuid.as_str());
        match store.insert(now, key, self.window.keep_until(self.dated)) {
            Ok(()) => Ok(self.sender),
            Err(ReplayError::Replayed) => Err(EpistulaError::ReplayedRequest),
            Err(error) => Err(EpistulaError::Unrecorded(error)),
        }
    }
}
