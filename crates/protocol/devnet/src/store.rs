//! Blocks and states: final ones in one `redb` file, the newest in a journal beside it and in memory.
//!
//! A sealed block is on disk, as a record of the [`journal`], before anybody hears of it: after a kill at any moment the
//! chain goes on from the last block that anybody heard of. Final blocks go into the database many at a time, because a
//! commit of its own costs a block two synchronisations of the disk and some ten kilobytes of copied pages. Blocks that
//! are not final, on whatever branch, are only in the journal and in memory, so that the database never takes anything
//! back.
//!
//! Trie nodes are kept by their hashes. They are only ever added, and thrown away by [`pruning`].

mod error;
mod journal;
mod pruning;
mod recent;
mod state_cache;
mod tables;

pub use error::StoreError;
pub use pruning::{DEFAULT_HISTORY, History};
pub(crate) use recent::Standing;
pub(crate) use tables::Replacement;

use crate::{Storage, node_cache::NodeCache};
use codec::Decode;
use error::{opening, reading, writing};
use journal::{Journal, Record};
use node_subtensor_runtime::{Header, genesis::Genesis};
use parking_lot::{Mutex, RwLock};
use recent::Recent;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, WriteTransaction, backends::InMemoryBackend};
use sp_core::H256;
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{TrieBackend, TrieBackendBuilder, TrieBackendStorage};
use state_cache::StateCache;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::JoinHandle,
};
use tables::{
    BODIES, EPOCH, FACTS, FIRST_STATE, GENESIS, HEAD, HEADERS, NODES, NUMBERS, PAGE_CACHE_BYTES, SCHEMA,
    UPGRADE_AT, half, journal_path, open_file, put_block, put_nodes, put_number,
};

/// Layout of the tables; raised with every change of them.
const SCHEMA_VERSION: u32 = 2;

/// Final blocks that wait for the database. Each commit synchronises the disk twice, which with fewer blocks is most of a
/// fast block's time. It also copies every page that it changes, some dozen a block because hashes scatter, and those
/// pages are free space until the next commit: many more blocks make a file of twice the size.
const WAITING_BLOCKS: u32 = 64;

/// Bytes of blocks that wait for the database: full blocks of ten megabytes must not pile up in memory.
const WAITING_BYTES: usize = 16 * 1024 * 1024;

/// A block with its transactions as they travelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedBlock {
    pub(crate) hash: H256,
    pub(crate) header: Header,
    pub(crate) extrinsics: Vec<Vec<u8>>,
}

/// New trie nodes of a block, each under its hash.
pub(crate) type Nodes = Vec<(H256, Vec<u8>)>;

/// The state after one block.
pub(crate) type State = TrieBackend<NodeReader, BlakeTwo256>;

/// Reads trie nodes for the state machine.
#[derive(Clone, Debug)]
pub(crate) struct NodeReader(Arc<Store>);

