//! Where users' requests wait to be scored.

mod journal;
mod journal_file;
mod memory;
mod rewrite;
mod shelf;

pub use journal::{JournalBounds, JournalQueue};
pub use journal_file::JournalError;
pub use memory::MemoryQueue;

use crate::{Queued, SampleId};
use assay_axon::UnixNanos;
use serde::{Deserialize, Serialize};
use std::{num::NonZeroUsize, time::Duration};

/// Which sample is next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueuePolicy {
    /// Any, with equal chances: nobody can reckon which of their requests will be scored.
    #[default]
    Random,
    /// The oldest.
    Fifo,
    /// The newest.
    Lifo,
}

/// What a queue keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Most samples. The oldest is dropped for another.
    pub capacity: NonZeroUsize,
    /// Which is next.
    pub policy: QueuePolicy,
    /// Samples older than this are dropped.
    pub max_age: Option<Duration>,
    /// Most samples of one caller. Its own oldest is dropped for another of its own.
    pub per_hotkey: Option<NonZeroUsize>,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            capacity: NonZeroUsize::new(10_000).unwrap_or(NonZeroUsize::MIN),
            policy: QueuePolicy::Random,
            max_age: None,
            per_hotkey: None,
        }
    }
}

/// What became of others when a sample was added or put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Samples that were dropped for it.
    pub evicted: Vec<SampleId>,
}

/// What came out of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn<S> {
    /// The next sample; nothing from an empty queue.
    pub next: Option<Queued<S>>,
    /// Samples that were too old, and dropped.
    pub expired: Vec<SampleId>,
}

fn ids<S>(samples: Vec<Queued<S>>) -> Vec<SampleId> {
    samples.into_iter().map(|queued| queued.id).collect()
}

/// What a queue could not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// It is done in memory, but would not outlive the process.
    #[error("the sample is queued in memory only: {source}")]
    NotDurable {
        /// Samples that were dropped for it all the same.
        evicted: Vec<SampleId>,
        /// What cannot be written.
        source: JournalError,
    },
    /// The sample cannot be written as JSON.
    #[error("the sample cannot be kept: {0}")]
    Unwritable(#[from] serde_json::Error),
}

impl From<JournalError> for QueueError {
    fn from(source: JournalError) -> Self {
        Self::NotDurable {
            evicted: Vec::new(),
            source,
        }
    }
}

/// Where samples wait. Several threads add, one takes.
///
/// A sample that is taken is in flight until it is put back or settled. One that stays in flight when the process ends is
/// lost where the queue does not outlive the process, and comes again where it does.
pub trait Queue<S>: Send + Sync + 'static {
    /// Adds a sample, in the place of the oldest when there is no room.
    ///
    /// # Errors
    /// [`QueueError`].
    fn add(&self, sample: Queued<S>) -> Result<Added, QueueError>;

    /// Takes the next sample out, and those that are too old.
    ///
    /// # Errors
    /// [`QueueError`].
    fn sample(&self, now: UnixNanos) -> Result<Drawn<S>, QueueError>;

    /// Puts a sample back that was taken, to be the next, in the place of the oldest when there is no room.
    ///
    /// # Errors
    /// [`QueueError`].
    fn put_back(&self, sample: Queued<S>) -> Result<Added, QueueError>;

    /// Forgets a sample that was taken: it is scored, or given up.
    ///
    /// # Errors
    /// [`QueueError`].
    fn settle(&self, id: SampleId) -> Result<(), QueueError>;

    /// How many wait.
    fn len(&self) -> usize;

    /// Whether none waits.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
