//! Uploads that survive everything: a queue on disk between whoever has a file to publish and a hub that may be slow,
//! strict or away.
//!
//! # How
//!
//! Each change (put or remove one file) is a row in an SQLite database, its content a file in the spool beside it.
//! Changes to the same branch are gathered, in order, into one commit of so many bytes; the commit has a random key,
//! stored before anything is sent and written into its message. Before a commit is sent, the newest commits of the
//! branch are asked for: if one has the key, an earlier attempt succeeded and only its answer was lost. If not, the
//! commit is sent on top of exactly that head. So a kill at any moment, also between the transfer of a large file and
//! its commit, or between the commit and its answer, leads to one commit and never to two.
//!
//! A pause that the hub asks for is kept to the millisecond, also over a restart: asking earlier makes a rate limit
//! worse, and later only wastes time.
//!
//! # Caveats
//!
//! One process at a time. A change that the hub refuses for good is kept as failed, with its content, until it is
//! retried or forgotten; nothing is dropped silently. The search for the key looks back a hundred commits: if others
//! make more than that between a kill and the restart, the commit is made again.

mod delivery;
mod spool;
mod store;

pub use delivery::Step;

use self::{
    spool::Spool,
    store::{NewChange, Store},
};
use crate::{Clock, HubClient, RefName, RepoId, RepoPath, RepoType, Revision, Source, SystemClock};
use std::{
    fs::TryLockError,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::Mutex;

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
    /// Given up: the hub refuses it for this reason, and would again.
    Failed(String),
}

/// How much goes into one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most content bytes of one commit. A single larger file gets a commit of its own.
    ///
    /// Smaller batches mean more commits, of which the real hub takes 128 an hour; larger ones mean more to send again
    /// when a connection breaks.
    pub bytes: u64,
    /// Most files of one commit.
    pub files: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            files: 1000,
        }
    }
}

/// Where a change goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The repository.
    pub repo: RepoId,
    /// Its kind.
    pub kind: RepoType,
    /// The branch.
    pub branch: RefName,
}

impl Target {
    /// The `main` branch of a repository.
    #[must_use]
    pub fn main(repo: RepoId, kind: RepoType) -> Self {
        Self {
            repo,
            kind,
            branch: RefName::main(),
        }
    }
}

/// The queue. One process at a time may have it open.
#[derive(Debug)]
pub struct Outbox {
    store: Store,
    spool: Spool,
    batches: BatchLimits,
    clock: Arc<dyn Clock>,
    /// One step at a time: two would send the same commit.
    stepping: Mutex<()>,
    _lock: fs_err::File,
}

/// A failed operation on the queue itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// Another process has it open.
    #[error("the outbox in {folder} is in use by another process", folder = .folder.display())]
    InUse {
        /// Its folder.
        folder: PathBuf,
    },
    /// A file of it, or a file to be queued, could not be read or written.
    #[error("a file of the outbox could not be used: {0}")]
    Io(#[from] io::Error),
    /// Its database could not be used.
    #[error("the outbox's database could not be used")]
    Database(#[from] sqlx::Error),
    /// Its database was made by a later version, or is damaged.
    #[error("the outbox's database has a form that this version does not know")]
    Form(#[from] sqlx::migrate::MigrateError),
    /// A row of the database does not say what it should.
    #[error("the outbox's database is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
}

impl Outbox {
    /// Opens the outbox in `folder`, making it if it is not there, and takes up what was in flight.
    ///
    /// # Errors
    ///
    /// [`OutboxError`], as its variants say.
    pub async fn open(folder: &Path, batches: BatchLimits) -> Result<Self, OutboxError> {
        Self::open_with_clock(folder, batches, Arc::new(SystemClock)).await
    }

    /// As [`open`](Self::open), with a clock of the caller's choice for the pauses.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_with_clock(
        folder: &Path,
        batches: BatchLimits,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OutboxError> {
        fs_err::create_dir_all(folder)?;
        let lock = fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))?;
        match lock.file().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OutboxError::InUse {
                    folder: folder.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let store = Store::open(&folder.join("outbox.db")).await?;
        let spool = Spool::open(folder.join("spool"), &store.contents().await?)?;
        Ok(Self {
            store,
            spool,
            batches,
            clock,
            stepping: Mutex::new(()),
            _lock: lock,
        })
    }

    /// Queues a file. Its content is copied, so that the source may change or vanish afterwards.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Io`], [`OutboxError::Database`].
    pub async fn put(
        &self,
        target: &Target,
        path: &RepoPath,
        source: Source,
        message: &str,
    ) -> Result<Ticket, OutboxError> {
        let content = self.spool.add(source).await?;
        self.store
            .add(NewChange {
                target,
                path,
                content: Some(&content),
                message,
            })
            .await
    }

    /// Queues the removal of a file.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Database`].
    pub async fn remove(
        &self,
        target: &Target,
        path: &RepoPath,
        message: &str,
    ) -> Result<Ticket, OutboxError> {
        self.store
            .add(NewChange {
                target,
                path,
                content: None,
                message,
            })
            .await
    }

    /// How far a change has come; `None` for a ticket this outbox never gave out.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Database`], [`OutboxError::Damaged`].
    pub async fn delivery(&self, ticket: Ticket) -> Result<Option<Delivery>, OutboxError> {
        self.store.delivery(ticket).await
    }

    /// How many changes wait.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Database`].
    pub async fn waiting(&self) -> Result<u64, OutboxError> {
        self.store.waiting().await
    }

    /// Queues again what was given up: the token was wrong, or the repository was not there yet. Gives the number of
    /// changes.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Database`].
    pub async fn retry_failed(&self) -> Result<u64, OutboxError> {
        self.store.retry_failed().await
    }

    /// Forgets what was given up, and its contents. Gives the number of changes.
    ///
    /// # Errors
    ///
    /// [`OutboxError::Database`], [`OutboxError::Io`].
    pub async fn forget_failed(&self) -> Result<u64, OutboxError> {
        let forgotten = self.store.forget_failed().await?;
        self.spool.keep_only(&self.store.contents().await?)?;
        Ok(forgotten)
    }

    /// Sends until nothing waits, pausing exactly as long as the hub asks.
    ///
    /// Cancel by dropping the future, at any point: what was not finished is taken up by the next call.
    ///
    /// # Errors
    ///
    /// [`OutboxError`] only: a failure of the hub is retried or, when it is final, recorded with the change.
    pub async fn drain(&self, client: &HubClient) -> Result<(), OutboxError> {
        loop {
            match self.step(client).await? {
                Step::Idle => return Ok(()),
                Step::Wait { until } => self.clock.sleep_until(until).await,
                Step::Committed { .. } | Step::Retrying { .. } | Step::GaveUp { .. } => {}
            }
        }
    }
}
