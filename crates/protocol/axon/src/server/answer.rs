//! Answers that are no answers: what each refusal looks like from outside.

use super::{Blacklisted, Refused, TooFast, Unverified};
use crate::{BtauthError, DialectError, EpistulaError, OperatorRefusal, ReplayError, synapse};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use std::time::Duration;

/// What goes out: whole, or in parts that may break off.
pub(super) type Outgoing = UnsyncBoxBody<Bytes, Broken>;

/// A streamed answer that came to no end. The connection is closed without its last chunk.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(super) struct Broken;

/// A body that is there already.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Outgoing {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Why a request is not answered. Each has one status, and a short text that shows nothing of the axon's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `404`
    #[error("no such route")]
    NoRoute,
    /// `405`
    #[error("this route takes POST")]
    Method,
    /// `400`: a header of synapse-v10.
    #[error("{0}")]
    Head(#[from] synapse::HeadError),
    /// `401`: nobody says who sent it, or two do.
    #[error("{0}")]
    Dialect(#[from] DialectError),
    /// `401`
    #[error("{0}")]
    DialectNotTaken(crate::Dialect),
    /// `401`, in the words of bittensor.
    #[error("Not Verified with error: {0}")]
    Synapse(#[from] synapse::SynapseRefusal),
    /// `401` or `403`
    #[error("{0}")]
    Btauth(#[from] BtauthError),
    /// `400`
    #[error("{0}")]
    Epistula(#[from] EpistulaError),
    /// `401`
    #[error("{0}")]
    Operator(#[from] OperatorRefusal),
    /// `503`: taken, but it could not be remembered.
    #[error("the request could not be remembered: {0}")]
    Unrecorded(#[source] ReplayError),
    /// `403`, in the words of bittensor.
    #[error("Forbidden. Key is blacklisted: {0}.")]
    Blacklisted(#[from] Blacklisted),
    /// `401`, by the axon's own rules.
    #[error("Not Verified with error: {0}")]
    Unverified(#[from] Unverified),
    /// `429`
    #[error("{0}")]
    TooFast(#[from] TooFast),
    /// `503`: bodies of senders that are not proven yet take all the room that there is for them.
    #[error("the axon is busy reading other requests")]
    Crowded,
    /// `413`
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// What the route takes.
        limit: usize,
    },
    /// `408`
    #[error("the body did not come within {} s", .within.as_secs())]
    SlowBody {
        /// How long it was waited for.
        within: Duration,
    },
    /// `400`
    #[error("the connection broke in the middle of the body")]
    BrokenBody,
    /// `400`
    #[error("the body is not what this route takes: {problem}")]
    Body {
        /// Names the field, never its value.
        problem: String,
    },
    /// `400`: signed was another body.
    #[error("the body's hash is not the one that was signed")]
    BodyHash,
    /// `503` or `408`
    #[error("{0}")]
    Queue(#[from] Refused),
    /// `408`, in the words of bittensor.
    #[error("Response timeout after: {:?}s", .after.as_secs_f64())]
    TimedOut {
        /// How long the caller waits.
        after: Duration,
    },
    /// What the handler answered instead.
    #[error("{message}")]
    Handler {
        /// Its status.
        status: StatusCode,
        /// Its words.
        message: String,
    },
    /// `500`: a defect of the handler's, which the log tells.
    #[error("the miner failed to answer")]
    Defect,
}

impl Refusal {
    /// The status of HTTP.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Head(_) | Self::BrokenBody | Self::Body { .. } | Self::BodyHash => StatusCode::BAD_REQUEST,
            Self::Dialect(_)
            | Self::DialectNotTaken(_)
            | Self::Synapse(_)
            | Self::Operator(_)
            | Self::Unverified(_) => StatusCode::UNAUTHORIZED,
            Self::Btauth(error) => error.status(),
            Self::Epistula(error) => error.status(),
            Self::Unrecorded(_) | Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Blacklisted(_) => StatusCode::FORBIDDEN,
            Self::TooFast(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SlowBody { .. } | Self::TimedOut { .. } | Self::Queue(Refused::TimedOut { .. }) => {
                StatusCode::REQUEST_TIMEOUT
            }
            Self::Queue(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Handler { status, .. } => *status,
            Self::Defect => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its kind in a word, the same for the same cause in every dialect: what requests are counted by.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        use synapse::SynapseRefusal as Synapse;
        match self {
            Self::NoRoute => "no_route",
            Self::Method => "method",
            Self::Head(_)
            | Self::Btauth(BtauthError::MalformedAuth(_))
            | Self::Epistula(EpistulaError::Malformed(_)) => "head",
            Self::Dialect(DialectError::Unsigned)
            | Self::Synapse(Synapse::NoHotkey | Synapse::NoNonce | Synapse::NoSignature)
            | Self::Operator(OperatorRefusal::NoToken) => "unsigned",
            Self::Dialect(DialectError::Fiber | DialectError::Several(..)) | Self::DialectNotTaken(_) => {
                "dialect"
            }
            Self::Synapse(Synapse::Hotkey(_)) => "hotkey",
            Self::Synapse(Synapse::SignatureFormat | Synapse::Signature(_) | Synapse::Mismatch)
            | Self::Btauth(BtauthError::BadSignature)
            | Self::Epistula(EpistulaError::BadSignature | EpistulaError::BadSecretSignature) => "signature",
            Self::Synapse(Synapse::Stale(_))
            | Self::Btauth(BtauthError::StaleRequest(_))
            | Self::Epistula(EpistulaError::StaleRequest(_)) => "stale",
            Self::Synapse(Synapse::Replayed)
            | Self::Btauth(BtauthError::ReplayedRequest)
            | Self::Epistula(EpistulaError::ReplayedRequest) => "replayed",
            Self::Btauth(BtauthError::WrongReceiver(_)) | Self::Epistula(EpistulaError::WrongReceiver(_)) => {
                "receiver"
            }
            Self::Unrecorded(_)
            | Self::Btauth(BtauthError::Unrecorded(_))
            | Self::Epistula(EpistulaError::Unrecorded(_)) => "unrecorded",
            Self::Operator(OperatorRefusal::Unknown) => "token",
            Self::Blacklisted(_) => "blacklisted",
            Self::Unverified(_) => "unverified",
            Self::TooFast(_) => "too_fast",
            Self::Crowded => "crowded",
            Self::TooLarge { .. } => "too_large",
            Self::SlowBody { .. } => "slow_body",
            Self::BrokenBody => "broken_body",
            Self::Body { .. } => "body",
            Self::BodyHash => "body_hash",
            Self::Queue(Refused::Full { .. }) => "busy",
            Self::Queue(Refused::TimedOut { .. }) => "no_turn",
            Self::TimedOut { .. } => "timed_out",
            Self::Handler { .. } => "handler",
            Self::Defect => "defect",
        }
    }

    /// When to ask again, where that is known.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooFast(TooFast { again_in }) => Some(*again_in),
            Self::Queue(Refused::Full { .. }) | Self::Unrecorded(_) | Self::Crowded => {
                Some(Duration::from_secs(1))
            }
            _ => None,
        }
    }

    /// Whether a body that was not read is left in the connection, which is then of no more use.
    pub(super) fn leaves_a_body(&self) -> bool {
        !matches!(
            self,
            Self::Body { .. }
                | Self::BodyHash
                | Self::Queue(_)
                | Self::TimedOut { .. }
                | Self::Handler { .. }
                | Self::Defect
        )
    }

    /// The answer, as clients of bittensor read it: JSON with a `message`, and its head where that was asked in
    /// synapse-v10.
    pub(super) fn response(&self, head: Option<synapse::SynapseHead>) -> Response<Outgoing> {
        let (status, message) = (self.status(), self.to_string());
        let body = serde_json::json!({ "message": message });
        let head = head.map(|mut head| {
            head.axon.status_code = Some(i64::from(status.as_u16()));
            head.axon.status_message = Some(message);
            head
        });
        self.told(status, &body, head)
    }

    /// An answer with these contents, and with what HTTP has to say of the refusal.
    pub(super) fn told(
        &self,
        status: StatusCode,
        body: &serde_json::Value,
        head: Option<synapse::SynapseHead>,
    ) -> Response<Outgoing> {
        let mut response = json(status, body);
        let headers = response.headers_mut();
        if let Some(pause) = self.retry_after() {
            // Rounded up: whoever obeys must not come too early.
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if matches!(self, Self::Method) {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        if self.leaves_a_body() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(head) = head {
            headers.extend(head.to_headers());
        }
        response
    }
}

pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Response<Outgoing> {
    let mut response = Response::new(whole(body.to_string()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
