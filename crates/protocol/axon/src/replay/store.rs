//! The store.

use super::{
    journal::{Journal, JournalError, Record},
    key::ReplayKey,
    limits::ReplayLimits,
    tally::Tally,
};
use crate::UnixNanos;
use assay_keys::AccountId;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    path::Path,
};

/// Why a request is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// It was accepted before.
    #[error("the request was accepted before")]
    Replayed,
    /// There is no room to remember it. Room comes as what is remembered expires, within a minute or so.
    #[error("too many requests are remembered {0}")]
    Full(FullBound),
    /// The journal could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FullBound {
    /// The one for a single caller.
    #[error("for this caller")]
    Caller,
    /// The store is nearly full, and nobody holds more of it than this caller.
    #[error("in all, most of them for this caller")]
    Busiest,
    /// The one for all.
    #[error("in all")]
    Overall,
}

/// The requests that were accepted and could still be sent again.
#[derive(Debug)]
pub struct ReplayStore {
    limits: ReplayLimits,
    seen: HashSet<[u8; 16]>,
    queue: BinaryHeap<Reverse<Held>>,
    tally: Tally,
    journal: Option<Journal>,
}

/// In the order in which they expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    record: Record,
    /// Unknown for those from before a restart: the journal has no room for it, and they expire soon.
    caller: Option<AccountId>,
}

impl ReplayStore {
    /// A store that forgets all when the process ends: for tests, and for those who refuse requests from before their
    /// start.
    #[must_use]
    pub fn in_memory(limits: ReplayLimits) -> Self {
        Self {
            limits,
            seen: HashSet::new(),
            queue: BinaryHeap::new(),
            tally: Tally::default(),
            journal: None,
        }
    }

    /// A store with a journal, which is made where there is none; its folder must exist. What it holds that has not
    /// expired counts as accepted; a last record that was cut short while the process was killed does not, because
    /// that request was never answered.
    ///
    /// What was accepted before a restart counts towards the overall bound, not towards its caller's.
    ///
    /// # Errors
    ///
    /// [`JournalError`]. A damaged file is never taken for an empty one.
    pub fn open(path: impl AsRef<Path>, limits: ReplayLimits, now: UnixNanos) -> Result<Self, JournalError> {
        let (journal, records) = Journal::open(path.as_ref(), now)?;
        let mut store = Self::in_memory(limits);
        for record in records {
            if store.seen.insert(record.digest) {
                store.queue.push(Reverse(Held { record, caller: None }));
            }
        }
        store.journal = Some(journal);
        Ok(store)
    }

    /// How many requests are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Accepts a request, once, and remembers it through the moment `keep_until`. `now` only decides what has expired.
    ///
    /// With a journal this writes a few bytes to a file, without waiting for the disk. Now and then the file is written
    /// anew, on a thread of its own.
    ///
    /// # Errors
    ///
    /// [`ReplayError`]; the request is then not accepted, and nothing is remembered of it.
    pub fn insert(
        &mut self,
        now: UnixNanos,
        key: ReplayKey,
        keep_until: UnixNanos,
    ) -> Result<(), ReplayError> {
        self.forget_expired(now);
        if self.seen.contains(&key.digest) {
            return Err(ReplayError::Replayed);
        }
        self.room_for(&key.caller).map_err(ReplayError::Full)?;
        let record = Record {
            keep_until,
            digest: key.digest,
        };
        if let Some(journal) = &mut self.journal {
            journal.settle(false);
            if journal.wants_rewriting(self.queue.len()) {
                journal.begin_rewriting(self.queue.iter().map(|Reverse(held)| held.record).collect());
            }
            journal.append(record)?;
        }
        self.seen.insert(record.digest);
        self.queue.push(Reverse(Held {
            record,
            caller: Some(key.caller),
        }));
        self.tally.add(key.caller);
        Ok(())
    }

    /// Waits until a journal that is being written anew has taken its place. Dropping the store does too.
    pub fn settle(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.settle(true);
        }
    }

    fn room_for(&self, caller: &AccountId) -> Result<(), FullBound> {
        let held = self.tally.of(caller);
        if held >= self.limits.per_caller {
            Err(FullBound::Caller)
        } else if self.seen.len() >= self.limits.overall {
            Err(FullBound::Overall)
        } else if self.seen.len() >= self.limits.crowded() && held > 0 && held >= self.tally.most() {
            Err(FullBound::Busiest)
        } else {
            Ok(())
        }
    }

    fn forget_expired(&mut self, now: UnixNanos) {
        while let Some(Reverse(first)) = self.queue.peek() {
            if first.record.keep_until >= now {
                return;
            }
            let Some(Reverse(expired)) = self.queue.pop() else {
                return;
            };
            self.seen.remove(&expired.record.digest);
            if let Some(caller) = expired.caller {
                self.tally.remove(caller);
            }
        }
    }
}
