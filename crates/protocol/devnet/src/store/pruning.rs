//! Throwing old states away: marking the trie nodes that the kept states reach, and removing the others.
//!
//! Marking reads the database as it is at one moment, on a thread of its own, while blocks go on. Removing takes some
//! transactions, each of which first marks what the blocks written since the last one reach; what a kill in between
//! leaves undone is found the next time. Nodes of blocks that are not in the database yet are not looked at: the older
//! nodes that they build on are reached from the last block in the database too.
//!
//! Caveat: child tries are not followed. The runtime has none.

use super::{
    Store, StoreError,
    error::{reading, writing},
    tables::{FIRST_STATE, HEADERS, NODES, half, put_number},
};
use codec::Decode;
use node_subtensor_runtime::Header;
use redb::{ReadableDatabase, ReadableTable};
use sp_core::H256;
use sp_runtime::traits::BlakeTwo256;
use sp_trie::{NodeCodec, NodePlan, ValuePlan};
use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    thread,
};
use trie_db::{NodeCodec as _, node::NodeHandlePlan};

/// How many states are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// At least those of this many blocks up to the last final one. Older blocks stay, without their states. They are
    /// thrown away half as many at a time, so that up to half more are there.
    Blocks(u32),
    /// All, for ever. An empty block takes some six kilobytes then, half of it its changes of the state; a day of blocks
    /// every quarter of a second two gigabytes.
    Archive,
}

/// Eight hours of the public chain's blocks, and as far back as transactions may be anchored. Twice as many double the
/// space that a chain takes; fewer would break clients that read the state at a commitment's block after some epochs.
pub const DEFAULT_HISTORY: u32 = 2_400;

impl Default for History {
    /// [`DEFAULT_HISTORY`], because a devnet that runs overnight should not fill the disk.
    fn default() -> Self {
        Self::Blocks(DEFAULT_HISTORY)
    }
}

/// Parts in which nodes are removed, each in a transaction of its own, which copies every page that it changes: all at
/// once would double the file. A divisor of 256.
const PARTS: u8 = 16;

/// Fewest blocks whose states go at a time: each time costs a walk through all that is kept.
const MIN_STEP: u32 = 32;

/// The first halves of the hashes of the nodes that stay. There is one for every node of every kept state, so half a hash
/// is half the memory; no two nodes that anybody can make share one.
type Marks = HashSet<[u8; 16]>;

impl Store {
    /// Starts to throw states away on a thread of its own when it is time and it is not under way already.
    pub(super) fn prune_in_background(self: &Arc<Self>) {
        let Some(first) = self.first_to_keep() else { return };
        let mut pruner = self.pruner.lock();
        if pruner.as_ref().is_some_and(|pruner| !pruner.is_finished()) || self.is_closing() {
            return;
        }
        let store = self.clone();
        let spawned = thread::Builder::new()
            .name("devnet-pruning".to_owned())
            .spawn(move || match store.prune(first) {
                Ok(Some(removed)) => tracing::debug!(first, removed, "old states are thrown away"),
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "old states cannot be thrown away"),
            });
        match spawned {
            Ok(thread) => *pruner = Some(thread),
            Err(error) => tracing::error!(%error, "no thread to throw old states away"),
        }
    }

    /// Waits for the thread that throws states away, which gives up soon when the store is closing.
    pub(crate) fn join_pruner(&self) {
        let pruner = self.pruner.lock().take();
        if let Some(pruner) = pruner {
            // Its panic, a defect, is on standard error.
            let _ = pruner.join();
        }
    }

    /// The first block whose state should stay, when it is time to throw the ones before it away.
    fn first_to_keep(&self) -> Option<u32> {
        let History::Blocks(blocks) = self.history else {
            return None;
        };
        let blocks = blocks.max(1);
        let (stored, _) = self.recent.read().stored();
        let first = (stored + 1).checked_sub(blocks)?;
        let step = (blocks / 2).max(MIN_STEP);
        (first >= self.first_state().saturating_add(step)).then_some(first)
    }

    /// Throws the states before `first` away. Returns how many nodes are gone, or nothing when the store is closing.
    fn prune(&self, first: u32) -> Result<Option<u64>, StoreError> {
        let mut marks = Marks::new();
        let reader = self.database.begin_read().map_err(reading)?;
        let marked_up_to = self.recent.read().stored().0;
        {
            let headers = reader.open_table(HEADERS).map_err(reading)?;
            let nodes = reader.open_table(NODES).map_err(reading)?;
            for number in first..=marked_up_to {
                if self.is_closing() {
                    return Ok(None);
                }
                // What the moment of the reader lacks is marked below.
                if let Some(root) = state_root(&headers, number)? {
                    mark(&nodes, root, &mut marks)?;
                }
            }
        }
        drop(reader);
        let mut next = first;
        let mut removed = 0;
        for part in 0..PARTS {
            if self.is_closing() && part > 0 {
                return Ok(None);
            }
            let mut transaction = self.database.begin_write().map_err(writing)?;
            transaction.set_quick_repair(self.is_durable());
            {
                let headers = transaction.open_table(HEADERS).map_err(writing)?;
                let mut nodes = transaction.open_table(NODES).map_err(writing)?;
                while let Some(root) = state_root(&headers, next)? {
                    mark(&nodes, root, &mut marks)?;
                    next += 1;
                }
                // From here on nobody begins to read a state that goes.
                self.first_state.store(first, Ordering::Release);
                let (from, to) = part_of_all(part);
                nodes
                    .retain_in::<&[u8; 32], _>(&from..=&to, |hash, _| {
                        let kept = marks.contains(&half(&H256(*hash)));
                        removed += u64::from(!kept);
                        kept
                    })
                    .map_err(writing)?;
            }
            put_number(&transaction, FIRST_STATE, first).map_err(writing)?;
            transaction.commit().map_err(writing)?;
        }
        Ok(Some(removed))
    }
}

