//! Trie nodes kept in memory.
//!
//! Two generations: a lookup that finds its node in the old one moves it to the young one; when the young one is full
//! it becomes the old one, and what was not used since the last change of generations goes. That is close to
//! least-recently-used at the cost of a hash map.

use parking_lot::RwLock;
use sp_core::H256;
use std::{collections::HashMap, mem, sync::Arc};

/// Bytes of each generation. The state of a subnet with 256 neurons is about half a MiB, so several subnets fit whole;
/// with much less every read goes to the database, with much more an idle node holds memory for old states.
const GENERATION_BYTES: usize = 24 * 1024 * 1024;

/// What an entry costs beside its bytes: key, pointer, counters, share of the table.
const ENTRY_BYTES: usize = 96;

#[derive(Debug, Default)]
pub(crate) struct NodeCache {
    generations: RwLock<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<H256, Arc<[u8]>>,
    young_bytes: usize,
    old: HashMap<H256, Arc<[u8]>>,
}

impl NodeCache {
    pub(crate) fn get(&self, hash: &H256) -> Option<Arc<[u8]>> {
        let node = {
            let generations = self.generations.read();
            if let Some(node) = generations.young.get(hash) {
                return Some(node.clone());
            }
            generations.old.get(hash)?.clone()
        };
        self.insert(*hash, node.clone());
        Some(node)
    }

    pub(crate) fn insert(&self, hash: H256, node: Arc<[u8]>) {
        let mut generations = self.generations.write();
        let cost = node.len() + ENTRY_BYTES;
        if generations.young_bytes + cost > GENERATION_BYTES {
            generations.old = mem::take(&mut generations.young);
            generations.young_bytes = 0;
        }
        if generations.young.insert(hash, node).is_none() {
            generations.young_bytes += cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_in_use_outlives_a_change_of_generations_and_an_unused_one_does_not() {
        let cache = NodeCache::default();
        let (used, unused) = (H256::repeat_byte(1), H256::repeat_byte(2));
        cache.insert(used, Arc::from(vec![1; 32]));
        cache.insert(unused, Arc::from(vec![2; 32]));
        for filler in 0..40u64 {
            cache.insert(H256::from_low_u64_be(filler), Arc::from(vec![0; 2 * 1024 * 1024]));
            assert!(cache.get(&used).is_some(), "lost after {filler} fillers");
        }
        assert!(cache.get(&unused).is_none());
    }
}
