//! Blocks and states on disk, in one `redb` file.
//!
//! Trie nodes are only ever added, so the state of every block stays readable. A sealed block, its nodes and the new
//! head are one durable transaction: after a kill at any moment the file holds the chain up to the last sealed block.
//! Caveat: nothing is pruned; an empty block adds some ten kilobytes, most of it the slack of the database's pages.

use crate::{Storage, node_cache::NodeCache};
use codec::{Decode, Encode};
use node_subtensor_runtime::{Header, genesis::Genesis};
use redb::{
    Builder, Database, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction,
    backends::InMemoryBackend,
};
use sp_core::H256;
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{TrieBackend, TrieBackendBuilder, TrieBackendStorage};
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

const NODES: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("trie-nodes");
const HEADERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("headers");
const BODIES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("bodies");
const NUMBERS: TableDefinition<'_, &[u8; 32], u32> = TableDefinition::new("numbers");
const FACTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("facts");

const SCHEMA: &str = "schema";
const GENESIS: &str = "genesis";
const HEAD: &str = "head";

/// Layout of the tables; raised with every change of them.
const SCHEMA_VERSION: u32 = 1;

/// Name of the file inside the data folder.
const FILE: &str = "chain.redb";

/// Length of the mark at the beginning of a database's file.
const MARK_BYTES: usize = 9;

/// The database's own page cache. Hot nodes are in [`NodeCache`], so this one only has to hold the pages of a commit;
/// the database's default of 1 GiB would be the largest part of a validator's memory.
const PAGE_CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Why blocks or states cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process, or another devnet of this one, has the folder open.
    #[error("the chain in {folder} is in use by another devnet; stop it or use another folder")]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder cannot be made or entered.
    #[error("cannot use the folder {folder}: {source}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was written by another version of the program.
    #[error(
        "the chain has storage layout {found}, this build reads {SCHEMA_VERSION}; use the build that made it or start anew"
    )]
    Schema {
        /// The layout found.
        found: u32,
    },
    /// The database refused. A full disk is the usual cause of a failed write; after one it refuses everything until it
    /// is opened again.
    #[error(
        "cannot {doing} the chain's database: {source}; the last sealed block is safe, start again when that is mended"
    )]
    Database {
        /// What was tried.
        doing: &'static str,
        /// What the database said.
        source: Box<redb::Error>,
    },
    /// A record does not decode or is missing.
    #[error("the chain's database is damaged: {what}; restore a snapshot or start anew")]
    Damaged {
        /// Which record.
        what: &'static str,
    },
}

fn opening(source: impl Into<redb::Error>) -> StoreError {
    database_error("open", source.into())
}

fn reading(source: impl Into<redb::Error>) -> StoreError {
    database_error("read", source.into())
}

fn writing(source: impl Into<redb::Error>) -> StoreError {
    database_error("write to", source.into())
}

fn database_error(doing: &'static str, source: redb::Error) -> StoreError {
    StoreError::Database {
        doing,
        source: Box::new(source),
    }
}

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
        // A node is found by its hash alone: nodes are never removed, so equal ones at two places may share a record.
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
    recovery: Recovery,
    nodes: NodeCache,
}

/// What opening after a kill costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recovery {
    /// Nothing: every commit writes what a repair needs. Without it the database reads itself whole, which took a
    /// second for an hour of fast blocks.
    Quick,
    /// It does not happen: the chain is gone with the process.
    Never,
}

impl Store {
    /// Opens what is there, or an empty store.
    pub(crate) fn open(storage: &Storage) -> Result<Self, StoreError> {
        let (database, recovery) = match storage {
            Storage::Memory => {
                let database = Builder::new()
                    .set_cache_size(PAGE_CACHE_BYTES)
                    .create_with_backend(InMemoryBackend::new())
                    .map_err(opening)?;
                (database, Recovery::Never)
            }
            Storage::Folder(folder) => (open_file(folder)?, Recovery::Quick),
        };
        let store = Self {
            database,
            recovery,
            nodes: NodeCache::default(),
        };
        match store.fact(SCHEMA)? {
            None => {}
            Some(bytes) => {
                let found =
                    u32::decode(&mut &bytes[..]).map_err(|_| StoreError::Damaged { what: "layout" })?;
                if found != SCHEMA_VERSION {
                    return Err(StoreError::Schema { found });
                }
            }
        }
        Ok(store)
    }

