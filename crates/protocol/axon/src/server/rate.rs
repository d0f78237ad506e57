//! How often somebody may ask: a token bucket for each address or hotkey.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// The size of every bucket of a kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketSize {
    /// Requests that may come at once after a pause.
    pub burst: u32,
    /// Requests a second that may go on for ever. At least one in eleven days.
    pub per_second: f64,
}

impl BucketSize {
    /// Seconds until an empty bucket holds so many tokens.
    fn seconds_for(&self, tokens: f64) -> f64 {
        tokens / self.per_second.max(1e-6)
    }
}

/// Who has asked too often, and when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests: again in {:.1} s", .again_in.as_secs_f64())]
pub struct TooFast {
    /// Until then every further request is refused.
    pub again_in: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

/// Buckets by who asks.
///
/// They take bounded memory: whoever's bucket is full again is forgotten, which changes nothing for it. With as many
/// others as there is room for, all that are new share one bucket, so that a flood of addresses cannot push out those
/// that were there.
#[derive(Debug)]
pub struct Rates<K> {
    size: BucketSize,
    room: usize,
    buckets: HashMap<K, Bucket>,
    newcomers: Option<Bucket>,
    /// When forgetting may find something again.
    swept_at: Option<Instant>,
}

impl<K: Eq + Hash> Rates<K> {
    /// Buckets of this size for at most `room` at one time.
    #[must_use]
    pub fn new(size: BucketSize, room: usize) -> Self {
        Self {
            size,
            room,
            buckets: HashMap::new(),
            newcomers: None,
            swept_at: None,
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`TooFast`] for one too many, which is not counted.
    pub fn take(&mut self, who: K, now: Instant) -> Result<(), TooFast> {
        if !self.buckets.contains_key(&who) && self.buckets.len() >= self.room {
            self.forget_full(now);
        }
        let size = self.size;
        let full = Bucket {
            tokens: f64::from(size.burst),
            filled_at: now,
        };
        let bucket = if self.buckets.contains_key(&who) || self.buckets.len() < self.room {
            self.buckets.entry(who).or_insert(full)
        } else {
            self.newcomers.get_or_insert(full)
        };
        bucket.fill(size, now);
        if bucket.tokens < 1.0 {
            let again_in = Duration::from_secs_f64(size.seconds_for(1.0 - bucket.tokens));
            return Err(TooFast { again_in });
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether nobody is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Forgets those whose buckets are full. Looking through all of them for each request of a flood would be slower than
    /// to answer it, so it is done at most as often as one token comes.
    fn forget_full(&mut self, now: Instant) {
        let size = self.size;
        let pause = Duration::from_secs_f64(size.seconds_for(1.0).min(1.0));
        if self
            .swept_at
            .is_some_and(|swept| now.saturating_duration_since(swept) < pause)
        {
            return;
        }
        self.swept_at = Some(now);
        self.buckets.retain(|_, bucket| {
            bucket.fill(size, now);
            bucket.tokens < f64::from(size.burst)
        });
    }
}

impl Bucket {
    fn fill(&mut self, size: BucketSize, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        // A rate that is no number fills nothing.
        let rate = size.per_second.max(0.0);
        self.tokens = (self.tokens + passed * rate).min(f64::from(size.burst));
        self.filled_at = self.filled_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::{BucketSize, Rates, TooFast};
    use std::time::{Duration, Instant};

    const SIZE: BucketSize = BucketSize {
        burst: 3,
        per_second: 2.0,
    };

    #[test]
    fn a_burst_passes_then_only_the_rate() {
        let (mut rates, start) = (Rates::new(SIZE, 10), Instant::now());
        for _ in 0..3 {
            assert_eq!(rates.take("ada", start), Ok(()));
        }
        let again_in = Duration::from_millis(500);
        assert_eq!(rates.take("ada", start), Err(TooFast { again_in }));
        assert_eq!(rates.take("bob", start), Ok(()), "others have their own");
        assert_eq!(rates.take("ada", start + again_in), Ok(()));
        assert!(rates.take("ada", start + again_in).is_err());
        // A minute's pause gives no more than a burst.
        let later = start + Duration::from_secs(60);
        let passed = (0..10).filter(|_| rates.take("ada", later).is_ok()).count();
        assert_eq!(passed, 3);
    }

    #[test]
    fn a_flood_of_newcomers_takes_no_memory_and_pushes_nobody_out() {
        let (mut rates, start) = (Rates::new(SIZE, 100), Instant::now());
        let honest = u32::MAX;
        for _ in 0..3 {
            assert_eq!(rates.take(honest, start), Ok(()));
        }
        let passed = (0..100_000).filter(|who| rates.take(*who, start).is_ok()).count();
        assert_eq!(rates.len(), 100);
        assert_eq!(passed, 99 + 3, "those with a bucket, and one burst of all others");
        assert!(rates.take(honest, start).is_err(), "its bucket is remembered");
        let later = start + Duration::from_secs(2);
        assert_eq!(rates.take(honest, later), Ok(()));
        assert_eq!(rates.take(7_000_000, later), Ok(()));
        assert!(rates.len() <= 2, "full buckets are forgotten");
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let start = Instant::now() + Duration::from_secs(100);
        let mut rates = Rates::new(SIZE, 10);
        for _ in 0..3 {
            assert_eq!(rates.take("ada", start), Ok(()));
        }
        assert!(rates.take("ada", start - Duration::from_secs(50)).is_err());
        assert!(rates.take("ada", start).is_err());
    }
}
