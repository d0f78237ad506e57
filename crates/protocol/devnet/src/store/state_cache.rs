//! States in memory: decoded trie nodes by their hashes, and values by root and key.
//!
//! What every transaction of a block reads, such as the parameters of a subnet, is found without a walk through the trie.
//! Everything in it is known by hashes of its content, so nothing ever has to be taken out when the chain changes.

use sp_runtime::traits::BlakeTwo256;
use sp_trie::cache::{CacheSize, LocalTrieCache, SharedTrieCache};
use std::fmt;

pub(super) struct StateCache(SharedTrieCache<BlakeTwo256>);

impl StateCache {
    /// A cache of about so many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        Self(SharedTrieCache::new(CacheSize::new(bytes), None))
    }

    /// A part of it for one reader, of bounded size: what it finds becomes everybody's when it is dropped.
    pub(super) fn share(&self) -> LocalTrieCache<BlakeTwo256> {
        self.0.local_cache_untrusted()
    }
}

impl fmt::Debug for StateCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StateCache")
            .field("bytes", &self.0.used_memory_size())
            .finish()
    }
}
