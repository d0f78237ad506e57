//! A chain in one file.
//!
//! The file holds the description of block 0, every later block of the best branch and every trie node: what is restored
//! is the chain as it was, history included. All of it is final afterwards. Layout, all numbers little endian: the line
//! [`MAGIC`], then records of a kind byte, a length (u32) and that many bytes, the last of kind [`END`] with the
//! Blake2-256 digest of everything before it. A file is read twice: once to check the digest and every hash in it, and only then into the store.

use super::{Chain, Head, genesis, head_of};
use crate::{
    DevnetError,
    store::{SealedBlock, StoreError},
};
use blake2::{Blake2b, Digest, digest::consts::U32};
use codec::{DecodeAll, Encode};
use node_subtensor_runtime::{Header, genesis::Genesis};
use serde::Serialize;
use sp_core::H256;
use std::{
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

const MAGIC: &[u8] = b"assay-devnet-snapshot-1\n";
const DESCRIPTION: u8 = 0;
const BLOCK: u8 = 1;
const NODE: u8 = 2;
const END: u8 = 3;
/// Number of the first block whose state is there. Older snapshots have none and hold every state.
const FIRST_STATE: u8 = 4;

/// Longest record. A block is at most 10 MiB of transactions; the rest is slack.
const MAX_RECORD: u32 = 32 * 1024 * 1024;

type Blake2b256 = Blake2b<U32>;

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotSummary {
    /// The file.
    pub path: PathBuf,
    /// Number of its last block.
    pub number: u32,
    /// Hash of its last block.
    pub hash: H256,
    /// Root of the state after its last block.
    pub state_root: H256,
}

/// Why a snapshot cannot be written or restored. A failed restore leaves the chain as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error("cannot use the snapshot {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no snapshot, or was cut or changed.
    #[error("{path} is no whole snapshot: {what}; take it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The snapshot is of a chain with another block 0. A running chain only takes snapshots of itself, because
    /// clients know it by the hash of that block.
    #[error(
        "{path} is a snapshot of the chain {found:?}, this one is {wanted:?}; start a new devnet from it instead"
    )]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// Hash of the snapshot's block 0.
        found: H256,
        /// Hash of the block 0 of the chain it should replace.
        wanted: H256,
    },
}

impl SnapshotError {
    fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }

    fn damaged(path: &Path, what: &'static str) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            what,
        }
    }
}

impl Chain {
    /// Writes the chain up to its head to a file, which is replaced in one step.
    pub(crate) fn snapshot(&self, path: &Path) -> Result<SnapshotSummary, DevnetError> {
        let _production = self.production.lock();
        // With no block made none begins; one under way would throw away what the file says that it holds.
        self.store.join_pruner();
        let head = self.head();
        let failed = |error| SnapshotError::file(path, error);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder).map_err(failed)?;
        }
        let partial = path.with_extension("partial");
        let file = fs_err::File::create(&partial).map_err(failed)?;
        let mut writer = Recorder::new(file, path)?;
        let description =
            serde_json::to_vec(&self.genesis).map_err(|_| StoreError::Damaged { what: "genesis" })?;
        writer.record(DESCRIPTION, &description)?;
        writer.record(FIRST_STATE, &self.store.first_state().encode())?;
        for number in 1..=head.number {
            let missing = || StoreError::Damaged { what: "block" };
            let hash = self.store.hash_at(number)?.ok_or_else(missing)?;
            let block = self.store.block(&hash)?.ok_or_else(missing)?;
            writer.record(BLOCK, &(block.header, block.extrinsics).encode())?;
        }
        self.store.each_node::<DevnetError>(|hash, node| {
            if sp_crypto_hashing::blake2_256(node) != hash.0 {
                return Err(StoreError::Damaged { what: "trie node" }.into());
            }
            Ok(writer.record(NODE, node)?)
        })?;
        let file = writer.finish()?;
        file.sync_all().map_err(failed)?;
        fs_err::rename(&partial, path).map_err(failed)?;
        Ok(SnapshotSummary::of(path, &head))
    }

    /// Makes the chain what a snapshot of it holds. Transactions in the pool are dropped.
    pub(crate) fn restore(&self, path: &Path) -> Result<SnapshotSummary, DevnetError> {
        let contents = read(path)?;
        if contents.genesis_hash != self.genesis_hash {
            return Err(SnapshotError::OtherChain {
                path: path.to_owned(),
                found: contents.genesis_hash,
                wanted: self.genesis_hash,
            }
            .into());
        }
        let mut production = self.production.lock();
        let _gate = self.gate.write();
        self.store.replace(|replacement| {
            let mut records = Records::open(path)?;
            while let Some((kind, bytes)) = records.next()? {
                match kind {
                    BLOCK => replacement.block(&block_from(path, &bytes)?)?,
                    NODE => replacement.node(sp_crypto_hashing::blake2_256(&bytes), &bytes)?,
                    FIRST_STATE => replacement.first_state(first_state_from(path, &bytes)?),
                    _ => {}
                }
            }
            Ok::<_, DevnetError>(())
        })?;
        production.forget_upgrade();
        let generation = self.head().generation + 1;
        let head = Arc::new(head_of(&self.store, generation)?);
        self.head.send_replace(head.clone());
        self.pool.lock().clear();
        Ok(SnapshotSummary::of(path, &head))
    }
}

impl SnapshotSummary {
    fn of(path: &Path, head: &Head) -> Self {
        Self {
            path: path.to_owned(),
            number: head.number,
            hash: head.hash,
            state_root: head.header.state_root,
        }
    }
}

