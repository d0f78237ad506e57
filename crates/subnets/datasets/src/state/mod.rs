//! What a validator knows, in one SQLite file, so that it can be killed at any point and go on.
//!
//! Everything that took work is written in one transaction at the moment it is done, before anybody is told. A
//! round's roster, the verdict on a dataset and the loss of a training are each keyed by all they depend on, so a
//! restart finds them and nothing is done or counted twice.
//!
//! Caveat: the file belongs to one process at a time, which a lock beside it enforces.

mod results;
mod rounds;

use std::{
    fs::TryLockError,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use results::{DatasetFacts, DatasetId, DatasetVerdict, EvaluationKey, Measured, StoredEvaluation};
pub use rounds::{Carried, Entrant, NewEntrant, NewRound, Round, RoundId, RoundState};

/// The schema's version of this program: the number of its last migration.
pub const SCHEMA_VERSION: i64 = 2;

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The folder or the lock cannot be used.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Another process has it.
    #[error("{path} is in use by another validator: stop that one, or give this one a folder of its own", path = .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The file was written by a newer program.
    #[error("{path} has schema {found}, this program knows {SCHEMA_VERSION}: use the newer program", path = .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the state's schema cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database failed.
    #[error("the state cannot be read or written: {0}")]
    Database(#[from] sqlx::Error),
    /// A value in it is not what this program writes.
    #[error("the state holds a {column} that cannot be read: {reason}")]
    Damaged {
        /// Which column.
        column: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl StateError {
    /// Whether waiting can help: a full disk may be cleared, a damaged file stays damaged.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Io(_) | Self::Database(sqlx::Error::Database(_) | sqlx::Error::Io(_))
        )
    }
}

/// An open state file.
#[derive(Debug)]
pub struct State {
    pool: SqlitePool,
    /// Released when the state is dropped, and by the system when the process dies.
    _lock: std::fs::File,
}

impl State {
    /// Opens `state.sqlite` in a folder, making both when they are not there, and brings an older schema up to
    /// date.
    ///
    /// # Errors
    /// When another process has it, when a newer program wrote it, or when the disk fails.
    pub async fn open(folder: &Path) -> Result<Self, StateError> {
        fs_err::create_dir_all(folder)?;
        let lock = fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("validator.lock"))?
            .into_parts()
            .0;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateError::InUse {
                    path: folder.to_owned(),
                });
            }
            Err(TryLockError::Error(e)) => return Err(e.into()),
        }
        let path = folder.join("state.sqlite");
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Results are few and dear: each survives a power cut, not only a kill.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        // One connection: there is one writer, and a reader of its own would only see older data.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        match sqlx::migrate!("./migrations").run(&pool).await {
            Ok(()) => {}
            Err(sqlx::migrate::MigrateError::VersionMissing(found)) => {
                return Err(StateError::Newer { path, found });
            }
            Err(e) => return Err(e.into()),
        }
        Ok(Self { pool, _lock: lock })
    }

    /// Writes everything out and closes the file.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

/// Reads a value that was written as text.
fn text<T: FromStr<Err: std::fmt::Display>>(column: &'static str, value: &str) -> Result<T, StateError> {
    value.parse().map_err(|e: T::Err| StateError::Damaged {
        column,
        reason: e.to_string(),
    })
}

/// Reads a value that was written as JSON.
fn json<T: serde::de::DeserializeOwned>(column: &'static str, value: &str) -> Result<T, StateError> {
    serde_json::from_str(value).map_err(|e| StateError::Damaged {
        column,
        reason: e.to_string(),
    })
}

/// Writes a value as JSON.
fn to_json(column: &'static str, value: &impl serde::Serialize) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|e| StateError::Damaged {
        column,
        reason: e.to_string(),
    })
}

/// SQLite's integers are signed; blocks, uids and counts stay far below their limit.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A count or block as it was written by [`integer`].
fn count(column: &'static str, value: i64) -> Result<u64, StateError> {
    u64::try_from(value).map_err(|_| StateError::Damaged {
        column,
        reason: format!("{value} is negative"),
    })
}
