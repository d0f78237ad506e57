//! Nonces that never come twice.

use crate::UnixNanos;
use std::sync::atomic::{AtomicU64, Ordering};

/// The nonces of one dendrite. Each is the time, and greater than the one before: an old axon refuses a request whose
/// nonce is not above the last one, and two requests can be signed within one tick of the clock.
#[derive(Debug, Default)]
pub(super) struct Nonces(AtomicU64);

impl Nonces {
    pub(super) fn next(&self) -> UnixNanos {
        self.after(UnixNanos::now())
    }

    /// The nonce for this moment, even where the clock was set back.
    fn after(&self, now: UnixNanos) -> UnixNanos {
        let next = |last: u64| now.0.max(last.saturating_add(1));
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        // It never fails, for the closure always gives a value.
        let (Ok(last) | Err(last)) = last;
        UnixNanos(next(last))
    }
}

#[cfg(test)]
mod tests {
    use super::Nonces;
    use crate::UnixNanos;

    #[test]
    fn each_is_above_the_last_even_when_the_clock_stands_or_goes_back() {
        let nonces = Nonces::default();
        let seen = [10, 10, 5, 12, 20].map(|now| nonces.after(UnixNanos(now)).0);
        assert_eq!(seen, [10, 11, 12, 13, 20]);
    }
}