    /// The state with this root.
    pub(crate) fn state(self: &Arc<Self>, root: H256) -> State {
        TrieBackendBuilder::new(NodeReader(self.clone()), root).build()
    }

    /// The description block 0 was made from; `None` while the store is empty.
    pub(crate) fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        self.fact(GENESIS)?
            .map(|json| serde_json::from_slice(&json).map_err(|_| StoreError::Damaged { what: "genesis" }))
            .transpose()
    }

    /// Number of the last sealed block; `None` while the store is empty.
    pub(crate) fn head(&self) -> Result<Option<u32>, StoreError> {
        self.fact(HEAD)?
            .map(|bytes| u32::decode(&mut &bytes[..]).map_err(|_| StoreError::Damaged { what: "head" }))
            .transpose()
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
            let mut facts = transaction.open_table(FACTS)?;
            facts.insert(SCHEMA, &SCHEMA_VERSION.encode()[..])?;
            facts.insert(GENESIS, &description[..])?;
            drop(facts);
            put_nodes(transaction, nodes)?;
            put_block(transaction, block)?;
            put_head(transaction, block.header.number)
        })
    }

    /// Adds a sealed block: its nodes, itself and the new head, or nothing.
    pub(crate) fn append(&self, block: &SealedBlock, nodes: Nodes) -> Result<(), StoreError> {
        self.write(|transaction| {
            put_nodes(transaction, &nodes)?;
            put_block(transaction, block)?;
            put_head(transaction, block.header.number)
        })?;
        for (hash, node) in nodes {
            self.nodes.insert(hash, node.into());
        }
        Ok(())
    }

    /// Replaces every block after the genesis by those that `fill` puts in, or does nothing when it fails.
    pub(crate) fn replace<E: From<StoreError>>(
        &self,
        fill: impl FnOnce(&mut Replacement<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut transaction = self.database.begin_write().map_err(writing)?;
        transaction.set_quick_repair(self.recovery == Recovery::Quick);
        let mut replacement = Replacement::begin(&transaction).map_err(writing)?;
        fill(&mut replacement)?;
        replacement.finish().map_err(writing)?;
        transaction.commit().map_err(writing)?;
        Ok(())
    }

    pub(crate) fn header(&self, number: u32) -> Result<Option<Header>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(HEADERS)?;
            Ok(table.get(number)?.map(|bytes| bytes.value().to_vec()))
        })?
        .map(|bytes| Header::decode(&mut &bytes[..]).map_err(|_| StoreError::Damaged { what: "header" }))
        .transpose()
    }

    pub(crate) fn body(&self, number: u32) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(BODIES)?;
            Ok(table.get(number)?.map(|bytes| bytes.value().to_vec()))
        })?
        .map(|bytes| Decode::decode(&mut &bytes[..]).map_err(|_| StoreError::Damaged { what: "body" }))
        .transpose()
    }

    pub(crate) fn number(&self, hash: &H256) -> Result<Option<u32>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(NUMBERS)?;
            Ok(table.get(&hash.0)?.map(|number| number.value()))
        })
    }

    /// Calls `visit` with every trie node.
    pub(crate) fn each_node<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(H256, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let transaction = self.database.begin_read().map_err(reading)?;
        let table = transaction.open_table(NODES).map_err(reading)?;
        for record in table.iter().map_err(reading)? {
            let (hash, node) = record.map_err(reading)?;
            visit(H256(*hash.value()), node.value())?;
        }
        Ok(())
    }

    fn node(&self, hash: &H256) -> Result<Option<Arc<[u8]>>, StoreError> {
        if let Some(node) = self.nodes.get(hash) {
            return Ok(Some(node));
        }
        let node: Option<Arc<[u8]>> = self.read(|transaction| {
            let table = transaction.open_table(NODES)?;
            Ok(table.get(&hash.0)?.map(|bytes| bytes.value().into()))
        })?;
        if let Some(node) = &node {
            self.nodes.insert(*hash, node.clone());
        }
        Ok(node)
    }

    fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|transaction| match transaction.open_table(FACTS) {
            Ok(table) => Ok(table.get(name)?.map(|bytes| bytes.value().to_vec())),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        })
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let transaction = self.database.begin_read().map_err(reading)?;
        read(&transaction).map_err(reading)
    }

    fn write(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write().map_err(writing)?;
        transaction.set_quick_repair(self.recovery == Recovery::Quick);
        write(&transaction).map_err(writing)?;
        transaction.commit().map_err(writing)
    }
}

