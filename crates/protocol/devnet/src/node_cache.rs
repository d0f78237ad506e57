//! Trie nodes kept in memory.
//!
//! Two generations: a lookup that finds its node in the old one moves it to the young one; when the young one is full
//! it becomes the old one, and what was not used since the last change of generations goes. That is close to
//! least-recently-used at the cost of a hash map.

use parking_lot::RwLock;
use sp_core::H256;
use std::{collections::HashMap, mem, sync::Arc};

/// What an entry costs beside its bytes: key, pointer, counters, share of the table.
const ENTRY_BYTES: usize = 96;

#[derive(Debug)]
pub(crate) struct NodeCache {
    generation_bytes: usize,
    generations: RwLock<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<H256, Arc<[u8]>>,
    young_bytes: usize,
    old: HashMap<H256, Arc<[u8]>>,
}

impl NodeCache {
    /// A cache of at most so many bytes, of which each generation has half.
    pub(crate) fn of(bytes: usize) -> Self {
        Self {
            generation_bytes: bytes / 2,
            generations: RwLock::default(),
        }
    }

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
        if generations.young_bytes + cost > self.generation_bytes {
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
        let cache = NodeCache::of(48 * 1024 * 1024);
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
