//! Answers that say no.

use http::StatusCode;
use serde_json::Value;
use std::fmt;

/// An answer that says no, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the status means.
    pub kind: RefusalKind,
    /// In its words: at most 1,024 characters, none of them a control character.
    pub message: String,
}

/// What the status of a refusal means. The one who answers chooses it, so that none of them is an excuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// 401: our signature does not hold for it, or is too old. If all of them say so, our clock is wrong.
    Unverified,
    /// 403: it will not answer us.
    Blacklisted,
    /// 404: it does not serve what was asked for.
    UnknownRoute,
    /// 408: it took longer than it allows itself.
    TimedOut,
    /// 429: we ask too often.
    TooFast,
    /// 503: it has too much to do.
    Busy,
    /// Another status of 500 and above: it broke.
    Failed(StatusCode),
    /// Any other.
    Other(StatusCode),
}

impl RefusalKind {
    pub(crate) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unverified,
            403 => Self::Blacklisted,
            404 => Self::UnknownRoute,
            408 => Self::TimedOut,
            429 => Self::TooFast,
            503 => Self::Busy,
            500.. => Self::Failed(status),
            _ => Self::Other(status),
        }
    }

    /// The status that it was told with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Unverified => StatusCode::UNAUTHORIZED,
            Self::Blacklisted => StatusCode::FORBIDDEN,
            Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::TooFast => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(status) | Self::Other(status) => status,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            RefusalKind::Unverified => formatter.write_str("it does not take our signature"),
            RefusalKind::Blacklisted => formatter.write_str("it will not answer us"),
            RefusalKind::UnknownRoute => formatter.write_str("it does not serve this"),
            RefusalKind::TimedOut => formatter.write_str("it ran out of its own time"),
            RefusalKind::TooFast => formatter.write_str("it says that we ask too often"),
            RefusalKind::Busy => formatter.write_str("it has too much to do"),
            RefusalKind::Failed(status) => write!(formatter, "it failed with status {status}"),
            RefusalKind::Other(status) => write!(formatter, "it answered with status {status}"),
        }?;
        match self.message.as_str() {
            "" => Ok(()),
            message => write!(formatter, ": {message}"),
        }
    }
}

/// Bytes of a refusal's body that are looked at. What bittensor and FastAPI write is below 1 KB; without a bound a
/// refusal could be as large as an answer.
pub(super) const MAX_REFUSAL: usize = 64 * 1024;
/// Characters of a message that are kept, enough for every reason that a log should hold.
const MAX_MESSAGE: usize = 1_024;

/// What a refusal's body says: the `message` of bittensor, the `detail` of FastAPI, or else the text itself.
pub(crate) fn message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let said = serde_json::from_slice::<Value>(body).ok().and_then(|value| {
        ["message", "detail", "error"]
            .into_iter()
            .find_map(|key| value.get(key)?.as_str().map(str::to_owned))
    });
    let said = said.unwrap_or_else(|| text.into_owned());
    said.trim()
        .chars()
        .take(MAX_MESSAGE)
        .map(|character| match character {
            control if control.is_control() => ' ',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn the_words_are_found_wherever_peers_put_them_and_cannot_break_a_log() {
        for (body, said) in [
            (
                r#"{"message":"Forbidden. Key is blacklisted: no."}"#,
                "Forbidden. Key is blacklisted: no.",
            ),
            (r#"{"detail":"Not Found"}"#, "Not Found"),
            ("plain\ntext\u{1b}[2J", "plain text [2J"),
            ("[1]", "[1]"),
            ("", ""),
        ] {
            assert_eq!(message(body.as_bytes()), said);
        }
        assert_eq!(message(&[b'a'; 5_000]).len(), 1_024);
    }
}
