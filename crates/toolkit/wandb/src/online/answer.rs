//! What an answer means: whether to try again, and when.

use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use std::{error::Error as _, time::Duration, time::SystemTime};

/// Most bytes of an answer that are read. The server's are some hundred.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// The longest pause that a server may ask for. After a longer one it is asked whether it still means it.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Why a request did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Later it may.
    Passing {
        why: String,
        /// What the server asks to wait.
        wait: Option<Duration>,
    },
    /// It does not take what was sent.
    Content { status: u16, message: String },
    /// It does not have the run any more.
    Gone { status: u16, message: String },
    /// It takes nothing from us.
    Refused { status: u16, message: String },
}

impl Trouble {
    pub(crate) fn passing(why: impl Into<String>) -> Self {
        Self::Passing {
            why: why.into(),
            wait: None,
        }
    }
}

/// What an answer that is no success means.
pub(super) fn trouble(status: StatusCode, headers: &HeaderMap, message: String) -> Trouble {
    let status_number = status.as_u16();
    match status_number {
        408 | 425 | 429 | 500..=599 => Trouble::Passing {
            why: format!("status {status_number}: {message}"),
            wait: wait(headers, SystemTime::now()),
        },
        400 | 413 | 422 => Trouble::Content {
            status: status_number,
            message,
        },
        404 | 409 | 410 => Trouble::Gone {
            status: status_number,
            message,
        },
        _ => Trouble::Refused {
            status: status_number,
            message,
        },
    }
}

fn wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?,
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The whole answer, if it is not too large.
pub(super) async fn bounded(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                if body.len() + chunk.len() > LARGEST_ANSWER {
                    return Err(Trouble::passing("its answer is far too long"));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(Trouble::passing(in_words(&error))),
        }
    }
}

/// What went wrong on the way, down to its cause.
pub(super) fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut words = String::from("it cannot be reached");
    let mut cause = error.source();
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::wait;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
    use std::time::{Duration, SystemTime};

    fn asked(text: &str) -> Option<Duration> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_000_000);
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
        wait(&headers, now)
    }

    #[test]
    fn a_server_may_ask_for_a_pause_in_seconds_or_by_a_date() {
        assert_eq!(asked("17"), Some(Duration::from_secs(17)));
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_000_042);
        assert_eq!(
            asked(&httpdate::fmt_http_date(later)),
            Some(Duration::from_secs(42))
        );
        assert_eq!(asked("999999999"), Some(Duration::from_secs(3600)), "bounded");
        assert_eq!(asked("soon"), None);
    }
}
