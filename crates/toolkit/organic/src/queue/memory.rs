//! A queue that ends with the process.

use super::{Added, Drawn, Queue, QueueError, QueueLimits, ids, shelf::Shelf};
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
        let mut shelf = self.shelf();
        let evicted = shelf.make_room(sample.caller);
        shelf.add(sample);
        Ok(Added {
            evicted: ids(evicted),
        })
    }

    fn sample(&self, now: UnixNanos) -> Result<Drawn<S>, QueueError> {
        let (next, expired) = self.shelf().take(now);
        Ok(Drawn {
            next,
            expired: ids(expired),
        })
    }

    fn put_back(&self, sample: Queued<S>) -> Result<Added, QueueError> {
        Ok(Added {
            evicted: ids(self.shelf().put_back(sample)),
        })
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