impl TrieBackendStorage<BlakeTwo256> for NodeReader {
    fn get(&self, hash: &H256, _: (&[u8], Option<u8>)) -> Result<Option<Vec<u8>>, String> {
        // A node is found by its hash alone: one is thrown away only when no kept state has it anywhere, so equal ones
        // at two places may share a record.
        match self.0.node(hash) {
            Ok(node) => Ok(node.map(|bytes| bytes.to_vec())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The chain on disk or in memory.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    /// None for a chain that is gone with the process.
    journal: Option<Mutex<Journal>>,
    recent: RwLock<Recent>,
    nodes: NodeCache,
    cache: StateCache,
    history: History,
    first_state: AtomicU32,
    epoch: AtomicU32,
    pruner: Mutex<Option<JoinHandle<()>>>,
    closing: AtomicBool,
}

impl Store {
    /// Opens what is there, or an empty store.
    pub(crate) fn open(storage: &Storage, history: History, cache_bytes: usize) -> Result<Self, StoreError> {
        let database = match storage {
            Storage::Memory => Builder::new()
                .set_cache_size(PAGE_CACHE_BYTES)
                .create_with_backend(InMemoryBackend::new())
                .map_err(opening)?,
            Storage::Folder(folder) => open_file(folder)?,
        };
        if let Some(found) = number_fact(&database, SCHEMA)?
            && found != SCHEMA_VERSION
        {
            return Err(StoreError::Schema { found });
        }
        let epoch = number_fact(&database, EPOCH)?.unwrap_or(0);
        let (journal, records) = match storage {
            Storage::Memory => (None, Vec::new()),
            Storage::Folder(folder) => {
                let (journal, records) = Journal::open(journal_path(folder), epoch)?;
                (Some(Mutex::new(journal)), records)
            }
        };
        let mut recent = match number_fact(&database, HEAD)? {
            None => Recent::above(0, H256::zero()),
            Some(number) => Recent::above(number, hash_in(&database, number)?),
        };
        recent.replay(records);
        Ok(Self {
            first_state: AtomicU32::new(number_fact(&database, FIRST_STATE)?.unwrap_or(0)),
            database,
            journal,
            recent: RwLock::new(recent),
            nodes: NodeCache::of(cache_bytes / 4),
            cache: StateCache::of(cache_bytes / 4 * 3),
            history,
            epoch: AtomicU32::new(epoch),
            pruner: Mutex::new(None),
            closing: AtomicBool::new(false),
        })
    }

    /// The state with this root.
    pub(crate) fn state(self: &Arc<Self>, root: H256) -> State {
        TrieBackendBuilder::new(NodeReader(self.clone()), root)
            .with_cache(self.cache.share())
            .build()
    }

    /// Number of the first block whose state is kept.
    pub(crate) fn first_state(&self) -> u32 {
        self.first_state.load(Ordering::Acquire)
    }

    /// The description block 0 was made from; `None` while the store is empty.
    pub(crate) fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        fact(&self.database, GENESIS)?
            .map(|json| serde_json::from_slice(&json).map_err(|_| StoreError::Damaged { what: "genesis" }))
            .transpose()
    }

    /// Number and hash of the tip of the best branch.
    pub(crate) fn best(&self) -> (u32, H256) {
        self.recent.read().best()
    }

    /// Number of the last final block.
    pub(crate) fn finalized(&self) -> u32 {
        self.recent.read().finalized()
    }

    /// Number of the block that upgrades the runtime, if one is to.
    pub(crate) fn upgrade_at(&self) -> Result<Option<u32>, StoreError> {
        number_fact(&self.database, UPGRADE_AT)
    }

    /// Keeps the number of the block that upgrades the runtime.
    pub(crate) fn set_upgrade_at(&self, number: u32) -> Result<(), StoreError> {
        self.write(|transaction| put_number(transaction, UPGRADE_AT, number))
    }

    /// Writes block 0 of an empty store.
    pub(crate) fn begin(
        &self,
        genesis: &Genesis,
        block: &SealedBlock,
        nodes: &Nodes,
    ) -> Result<(), StoreError> {
        let description = serde_json::to_vec(genesis).map_err(|_| StoreError::Damaged { what: "genesis" })?;
        self.write(|transaction| {
            put_number(transaction, SCHEMA, SCHEMA_VERSION)?;
            transaction.open_table(FACTS)?.insert(GENESIS, &description[..])?;
            put_nodes(transaction, nodes)?;
            put_block(transaction, block)?;
            put_number(transaction, HEAD, block.header.number)
        })?;
        // A journal without its database is of a chain that is gone.
        self.rewrite_journal(&[])?;
        *self.recent.write() = Recent::above(block.header.number, block.hash);
        Ok(())
    }

    /// Adds a sealed block and makes the best branch final up to a number. One thread at a time.
    pub(crate) fn append(
        self: &Arc<Self>,
        block: SealedBlock,
        nodes: Nodes,
        standing: Standing,
        finalized: u32,
    ) -> Result<(), StoreError> {
        // Before the block exists: when the database cannot be written to, there should be no block that waits for it.
        self.write_what_waits()?;
        let best = standing == Standing::Best;
        if let Some(journal) = &self.journal {
            let nodes = nodes.iter().map(|(_, node)| node.clone()).collect();
            let record = recent::record_of(&block, nodes, best, finalized);
            journal.lock().append(&record)?;
        }
        let nodes = recent::shared(nodes);
        for (hash, node) in &nodes {
            self.nodes.insert(*hash, node.clone());
        }
        let mut recent = self.recent.write();
        recent.add(block, nodes, standing)?;
        if best {
            recent.finalize(finalized);
        }
        Ok(())
    }

    /// Bytes of the blocks that are in memory, final or not.
    pub(crate) fn bytes_in_memory(&self) -> usize {
        self.recent.read().bytes()
    }

    /// Makes the best branch final up to a number.
    pub(crate) fn finalize(&self, number: u32) -> Result<(), StoreError> {
        if let Some(journal) = &self.journal {
            journal.lock().append(&Record::Finalized(number))?;
        }
        self.recent.write().finalize(number);
        Ok(())
    }

    /// Replaces every block after the genesis by those that `fill` puts in, or does nothing when it fails.
    pub(crate) fn replace<E: From<StoreError>>(
        &self,
        fill: impl FnOnce(&mut Replacement<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.join_pruner();
        let epoch = self.epoch.load(Ordering::Relaxed) + 1;
        let mut transaction = self.database.begin_write().map_err(writing)?;
        transaction.set_quick_repair(self.is_durable());
        let mut replacement = Replacement::begin(&transaction).map_err(writing)?;
        fill(&mut replacement)?;
        replacement.finish(epoch).map_err(writing)?;
        transaction.commit().map_err(writing)?;
        // From here on a start finds the new chain, whatever is in the journal: it is of another epoch.
        self.epoch.store(epoch, Ordering::Relaxed);
        let number = number_fact(&self.database, HEAD)?.unwrap_or(0);
        *self.recent.write() = Recent::above(number, hash_in(&self.database, number)?);
        let first_state = number_fact(&self.database, FIRST_STATE)?.unwrap_or(0);
        self.first_state.store(first_state, Ordering::Release);
        self.rewrite_journal(&[])?;
        Ok(())
    }

    /// The header of a block of whatever branch.
    pub(crate) fn header(&self, hash: &H256) -> Result<Option<Header>, StoreError> {
        if let Some(block) = self.recent.read().block(hash) {
            return Ok(Some(block.header.clone()));
        }
        let Some(number) = self.stored_number(hash)? else {
            return Ok(None);
        };
        Ok(self
            .stored_header(number)?
            .filter(|header| header.hash() == *hash))
    }

    /// The header of a block of the best branch.
    pub(crate) fn header_at(&self, number: u32) -> Result<Option<Header>, StoreError> {
        {
            let recent = self.recent.read();
            if number > recent.stored().0 {
                let block = recent.hash_at(number).and_then(|hash| recent.block(&hash));
                return Ok(block.map(|block| block.header.clone()));
            }
        }
        self.stored_header(number)
    }

    /// The hash of a block of the best branch.
    pub(crate) fn hash_at(&self, number: u32) -> Result<Option<H256>, StoreError> {
        {
            let recent = self.recent.read();
            if number >= recent.stored().0 {
                return Ok(recent.hash_at(number));
            }
        }
        Ok(self.stored_header(number)?.map(|header| header.hash()))
    }

    /// A block of whatever branch.
    pub(crate) fn block(&self, hash: &H256) -> Result<Option<SealedBlock>, StoreError> {
        if let Some(block) = self.recent.read().block(hash) {
            return Ok(Some(block.clone()));
        }
        let Some(header) = self.header(hash)? else {
            return Ok(None);
        };
        let body = self
            .read(|transaction| {
                let table = transaction.open_table(BODIES)?;
                Ok(table.get(header.number)?.map(|bytes| bytes.value().to_vec()))
            })?
            .ok_or(StoreError::Damaged { what: "body" })?;
        let extrinsics = Decode::decode(&mut &body[..]).map_err(|_| StoreError::Damaged { what: "body" })?;
        Ok(Some(SealedBlock {
            hash: *hash,
            header,
            extrinsics,
        }))
    }

    /// Calls `visit` with every trie node.
    pub(crate) fn each_node<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(H256, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let transaction = {
            let recent = self.recent.read();
            for (hash, node) in recent.nodes() {
                visit(*hash, node)?;
            }
            // Before anything can move from here to there.
            self.database.begin_read().map_err(reading)?
        };
        let table = transaction.open_table(NODES).map_err(reading)?;
        for record in table.iter().map_err(reading)? {
            let (hash, node) = record.map_err(reading)?;
            visit(H256(*hash.value()), node.value())?;
        }
        Ok(())
    }

    /// Ends the work in the background, and moves the final blocks into the database.
    pub(crate) fn close(&self) {
        self.begin_closing();
        self.join_pruner();
        // What cannot be written now is in the journal.
        if let Err(error) = self.write_finals() {
            tracing::warn!(%error, "the newest blocks stay in the journal");
        }
    }

    /// Makes the work in the background end soon.
    pub(crate) fn begin_closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    fn is_durable(&self) -> bool {
        self.journal.is_some()
    }

    /// Moves the final blocks into the database when many wait. One thread at a time.
    pub(crate) fn write_what_waits(self: &Arc<Self>) -> Result<(), StoreError> {
        let (waiting, bytes) = {
            let recent = self.recent.read();
            (recent.waiting(), recent.waiting_bytes())
        };
        if waiting < WAITING_BLOCKS && (waiting == 0 || bytes < WAITING_BYTES) {
            return Ok(());
        }
        self.write_finals()?;
        self.prune_in_background();
        Ok(())
    }

    /// Moves the final blocks into the database.
    fn write_finals(&self) -> Result<(), StoreError> {
        let written = {
            let recent = self.recent.read();
            if recent.waiting() == 0 {
                return Ok(());
            }
            self.write(|transaction| {
                for (block, nodes) in recent.finals() {
                    put_block(transaction, block)?;
                    let mut table = transaction.open_table(NODES)?;
                    for (hash, node) in nodes {
                        table.insert(&hash.0, &node[..])?;
                    }
                }
                put_number(transaction, HEAD, recent.finalized())
            })?;
            recent.finalized()
        };
        let left = {
            let mut recent = self.recent.write();
            recent.forget_up_to(written);
            recent.records()
        };
        self.rewrite_journal(&left)
    }

    fn rewrite_journal(&self, records: &[Record]) -> Result<(), StoreError> {
        match &self.journal {
            None => Ok(()),
            Some(journal) => journal
                .lock()
                .rewrite(self.epoch.load(Ordering::Relaxed), records),
        }
    }

    fn node(&self, hash: &H256) -> Result<Option<Arc<[u8]>>, StoreError> {
        if let Some(node) = self.nodes.get(hash) {
            return Ok(Some(node));
        }
        let recent = self.recent.read().node(hash);
        let node: Option<Arc<[u8]>> = match recent {
            Some(node) => Some(node),
            None => self.read(|transaction| {
                let table = transaction.open_table(NODES)?;
                Ok(table.get(&hash.0)?.map(|bytes| bytes.value().into()))
            })?,
        };
        if let Some(node) = &node {
            self.nodes.insert(*hash, node.clone());
        }
        Ok(node)
    }

    fn stored_header(&self, number: u32) -> Result<Option<Header>, StoreError> {
        stored_header(&self.database, number)
    }

    fn stored_number(&self, hash: &H256) -> Result<Option<u32>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(NUMBERS)?;
            Ok(table.get(&half(hash))?.map(|number| number.value()))
        })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        read_from(&self.database, read)
    }

