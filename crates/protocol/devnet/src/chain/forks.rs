//! Finality that lags behind, and branches that take each other's place.

use super::{Chain, Final, Head, final_at, sealing::Production};
use crate::{
    DevnetError,
    pool::{Returned, Status, Watcher},
    state,
    store::{Nodes, SealedBlock, Standing, StoreError},
};
use node_subtensor_runtime::Header;
use sp_core::H256;
use std::sync::{Arc, atomic::Ordering};

/// Furthest lag of finality. Blocks that are not final are held in memory.
pub(crate) const MAX_FINALITY_LAG: u32 = 4_096;

/// Bytes of blocks in memory with which no further branch is made. Every reorganisation adds a branch, which stays until
/// finality has passed it.
const MOST_OPEN_BYTES: usize = 256 * 1024 * 1024;

/// What becomes of the transactions of blocks that leave the best branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retracted {
    /// They go back to the pool.
    ToPool,
    /// They are lost.
    Dropped,
}

pub(super) fn check_lag(blocks: u32) -> Result<(), DevnetError> {
    if blocks > MAX_FINALITY_LAG {
        return Err(DevnetError::FinalityLag(blocks));
    }
    Ok(())
}

impl Chain {
    /// Keeps the last final block this far behind the tip from now on. What is final stays final.
    pub(crate) fn set_finality_lag(&self, blocks: u32) -> Result<Arc<Head>, DevnetError> {
        check_lag(blocks)?;
        let _production = self.production.lock();
        let _gate = self.gate.write();
        self.finality_lag.store(blocks, Ordering::Relaxed);
        let head = self.head();
        let finalized = self.final_below(head.number);
        if finalized <= head.finalized.number {
            return Ok(head);
        }
        self.store.finalize(finalized)?;
        let head = Arc::new(Head {
            finalized: final_at(&self.store, finalized)?,
            ..(*head).clone()
        });
        self.head.send_replace(head.clone());
        self.pool.lock().finalized(finalized);
        Ok(head)
    }

    /// Replaces the last `depth` blocks, none of which is final, by a branch that is one block longer. Its blocks are
    /// empty; the transactions of the old ones can go into the block after it.
    pub(crate) fn reorg(&self, depth: u32, transactions: Retracted) -> Result<Arc<Head>, DevnetError> {
        self.check_running()?;
        let production = self.production.lock();
        let old = self.head();
        let open = old.number - old.finalized.number;
        if depth == 0 || depth > open {
            return Err(DevnetError::Reorg { depth, open });
        }
        if self.store.bytes_in_memory() > MOST_OPEN_BYTES {
            return Err(DevnetError::OpenBlocks);
        }
        let fork = old.number - depth;
        let missing = || StoreError::Damaged { what: "block" };
        let mut parent = self.header_at(fork)?.ok_or_else(missing)?;
        let mut leaving = Vec::new();
        for number in fork + 1..=old.number {
            let hash = self.hash_at(number)?.ok_or_else(missing)?;
            leaving.push(self.block(&hash)?.ok_or_else(missing)?);
        }
        for _ in 0..depth {
            let (block, nodes) = self.branch_block(&parent, &production)?;
            parent = block.header.clone();
            self.store
                .append(block, nodes, Standing::Beside, old.finalized.number)?;
        }
        let (tip, nodes) = self.branch_block(&parent, &production)?;
        let (number, hash, header) = (tip.header.number, tip.hash, tip.header.clone());
        let finalized = self.final_below(number).max(old.finalized.number);
        let ready = {
            let _gate = self.gate.write();
            self.store.append(tip, nodes, Standing::Best, finalized)?;
            let upgrades = state::upgrades(&self.store.state(header.state_root))?;
            self.head.send_replace(Arc::new(Head {
                number,
                hash,
                header,
                finalized: self.final_after(&old, finalized)?,
                switched_at: number,
                upgrades,
                generation: old.generation,
            }));
            let returned = self.pool.lock().retracted(fork);
            self.take_back(leaving, returned, transactions);
            let mut pool = self.pool.lock();
            pool.finalized(finalized);
            pool.has_ready()
        };
        if ready {
            self.ready.notify_one();
        }
        tracing::debug!(number, ?hash, depth, "another branch is the best");
        Ok(self.head())
    }

    /// Number of the last block that is final when the tip has this number.
    pub(super) fn final_below(&self, tip: u32) -> u32 {
        tip.saturating_sub(self.finality_lag.load(Ordering::Relaxed))
    }

    /// The last final block when it was `before`'s and is the one with this number now.
    pub(super) fn final_after(&self, before: &Head, number: u32) -> Result<Final, StoreError> {
        if number == before.finalized.number {
            return Ok(before.finalized.clone());
        }
        final_at(&self.store, number)
    }

    /// An empty block that is on no branch yet.
    fn branch_block(
        &self,
        parent: &Header,
        production: &Production,
    ) -> Result<(SealedBlock, Nodes), DevnetError> {
        let state = self.store.state(parent.state_root);
        let mut time_ms = self.next_time(&state, 0)?;
        loop {
            let made = self.make(&state, parent, time_ms, &[], production)?;
            if self.store.header(&made.block.hash)?.is_none() {
                return Ok((made.block, made.nodes));
            }
            // Equal blocks at equal times are equal, and this one should differ from the one it replaces.
            time_ms += 1;
        }
    }

    /// Validates what was in the blocks that left and in the pool on top of the new tip. Those that watch hear of it.
    fn take_back(&self, leaving: Vec<SealedBlock>, returned: Returned, transactions: Retracted) {
        let Returned { mut watched, waiting } = returned;
        for bytes in leaving.into_iter().flat_map(|block| block.extrinsics) {
            let hash = H256(sp_crypto_hashing::blake2_256(&bytes));
            let watchers = watched.remove(&hash).unwrap_or_default();
            match transactions {
                Retracted::ToPool => self.put_back(hash, &bytes, watchers),
                Retracted::Dropped => tell(&watchers, &Status::Dropped),
            }
        }
        for (bytes, watchers) in waiting {
            self.put_back(H256(sp_crypto_hashing::blake2_256(&bytes)), &bytes, watchers);
        }
    }

    fn put_back(&self, hash: H256, bytes: &[u8], watchers: Vec<Watcher>) {
        if let Err(error) = self.validate_and_insert(hash, bytes, watchers.clone()) {
            // The node's own extrinsics, such as the time, are refused here too.
            tracing::debug!(?hash, %error, "a transaction does not go back to the pool");
            tell(&watchers, &Status::Invalid);
        }
    }
}

fn tell(watchers: &[Watcher], status: &Status) {
    for watcher in watchers {
        // Who has left hears nothing.
        let _ = watcher.send(status.clone());
    }
}
