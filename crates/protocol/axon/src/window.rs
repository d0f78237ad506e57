//! How old a signed request may be.

use crate::UnixNanos;
use std::time::Duration;

/// The time in which a signed request is good, and for which it is remembered so that it is good only once.
///
/// A request is remembered until `retention` after the time in its signature, and no request is accepted later than
/// that, however slowly its body comes. So a request is never accepted after it was forgotten. What `retention` has
/// beyond the other two is what the clock may be set back without opening a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshnessWindow {
    max_age: Duration,
    future_skew: Duration,
    retention: Duration,
}

/// A window under which a request could come back after it was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "requests are remembered for {retention:?} only, but are good for {max_age:?} and may be dated {future_skew:?} \
     ahead: remember them for at least the sum of the two"
)]
pub struct WindowError {
    /// The greatest age asked for.
    pub max_age: Duration,
    /// The distance into the future asked for.
    pub future_skew: Duration,
    /// The retention asked for.
    pub retention: Duration,
}

/// Why a request is out of its time. The sender can sign it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stale {
    /// Signed too long ago: it was held up, or the sender's clock is behind.
    #[error("the request was signed {age:?} ago, and at most {limit:?} are allowed")]
    Old {
        /// Its age.
        age: Duration,
        /// The greatest age.
        limit: Duration,
    },
    /// Signed in the future: the sender's clock is ahead.
    #[error("the request is dated {ahead:?} in the future, and at most {limit:?} are allowed")]
    Future {
        /// How far in the future.
        ahead: Duration,
        /// How far it may be.
        limit: Duration,
    },
    /// In time when its headers came, but its body took so long that a copy could have been forgotten by now.
    #[error("the request was signed {age:?} before its body was complete, and at most {limit:?} are allowed")]
    SlowBody {
        /// Its age when the body was there.
        age: Duration,
        /// The greatest age then.
        limit: Duration,
    },
}

impl FreshnessWindow {
    /// A window. All three are inclusive: a request of exactly the greatest age is good.
    ///
    /// # Errors
    ///
    /// [`WindowError`] when `retention` is less than `max_age` and `future_skew` together.
    pub fn new(max_age: Duration, future_skew: Duration, retention: Duration) -> Result<Self, WindowError> {
        if max_age.saturating_add(future_skew) > retention {
            return Err(WindowError {
                max_age,
                future_skew,
                retention,
            });
        }
        Ok(Self {
            max_age,
            future_skew,
            retention,
        })
    }

    /// One of this crate's own, in whole seconds. A test puts each of them through [`new`](Self::new).
    pub(crate) const fn known(max_age: u64, future_skew: u64, retention: u64) -> Self {
        Self {
            max_age: Duration::from_secs(max_age),
            future_skew: Duration::from_secs(future_skew),
            retention: Duration::from_secs(retention),
        }
    }

    /// The greatest age of a request when its headers come.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        self.max_age
    }

    /// How far in the future a request may be dated.
    #[must_use]
    pub const fn future_skew(&self) -> Duration {
        self.future_skew
    }

    /// How long after its date a request is remembered, and may be completed.
    #[must_use]
    pub const fn retention(&self) -> Duration {
        self.retention
    }

    /// Whether a request with this date is good when its headers come.
    ///
    /// # Errors
    ///
    /// [`Stale::Old`], [`Stale::Future`].
    pub fn check(&self, now: UnixNanos, dated: UnixNanos) -> Result<(), Stale> {
        let age = now.since(dated);
        if age > self.max_age {
            return Err(Stale::Old {
                age,
                limit: self.max_age,
            });
        }
        let ahead = dated.since(now);
        if ahead > self.future_skew {
            return Err(Stale::Future {
                ahead,
                limit: self.future_skew,
            });
        }
        Ok(())
    }

    /// Whether it is still early enough when its body is complete.
    pub(crate) fn check_complete(&self, now: UnixNanos, dated: UnixNanos) -> Result<(), Stale> {
        let age = now.since(dated);
        if age > self.retention {
            return Err(Stale::SlowBody {
                age,
                limit: self.retention,
            });
        }
        Ok(())
    }

    /// Until when a request with this date is to be remembered.
    pub(crate) fn keep_until(&self, dated: UnixNanos) -> UnixNanos {
        dated.plus(self.retention)
    }
}
