//! Who is let in, before a byte of a body is read.

use crate::{
    keys::{Allowance, Collection, Exceeded, KeyRecord, KeyRing, Lease, Ledger, Privacy},
    openai::Refusal,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// Makes one chat private: `true` or `false`.
const PRIVATE: HeaderName = HeaderName::from_static("x-assay-private");
/// Whether the answers of the other miners are heard to their end for scoring: `true` or `false`.
const COLLECT: HeaderName = HeaderName::from_static("x-assay-collect");

/// Lets in whoever may ask.
#[derive(Debug)]
pub(crate) enum Gate {
    /// Whoever has a key.
    Keys { ring: KeyRing, ledger: Arc<Ledger> },
    /// Every program on this machine.
    Loopback,
}

/// Somebody who may ask.
#[derive(Clone, Debug)]
pub(super) struct Caller(Option<Arc<KeyRecord>>);

impl Gate {
    /// Who asks.
    pub(super) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        match self {
            Self::Loopback if is_for_this_machine(headers) => Ok(Caller(None)),
            Self::Loopback => Err(Refusal::OtherHost),
            Self::Keys { ring, .. } => {
                let token = bearer(headers).ok_or(Refusal::NoKey)?;
                let key = ring.holder(token).ok_or(Refusal::WrongKey)?;
                Ok(Caller(Some(key)))
            }
        }
    }

    /// Counts a chat.
    pub(super) fn admit(&self, caller: &Caller) -> Result<(Option<Lease>, Allowance), Exceeded> {
        match (self, &caller.0) {
            (Self::Keys { ledger, .. }, Some(key)) => {
                let (lease, allowance) = ledger.admit(key)?;
                Ok((Some(lease), allowance))
            }
            _ => Ok((None, Allowance::default())),
        }
    }
}

impl Caller {
    pub(super) fn name(&self) -> Option<String> {
        self.0.as_ref().map(|key| key.name.clone())
    }

    /// Of the key and of the request, whichever is more private.
    pub(super) fn privacy(&self, headers: &HeaderMap) -> Result<Privacy, Refusal> {
        let of_key = self.0.as_ref().map(|key| key.privacy).unwrap_or_default();
        Ok(match (of_key, flag(headers, &PRIVATE)?) {
            (Privacy::Private, _) | (_, Some(true)) => Privacy::Private,
            (Privacy::Shared, _) => Privacy::Shared,
        })
    }

    /// Of the key and of the request, whichever collects less.
    pub(super) fn collection(&self, headers: &HeaderMap) -> Result<Collection, Refusal> {
        let of_key = self.0.as_ref().map(|key| key.collection).unwrap_or_default();
        Ok(match (of_key, flag(headers, &COLLECT)?) {
            (Collection::RelayedOnly, _) | (_, Some(false)) => Collection::RelayedOnly,
            (Collection::All, _) => Collection::All,
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn flag(headers: &HeaderMap, name: &HeaderName) -> Result<Option<bool>, Refusal> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    match value.as_bytes() {
        b"true" | b"1" => Ok(Some(true)),
        b"false" | b"0" => Ok(Some(false)),
        // Taken for no, a mistyped yes would make somebody's words public.
        _ => Err(Refusal::parameter(
            name.as_str(),
            format!("The header `{name}` must be `true` or `false`."),
        )),
    }
}

/// Whether a request was made for this machine. A page on the internet can let its own name resolve to 127.0.0.1, and a
/// browser would then ask us in its name; it cannot do so with an address in numbers, or with `localhost`.
fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || bare
            .unwrap_or(name)
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// Adds what is left of the quotas, in the headers that OpenAI uses.
pub(super) fn tell(allowance: &Allowance, headers: &mut HeaderMap) {
    let told = [
        (
            allowance.requests,
            LIMIT_REQUESTS,
            REMAINING_REQUESTS,
            RESET_REQUESTS,
        ),
        (allowance.tokens, LIMIT_TOKENS, REMAINING_TOKENS, RESET_TOKENS),
    ];
    for (left, limit, remaining, reset) in told {
        if let Some(left) = left {
            headers.insert(limit, HeaderValue::from(left.limit));
            headers.insert(remaining, HeaderValue::from(left.remaining));
            if let Ok(value) = HeaderValue::try_from(in_words(left.reset)) {
                headers.insert(reset, value);
            }
        }
    }
}

const LIMIT_REQUESTS: HeaderName = HeaderName::from_static("x-ratelimit-limit-requests");
const REMAINING_REQUESTS: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
const RESET_REQUESTS: HeaderName = HeaderName::from_static("x-ratelimit-reset-requests");
const LIMIT_TOKENS: HeaderName = HeaderName::from_static("x-ratelimit-limit-tokens");
const REMAINING_TOKENS: HeaderName = HeaderName::from_static("x-ratelimit-remaining-tokens");
const RESET_TOKENS: HeaderName = HeaderName::from_static("x-ratelimit-reset-tokens");

/// `1h2m3s`, as OpenAI writes it.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{in_words, is_for_this_machine};
    use axum::http::{HeaderMap, HeaderValue, header};
    use std::time::Duration;

    #[test]
    fn a_name_that_somebody_else_may_own_is_not_this_machine() {
        let asked = |host: &'static str| {
            let headers: HeaderMap = [(header::HOST, HeaderValue::from_static(host))]
                .into_iter()
                .collect();
            is_for_this_machine(&headers)
        };
        for host in [
            "127.0.0.1:8421",
            "localhost",
            "LOCALHOST:1",
            "[::1]:8421",
            "127.0.0.9",
        ] {
            assert!(asked(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8421",
            "localhost.evil.example",
            "10.0.0.1",
            "",
            ":1",
            "[::1",
        ] {
            assert!(!asked(host), "{host}");
        }
    }

    #[test]
    fn times_are_written_as_openai_does() {
        let written = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(
            [written(7), written(67), written(3_607)],
            ["7s", "1m7s", "1h0m7s"]
        );
    }
}
