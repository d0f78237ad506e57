//! Transactions in blocks that are not final yet, and who waits for them.

use super::{Status, Watcher};
use sp_core::H256;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// Blocks after which a watcher is told that it waited too long for finality. The same as on real nodes.
const FINALITY_TIMEOUT: u32 = 512;

/// A transaction in a block.
#[derive(Debug)]
pub(super) struct Included {
    pub(super) hash: H256,
    pub(super) index: u32,
    pub(super) watchers: Vec<Watcher>,
}

#[derive(Debug)]
struct Block {
    number: u32,
    hash: H256,
    transactions: Vec<Included>,
}

/// What comes out of the pool when blocks leave the best branch.
#[derive(Debug, Default)]
pub(crate) struct Returned {
    /// Who watched the transactions of those blocks, by their hashes.
    pub(crate) watched: HashMap<H256, Vec<Watcher>>,
    /// The transactions that were in the pool, in the order of their arrival, each with its watchers.
    pub(crate) waiting: Vec<(Arc<[u8]>, Vec<Watcher>)>,
}

/// The blocks of the best branch with watched transactions, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Inclusions {
    blocks: VecDeque<Block>,
}

impl Inclusions {
    pub(super) fn add(&mut self, number: u32, hash: H256, mut transactions: Vec<Included>) {
        for block in &mut self.blocks {
            if block.number + FINALITY_TIMEOUT > number {
                break;
            }
            for transaction in block.transactions.drain(..) {
                tell(transaction.watchers, &Status::FinalityTimeout(block.hash));
            }
        }
        transactions.retain(|transaction| !transaction.watchers.is_empty());
        if !transactions.is_empty() {
            self.blocks.push_back(Block {
                number,
                hash,
                transactions,
            });
        }
    }

    pub(super) fn finalized(&mut self, number: u32) {
        while let Some(block) = self.blocks.pop_front_if(|block| block.number <= number) {
            for Included { index, watchers, .. } in block.transactions {
                let status = Status::Finalized {
                    block: block.hash,
                    index,
                };
                tell(watchers, &status);
            }
        }
    }

    /// Tells all who wait that the blocks are gone with the chain that they were of.
    pub(super) fn dropped(self) {
        for Included { watchers, .. } in self.blocks.into_iter().flat_map(|block| block.transactions) {
            tell(watchers, &Status::Dropped);
        }
    }

    /// Tells those who watch transactions in blocks above this number that the blocks are gone, and returns them.
    pub(super) fn retracted(&mut self, above: u32) -> HashMap<H256, Vec<Watcher>> {
        let mut watched = HashMap::new();
        while let Some(block) = self.blocks.pop_back_if(|block| block.number > above) {
            for Included { hash, watchers, .. } in block.transactions {
                tell_all(&watchers, &Status::Retracted(block.hash));
                watched.insert(hash, watchers);
            }
        }
        watched
    }
}

fn tell(watchers: Vec<Watcher>, status: &Status) {
    tell_all(&watchers, status);
}

fn tell_all(watchers: &[Watcher], status: &Status) {
    for watcher in watchers {
        // Who has left hears nothing.
        let _ = watcher.send(status.clone());
    }
}