    fn write(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write().map_err(writing)?;
        // Every commit writes what a repair after a kill needs. Without it the database reads itself whole then, which
        // took a second for an hour of fast blocks.
        transaction.set_quick_repair(self.is_durable());
        write(&transaction).map_err(writing)?;
        transaction.commit().map_err(writing)
    }
}

fn read_from<T>(
    database: &Database,
    read: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
) -> Result<T, StoreError> {
    let transaction = database.begin_read().map_err(reading)?;
    read(&transaction).map_err(reading)
}

fn stored_header(database: &Database, number: u32) -> Result<Option<Header>, StoreError> {
    read_from(database, |transaction| {
        let table = transaction.open_table(HEADERS)?;
        Ok(table.get(number)?.map(|bytes| bytes.value().to_vec()))
    })?
    .map(|bytes| Header::decode(&mut &bytes[..]).map_err(|_| StoreError::Damaged { what: "header" }))
    .transpose()
}

fn hash_in(database: &Database, number: u32) -> Result<H256, StoreError> {
    let header = stored_header(database, number)?.ok_or(StoreError::Damaged { what: "head" })?;
    Ok(header.hash())
}

fn fact(database: &Database, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    read_from(database, |transaction| match transaction.open_table(FACTS) {
        Ok(table) => Ok(table.get(name)?.map(|bytes| bytes.value().to_vec())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    })
}

fn number_fact(database: &Database, name: &'static str) -> Result<Option<u32>, StoreError> {
    fact(database, name)?
        .map(|bytes| u32::decode(&mut &bytes[..]).map_err(|_| StoreError::Damaged { what: name }))
        .transpose()
}