/// The lowest and the highest hash of a part of all hashes.
fn part_of_all(part: u8) -> ([u8; 32], [u8; 32]) {
    const WIDTH: u8 = u8::MAX / PARTS + 1;
    let (mut from, mut to) = ([0; 32], [u8::MAX; 32]);
    from[0] = part * WIDTH;
    to[0] = part * WIDTH + (WIDTH - 1);
    (from, to)
}

fn state_root(
    headers: &impl ReadableTable<u32, &'static [u8]>,
    number: u32,
) -> Result<Option<H256>, StoreError> {
    let Some(bytes) = headers.get(number).map_err(reading)? else {
        return Ok(None);
    };
    let header = Header::decode(&mut bytes.value()).map_err(|_| StoreError::Damaged { what: "header" })?;
    Ok(Some(header.state_root))
}

/// Marks every node that a root reaches and that is not marked.
fn mark(
    nodes: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
    root: H256,
    marks: &mut Marks,
) -> Result<(), StoreError> {
    let damaged = StoreError::Damaged { what: "trie node" };
    let mut ahead = vec![root];
    while let Some(hash) = ahead.pop() {
        if !marks.insert(half(&hash)) {
            continue;
        }
        let Some(node) = nodes.get(&hash.0).map_err(reading)? else {
            return Err(damaged);
        };
        let bytes = node.value();
        let plan = NodeCodec::<BlakeTwo256>::decode_plan(bytes)
            .map_err(|_| StoreError::Damaged { what: "trie node" })?;
        let (value, children) = match plan {
            NodePlan::Leaf { value, .. } => (Some(value), None),
            NodePlan::Branch { value, children } | NodePlan::NibbledBranch { value, children, .. } => {
                (value, Some(children))
            }
            NodePlan::Empty => (None, None),
            // The layout has branches with a part of the key instead.
            NodePlan::Extension { .. } => return Err(damaged),
        };
        // A long value is a record of its own, which holds no hashes.
        if let Some(ValuePlan::Node(place)) = value {
            marks.insert(half(&hash_in(bytes, place)?));
        }
        for child in children.into_iter().flatten().flatten() {
            // A child inside its parent is shorter than a hash, so it holds none.
            if let NodeHandlePlan::Hash(place) = child {
                ahead.push(hash_in(bytes, place)?);
            }
        }
    }
    Ok(())
}

fn hash_in(bytes: &[u8], place: std::ops::Range<usize>) -> Result<H256, StoreError> {
    bytes
        .get(place)
        .and_then(|hash| hash.try_into().ok())
        .map(H256)
        .ok_or(StoreError::Damaged { what: "trie node" })
}
