//! Why blocks or states cannot be read or written.

use super::SCHEMA_VERSION;
use sp_core::H256;
use std::{io, path::PathBuf};

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
    /// The newest blocks cannot be written. A full disk is the usual cause.
    #[error("cannot write the newest block to {path}: {source}; the blocks before it are safe")]
    Journal {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The block is too old: its state has been thrown away. Clients know the words from real nodes.
    #[error("UnknownBlock: State already discarded for {hash:?}")]
    Discarded {
        /// The block.
        hash: H256,
    },
    /// A record does not decode or is missing.
    #[error("the chain's database is damaged: {what}; restore a snapshot or start anew")]
    Damaged {
        /// Which record.
        what: &'static str,
    },
}

pub(super) fn opening(source: impl Into<redb::Error>) -> StoreError {
    database_error("open", source.into())
}

pub(super) fn reading(source: impl Into<redb::Error>) -> StoreError {
    database_error("read", source.into())
}

pub(super) fn writing(source: impl Into<redb::Error>) -> StoreError {
    database_error("write to", source.into())
}

fn database_error(doing: &'static str, source: redb::Error) -> StoreError {
    StoreError::Database {
        doing,
        source: Box::new(source),
    }
}
