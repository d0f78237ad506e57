//! What an answer that is not a success means.

use super::transport::{Subject, read_all};
use crate::HubError;
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, HeaderValue, RETRY_AFTER},
};
use std::time::{Duration, SystemTime};

/// Longest error text taken from an answer.
const MAX_ERROR_BYTES: usize = 16 << 10;

/// The error that an answer means.
pub(super) async fn refusal(response: Response, subject: Subject<'_>) -> HubError {
    let status = response.status();
    let headers = response.headers().clone();
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let code = text("x-error-code");
    let message = match text("x-error-message") {
        Some(message) => message,
        None => error_text(response, subject.what).await,
    };
    let what = subject.what.to_owned();
    match (subject.repo, code.as_deref()) {
        (Some(repo), Some("RepoNotFound")) => return HubError::RepoNotFound { repo: repo.clone() },
        (Some(repo), Some("GatedRepo")) => return HubError::Gated { repo: repo.clone() },
        (Some(repo), Some("RevisionNotFound")) => {
            let revision = subject.revision.cloned().unwrap_or_default();
            return HubError::RevisionNotFound {
                repo: repo.clone(),
                revision,
            };
        }
        (Some(repo), Some("EntryNotFound")) => {
            let revision = subject.revision.cloned().unwrap_or_default();
            let path = subject.path.map_or_else(|| message.clone(), ToString::to_string);
            return HubError::EntryNotFound {
                repo: repo.clone(),
                revision,
                path,
            };
        }
        _ => {}
    }
    match status {
        StatusCode::UNAUTHORIZED => HubError::Unauthorized { what },
        StatusCode::FORBIDDEN => HubError::Forbidden { what, message },
        StatusCode::CONFLICT => HubError::AlreadyExists { what },
        StatusCode::TOO_MANY_REQUESTS => HubError::RateLimited {
            what,
            retry_after: pause(&headers, SystemTime::now()),
        },
        status if status.is_server_error() => {
            let retry_after = pause(&headers, SystemTime::now());
            HubError::Server {
                what,
                status: status.as_u16(),
                message,
                retry_after,
            }
        }
        status => HubError::Refused {
            what,
            status: status.as_u16(),
            message,
        },
    }
}

/// The hub's words in the body of an error: the field `error` of a JSON object, or the text itself.
async fn error_text(response: Response, what: &str) -> String {
    let Ok(bytes) = read_all(response, what, MAX_ERROR_BYTES).await else {
        return "no reason given".to_owned();
    };
    let object = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
    let field = object
        .as_ref()
        .and_then(|object| object["error"].as_str())
        .map(str::to_owned);
    let text = field.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned());
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// The pause that an answer asks for: seconds or a date in `Retry-After`, or else the time in `RateLimit`.
fn pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if let Some(value) = text(RETRY_AFTER.as_str()) {
        if let Ok(seconds) = value.trim().parse() {
            return Some(Duration::from_secs(seconds));
        }
        if let Ok(date) = httpdate::parse_http_date(value) {
            return Some(date.duration_since(now).unwrap_or_default());
        }
    }
    let left = text("ratelimit")?
        .split(';')
        .find_map(|field| field.trim().strip_prefix("t="))?;
    Some(Duration::from_secs(left.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_pause_is_read_in_every_form_the_hub_writes_it() {
        let now = httpdate::parse_http_date("Fri, 20 Nov 2026 10:00:00 GMT").unwrap();
        let read = |pairs: &[_]| pause(&headers(pairs), now);
        assert_eq!(read(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(
            read(&[("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT")]),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            read(&[("retry-after", "Fri, 20 Nov 2026 09:00:00 GMT")]),
            Some(Duration::ZERO)
        );
        assert_eq!(
            read(&[("ratelimit", "\"api\";r=0;t=55")]),
            Some(Duration::from_secs(55))
        );
        assert_eq!(read(&[("retry-after", "soon")]), None);
        assert_eq!(read(&[]), None);
    }
}
