//! The pause before the next try.

use std::time::Duration;

/// Pauses that double until a success.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            next: first.min(most),
        }
    }

    /// The pause after one more failure, at least what the server asked for.
    pub(crate) fn after_failure(&mut self, asked: Option<Duration>) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.most);
        pause.max(asked.unwrap_or_default())
    }

    pub(crate) fn succeeded(&mut self) {
        self.next = self.first.min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::Duration;

    #[test]
    fn pauses_double_from_two_seconds_to_five_minutes_and_begin_anew() {
        let seconds = Duration::from_secs;
        let mut backoff = Backoff::new(seconds(2), seconds(300));
        let pauses: Vec<u64> = (0..10).map(|_| backoff.after_failure(None).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        backoff.succeeded();
        assert_eq!(
            backoff.after_failure(Some(seconds(90))),
            seconds(90),
            "as the server asked"
        );
        assert_eq!(
            backoff.after_failure(Some(seconds(1))),
            seconds(4),
            "never sooner"
        );
    }
}
