//! Transactions that wait for a block.
//!
//! The runtime says of each which tags it *provides* (for a signed one: account and nonce) and which it *requires*
//! (account and the nonce before, unless the chain has that already). A transaction whose requirements are met by the
//! chain or by other ready transactions is *ready*; the others are *future* and become ready when the missing one
//! arrives. No clock and no network in here: the caller validates, this module keeps order.
//!
//! Caveat: what is in the pool is checked again only when a block is made. A transaction that another one made
//! unpayable is found out then.

mod error;
mod included;
mod status;
#[cfg(test)]
mod tests;

pub use error::PoolError;
pub(crate) use included::Returned;
pub(crate) use status::{Status, Watcher};

use crate::Limits;
use included::{Included, Inclusions};
use sp_core::H256;
use sp_runtime::transaction_validity::{TransactionTag, ValidTransaction};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
    sync::Arc,
};

/// A transaction that the runtime took for valid, or valid in the future.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) hash: H256,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) validity: ValidTransaction,
    /// Number of the block it was validated on top of.
    pub(crate) validated_at: u32,
}

/// Why a transaction that was in the pool left it without being included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// The chain refuses it.
    Invalid,
    /// It outlived the block up to which it was valid.
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Ready,
    Future,
}

#[derive(Debug)]
struct Entry {
    bytes: Arc<[u8]>,
    priority: u64,
    requires: Vec<TransactionTag>,
    provides: Vec<TransactionTag>,
    /// Last block that may include it.
    valid_till: u64,
    /// Order of arrival, which decides between equal priorities.
    arrival: u64,
    stage: Stage,
    watchers: Vec<Watcher>,
}

/// The pool.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: Limits,
    entries: HashMap<H256, Entry>,
    providers: HashMap<TransactionTag, H256>,
    /// Who requires a tag.
    dependents: HashMap<TransactionTag, HashSet<H256>>,
    inclusions: Inclusions,
    arrivals: u64,
    future: usize,
    bytes: usize,
    /// How many had arrived when transactions were last offered to a block that is not sealed yet.
    offered: u64,
    /// What those transactions provide that have been offered and have left since: the block may include them all the
    /// same.
    left: HashMap<H256, Vec<TransactionTag>>,
}

