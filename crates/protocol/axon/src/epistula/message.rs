//! The texts that are signed.

use super::uuid::RequestUuid;
use crate::{BodyDigest, UnixNanos};
use std::fmt;

const NANOS_IN_A_MILLISECOND: u64 = 1_000_000;

/// Milliseconds of an interval of the secret signatures. Both spellings round the time up to it.
const INTERVAL: u64 = 10_000;

/// Milliseconds since 1970, Epistula's unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The millisecond in which a moment lies.
    #[must_use]
    pub const fn of(moment: UnixNanos) -> Self {
        Self(moment.0 / NANOS_IN_A_MILLISECOND)
    }

    /// Its beginning, or the last moment that there is, which is out of any window.
    #[must_use]
    pub const fn moment(self) -> UnixNanos {
        UnixNanos(self.0.saturating_mul(NANOS_IN_A_MILLISECOND))
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// How the interval is written in the secret messages. The two do not understand each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSpelling {
    /// As the Python implementations do: milliseconds as a floating-point number, and neighbours one *millisecond*
    /// away.
    Python,
    /// As Targon's hub in Go does: a count of intervals of ten seconds, and neighbours one interval away.
    Go,
}

/// What the secret signatures 0, 1 and 2 are over: the interval before, of and after `time`, and whom they name. That
/// is the receiver, or in one of the Go implementations the sender.
#[must_use]
pub fn secret_messages(spelling: SecretSpelling, time: UnixMillis, named: &str) -> [String; 3] {
    let count = time.0.div_ceil(INTERVAL);
    let (middle, ending) = match spelling {
        SecretSpelling::Python => (count.saturating_mul(INTERVAL), ".0"),
        SecretSpelling::Go => (count, ""),
    };
    [middle.saturating_sub(1), middle, middle.saturating_add(1)]
        .map(|interval| format!("{interval}{ending}.{named}"))
}

/// What the request's signature is over. The uuid has no point in it, so no part can pass for another.
pub(super) fn message(
    body: &BodyDigest,
    uuid: &RequestUuid,
    time: UnixMillis,
    receiver: Option<&str>,
) -> String {
    let receiver = receiver.unwrap_or_default();
    format!("{body}.{uuid}.{time}.{receiver}")
}