/// What a whole and consistent file says of itself.
pub(super) struct Contents {
    pub(super) genesis: Genesis,
    genesis_hash: H256,
}

/// Reads a snapshot through and checks everything in it: the digest, that every block follows the one before, and that
/// the state of the last one is there.
pub(super) fn read(path: &Path) -> Result<Contents, DevnetError> {
    let damaged = |what| SnapshotError::damaged(path, what);
    let mut records = Records::open(path)?;
    let Some((DESCRIPTION, description)) = records.next()? else {
        return Err(damaged("it does not begin with a genesis").into());
    };
    let genesis: Genesis =
        serde_json::from_slice(&description).map_err(|_| damaged("its genesis does not decode"))?;
    let first = genesis::block_of(&genesis)?.0;
    let mut last = first.header;
    let mut state = Presence::Absent;
    while let Some((kind, bytes)) = records.next()? {
        match kind {
            BLOCK => {
                let header = block_from(path, &bytes)?.header;
                if header.parent_hash != last.hash() || header.number != last.number + 1 {
                    return Err(damaged("a block does not follow the one before").into());
                }
                last = header;
            }
            NODE if sp_crypto_hashing::blake2_256(&bytes) == last.state_root.0 => state = Presence::Present,
            NODE => {}
            FIRST_STATE => drop(first_state_from(path, &bytes)?),
            _ => return Err(damaged("it has a record of an unknown kind").into()),
        }
    }
    match state {
        Presence::Present => Ok(Contents {
            genesis,
            genesis_hash: first.hash,
        }),
        Presence::Absent => Err(damaged("the state of its last block is missing").into()),
    }
}

enum Presence {
    Present,
    Absent,
}

fn first_state_from(path: &Path, bytes: &[u8]) -> Result<u32, SnapshotError> {
    u32::decode_all(&mut &bytes[..]).map_err(|_| SnapshotError::damaged(path, "its first state is no number"))
}

fn block_from(path: &Path, bytes: &[u8]) -> Result<SealedBlock, SnapshotError> {
    let (header, extrinsics) = <(Header, Vec<Vec<u8>>)>::decode_all(&mut &bytes[..])
        .map_err(|_| SnapshotError::damaged(path, "a block does not decode"))?;
    Ok(SealedBlock {
        hash: header.hash(),
        header,
        extrinsics,
    })
}

/// Writes records and their digest.
struct Recorder<'a> {
    writer: BufWriter<fs_err::File>,
    digest: Blake2b256,
    path: &'a Path,
}

impl<'a> Recorder<'a> {
    fn new(file: fs_err::File, path: &'a Path) -> Result<Self, SnapshotError> {
        let mut recorder = Self {
            writer: BufWriter::new(file),
            digest: Blake2b256::new(),
            path,
        };
        recorder.write(MAGIC)?;
        Ok(recorder)
    }

    fn record(&mut self, kind: u8, bytes: &[u8]) -> Result<(), SnapshotError> {
        let length = u32::try_from(bytes.len())
            .ok()
            .filter(|length| *length <= MAX_RECORD)
            .ok_or_else(|| SnapshotError::damaged(self.path, "a block is too long for a snapshot"))?;
        self.write(&[kind])?;
        self.write(&length.to_le_bytes())?;
        self.write(bytes)
    }

    /// Writes the digest and hands back the file, whole.
    fn finish(mut self) -> Result<fs_err::File, SnapshotError> {
        let digest = self.digest.clone().finalize();
        self.record(END, &digest)?;
        self.writer
            .into_inner()
            .map_err(|error| SnapshotError::file(self.path, error.into_error()))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.digest.update(bytes);
        self.writer
            .write_all(bytes)
            .map_err(|error| SnapshotError::file(self.path, error))
    }
}

/// Reads records; the end of a file is only an end when the digest before it is right.
struct Records<'a> {
    reader: BufReader<fs_err::File>,
    digest: Blake2b256,
    path: &'a Path,
}

impl<'a> Records<'a> {
    fn open(path: &'a Path) -> Result<Self, SnapshotError> {
        let file = fs_err::File::open(path).map_err(|error| SnapshotError::file(path, error))?;
        let mut records = Self {
            reader: BufReader::new(file),
            digest: Blake2b256::new(),
            path,
        };
        if records.take(MAGIC.len())? != MAGIC {
            return Err(SnapshotError::damaged(path, "it does not begin as one"));
        }
        Ok(records)
    }

    fn next(&mut self) -> Result<Option<(u8, Vec<u8>)>, SnapshotError> {
        let digest = self.digest.clone().finalize();
        let head = self.take(5)?;
        let mut length = [0; 4];
        length.copy_from_slice(&head[1..]);
        let length = u32::from_le_bytes(length);
        if length > MAX_RECORD {
            return Err(SnapshotError::damaged(
                self.path,
                "it has a record longer than any",
            ));
        }
        let bytes = self.take(length as usize)?;
        match head[0] {
            END if bytes == digest[..] => Ok(None),
            END => Err(SnapshotError::damaged(self.path, "its digest is wrong")),
            kind => Ok(Some((kind, bytes))),
        }
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, SnapshotError> {
        let mut bytes = vec![0; count];
        self.reader
            .read_exact(&mut bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => SnapshotError::damaged(self.path, "it is cut off"),
                _ => SnapshotError::file(self.path, error),
            })?;
        self.digest.update(&bytes);
        Ok(bytes)
    }
}
