//! Uploads that survive everything: a queue on disk between whoever has a file to publish and a hub that may be slow,
//! strict or away.

use crate::{HubClient, HubError, RefName, RepoId, RepoPath, RepoType, Revision, Source};
use std::path::Path;

/// Names one queued change for as long as the outbox lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub i64);

/// How far a queued change has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// Not committed yet.
    Waiting,
    /// Part of this commit.
    Delivered(Revision),
    /// Given up: the hub refuses it, and would again.
    Failed(String),
}

/// When the outbox sends a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most content bytes of one commit. A single larger file gets a commit of its own.
    pub bytes: u64,
    /// Most files of one commit.
    pub files: usize,
}

/// The queue. One process at a time may have it open.
#[derive(Debug)]
pub struct Outbox {}

/// A failed operation on the queue itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// Another process has it open.
    #[error("the outbox in {folder} is in use by another process")]
    InUse {
        /// Its folder.
        folder: std::path::PathBuf,
    },
    /// A file of it could not be read or written.
    #[error("the outbox's files could not be used")]
    Io(#[from] std::io::Error),
}

impl Outbox {
    /// Opens the outbox in `folder`, making it if it is not there, and takes up what was in flight.
    ///
    /// # Errors
    ///
    /// [`OutboxError::InUse`], [`OutboxError::Io`].
    pub async fn open(folder: &Path, batches: BatchLimits) -> Result<Self, OutboxError> {
        todo!("{folder:?} {batches:?}")
    }

    /// Queues a file. Its content is copied, so that the source may change or vanish afterwards.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Io`].
    pub async fn put(
        &self,
        repo: &RepoId,
        kind: RepoType,
        branch: &RefName,
        path: &RepoPath,
        source: Source,
        message: &str,
    ) -> Result<Ticket, OutboxError> {
        todo!("{repo} {kind} {branch} {path} {source:?} {message}")
    }

    /// How far a change has come; `None` for a ticket this outbox never gave out.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Io`].
    pub async fn delivery(&self, ticket: Ticket) -> Result<Option<Delivery>, OutboxError> {
        todo!("{ticket:?}")
    }

    /// Sends until nothing waits, pausing exactly as long as the hub asks.
    ///
    /// Cancel by dropping the future, at any point: what was not finished is taken up by the next call.
    ///
    /// # Errors
    ///
    /// [`OutboxError`] only: a failure of the hub is retried or, when it is final, recorded with the change.
    pub async fn drain(&self, client: &HubClient) -> Result<(), OutboxError> {
        let _: Option<HubError> = None;
        todo!("{client:?}")
    }
}
