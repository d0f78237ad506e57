//! The blocks that are not in the database yet: those that are not final, on every branch, and final ones that wait to
//! be written together.

use super::{Nodes, SealedBlock, StoreError, journal::Record};
use sp_core::H256;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

/// Whether a block is the tip of the best branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is.
    Best,
    /// It stands beside it, as the beginning of a branch that is not the best yet.
    Beside,
}

/// A trie node and its hash.
pub(super) type HashedNode = (H256, Arc<[u8]>);

#[derive(Debug)]
struct Kept {
    block: SealedBlock,
    nodes: Vec<HashedNode>,
}

#[derive(Debug)]
struct Node {
    bytes: Arc<[u8]>,
    /// How many of the blocks brought it.
    blocks: u32,
}

#[derive(Debug)]
pub(super) struct Recent {
    /// The last block of the database, to which everything in here goes back.
    stored: (u32, H256),
    best: (u32, H256),
    finalized: u32,
    blocks: HashMap<H256, Kept>,
    /// The best branch above the last block of the database.
    canonical: BTreeMap<u32, H256>,
    nodes: HashMap<H256, Node>,
    bytes: usize,
}

impl Recent {
    /// Nothing above this block.
    pub(super) fn above(number: u32, hash: H256) -> Self {
        Self {
            stored: (number, hash),
            best: (number, hash),
            finalized: number,
            blocks: HashMap::new(),
            canonical: BTreeMap::new(),
            nodes: HashMap::new(),
            bytes: 0,
        }
    }

    /// What the records say, each in its turn. Records of blocks that the database has, and whatever follows a block
    /// that is missing, are passed over.
    pub(super) fn replay(&mut self, records: Vec<Record>) {
        for record in records {
            match record {
                Record::Block {
                    header,
                    extrinsics,
                    nodes,
                    best,
                    finalized,
                } => {
                    if header.number <= self.stored.0 {
                        continue;
                    }
                    let hash = header.hash();
                    let nodes = nodes
                        .into_iter()
                        .map(|node| (H256(sp_crypto_hashing::blake2_256(&node)), node.into()))
                        .collect();
                    let block = SealedBlock {
                        hash,
                        header,
                        extrinsics,
                    };
                    let standing = if best { Standing::Best } else { Standing::Beside };
                    if self.add(block, nodes, standing).is_ok() {
                        self.finalize(finalized);
                    }
                }
                Record::Finalized(number) => self.finalize(number),
            }
        }
    }

    /// The records that bring everything in here back.
    pub(super) fn records(&self) -> Vec<Record> {
        let mut blocks: Vec<&Kept> = self.blocks.values().collect();
        // Parents before children, and the tip last, so that it is the best.
        blocks.sort_by_key(|kept| (kept.block.hash == self.best.1, kept.block.header.number));
        blocks.iter().map(|kept| self.record(kept)).collect()
    }

    fn record(&self, kept: &Kept) -> Record {
        let best = kept.block.hash == self.best.1;
        record_of(
            &kept.block,
            kept.nodes.iter().map(|(_, node)| node.to_vec()).collect(),
            best,
            if best { self.finalized } else { self.stored.0 },
        )
    }

    /// Adds a block whose parent is known.
    pub(super) fn add(
        &mut self,
        block: SealedBlock,
        nodes: Vec<HashedNode>,
        standing: Standing,
    ) -> Result<(), StoreError> {
        let (number, hash, parent) = (block.header.number, block.hash, block.header.parent_hash);
        if parent != self.stored.1 && !self.blocks.contains_key(&parent) {
            return Err(StoreError::Damaged {
                what: "a block's parent",
            });
        }
        self.bytes += size(&block, &nodes);
        for (hash, bytes) in &nodes {
            self.nodes
                .entry(*hash)
                .and_modify(|node| node.blocks += 1)
                .or_insert_with(|| Node {
                    bytes: bytes.clone(),
                    blocks: 1,
                });
        }
        if let Some(twice) = self.blocks.insert(hash, Kept { block, nodes }) {
            self.forget(&twice);
        }
        if standing == Standing::Best {
            self.make_best(number, hash);
        }
        Ok(())
    }

    fn make_best(&mut self, number: u32, hash: H256) {
        self.best = (number, hash);
        self.canonical.split_off(&(number + 1));
        let mut at = (number, hash);
        while at.0 > self.stored.0 && self.canonical.get(&at.0) != Some(&at.1) {
            self.canonical.insert(at.0, at.1);
            let Some(kept) = self.blocks.get(&at.1) else {
                return;
            };
            at = (at.0 - 1, kept.block.header.parent_hash);
        }
    }

