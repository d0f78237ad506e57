//! The file behind a replay store.
//!
//! A line that says what it is, then records of 28 bytes: until when to keep (8 bytes, nanoseconds since 1970, little
//! end first), the digest of the request (16 bytes), and 4 bytes of SHA-256 over those, by which damage is known.

use crate::UnixNanos;
use sha2::{Digest, Sha256};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread::JoinHandle,
};
use tempfile::NamedTempFile;

const HEADER: &[u8] = b"assay-replay/1\n";
const RECORD_BYTES: usize = 28;
const CHECKED_BYTES: usize = 24;

/// Expired records that a file may hold beyond as many as live ones. With few, a quiet axon would rewrite its file at
/// every other request; with many, it reads megabytes at its start to keep a handful.
const SPARE_RECORDS: usize = 4096;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The system refused something.
    #[error("cannot {action} the journal of accepted requests {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something else than this crate has written to it, or the disk has lost part of it. Once the longest retention
    /// (a minute by default) has passed since the last request, the file holds nothing that matters and can be removed.
    #[error(
        "the journal of accepted requests {} is damaged: {damage}; remove it once no request that it may hold is \
         fresh any more (a minute after the last one, by default)", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        damage: Damage,
    },
    /// Another process has it open. Two axons with one hotkey need a journal each, and then a request to one of them
    /// can be sent again to the other.
    #[error("the journal of accepted requests {} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
}

/// Where a journal is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It does not begin as one: another file, one of another version, or one that was emptied.
    #[error("it does not begin as one of this version")]
    Header,
    /// A record does not match its checksum.
    #[error("record {index} does not match its checksum")]
    Record {
        /// Which, from 0.
        index: usize,
    },
}

/// One accepted request. Ordered by when it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    pub(super) keep_until: UnixNanos,
    pub(super) digest: [u8; 16],
}

impl Record {
    fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..8].copy_from_slice(&self.keep_until.0.to_le_bytes());
        bytes[8..CHECKED_BYTES].copy_from_slice(&self.digest);
        let checksum = Sha256::digest(&bytes[..CHECKED_BYTES]);
        bytes[CHECKED_BYTES..].copy_from_slice(&checksum[..RECORD_BYTES - CHECKED_BYTES]);
        bytes
    }

    /// `None` when the checksum is wrong.
    fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let mut keep_until = [0; 8];
        keep_until.copy_from_slice(&bytes[..8]);
        let mut digest = [0; 16];
        digest.copy_from_slice(&bytes[8..CHECKED_BYTES]);
        let record = Self {
            keep_until: UnixNanos(u64::from_le_bytes(keep_until)),
            digest,
        };
        (record.to_bytes() == *bytes).then_some(record)
    }
}

/// The file, and the one that is to take its place while that is written.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Records in the file, expired ones among them.
    records: usize,
    /// A record was written in part: what comes after it would be read at the wrong place.
    torn: bool,
    rewriting: Option<Rewriting>,
    /// The size at which the last attempt to write the file anew failed. The next one waits until it has doubled: a full
    /// disk would otherwise be tried at every request.
    failed_at: usize,
}

/// A smaller file that is written on a thread of its own, for it waits for the disk.
#[derive(Debug)]
struct Rewriting {
    thread: JoinHandle<Result<(NamedTempFile, usize), JournalError>>,
    /// What was accepted since it began. It is in the old file too, which counts until the new one has its name.
    since: Vec<Record>,
}

