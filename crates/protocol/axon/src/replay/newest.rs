//! The newest nonce of each of a caller's processes, as bittensor's axon keeps it.

use crate::UnixNanos;
use assay_keys::AccountId;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// The newest nonce that was taken of each dendrite. Bittensor's axon demands that the nonces of one dendrite rise, and
/// asks for no age once it knows one. It keeps them all for ever; here so many are kept, those that were used last.
///
/// What is forgotten is not open to a replay at once: the [`ReplayStore`](super::ReplayStore) still has it.
#[derive(Debug)]
pub struct NewestNonces {
    most: usize,
    uses: u64,
    known: HashMap<[u8; 16], Newest>,
    /// By when they were used, the longest ago first.
    order: BTreeMap<u64, [u8; 16]>,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    nonce: UnixNanos,
    used: u64,
}

impl NewestNonces {
    /// Keeps so many, and at least one.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            uses: 0,
            known: HashMap::new(),
            order: BTreeMap::new(),
        }
    }

    /// The newest nonce of a dendrite, when one is known.
    #[must_use]
    pub fn of(&self, caller: &AccountId, uuid: Option<&str>) -> Option<UnixNanos> {
        self.known.get(&key(caller, uuid)).map(|newest| newest.nonce)
    }

    /// Takes a nonce if it is newer than all before it, and says whether it was.
    pub fn advance(&mut self, caller: &AccountId, uuid: Option<&str>, nonce: UnixNanos) -> bool {
        let key = key(caller, uuid);
        if let Some(last) = self.known.get(&key) {
            if nonce <= last.nonce {
                return false;
            }
            self.order.remove(&last.used);
        } else if self.known.len() >= self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.known.remove(&oldest);
        }
        self.uses += 1;
        let used = self.uses;
        self.order.insert(used, key);
        self.known.insert(key, Newest { nonce, used });
        true
    }
}

fn key(caller: &AccountId, uuid: Option<&str>) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(caller.0);
    hash.update(uuid.unwrap_or("None"));
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::NewestNonces;
    use crate::UnixNanos;
    use assay_keys::AccountId;

    #[test]
    fn nonces_rise_for_each_dendrite_by_itself_and_the_longest_unused_are_forgotten() {
        let (one, other) = (AccountId([1; 32]), AccountId([2; 32]));
        let mut newest = NewestNonces::new(2);
        assert!(newest.advance(&one, Some("a"), UnixNanos(5)));
        assert!(!newest.advance(&one, Some("a"), UnixNanos(5)));
        assert!(!newest.advance(&one, Some("a"), UnixNanos(4)));
        assert!(newest.advance(&one, Some("b"), UnixNanos(4)), "another process");
        assert!(newest.advance(&one, Some("a"), UnixNanos(6)));
        assert!(newest.advance(&other, None, UnixNanos(1)));
        assert_eq!(newest.of(&one, Some("b")), None, "used the longest ago");
        assert_eq!(newest.of(&one, Some("a")), Some(UnixNanos(6)));
        assert_eq!((newest.known.len(), newest.order.len()), (2, 2));
    }
}