/// A chain about to take the place of another.
pub(crate) struct Replacement<'a> {
    headers: Table<'a, u32, &'static [u8]>,
    bodies: Table<'a, u32, &'static [u8]>,
    numbers: Table<'a, &'static [u8; 32], u32>,
    nodes: Table<'a, &'static [u8; 32], &'static [u8]>,
    facts: Table<'a, &'static str, &'static [u8]>,
    head: u32,
}

impl<'a> Replacement<'a> {
    fn begin(transaction: &'a WriteTransaction) -> Result<Self, redb::Error> {
        let mut replacement = Self {
            headers: transaction.open_table(HEADERS)?,
            bodies: transaction.open_table(BODIES)?,
            numbers: transaction.open_table(NUMBERS)?,
            nodes: transaction.open_table(NODES)?,
            facts: transaction.open_table(FACTS)?,
            head: 0,
        };
        replacement.headers.retain(|number, _| number == 0)?;
        replacement.bodies.retain(|number, _| number == 0)?;
        replacement.numbers.retain(|_, number| number == 0)?;
        Ok(replacement)
    }

    /// Adds the next block.
    pub(crate) fn block(&mut self, block: &SealedBlock) -> Result<(), StoreError> {
        let number = block.header.number;
        self.headers
            .insert(number, &block.header.encode()[..])
            .map_err(writing)?;
        self.bodies
            .insert(number, &block.extrinsics.encode()[..])
            .map_err(writing)?;
        self.numbers.insert(&block.hash.0, number).map_err(writing)?;
        self.head = number;
        Ok(())
    }

    /// Adds a trie node.
    pub(crate) fn node(&mut self, hash: [u8; 32], node: &[u8]) -> Result<(), StoreError> {
        self.nodes.insert(&hash, node).map_err(writing)?;
        Ok(())
    }

    fn finish(mut self) -> Result<(), redb::Error> {
        self.facts.insert(HEAD, &self.head.encode()[..])?;
        Ok(())
    }
}

fn open_file(folder: &Path) -> Result<Database, StoreError> {
    let unusable = |source| StoreError::Folder {
        folder: folder.to_owned(),
        source,
    };
    fs_err::create_dir_all(folder).map_err(unusable)?;
    let file = folder.join(FILE);
    let open = || Builder::new().set_cache_size(PAGE_CACHE_BYTES).create(&file);
    let opened = match open() {
        Err(redb::DatabaseError::Storage(_)) if is_unfinished(&file).map_err(unusable)? => {
            fs_err::remove_file(&file).map_err(unusable)?;
            open()
        }
        opened => opened,
    };
    opened.map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => StoreError::InUse {
            folder: folder.to_owned(),
        },
        error => opening(error),
    })
}

/// Whether a kill struck while the file was being made. The database writes its mark only after everything else, and
/// takes a file without one for foreign ever after.
fn is_unfinished(file: &Path) -> io::Result<bool> {
    let mut mark = [0xff; MARK_BYTES];
    match fs_err::File::open(file)?.read_exact(&mut mark) {
        Ok(()) => Ok(mark == [0; MARK_BYTES]),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn put_nodes(transaction: &WriteTransaction, nodes: &Nodes) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(NODES)?;
    for (hash, node) in nodes {
        table.insert(&hash.0, &node[..])?;
    }
    Ok(())
}

fn put_block(transaction: &WriteTransaction, block: &SealedBlock) -> Result<(), redb::Error> {
    let number = block.header.number;
    transaction
        .open_table(HEADERS)?
        .insert(number, &block.header.encode()[..])?;
    transaction
        .open_table(BODIES)?
        .insert(number, &block.extrinsics.encode()[..])?;
    transaction.open_table(NUMBERS)?.insert(&block.hash.0, number)?;
    Ok(())
}

fn put_head(transaction: &WriteTransaction, number: u32) -> Result<(), redb::Error> {
    transaction
        .open_table(FACTS)?
        .insert(HEAD, &number.encode()[..])?;
    Ok(())
}
