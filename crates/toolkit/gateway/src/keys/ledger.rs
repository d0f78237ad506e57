//! What was used of each key's quotas, across restarts.

use super::{Allowance, Exceeded, KeyId, KeyRecord, durable, quota::Used};
use crate::clock::{Clock, unix_seconds};
use fs_err::File;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const FILE: &str = "usage.json";
const SCHEMA: u32 = 1;
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Why a gateway cannot count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The system does not let us.
    #[error("cannot use {}, which holds what was used of quotas: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Two gateways would each allow the whole quota.
    #[error("another gateway counts quotas in {}: stop it, or give this one a folder of its own", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else wrote there, or something broke it.
    #[error("{} does not hold what was used of quotas: {problem}; remove it to begin the day anew", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        problem: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Contents {
    schema: u32,
    used: BTreeMap<KeyId, Used>,
}

/// What was used, in memory, and written down every second and at the end: a crash forgets a second's use at most.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    books: Mutex<Books>,
    /// Held until the end: then the file is another gateway's.
    lock: Mutex<Option<File>>,
}

#[derive(Debug, Default)]
struct Books {
    used: BTreeMap<KeyId, Used>,
    under_way: HashMap<KeyId, u64>,
    is_changed: bool,
}

impl Ledger {
    pub(crate) fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        let path = folder.join(FILE);
        let failed = |source| LedgerError::Io {
            path: path.clone(),
            source,
        };
        let lock = durable::try_lock(&path).map_err(failed)?;
        let Some(lock) = lock else {
            return Err(LedgerError::InUse { path });
        };
        let malformed = |problem: String| LedgerError::Malformed {
            path: path.clone(),
            problem,
        };
        let used = match durable::read(&path, MOST_BYTES).map_err(failed)? {
            None => BTreeMap::new(),
            Some(bytes) => {
                let contents: Contents = serde_json::from_slice(&bytes)
                    .map_err(|error| malformed(format!("line {} column {}", error.line(), error.column())))?;
                if contents.schema != SCHEMA {
                    return Err(malformed(format!(
                        "its schema is {}, not {SCHEMA}",
                        contents.schema
                    )));
                }
                contents.used
            }
        };
        Ok(Self {
            path,
            clock,
            books: Mutex::new(Books {
                used,
                ..Books::default()
            }),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Counts a request of a key, and it as under way until the lease is dropped.
    pub(crate) fn admit(self: &Arc<Self>, key: &KeyRecord) -> Result<(Lease, Allowance), Exceeded> {
        let now = self.now();
        let mut books = self.books();
        let under_way = books.under_way.get(&key.id).copied().unwrap_or(0);
        let used = books.used.entry(key.id.clone()).or_default();
        let allowance = used.admit(&key.quotas, under_way, now)?;
        *books.under_way.entry(key.id.clone()).or_default() += 1;
        books.is_changed = true;
        drop(books);
        let lease = Lease {
            ledger: self.clone(),
            key: key.id.clone(),
        };
        Ok((lease, allowance))
    }

    /// Writes down what has changed. It waits for the disk.
    pub(crate) fn flush(&self) -> Result<(), LedgerError> {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() { self.write() } else { Ok(()) }
    }

    /// Writes down what has changed for the last time, and lets another gateway count. Whoever still holds this ledger
    /// changes nothing on disk any more.
    pub(crate) fn close(&self) -> Result<(), LedgerError> {
        let written = self.flush();
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(lock);
        written
    }

    fn write(&self) -> Result<(), LedgerError> {
        let now = self.now();
        let contents = {
            let mut books = self.books();
            if !books.is_changed {
                return Ok(());
            }
            books.is_changed = false;
            // What is of another day is as good as nothing.
            books.used.retain(|_, used| !used.is_past(now));
            Contents {
                schema: SCHEMA,
                used: books.used.clone(),
            }
        };
        let written = serde_json::to_vec(&contents)
            .map_err(io::Error::from)
            .and_then(|bytes| durable::replace(&self.path, &bytes));
        written.map_err(|source| {
            self.books().is_changed = true;
            LedgerError::Io {
                path: self.path.clone(),
                source,
            }
        })
    }

    fn now(&self) -> u64 {
        unix_seconds(self.clock.now())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Lease {
    ledger: Arc<Ledger>,
    key: KeyId,
}

impl Lease {
    /// Counts its tokens.
    pub(crate) fn charge(&self, tokens: u64) {
        let now = self.ledger.now();
        let mut books = self.ledger.books();
        books
            .used
            .entry(self.key.clone())
            .or_default()
            .charge(tokens, now);
        books.is_changed = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut books = self.ledger.books();
        if let Some(under_way) = books.under_way.get_mut(&self.key) {
            *under_way = under_way.saturating_sub(1);
            if *under_way == 0 {
                books.under_way.remove(&self.key);
            }
        }
    }
}
