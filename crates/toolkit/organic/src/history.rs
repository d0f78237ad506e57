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
    /// Most samples, and most fingerprints of others. Each sample is a whole request in memory.
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
    /// Of samples that may not be kept themselves. In a queue of their own, so that many of them leave a replay its
    /// material.
    fingerprints: VecDeque<(UnixNanos, Fingerprint)>,
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
                fingerprints: VecDeque::new(),
                counts: HashMap::new(),
            }),
        }
    }

    /// Remembers a sample.
    pub fn remember(&self, fingerprint: Option<Fingerprint>, sample: S, now: UnixNanos) {
        let mut kept = self.lock();
        kept.count(fingerprint);
        kept.samples.push_back((now, fingerprint, sample));
        while kept.samples.len() > self.limits.samples {
            kept.forget_oldest();
        }
    }

    /// Remembers that a sample was scored, without the sample: it can be recognised, and nobody can be asked it again.
    pub fn remember_fingerprint(&self, fingerprint: Fingerprint, now: UnixNanos) {
        let mut kept = self.lock();
        kept.count(Some(fingerprint));
        kept.fingerprints.push_back((now, fingerprint));
        while kept.fingerprints.len() > self.limits.samples {
            kept.forget_oldest_fingerprint();
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

    /// How many samples are remembered, without those of which there is only a fingerprint.
    pub fn len(&self, now: UnixNanos) -> usize {
        self.young(now).samples.len()
    }

    /// Whether no sample is remembered.
    pub fn is_empty(&self, now: UnixNanos) -> bool {
        self.len(now) == 0
    }

    fn young(&self, now: UnixNanos) -> MutexGuard<'_, Kept<S>> {
        let mut kept = self.lock();
        let is_old = |at: UnixNanos| now.since(at) > self.limits.age;
        while kept.samples.front().is_some_and(|(at, _, _)| is_old(*at)) {
            kept.forget_oldest();
        }
        while kept.fingerprints.front().is_some_and(|(at, _)| is_old(*at)) {
            kept.forget_oldest_fingerprint();
        }
        kept
    }

    fn lock(&self) -> MutexGuard<'_, Kept<S>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Kept<S> {
    fn count(&mut self, fingerprint: Option<Fingerprint>) {
        if let Some(fingerprint) = fingerprint {
            *self.counts.entry(fingerprint).or_default() += 1;
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, Some(fingerprint), _)) = self.samples.pop_front() {
            self.uncount(fingerprint);
        }
    }

    fn forget_oldest_fingerprint(&mut self) {
        if let Some((_, fingerprint)) = self.fingerprints.pop_front() {
            self.uncount(fingerprint);
        }
    }

    fn uncount(&mut self, fingerprint: Fingerprint) {
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
