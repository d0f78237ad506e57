//! One queue for each account that signs: transactions of the same account go out one after another, each with the
//! next nonce.
//!
//! The node's own count includes its pool, and other programs may sign with the same key, so it is asked before every
//! submission. It is not enough alone: behind a load balancer the next node may not have seen the last transaction
//! yet. So the nonces that this client has in flight count as well, until their fate is known.

use assay_keys::AccountId;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

#[derive(Default)]
pub(crate) struct AccountQueues(Mutex<HashMap<AccountId, Arc<AccountQueue>>>);

#[derive(Default)]
pub(crate) struct AccountQueue {
    /// Held from asking for the nonce until the pool has answered.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Each nonce with how many transactions have it: one that was doubted may come back after another took its nonce.
    in_flight: Mutex<BTreeMap<u32, u32>>,
}

impl AccountQueues {
    pub(crate) fn of(&self, account: AccountId) -> Arc<AccountQueue> {
        Arc::clone(self.0.lock().entry(account).or_default())
    }
}

impl AccountQueue {
    /// The nonce of the next transaction, where the node's count is `count`: the first that is free. One after the last
    /// in flight would leave a gap where one before it was lost, and no node takes what comes after a gap.
    pub(crate) fn next(&self, count: u32) -> u32 {
        let mut next = count;
        for nonce in self.in_flight.lock().range(count..).map(|(nonce, _)| *nonce) {
            if nonce != next {
                break;
            }
            next = next.saturating_add(1);
        }
        next
    }

    /// Notes that a nonce is in flight until the guard is dropped.
    pub(crate) fn take_off(self: &Arc<Self>, nonce: u32) -> InFlight {
        *self.in_flight.lock().entry(nonce).or_default() += 1;
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
        let mut in_flight = self.queue.in_flight.lock();
        if let Some(count) = in_flight.get_mut(&self.nonce) {
            *count -= 1;
            if *count == 0 {
                in_flight.remove(&self.nonce);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_nonce_is_the_first_from_the_nodes_count_on_that_is_not_in_flight() {
        let queue = AccountQueues::default().of(AccountId([1; 32]));
        assert_eq!(queue.next(5), 5);
        let first = queue.take_off(5);
        assert_eq!(queue.next(5), 6, "a node that has not seen nonce 5 yet");
        let second = queue.take_off(6);
        drop(first);
        assert_eq!(queue.next(6), 7);
        assert_eq!(
            queue.next(5),
            5,
            "5 was lost: what comes after 6 would wait for it"
        );
        assert_eq!(queue.next(9), 9, "another program signed meanwhile");
        let again = queue.take_off(6);
        drop(second);
        assert_eq!(queue.next(6), 7, "another transaction has it still");
        queue.forget();
        drop(again);
        assert_eq!(
            queue.next(6),
            6,
            "nothing is in flight: the node's count holds again"
        );
    }
}
