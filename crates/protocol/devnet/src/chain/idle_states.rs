//! States after the tip, between one transaction that is looked at and the next.
//!
//! A state has a cache of its own, whose findings become everybody's when it goes. That takes a fifth of the time of
//! looking at a transaction, so it is done once a block, not once a transaction.

use crate::store::State;
use parking_lot::Mutex;
use sp_core::H256;
use std::fmt;

/// States kept: as many as threads that look at transactions at one time. With fewer the others start anew, more would
/// only take memory.
const KEPT: usize = 8;

#[derive(Default)]
pub(super) struct IdleStates(Mutex<Vec<State>>);

impl IdleStates {
    /// Runs `work` on the state with this root: one that is idle, or what `new` returns.
    pub(super) fn with<T>(
        &self,
        root: H256,
        new: impl FnOnce() -> State,
        work: impl FnOnce(&State) -> T,
    ) -> T {
        let idle = self.take(root);
        let state = idle.unwrap_or_else(new);
        let result = work(&state);
        let mut kept = self.0.lock();
        if kept.len() < KEPT {
            kept.push(state);
        }
        result
    }

    /// Hands what the states found over to whoever reads next, such as the block of the transactions that were looked at.
    pub(super) fn share(&self) {
        // Outside the lock: it takes the cache's.
        let _shared = std::mem::take(&mut *self.0.lock());
    }

    fn take(&self, root: H256) -> Option<State> {
        let (found, _of_another_tip) = {
            let mut kept = self.0.lock();
            let found = kept.pop_if(|state| *state.root() == root);
            let others = if found.is_some() {
                Vec::new()
            } else {
                std::mem::take(&mut *kept)
            };
            (found, others)
        };
        found
    }
}

impl fmt::Debug for IdleStates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IdleStates")
            .field("kept", &self.0.lock().len())
            .finish()
    }
}