impl Pool {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            providers: HashMap::new(),
            dependents: HashMap::new(),
            inclusions: Inclusions::default(),
            arrivals: 0,
            future: 0,
            bytes: 0,
            offered: 0,
            left: HashMap::new(),
        }
    }

    pub(crate) fn contains(&self, hash: &H256) -> bool {
        self.entries.contains_key(hash)
    }

    /// Whether a block made now would include something.
    pub(crate) fn has_ready(&self) -> bool {
        self.entries.len() > self.future
    }

    /// Adds a transaction and tells its watchers where it stands, now and later.
    pub(crate) fn insert(
        &mut self,
        candidate: Candidate,
        watchers: impl IntoIterator<Item = Watcher>,
    ) -> Result<(), PoolError> {
        let Candidate {
            hash,
            bytes,
            validity,
            validated_at,
        } = candidate;
        if self.entries.contains_key(&hash) {
            return Err(PoolError::AlreadyImported { hash });
        }
        if validity.provides.is_empty() {
            return Err(PoolError::NoTags);
        }
        let replaced = self.replaced_by(&validity)?;
        let stage = self.stage_of(&validity.requires);
        self.check_room(stage, bytes.len(), &replaced)?;
        let mut unsettled = Vec::new();
        for old in replaced {
            unsettled.extend(self.remove(&old, &Status::Usurped(hash)));
        }
        self.arrivals += 1;
        self.bytes += bytes.len();
        self.future += usize::from(stage == Stage::Future);
        for tag in &validity.provides {
            self.providers.insert(tag.clone(), hash);
            unsettled.extend(self.dependents_of(tag));
        }
        for tag in &validity.requires {
            self.dependents.entry(tag.clone()).or_default().insert(hash);
        }
        let mut entry = Entry {
            bytes,
            priority: validity.priority,
            requires: validity.requires,
            provides: validity.provides,
            valid_till: u64::from(validated_at).saturating_add(validity.longevity),
            arrival: self.arrivals,
            stage,
            watchers: watchers.into_iter().collect(),
        };
        entry.tell(&stage.status());
        self.entries.insert(hash, entry);
        self.settle(unsettled);
        Ok(())
    }

    /// The ready transactions in the order in which a block should take them: each after those that it requires,
    /// otherwise by priority and then by arrival.
    pub(crate) fn in_order(&self) -> Vec<(H256, Arc<[u8]>)> {
        let mut waiting: HashMap<H256, usize> = HashMap::new();
        let mut dependents: HashMap<H256, Vec<H256>> = HashMap::new();
        let mut next = BinaryHeap::new();
        for (hash, entry) in self.ready() {
            let needed: HashSet<H256> = entry
                .requires
                .iter()
                .filter_map(|tag| self.providers.get(tag).copied())
                .collect();
            if needed.is_empty() {
                next.push((entry.priority, Reverse(entry.arrival), *hash));
            } else {
                waiting.insert(*hash, needed.len());
                for provider in needed {
                    dependents.entry(provider).or_default().push(*hash);
                }
            }
        }
        let mut order = Vec::new();
        while let Some((_, _, hash)) = next.pop() {
            for dependent in dependents.remove(&hash).unwrap_or_default() {
                let Some(count) = waiting.get_mut(&dependent) else {
                    continue;
                };
                *count -= 1;
                if *count == 0
                    && let Some(entry) = self.entries.get(&dependent)
                {
                    next.push((entry.priority, Reverse(entry.arrival), dependent));
                }
            }
            if let Some(entry) = self.entries.get(&hash) {
                order.push((hash, entry.bytes.clone()));
            }
        }
        order
    }

    /// What a block should take, in order. Who leaves between this and [`Pool::sealed`] may be in the block.
    pub(crate) fn offer(&mut self) -> Vec<(H256, Arc<[u8]>)> {
        self.offered = self.arrivals;
        self.left.clear();
        self.in_order()
    }

    /// Takes note of a sealed block: who was included, who was found invalid, who is too old.
    pub(crate) fn sealed(&mut self, number: u32, block: H256, included: &[(H256, u32)], invalid: &[H256]) {
        let mut unsettled = Vec::new();
        let mut placed = Vec::with_capacity(included.len());
        for (hash, index) in included {
            let Some(mut entry) = self.entries.remove(hash) else {
                // Replaced or dropped meanwhile. Those who wait for it have what they wait for.
                for tag in self.left.remove(hash).unwrap_or_default() {
                    unsettled.extend(self.satisfy(&tag));
                }
                continue;
            };
            self.forget(&entry, hash);
            for tag in &entry.provides {
                unsettled.extend(self.satisfy(tag));
            }
            entry.tell(&Status::InBlock { block, index: *index });
            placed.push(Included {
                hash: *hash,
                index: *index,
                watchers: entry.watchers,
            });
        }
        self.inclusions.add(number, block, placed);
        self.offered = 0;
        self.left.clear();
        for hash in invalid {
            self.remove_with_dependents(hash, Removal::Invalid);
        }
        let expired: Vec<H256> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.valid_till < u64::from(number) + 1)
            .map(|(hash, _)| *hash)
            .collect();
        for hash in expired {
            self.remove_with_dependents(&hash, Removal::Expired);
        }
        self.settle(unsettled);
    }

    /// Takes note that the blocks up to this number are final.
    pub(crate) fn finalized(&mut self, number: u32) {
        self.inclusions.finalized(number);
    }

    /// Takes note that the blocks above this number have left the best branch. What was in the pool, and who watched
    /// the transactions of those blocks, comes out to be validated anew.
    pub(crate) fn retracted(&mut self, above: u32) -> Returned {
        let watched = self.inclusions.retracted(above);
        let mut waiting: Vec<(H256, Entry)> = self.entries.drain().collect();
        waiting.sort_by_key(|(_, entry)| entry.arrival);
        self.providers.clear();
        self.dependents.clear();
        (self.future, self.bytes) = (0, 0);
        Returned {
            watched,
            waiting: waiting
                .into_iter()
                .map(|(_, entry)| (entry.bytes, entry.watchers))
                .collect(),
        }
    }

    /// Drops a transaction, as if the node had lost it. Returns whether it was there.
    pub(crate) fn drop_one(&mut self, hash: &H256) -> bool {
        let known = self.entries.contains_key(hash);
        let unsettled = self.remove(hash, &Status::Dropped);
        self.settle(unsettled);
        known
    }

    /// Takes note that a sealed block provides these tags without a transaction of the pool doing so.
    pub(crate) fn satisfied_elsewhere(&mut self, tags: &[TransactionTag]) {
        let unsettled = tags.iter().flat_map(|tag| self.satisfy(tag)).collect();
        self.settle(unsettled);
    }

    /// Takes a tag off the requirements of who waits for it, and returns who did.
    fn satisfy(&mut self, tag: &TransactionTag) -> Vec<H256> {
        let waiting = self.dependents.remove(tag).unwrap_or_default();
        waiting
            .into_iter()
            .filter(|hash| match self.entries.get_mut(hash) {
                Some(entry) => {
                    entry.requires.retain(|required| required != tag);
                    true
                }
                None => false,
            })
            .collect()
    }

    /// Throws everything out: the chain has been replaced by another.
    pub(crate) fn clear(&mut self) {
        std::mem::take(&mut self.inclusions).dropped();
        let hashes: Vec<H256> = self.entries.keys().copied().collect();
        for hash in hashes {
            self.remove(&hash, &Status::Dropped);
        }
    }

    /// The first nonce after `nonce` that neither the chain nor a ready transaction of the account has taken.
    pub(crate) fn next_nonce(&self, nonce: u32, tag: impl Fn(u32) -> TransactionTag) -> u32 {
        let taken = |nonce: u32| {
            self.providers
                .get(&tag(nonce))
                .and_then(|hash| self.entries.get(hash))
                .is_some_and(|entry| entry.stage == Stage::Ready)
        };
        (nonce..u32::MAX).find(|nonce| !taken(*nonce)).unwrap_or(u32::MAX)
    }

    fn ready(&self) -> impl Iterator<Item = (&H256, &Entry)> {
        self.entries
            .iter()
            .filter(|(_, entry)| entry.stage == Stage::Ready)
    }

    fn stage_of(&self, requires: &[TransactionTag]) -> Stage {
        let met = requires.iter().all(|tag| {
            self.providers
                .get(tag)
                .and_then(|hash| self.entries.get(hash))
                .is_some_and(|entry| entry.stage == Stage::Ready)
        });
        if met { Stage::Ready } else { Stage::Future }
    }

    /// The transactions whose place a new one takes, or that it has too low a priority to do so.
    fn replaced_by(&self, validity: &ValidTransaction) -> Result<Vec<H256>, PoolError> {
        let mut replaced: Vec<H256> = Vec::new();
        for tag in &validity.provides {
            if let Some(hash) = self.providers.get(tag)
                && !replaced.contains(hash)
            {
                replaced.push(*hash);
            }
        }
        let highest = replaced
            .iter()
            .filter_map(|hash| self.entries.get(hash))
            .map(|entry| entry.priority)
            .max();
        match highest {
            Some(old) if old >= validity.priority => Err(PoolError::PriorityTooLow {
                old,
                new: validity.priority,
            }),
            _ => Ok(replaced),
        }
    }

    /// Whether there is room for one more of so many bytes, when it takes the place of `replaced`.
    fn check_room(&self, stage: Stage, bytes: usize, replaced: &[H256]) -> Result<(), PoolError> {
        let (count, limit) = match stage {
            Stage::Ready => (self.entries.len() - self.future, self.limits.ready_transactions),
            Stage::Future => (self.future, self.limits.future_transactions),
        };
        let freed: usize = replaced
            .iter()
            .filter_map(|hash| self.entries.get(hash))
            .map(|entry| entry.bytes.len())
            .sum();
        let full = count >= limit && replaced.is_empty();
        if full || (self.bytes - freed).saturating_add(bytes) > self.limits.pool_bytes {
            return Err(PoolError::Full);
        }
        Ok(())
    }

    fn dependents_of(&self, tag: &TransactionTag) -> impl Iterator<Item = H256> {
        self.dependents.get(tag).into_iter().flatten().copied()
    }

    /// Moves these transactions between ready and future to where their requirements put them, and those that depend on
    /// the ones that moved.
    fn settle(&mut self, mut unsettled: Vec<H256>) {
        while let Some(hash) = unsettled.pop() {
            let Some(entry) = self.entries.get(&hash) else {
                continue;
            };
            let stage = self.stage_of(&entry.requires);
            if stage == entry.stage {
                continue;
            }
            for tag in &entry.provides {
                unsettled.extend(self.dependents_of(tag));
            }
            match stage {
                Stage::Ready => self.future -= 1,
                Stage::Future => self.future += 1,
            }
            if let Some(entry) = self.entries.get_mut(&hash) {
                entry.stage = stage;
                entry.tell(&stage.status());
            }
        }
    }

    fn remove_with_dependents(&mut self, hash: &H256, why: Removal) {
        let mut doomed = vec![*hash];
        while let Some(hash) = doomed.pop() {
            let Some(entry) = self.entries.get(&hash) else {
                continue;
            };
            for tag in &entry.provides {
                doomed.extend(self.dependents_of(tag));
            }
            tracing::debug!(?hash, ?why, "a transaction leaves the pool");
            self.remove(&hash, &Status::Invalid);
        }
    }

    /// Removes a transaction and returns those that depended on it, which the caller settles.
    fn remove(&mut self, hash: &H256, status: &Status) -> Vec<H256> {
        let Some(mut entry) = self.entries.remove(hash) else {
            return Vec::new();
        };
        self.forget(&entry, hash);
        entry.tell(status);
        if entry.arrival <= self.offered {
            self.left.insert(*hash, entry.provides.clone());
        }
        entry
            .provides
            .iter()
            .flat_map(|tag| self.dependents_of(tag))
            .collect()
    }

    fn forget(&mut self, entry: &Entry, hash: &H256) {
        self.bytes -= entry.bytes.len();
        self.future -= usize::from(entry.stage == Stage::Future);
        for tag in &entry.provides {
            if self.providers.get(tag) == Some(hash) {
                self.providers.remove(tag);
            }
        }
        for tag in &entry.requires {
            if let Some(dependents) = self.dependents.get_mut(tag) {
                dependents.remove(hash);
                if dependents.is_empty() {
                    self.dependents.remove(tag);
                }
            }
        }
    }

    /// The bytes of every transaction that could go into a block now.
    pub(crate) fn pending(&self) -> Vec<Arc<[u8]>> {
        self.in_order().into_iter().map(|(_, bytes)| bytes).collect()
    }
}

impl Entry {
    fn tell(&mut self, status: &Status) {
        self.watchers
            .retain(|watcher| watcher.send(status.clone()).is_ok());
    }
}

impl Stage {
    fn status(self) -> Status {
        match self {
            Stage::Ready => Status::Ready,
            Stage::Future => Status::Future,
        }
    }
}
