//! How old a request may be.

use super::PeerVersion;
use crate::UnixNanos;
use std::time::Duration;

/// The window that every request has, beside the time that its sender waits.
const ALLOWED: Duration = Duration::from_secs(4);

/// A request is judged at one moment and remembered at a later one: longer than the two are ever apart, or the memory of
/// its twin is gone in between.
const SLACK: Duration = Duration::from_secs(10);

/// How old and how early a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// What of the sender's timeout counts at most. The timeout is not signed: without a cap whoever has recorded a
    /// request sends it again with a longer one. Shorter caps refuse honest senders of large requests.
    pub timeout_cap: Option<Duration>,
    /// How far ahead of ours the sender's clock may be. Without a limit a request can be made today to be sent for ever.
    pub future: Option<Duration>,
    /// The oldest version that is served. Before 7.2 nonces were counters, whose age nobody can tell, and the version is
    /// not signed.
    pub oldest: Option<PeerVersion>,
}

impl Freshness {
    /// The default: every request has an age, and a short one.
    pub const STRICT: Self = Self {
        timeout_cap: Some(Duration::from_secs(60)),
        future: Some(ALLOWED),
        oldest: Some(PeerVersion::TIMED_NONCES),
    };

    /// As bittensor 10.5 takes them, holes and all.
    pub const COMPATIBLE: Self = Self {
        timeout_cap: None,
        future: None,
        oldest: None,
    };

    /// Until when a request that was signed at `nonce` could be taken again, and has to be remembered. Without limits that
    /// is for ever; then it is for an hour from now, as long as anything honest is under way.
    #[must_use]
    pub fn remember_until(&self, now: UnixNanos, nonce: UnixNanos) -> UnixNanos {
        match (self.timeout_cap, self.future, self.oldest) {
            (Some(cap), Some(_), Some(_)) => nonce.plus(ALLOWED).plus(cap).plus(SLACK),
            _ => now.plus(Duration::from_secs(60 * 60)),
        }
    }

    /// Whether a request that was signed at `nonce` is fresh at `now`.
    ///
    /// # Errors
    /// [`Stale`], which says why not.
    pub fn check(
        &self,
        now: UnixNanos,
        nonce: UnixNanos,
        timeout: Option<f64>,
        version: Option<PeerVersion>,
    ) -> Result<(), Stale> {
        let is_timed = version.is_some_and(|version| version >= PeerVersion::TIMED_NONCES);
        if self
            .oldest
            .is_some_and(|oldest| version.is_none_or(|version| version < oldest))
        {
            return Err(Stale::Version);
        }
        if !is_timed {
            return Ok(());
        }
        if let Some(future) = self.future
            && nonce > now.plus(future)
        {
            return Err(Stale::Early {
                ahead: nonce.since(now),
            });
        }
        let mut timeout = timeout.unwrap_or(0.0);
        if let Some(cap) = self.timeout_cap {
            // A number that is none counts as no timeout.
            timeout = if timeout.is_nan() {
                0.0
            } else {
                timeout.min(cap.as_secs_f64())
            };
        }
        let allowed = ALLOWED.as_secs_f64() + timeout;
        // Python compares numbers too, and none of its comparisons with NaN holds.
        if age(now, nonce) >= allowed {
            return Err(Stale::Old {
                allowed,
                age: age(now, nonce),
            });
        }
        Ok(())
    }
}

/// Seconds from `nonce` to `now`, negative for one that is yet to come.
fn age(now: UnixNanos, nonce: UnixNanos) -> f64 {
    let nanos = i128::from(now.0) - i128::from(nonce.0);
    // Exact below 104 days.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a difference of times, compared with seconds"
    )]
    let seconds = nanos as f64 / 1e9;
    seconds
}

/// Why a request is not fresh.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Stale {
    /// Too old. In the words of bittensor, which clients look for.
    #[error(
        "Nonce is too old: acceptable delta is {allowed:.2} seconds but request was {age:.2} seconds old"
    )]
    Old {
        /// Seconds that are allowed.
        allowed: f64,
        /// Seconds since it was signed.
        age: f64,
    },
    /// Signed in the future.
    #[error("Nonce is {:.2} seconds ahead of this clock: set the clock of one of the two", .ahead.as_secs_f64())]
    Early {
        /// How far.
        ahead: Duration,
    },
    /// A version whose nonces are not times, or none.
    #[error("the request's age is unknown: its sender must be bittensor 7.2 or later and say so")]
    Version,
}
