//! The validator's steps, counted.

use crate::Pace;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// From how many steps on an iteration is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    /// The adaptive interval.
    Adaptive,
    /// The interval of an empty queue, although the adaptive one is taken off: what the versions of July 2024 did.
    Base,
}

/// A count that an iteration takes its interval from.
#[derive(Debug, Default)]
pub(crate) struct StepCounter {
    count: Mutex<u64>,
    pub(crate) changed: Notify,
}

impl StepCounter {
    pub(crate) fn increment(&self) {
        let mut count = self.lock();
        *count = count.saturating_add(1);
        drop(count);
        self.changed.notify_one();
    }

    pub(crate) fn set(&self, to: u64) {
        *self.lock() = to;
        self.changed.notify_one();
    }

    pub(crate) fn get(&self) -> u64 {
        *self.lock()
    }

    /// Takes the interval off, if there are enough steps for it.
    pub(crate) fn take_if_due(&self, pace: &Pace, threshold: Threshold, waiting: usize) -> bool {
        let unit = pace.steps(waiting);
        let mut count = self.lock();
        let is_due = match threshold {
            Threshold::Adaptive => *count >= unit,
            Threshold::Base => *count as f64 >= pace.frequency(),
        };
        if is_due {
            *count = count.saturating_sub(unit);
        }
        is_due
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
