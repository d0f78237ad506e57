//! The order of samples, without locks or files.

use super::{QueueLimits, QueuePolicy};
use crate::Queued;
use assay_axon::UnixNanos;
use assay_keys::AccountId;
use rand::{Rng, RngCore};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Samples by when they came. Each operation costs at most the logarithm of how many there are.
pub(super) struct Shelf<S> {
    limits: QueueLimits,
    rng: Box<dyn RngCore + Send>,
    /// In no order, so that any can be taken out at once.
    slots: Vec<Slot<S>>,
    /// Where in `slots` each lies, by arrival.
    order: BTreeMap<u64, usize>,
    by_hotkey: HashMap<AccountId, BTreeSet<u64>>,
    /// Those that were put back. They go first, whatever the policy.
    again: VecDeque<Queued<S>>,
    arrivals: u64,
}

struct Slot<S> {
    arrival: u64,
    queued: Queued<S>,
}

impl<S> Shelf<S> {
    pub(super) fn new(limits: QueueLimits, rng: impl RngCore + Send + 'static) -> Self {
        Self {
            limits,
            rng: Box::new(rng),
            slots: Vec::new(),
            order: BTreeMap::new(),
            by_hotkey: HashMap::new(),
            again: VecDeque::new(),
            arrivals: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() + self.again.len()
    }

    /// Takes out those that have to go for another one of this caller.
    pub(super) fn make_room(&mut self, caller: Option<AccountId>) -> Vec<Queued<S>> {
        let mut evicted = Vec::new();
        if let (Some(most), Some(hotkey)) = (self.limits.per_hotkey, caller) {
            while let Some(oldest) = self.oldest_beyond(&hotkey, most.get() - 1) {
                evicted.extend(self.remove(oldest));
            }
        }
        evicted.extend(self.down_to_one_less());
        evicted
    }

    /// Adds one, for which there [is room](Self::make_room).
    pub(super) fn add(&mut self, queued: Queued<S>) {
        let arrival = self.arrivals;
        self.arrivals += 1;
        if let Some(hotkey) = queued.caller {
            self.by_hotkey.entry(hotkey).or_default().insert(arrival);
        }
        self.order.insert(arrival, self.slots.len());
        self.slots.push(Slot { arrival, queued });
    }

    /// Takes the oldest out.
    pub(super) fn evict_oldest(&mut self) -> Option<Queued<S>> {
        match self.order.first_key_value() {
            Some((&oldest, _)) => self.remove(oldest),
            None => self.again.pop_back(),
        }
    }

    /// Puts one back, to be the next.
    pub(super) fn put_back(&mut self, queued: Queued<S>) -> Vec<Queued<S>> {
        let evicted = self.down_to_one_less();
        self.again.push_front(queued);
        evicted
    }

    /// Takes the oldest out until one more has a place.
    fn down_to_one_less(&mut self) -> Vec<Queued<S>> {
        let mut evicted = Vec::new();
        while self.len() >= self.limits.capacity.get() {
            let Some(oldest) = self.evict_oldest() else { break };
            evicted.push(oldest);
        }
        evicted
    }

    /// Takes the next one out, and those that are too old.
    pub(super) fn take(&mut self, now: UnixNanos) -> (Option<Queued<S>>, Vec<Queued<S>>) {
        let expired = self.take_expired(now);
        if let Some(first) = self.again.pop_front() {
            return (Some(first), expired);
        }
        let arrival = match self.limits.policy {
            QueuePolicy::Fifo => self.order.first_key_value().map(|(arrival, _)| *arrival),
            QueuePolicy::Lifo => self.order.last_key_value().map(|(arrival, _)| *arrival),
            QueuePolicy::Random if self.slots.is_empty() => None,
            QueuePolicy::Random => {
                let index = self.rng.random_range(0..self.slots.len());
                Some(self.slots[index].arrival)
            }
        };
        (arrival.and_then(|arrival| self.remove(arrival)), expired)
    }

    fn take_expired(&mut self, now: UnixNanos) -> Vec<Queued<S>> {
        let Some(max_age) = self.limits.max_age else {
            return Vec::new();
        };
        let is_old = |queued: &Queued<S>| now.since(queued.queued_at) > max_age;
        let mut expired = Vec::new();
        while let Some((&oldest, &index)) = self.order.first_key_value() {
            if !is_old(&self.slots[index].queued) {
                break;
            }
            expired.extend(self.remove(oldest));
        }
        let (old, young) = self.again.drain(..).partition::<VecDeque<_>, _>(is_old);
        self.again = young;
        expired.extend(old);
        expired
    }

    fn oldest_beyond(&self, hotkey: &AccountId, most: usize) -> Option<u64> {
        let arrivals = self.by_hotkey.get(hotkey)?;
        (arrivals.len() > most)
            .then(|| arrivals.first().copied())
            .flatten()
    }

    fn remove(&mut self, arrival: u64) -> Option<Queued<S>> {
        let index = self.order.remove(&arrival)?;
        let slot = self.slots.swap_remove(index);
        if let Some(moved) = self.slots.get(index) {
            self.order.insert(moved.arrival, index);
        }
        if let Some(hotkey) = slot.queued.caller
            && let Some(arrivals) = self.by_hotkey.get_mut(&hotkey)
        {
            arrivals.remove(&arrival);
            if arrivals.is_empty() {
                self.by_hotkey.remove(&hotkey);
            }
        }
        Some(slot.queued)
    }
}
