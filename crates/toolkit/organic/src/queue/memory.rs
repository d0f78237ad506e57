//! A queue that ends with the process.

use super::{Added, Queue, QueueError, QueueLimits, shelf::Shelf};
use crate::{Queued, SampleId};
use assay_axon::UnixNanos;
use rand::RngCore;
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A queue in memory.
pub struct MemoryQueue<S>(Mutex<Shelf<S>>);

impl<S> MemoryQueue<S> {
    /// An empty queue. Random choices come from `rng`.
    #[must_use]
    pub fn new(limits: QueueLimits, rng: impl RngCore + Send + 'static) -> Self {
        Self(Mutex::new(Shelf::new(limits, rng)))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Send + 'static> Queue<S> for MemoryQueue<S> {
    fn add(&self, sample: Queued<S>) -> Result<Added, QueueError> {
        let evicted = self.shelf().add(sample);
        Ok(Added {
            evicted: evicted.into_iter().map(|queued| queued.id).collect(),
        })
    }

    fn sample(&self, now: UnixNanos) -> Result<Option<Queued<S>>, QueueError> {
        Ok(self.shelf().take(now).0)
    }

    fn put_back(&self, sample: Queued<S>) -> Result<(), QueueError> {
        self.shelf().put_back(sample);
        Ok(())
    }

    fn settle(&self, _id: SampleId) -> Result<(), QueueError> {
        Ok(())
    }

    fn len(&self) -> usize {
        self.shelf().len()
    }
}

impl<S> fmt::Debug for MemoryQueue<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryQueue")
            .field("len", &self.shelf().len())
            .finish_non_exhaustive()
    }
}
