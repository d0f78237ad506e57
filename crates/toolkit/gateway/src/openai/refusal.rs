//! Answers that are no answers, in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`.

use crate::keys::{Exceeded, ExceededQuota};
use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::time::Duration;

/// Why a request is not answered. Its words are for the user: they say what to do, and show nothing of others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "You did not send an API key. Send yours in the header `Authorization: Bearer YOUR_KEY` (in OpenAI's libraries: \
         the option `api_key`). You get one from the operator of this gateway."
    )]
    NoKey,
    #[error(
        "This API key is unknown here or was revoked. Check that you sent the whole key, with its beginning `sk-assay-`, \
         or ask the operator of this gateway for a new one."
    )]
    WrongKey,
    #[error(
        "This gateway wants no keys and serves only programs on its own machine: ask it at http://127.0.0.1 or \
         http://localhost."
    )]
    OtherHost,
    #[error(
        "There is nothing at {method} {path}. Chats go to POST /v1/chat/completions; GET /v1/models lists the models."
    )]
    NoRoute { method: String, path: String },
    #[error("{path} takes {allow}, not {method}.")]
    Method {
        method: String,
        path: String,
        allow: &'static str,
    },
    #[error("The model `{model}` does not exist here. GET /v1/models lists those that do.")]
    NoModel { model: String },
    #[error("The body must be JSON: send the header `Content-Type: application/json`.")]
    MediaType,
    #[error("The body is not a JSON object that can be read: {problem}.")]
    NotJson { problem: String },
    #[error("{problem}")]
    Parameter {
        param: String,
        problem: String,
        code: Option<&'static str>,
    },
    #[error(
        "This gateway takes conversations of at most {limit} tokens, and yours has {tokens}, counted as {counter}. Shorten \
         the messages."
    )]
    TooLong {
        tokens: u64,
        limit: u64,
        counter: String,
    },
    #[error("The body is larger than {limit} bytes.")]
    TooLarge { limit: usize },
    #[error("The body did not come within {} s.", .within.as_secs())]
    SlowBody { within: Duration },
    #[error("The connection broke in the middle of the body.")]
    BrokenBody,
    #[error("{0}")]
    Quota(#[from] Exceeded),
    #[error("The gateway answers as many chats as it can. Try again in a moment.")]
    Busy,
    #[error("The gateway is stopping. Try again in a moment.")]
    Stopping,
    #[error("No miner is serving at the moment. Try again later.")]
    NoMiners,
    #[error(
        "The question could not be sent to any miner, which is this gateway's own fault. Try again later."
    )]
    OwnFault,
    #[error("None of the {asked} miners that were asked gave an answer ({bad} gave a bad one). Try again.")]
    NoAnswer { asked: usize, bad: usize },
    #[error("No miner gave a whole answer within {} s. Try again, or ask for a shorter one.", .after.as_secs())]
    TimedOut { after: Duration },
    #[error("The miner broke off in the middle of its answer: what came so far is not the whole. Try again.")]
    BrokeOff,
    #[error("The gateway failed to answer. Its log has more, by the id of this request.")]
    Defect,
}

impl Refusal {
    /// A parameter that cannot be taken.
    pub(crate) fn parameter(param: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Parameter {
            param: param.into(),
            problem: problem.into(),
            code: None,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoKey | Self::WrongKey => StatusCode::UNAUTHORIZED,
            Self::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Self::NoRoute { .. } | Self::NoModel { .. } => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotJson { .. } | Self::Parameter { .. } | Self::TooLong { .. } | Self::BrokenBody => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SlowBody { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Quota(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Stopping | Self::NoMiners | Self::OwnFault => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoAnswer { .. } | Self::BrokeOff => StatusCode::BAD_GATEWAY,
            Self::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Defect => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Quota(exceeded) => match exceeded.quota {
                ExceededQuota::TokensPerDay => "tokens",
                ExceededQuota::RequestsPerMinute
                | ExceededQuota::RequestsPerDay
                | ExceededQuota::Concurrent => "requests",
            },
            _ if self.status().is_server_error() => "server_error",
            _ => "invalid_request_error",
        }
    }

    fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::WrongKey => "invalid_api_key",
            Self::NoRoute { .. } => "unknown_url",
            Self::NoModel { .. } => "model_not_found",
            Self::TooLong { .. } => "context_length_exceeded",
            Self::Quota(_) => "rate_limit_exceeded",
            Self::Busy => "overloaded",
            Self::Stopping => "stopping",
            Self::NoMiners => "no_miners",
            Self::NoAnswer { .. } => "no_answer",
            Self::TimedOut { .. } => "timeout",
            Self::BrokeOff => "incomplete_answer",
            Self::Parameter { code, .. } => return *code,
            _ => return None,
        })
    }

    fn param(&self) -> Option<&str> {
        match self {
            Self::NoModel { .. } => Some("model"),
            Self::TooLong { .. } => Some("messages"),
            Self::Parameter { param, .. } => Some(param),
            _ => None,
        }
    }

    /// When to try again, where that is known.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Quota(exceeded) => Some(exceeded.again_in),
            // As long as an answer takes, or a restart.
            Self::Busy => Some(Duration::from_secs(1)),
            Self::Stopping | Self::NoMiners => Some(Duration::from_secs(10)),
            _ => None,
        }
    }

    /// Whether a body that was not read may be left in the connection, which is then of no more use.
    fn may_leave_a_body(&self) -> bool {
        matches!(
            self,
            Self::NoKey
                | Self::WrongKey
                | Self::OtherHost
                | Self::MediaType
                | Self::TooLarge { .. }
                | Self::SlowBody { .. }
                | Self::BrokenBody
                | Self::Quota(_)
                | Self::Method { .. }
                | Self::NoRoute { .. }
        )
    }

    /// The object that clients look for.
    pub(crate) fn body(&self) -> Value {
        json!({
            "error": {
                "message": self.to_string(),
                "type": self.kind(),
                "param": self.param(),
                "code": self.code(),
            }
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.body())).into_response();
        let headers = response.headers_mut();
        if let Some(pause) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)));
        }
        if let Self::Method { allow, .. } = self {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if matches!(self, Self::NoKey | Self::WrongKey) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(&self, Self::Quota(exceeded) if exceeded.again_in > LONGEST_AUTOMATIC_WAIT) {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if self.may_leave_a_body() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// What OpenAI's libraries obey before they think for themselves. Trying again at once, as they do where `Retry-After`
/// is longer than they are ready to wait, is of no use for a quota of a day.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const LONGEST_AUTOMATIC_WAIT: Duration = Duration::from_secs(60);
