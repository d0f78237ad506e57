//! Organic samples that were scored: material for replays, and what synthetic ones must not repeat.

use assay_axon::UnixNanos;
use rand::{Rng, RngCore};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What makes two samples the same. Of texts, only a digest is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of these texts, in this order. Blanks around a text and its upper case make no difference.
    pub fn of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut hasher = Sha256::new();
        for text in texts {
            let text = text.as_ref().trim().to_lowercase();
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        Self(hasher.finalize().into())
    }
}

/// What a history keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// How long a sample is remembered. Four hours are a subnet's usual evaluation window.
    pub age: Duration,
    /// Most samples. Each is a whole request in memory.
    pub samples: usize,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self {
            age: Duration::from_secs(4 * 3_600),
            samples: 1_000,
        }
    }
}

/// Organic samples that were scored lately.
pub struct History<S> {
    limits: HistoryLimits,
    kept: Mutex<Kept<S>>,
}

struct Kept<S> {
    samples: VecDeque<(UnixNanos, Option<Fingerprint>, S)>,
    counts: HashMap<Fingerprint, usize>,
}

impl<S: Clone> History<S> {
    /// An empty one.
    #[must_use]
    pub fn new(limits: HistoryLimits) -> Self {
        Self {
            limits,
            kept: Mutex::new(Kept {
                samples: VecDeque::new(),
                counts: HashMap::new(),
            }),
        }
    }

    /// Remembers a sample.
    pub fn remember(&self, fingerprint: Option<Fingerprint>, sample: S, now: UnixNanos) {
        let mut kept = self.lock();
        if let Some(fingerprint) = fingerprint {
            *kept.counts.entry(fingerprint).or_default() += 1;
        }
        kept.samples.push_back((now, fingerprint, sample));
        while kept.samples.len() > self.limits.samples {
            kept.forget_oldest();
        }
    }

    /// Whether one like it was scored lately.
    pub fn holds(&self, fingerprint: &Fingerprint, now: UnixNanos) -> bool {
        self.young(now).counts.contains_key(fingerprint)
    }

    /// Any of those remembered.
    pub fn random(&self, rng: &mut impl RngCore, now: UnixNanos) -> Option<S> {
        let kept = self.young(now);
        if kept.samples.is_empty() {
            return None;
        }
        let index = rng.random_range(0..kept.samples.len());
        kept.samples.get(index).map(|(_, _, sample)| sample.clone())
    }

    /// How many are remembered.
    pub fn len(&self, now: UnixNanos) -> usize {
        self.young(now).samples.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self, now: UnixNanos) -> bool {
        self.len(now) == 0
    }

    fn young(&self, now: UnixNanos) -> MutexGuard<'_, Kept<S>> {
        let mut kept = self.lock();
        while kept
            .samples
            .front()
            .is_some_and(|(at, _, _)| now.since(*at) > self.limits.age)
        {
            kept.forget_oldest();
        }
        kept
    }

    fn lock(&self) -> MutexGuard<'_, Kept<S>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Kept<S> {
    fn forget_oldest(&mut self) {
        let Some((_, Some(fingerprint), _)) = self.samples.pop_front() else {
            return;
        };
        if let Some(count) = self.counts.get_mut(&fingerprint) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&fingerprint);
            }
        }
    }
}

impl<S> fmt::Debug for History<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("History")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