impl Journal {
    /// The journal at this path, and what it holds that has not expired. The file is written anew without the rest.
    pub(super) fn open(path: &Path, now: UnixNanos) -> Result<(Self, Vec<Record>), JournalError> {
        let failed = |action| move |source| io_error(action, path, source);
        let (file, live) = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(mut file) => {
                lock(&file, path)?;
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(failed("read"))?;
                let mut live = parse(&bytes, path)?;
                live.retain(|record| record.keep_until >= now);
                // The old one is held, and locked, until the new one has its place.
                (put(write_beside(path, &live)?, path)?, live)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (put(write_beside(path, &[])?, path)?, Vec::new())
            }
            Err(error) => return Err(io_error("open", path, error)),
        };
        let journal = Self {
            path: path.to_owned(),
            file,
            records: live.len(),
            torn: false,
            rewriting: None,
            failed_at: 0,
        };
        Ok((journal, live))
    }

    /// Adds a record. When it returns, the record outlives this process.
    pub(super) fn append(&mut self, record: Record) -> Result<(), JournalError> {
        self.mend()?;
        // One call to the system, without a buffer of our own: what lies in one is lost when the process is killed.
        if let Err(source) = self.file.write_all(&record.to_bytes()) {
            self.torn = true;
            return Err(io_error("write to", &self.path, source));
        }
        self.records += 1;
        if let Some(rewriting) = &mut self.rewriting {
            rewriting.since.push(record);
        }
        Ok(())
    }

    /// Cuts off what a failed write has left.
    fn mend(&mut self) -> Result<(), JournalError> {
        if !self.torn {
            return Ok(());
        }
        let whole = (HEADER.len() + self.records * RECORD_BYTES) as u64;
        self.file
            .set_len(whole)
            .and_then(|()| self.file.seek(SeekFrom::Start(whole)))
            .map_err(|source| io_error("mend", &self.path, source))?;
        self.torn = false;
        Ok(())
    }

    /// Whether the file has grown out of proportion to the live records, and nothing is being done about it.
    pub(super) fn wants_rewriting(&self, live: usize) -> bool {
        let proportionate = live.saturating_mul(2).saturating_add(SPARE_RECORDS);
        self.rewriting.is_none() && self.records > proportionate.max(self.failed_at.saturating_mul(2))
    }

    /// Begins to write a file with these records. [`Journal::settle`] puts it in the place of the present one.
    pub(super) fn begin_rewriting(&mut self, live: Vec<Record>) {
        let path = self.path.clone();
        let thread = std::thread::Builder::new()
            .name("replay journal".to_owned())
            .spawn(move || write_beside(&path, &live));
        match thread {
            Ok(thread) => {
                self.rewriting = Some(Rewriting {
                    thread,
                    since: Vec::new(),
                });
            }
            Err(source) => self.grows_on(&io_error("write beside", &self.path, source)),
        }
    }

    /// Puts the new file in the place of the old one, if it is written. `waits` also waits for that.
    ///
    /// Every accepted record is in the file that has the name, at every moment: the new one gets what was accepted since
    /// it was begun before it gets the name.
    pub(super) fn settle(&mut self, waits: bool) {
        let is_due = |rewriting: &mut Rewriting| waits || rewriting.thread.is_finished();
        let Some(Rewriting { thread, since }) = self.rewriting.take_if(is_due) else {
            return;
        };
        let written = thread.join().unwrap_or_else(|_| {
            let broke = io::Error::other("the thread that wrote it broke");
            Err(io_error("write beside", &self.path, broke))
        });
        let put = written.and_then(|(mut beside, records)| {
            let bytes: Vec<u8> = since.iter().flat_map(|record| record.to_bytes()).collect();
            beside
                .write_all(&bytes)
                .map_err(|source| io_error("write beside", &self.path, source))?;
            Ok((put((beside, records), &self.path)?, records + since.len()))
        });
        match put {
            Ok((file, records)) => {
                self.file = file;
                self.records = records;
                self.torn = false;
                self.failed_at = 0;
            }
            Err(error) => self.grows_on(&error),
        }
    }

    fn grows_on(&mut self, error: &JournalError) {
        tracing::warn!(%error, "the journal of accepted requests cannot be made smaller, and grows on");
        self.failed_at = self.records;
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.settle(true);
    }
}

/// Writes a file beside, locked, and forces it to disk. It is open at its end.
fn write_beside(path: &Path, records: &[Record]) -> Result<(NamedTempFile, usize), JournalError> {
    let failed = |action| move |source| io_error(action, path, source);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let beside = tempfile::Builder::new()
        .prefix(".assay-")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(failed("write beside"))?;
    lock(beside.as_file(), path)?;
    let mut writer = BufWriter::new(beside.as_file());
    writer.write_all(HEADER).map_err(failed("write"))?;
    for record in records {
        writer.write_all(&record.to_bytes()).map_err(failed("write"))?;
    }
    writer.flush().map_err(failed("write"))?;
    drop(writer);
    // Otherwise a power cut could leave the name on an empty file, which would stop the next start.
    beside.as_file().sync_all().map_err(failed("save"))?;
    Ok((beside, records.len()))
}

/// Gives a file its name, in the place of the one that had it.
fn put((beside, _): (NamedTempFile, usize), path: &Path) -> Result<File, JournalError> {
    beside
        .persist(path)
        .map_err(|refused| io_error("replace", path, refused.error))
}

fn parse(bytes: &[u8], path: &Path) -> Result<Vec<Record>, JournalError> {
    let damaged = |damage| JournalError::Damaged {
        path: path.to_owned(),
        damage,
    };
    let body = bytes.strip_prefix(HEADER).ok_or(damaged(Damage::Header))?;
    // What is left over at the end is a record that was cut short.
    let (records, _) = body.as_chunks::<RECORD_BYTES>();
    records
        .iter()
        .enumerate()
        .map(|(index, bytes)| Record::from_bytes(bytes).ok_or(damaged(Damage::Record { index })))
        .collect()
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
            path: path.to_owned(),
        }),
        // A file system without locks: better unguarded than unusable.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(io_error("lock", path, error)),
    }
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
