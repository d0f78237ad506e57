//! One queue for each account that signs: transactions of the same account go out one after another, each with the
//! next nonce.
//!
//! The node's own count includes its pool, and other programs may sign with the same key, so it is asked before every
//! submission. It is not enough alone: behind a load balancer the next node may not have seen the last transaction
//! yet. So the nonces that this client has in flight count as well, until their fate is known.

use assay_keys::AccountId;
use parking_lot::Mutex;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

#[derive(Default)]
pub(crate) struct AccountQueues(Mutex<HashMap<AccountId, Arc<AccountQueue>>>);

#[derive(Default)]
pub(crate) struct AccountQueue {
    /// Held from asking for the nonce until the pool has answered.
    pub(crate) turn: tokio::sync::Mutex<()>,
    in_flight: Mutex<BTreeSet<u32>>,
}

impl AccountQueues {
    pub(crate) fn of(&self, account: AccountId) -> Arc<AccountQueue> {
        Arc::clone(self.0.lock().entry(account).or_default())
    }
}

impl AccountQueue {
    /// The nonce of the next transaction, where the node's count is `count`.
    pub(crate) fn next(&self, count: u32) -> u32 {
        let last = self.in_flight.lock().last().copied();
        last.map_or(count, |last| count.max(last.saturating_add(1)))
    }

    /// Notes that a nonce is in flight until the guard is dropped.
    pub(crate) fn take_off(self: &Arc<Self>, nonce: u32) -> InFlight {
        self.in_flight.lock().insert(nonce);
        InFlight {
            queue: Arc::clone(self),
            nonce,
        }
    }

    /// Forgets what is in flight: the chain has shown that the count went wrong.
    pub(crate) fn forget(&self) {
        self.in_flight.lock().clear();
    }
}

/// A nonce that is in use.
pub(crate) struct InFlight {
    queue: Arc<AccountQueue>,
    nonce: u32,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.queue.in_flight.lock().remove(&self.nonce);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_nonce_is_after_both_the_nodes_count_and_what_is_in_flight() {
        let queue = AccountQueues::default().of(AccountId([1; 32]));
        assert_eq!(queue.next(5), 5);
        let first = queue.take_off(5);
        assert_eq!(queue.next(5), 6, "a node that has not seen nonce 5 yet");
        let second = queue.take_off(6);
        drop(first);
        assert_eq!(queue.next(6), 7);
        assert_eq!(queue.next(9), 9, "another program signed meanwhile");
        drop(second);
        assert_eq!(
            queue.next(6),
            6,
            "nothing is in flight: the node's count holds again"
        );
    }
}