    /// Makes the best branch final up to a number, and forgets the branches that can no longer become the best.
    pub(super) fn finalize(&mut self, number: u32) {
        let number = number.min(self.best.0);
        if number <= self.finalized {
            return;
        }
        self.finalized = number;
        let mut beside: Vec<(u32, H256, H256)> = self
            .blocks
            .values()
            .filter(|kept| !self.is_canonical(&kept.block))
            .map(|kept| {
                let header = &kept.block.header;
                (header.number, kept.block.hash, header.parent_hash)
            })
            .collect();
        beside.sort_unstable();
        let mut alive = HashSet::new();
        for (at, hash, parent) in beside {
            let grows = at > number && (alive.contains(&parent) || self.hash_at(at - 1) == Some(parent));
            if grows {
                alive.insert(hash);
            } else if let Some(kept) = self.blocks.remove(&hash) {
                self.forget(&kept);
            }
        }
    }

    /// The final blocks, for the database.
    pub(super) fn finals(&self) -> impl Iterator<Item = (&SealedBlock, &[HashedNode])> {
        self.canonical
            .range(..=self.finalized)
            .filter_map(|(_, hash)| self.blocks.get(hash))
            .map(|kept| (&kept.block, &kept.nodes[..]))
    }

    /// How many final blocks there are.
    pub(super) fn waiting(&self) -> u32 {
        self.finalized - self.stored.0
    }

    /// About how much memory the final blocks take.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.finals().map(|(block, nodes)| size(block, nodes)).sum()
    }

    /// About how much memory all blocks take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets the final blocks up to this number, which the database has now.
    pub(super) fn forget_up_to(&mut self, number: u32) {
        let above = self.canonical.split_off(&(number + 1));
        let finals = std::mem::replace(&mut self.canonical, above);
        if let Some((number, hash)) = finals.last_key_value() {
            self.stored = (*number, *hash);
        }
        for hash in finals.values() {
            if let Some(kept) = self.blocks.remove(hash) {
                self.forget(&kept);
            }
        }
    }

    fn forget(&mut self, kept: &Kept) {
        self.bytes -= size(&kept.block, &kept.nodes);
        for (hash, _) in &kept.nodes {
            if let Some(node) = self.nodes.get_mut(hash) {
                node.blocks -= 1;
                if node.blocks == 0 {
                    self.nodes.remove(hash);
                }
            }
        }
    }

    pub(super) fn stored(&self) -> (u32, H256) {
        self.stored
    }

    pub(super) fn best(&self) -> (u32, H256) {
        self.best
    }

    pub(super) fn finalized(&self) -> u32 {
        self.finalized
    }

    pub(super) fn block(&self, hash: &H256) -> Option<&SealedBlock> {
        self.blocks.get(hash).map(|kept| &kept.block)
    }

    /// The hash of a block of the best branch, the last one of the database included.
    pub(super) fn hash_at(&self, number: u32) -> Option<H256> {
        if number == self.stored.0 {
            return Some(self.stored.1);
        }
        self.canonical.get(&number).copied()
    }

    pub(super) fn node(&self, hash: &H256) -> Option<Arc<[u8]>> {
        self.nodes.get(hash).map(|node| node.bytes.clone())
    }

    /// Every trie node of these blocks.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&H256, &[u8])> {
        self.nodes.iter().map(|(hash, node)| (hash, &node.bytes[..]))
    }

    fn is_canonical(&self, block: &SealedBlock) -> bool {
        self.canonical.get(&block.header.number) == Some(&block.hash)
    }
}

/// The record of a block.
pub(super) fn record_of(block: &SealedBlock, nodes: Vec<Vec<u8>>, best: bool, finalized: u32) -> Record {
    Record::Block {
        header: block.header.clone(),
        extrinsics: block.extrinsics.clone(),
        nodes,
        best,
        finalized,
    }
}

/// Trie nodes as they are kept.
pub(super) fn shared(nodes: Nodes) -> Vec<HashedNode> {
    nodes
        .into_iter()
        .map(|(hash, node)| (hash, Arc::from(node)))
        .collect()
}

/// About how much memory a block takes.
fn size(block: &SealedBlock, nodes: &[HashedNode]) -> usize {
    const RECORD_BYTES: usize = 200;
    let body: usize = block.extrinsics.iter().map(Vec::len).sum();
    let nodes: usize = nodes.iter().map(|(_, node)| node.len() + RECORD_BYTES).sum();
    RECORD_BYTES + body + nodes
}
