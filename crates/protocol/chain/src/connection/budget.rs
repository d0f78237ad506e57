//! How often requests may be sent to a node.

use std::time::Duration;
use tokio::time::Instant;

/// A bucket of tokens, one for each request.
#[derive(Debug)]
pub(super) struct Bucket {
    burst: f64,
    per_second: f64,
    tokens: f64,
    last: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(burst: u32, per_second: f64) -> Self {
        let burst = f64::from(burst.max(1));
        Self {
            burst,
            per_second: per_second.max(1e-3),
            tokens: burst,
            last: None,
        }
    }

    /// Takes a token, on credit if need be, and says how long to wait until it is earned. Nothing, and no token is
    /// taken, when that is longer than `patience`.
    pub(super) fn take(&mut self, now: Instant, patience: Duration) -> Option<Duration> {
        if let Some(last) = self.last {
            let earned = now.saturating_duration_since(last).as_secs_f64() * self.per_second;
            self.tokens = (self.tokens + earned).min(self.burst);
        }
        self.last = Some(now);
        let wait = Duration::from_secs_f64(((1.0 - self.tokens) / self.per_second).max(0.0));
        if wait > patience {
            return None;
        }
        self.tokens -= 1.0;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_lets_a_burst_through_and_spaces_what_follows() {
        let start = Instant::now();
        let mut bucket = Bucket::new(2, 4.0);
        let patience = Duration::from_millis(400);
        let ms = |number| Some(Duration::from_millis(number));
        assert_eq!(bucket.take(start, patience), ms(0));
        assert_eq!(bucket.take(start, patience), ms(0));
        assert_eq!(bucket.take(start, patience), ms(250));
        // Whoever does not wait that long takes nothing from the others.
        assert_eq!(bucket.take(start, patience), None);
        assert_eq!(bucket.take(start, Duration::from_secs(9)), ms(500));
        // After a rest the burst is there again, and no more than that.
        let later = start + Duration::from_secs(60);
        assert_eq!(bucket.take(later, patience), ms(0));
        assert_eq!(bucket.take(later, patience), ms(0));
        assert_eq!(bucket.take(later, patience), ms(250));
    }
}
