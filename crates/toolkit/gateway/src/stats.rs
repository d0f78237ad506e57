//! What a gateway counts, for a dashboard.

use crate::exchange::Delivery;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Counts from the gateway's start. It is shared with the gateway and read at any time.
#[derive(Debug, Default)]
pub struct GatewayStats {
    by_status: Mutex<BTreeMap<u16, u64>>,
    under_way: AtomicU64,
    answered: AtomicU64,
    broken: AtomicU64,
    unanswered: AtomicU64,
    clients_left: AtomicU64,
    failovers: AtomicU64,
    exchanges_taken: AtomicU64,
    exchanges_refused: AtomicU64,
    exchanges_dropped: AtomicU64,
    first_token: Histogram,
    total: Histogram,
}

/// The counts at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatsSnapshot {
    /// Requests of any kind that have a status.
    pub requests: u64,
    /// Of them, by status.
    pub by_status: BTreeMap<u16, u64>,
    /// Chats whose user waits, or whose other miners are still heard.
    pub chats_under_way: u64,
    /// Chats with a whole answer.
    pub answered: u64,
    /// Chats whose answer broke off in its middle.
    pub broken: u64,
    /// Chats that no miner answered.
    pub unanswered: u64,
    /// Chats whose user went away first.
    pub clients_left: u64,
    /// Times that another miner took over from one that broke off before anything was passed on.
    pub failovers: u64,
    /// Exchanges that the sink took.
    pub exchanges_taken: u64,
    /// Exchanges that the sink failed to take.
    pub exchanges_refused: u64,
    /// Exchanges for which the queue had no room.
    pub exchanges_dropped: u64,
    /// From a request to the first of its answer.
    pub first_token: Quantiles,
    /// From a request to the end of its answer.
    pub total: Quantiles,
}

/// Of times that were measured. They are right within a fifth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many.
    pub count: u64,
    /// Half of them took no longer, in seconds.
    pub p50_s: f64,
    /// All but one in a hundred took no longer, in seconds.
    pub p99_s: f64,
}

impl GatewayStats {
    /// The counts now.
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        let by_status = self.statuses().clone();
        StatsSnapshot {
            requests: by_status.values().sum(),
            by_status,
            chats_under_way: self.under_way.load(Relaxed),
            answered: self.answered.load(Relaxed),
            broken: self.broken.load(Relaxed),
            unanswered: self.unanswered.load(Relaxed),
            clients_left: self.clients_left.load(Relaxed),
            failovers: self.failovers.load(Relaxed),
            exchanges_taken: self.exchanges_taken.load(Relaxed),
            exchanges_refused: self.exchanges_refused.load(Relaxed),
            exchanges_dropped: self.exchanges_dropped.load(Relaxed),
            first_token: self.first_token.quantiles(),
            total: self.total.quantiles(),
        }
    }

    fn statuses(&self) -> std::sync::MutexGuard<'_, BTreeMap<u16, u64>> {
        self.by_status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self, status: u16) {
        *self.statuses().entry(status).or_default() += 1;
    }

    /// Counts a chat as under way until what is returned is dropped.
    pub(crate) fn chat(self: &std::sync::Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Relaxed);
        UnderWay(self.clone())
    }

    pub(crate) fn delivered(&self, delivery: Delivery, took: Duration) {
        let count = match delivery {
            Delivery::Whole => {
                self.total.add(took);
                &self.answered
            }
            Delivery::Broken => &self.broken,
            Delivery::NoAnswer => &self.unanswered,
            Delivery::ClientLeft => &self.clients_left,
        };
        count.fetch_add(1, Relaxed);
    }

    pub(crate) fn first_token(&self, took: Duration) {
        self.first_token.add(took);
    }

    pub(crate) fn failover(&self) {
        self.failovers.fetch_add(1, Relaxed);
    }

    pub(crate) fn exchange_taken(&self) {
        self.exchanges_taken.fetch_add(1, Relaxed);
    }

    pub(crate) fn exchange_refused(&self) {
        self.exchanges_refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn exchange_dropped(&self) {
        self.exchanges_dropped.fetch_add(1, Relaxed);
    }
}

/// A chat that is counted as under way.
#[derive(Debug)]
pub(crate) struct UnderWay(std::sync::Arc<GatewayStats>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

/// Buckets of a histogram. Four to a doubling, from a millisecond on, reach beyond an hour.
const BUCKETS: usize = 90;

/// Times in buckets that grow by a fifth each.
#[derive(Debug)]
struct Histogram([AtomicU64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

/// The longest time of a bucket, in seconds.
fn bound(bucket: usize) -> f64 {
    0.001 * (bucket as f64 / 4.0).exp2()
}

impl Histogram {
    fn add(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = (0..BUCKETS).find(|&bucket| seconds <= bound(bucket));
        if let Some(count) = self.0.get(bucket.unwrap_or(BUCKETS - 1)) {
            count.fetch_add(1, Relaxed);
        }
    }

    fn quantiles(&self) -> Quantiles {
        let counts: Vec<u64> = self.0.iter().map(|count| count.load(Relaxed)).collect();
        let count: u64 = counts.iter().sum();
        let at = |hundredths: u64| {
            let wanted = (count * hundredths).div_ceil(100).max(1);
            let mut seen = 0;
            for (bucket, count) in counts.iter().enumerate() {
                seen += count;
                if seen >= wanted {
                    return bound(bucket);
                }
            }
            0.0
        };
        Quantiles {
            count,
            p50_s: at(50),
            p99_s: at(99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;
    use std::time::Duration;

    #[test]
    fn quantiles_are_right_within_a_fifth() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantiles().p99_s, 0.0);
        for milliseconds in 1..=1_000 {
            histogram.add(Duration::from_millis(milliseconds));
        }
        let quantiles = histogram.quantiles();
        assert_eq!(quantiles.count, 1_000);
        assert!((0.5..0.6).contains(&quantiles.p50_s), "{quantiles:?}");
        assert!((0.99..1.2).contains(&quantiles.p99_s), "{quantiles:?}");
        histogram.add(Duration::from_secs(1_000_000));
        assert_eq!(histogram.quantiles().count, 1_001);
    }
}
