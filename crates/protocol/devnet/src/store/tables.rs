//! The tables of the database.

use super::{
    Nodes, SealedBlock, StoreError,
    error::{opening, writing},
};
use codec::Encode;
use redb::{Builder, Database, Table, TableDefinition, WriteTransaction};
use sp_core::H256;
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

pub(super) const NODES: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("trie-nodes");
pub(super) const HEADERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("headers");
pub(super) const BODIES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("bodies");
/// Numbers of blocks by the first half of their hashes.
pub(super) const NUMBERS: TableDefinition<'_, &[u8; 16], u32> = TableDefinition::new("numbers");
pub(super) const FACTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("facts");

pub(super) const SCHEMA: &str = "schema";
pub(super) const GENESIS: &str = "genesis";
/// Number of the last block in the database.
pub(super) const HEAD: &str = "head";
/// How many times the chain has been replaced by a snapshot.
pub(super) const EPOCH: &str = "epoch";
/// Number of the first block whose state is kept.
pub(super) const FIRST_STATE: &str = "first-state";

/// Number of the block that upgrades the runtime.
pub(super) const UPGRADE_AT: &str = "upgrade-at";

/// Name of the file inside the data folder.
const FILE: &str = "chain.redb";

/// Name of the file with the blocks that are not in the database yet.
const JOURNAL: &str = "chain.journal";

/// Length of the mark at the beginning of a database's file.
const MARK_BYTES: usize = 9;

/// The database's own page cache. Hot nodes are in the node cache, so this one only has to hold the pages of a commit;
/// the database's default of 1 GiB would be the largest part of a validator's memory.
pub(super) const PAGE_CACHE_BYTES: usize = 16 * 1024 * 1024;

/// A file smaller than this is not worth the time that making it smaller takes.
const WORTH_COMPACTING: u64 = 32 * 1024 * 1024;

pub(super) fn open_file(folder: &Path) -> Result<Database, StoreError> {
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
    let mut database = opened.map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => StoreError::InUse {
            folder: folder.to_owned(),
        },
        error => opening(error),
    })?;
    if is_mostly_slack(&database, &file)? {
        database.compact().map_err(opening)?;
    }
    Ok(database)
}

/// Whether more than half of what a large file takes on the disk is free pages, as a burst of blocks or old states that
/// are gone leave it. The file's length says less: the database doubles it, and most of the new half is a hole.
fn is_mostly_slack(database: &Database, file: &Path) -> Result<bool, StoreError> {
    let taken = fs_err::metadata(file).map_or(0, |metadata| bytes_on_disk(&metadata));
    if taken < WORTH_COMPACTING {
        return Ok(false);
    }
    let transaction = database.begin_write().map_err(opening)?;
    let stats = transaction.stats().map_err(opening)?;
    let used = stats.allocated_pages() * stats.page_size() as u64;
    transaction.abort().map_err(opening)?;
    Ok(used * 2 < taken)
}

#[cfg(unix)]
fn bytes_on_disk(metadata: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.blocks() * 512
}

#[cfg(not(unix))]
fn bytes_on_disk(metadata: &std::fs::Metadata) -> u64 {
    metadata.len()
}

pub(super) fn journal_path(folder: &Path) -> PathBuf {
    folder.join(JOURNAL)
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

pub(super) fn put_nodes(transaction: &WriteTransaction, nodes: &Nodes) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(NODES)?;
    for (hash, node) in nodes {
        table.insert(&hash.0, &node[..])?;
    }
    Ok(())
}

pub(super) fn put_block(transaction: &WriteTransaction, block: &SealedBlock) -> Result<(), redb::Error> {
    let number = block.header.number;
    transaction
        .open_table(HEADERS)?
        .insert(number, &block.header.encode()[..])?;
    transaction
        .open_table(BODIES)?
        .insert(number, &block.extrinsics.encode()[..])?;
    transaction
        .open_table(NUMBERS)?
        .insert(&half(&block.hash), number)?;
    Ok(())
}

pub(super) fn put_number(transaction: &WriteTransaction, fact: &str, number: u32) -> Result<(), redb::Error> {
    transaction
        .open_table(FACTS)?
        .insert(fact, &number.encode()[..])?;
    Ok(())
}

/// The key of a block in the table of numbers. Half a hash tells all blocks apart that anybody can make, and the hash
/// of what is found is compared anyway.
pub(super) fn half(hash: &H256) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.0[..16]);
    half
}

/// A chain about to take the place of another.
pub(crate) struct Replacement<'a> {
    headers: Table<'a, u32, &'static [u8]>,
    bodies: Table<'a, u32, &'static [u8]>,
    numbers: Table<'a, &'static [u8; 16], u32>,
    nodes: Table<'a, &'static [u8; 32], &'static [u8]>,
    facts: Table<'a, &'static str, &'static [u8]>,
    head: u32,
    first_state: u32,
}

impl<'a> Replacement<'a> {
    pub(super) fn begin(transaction: &'a WriteTransaction) -> Result<Self, redb::Error> {
        let mut replacement = Self {
            headers: transaction.open_table(HEADERS)?,
            bodies: transaction.open_table(BODIES)?,
            numbers: transaction.open_table(NUMBERS)?,
            nodes: transaction.open_table(NODES)?,
            facts: transaction.open_table(FACTS)?,
            head: 0,
            first_state: 0,
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
        self.numbers.insert(&half(&block.hash), number).map_err(writing)?;
        self.head = number;
        Ok(())
    }

    /// Adds a trie node.
    pub(crate) fn node(&mut self, hash: [u8; 32], node: &[u8]) -> Result<(), StoreError> {
        self.nodes.insert(&hash, node).map_err(writing)?;
        Ok(())
    }

    /// Says that the states before this block are not there.
    pub(crate) fn first_state(&mut self, number: u32) {
        self.first_state = number;
    }

    /// Returns the number of the last block.
    pub(super) fn finish(mut self, epoch: u32) -> Result<(), redb::Error> {
        for (fact, number) in [(HEAD, self.head), (EPOCH, epoch), (FIRST_STATE, self.first_state)] {
            self.facts.insert(fact, &number.encode()[..])?;
        }
        self.facts.remove(UPGRADE_AT)?;
        Ok(())
    }
}
