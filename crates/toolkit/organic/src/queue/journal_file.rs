//! The file behind a durable queue.
//!
//! A line that says what it is, then one line for each event: eight hexadecimal digits of SHA-256 over the rest, a blank,
//! and JSON. A line is written by one call to the system, so a killed process leaves at most the last one in part.

use crate::SampleId;
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

const HEADER: &[u8] = b"assay-organic-queue/1\n";
const SUM_DIGITS: usize = 8;

/// Why the file of a queue cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The system refused something.
    #[error("cannot {action} the queue {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another file, or one of another version. It was left as it is.
    #[error("{} is no queue of this version: move it away, or name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process has it open.
    #[error("the queue {} is in use by another process: give each validator a file of its own", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
}

pub(super) fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> JournalError + 'a {
    move |source| JournalError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

/// What happened to a sample.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Event<S> {
    /// It came.
    Added(Record<S>),
    /// It is in flight.
    Taken(SampleId),
    /// It waits again, after so many failures.
    Back(SampleId, u32),
    /// It is scored, given up or dropped.
    Settled(SampleId),
}

/// A sample as it is written.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Record<S> {
    pub(super) id: SampleId,
    /// Nanoseconds since 1970.
    pub(super) at: u64,
    pub(super) caller: Option<AccountId>,
    pub(super) failures: u32,
    pub(super) sample: S,
}

/// Where a line lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// A file that grows at its end.
#[derive(Debug)]
pub(super) struct JournalFile {
    pub(super) path: PathBuf,
    file: File,
    pub(super) end: u64,
    /// What was written in part could not be cut off again.
    is_torn: bool,
    // Held as long as the queue is open. The file itself is replaced now and then, so it is another one.
    _lock: File,
}

/// One line as it is written.
pub(super) fn line(json: &str) -> Vec<u8> {
    let mut line = sum(json.as_bytes()).into_bytes();
    line.push(b' ');
    line.extend_from_slice(json.as_bytes());
    line.push(b'\n');
    line
}

fn sum(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    hex::encode(&digest[..SUM_DIGITS / 2])
}

/// The JSON of a line, if all of it is there.
fn json_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let (digits, json) = line.split_at_checked(SUM_DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    (sum(json).as_bytes() == digits).then_some(json)
}

/// Lines that were read and lines that were not what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) damaged: usize,
    pub(super) cut: u64,
}

impl JournalFile {
    /// Opens a file, or makes one, and hands each good line's JSON on. What was torn at its end is cut off; a damaged
    /// line elsewhere is passed over.
    pub(super) fn open(
        path: &Path,
        mut each: impl FnMut(&[u8], Span),
    ) -> Result<(Self, Reading), JournalError> {
        let lock = lock(path)?;
        // What an unfinished rewriting left.
        let _ = fs_err::remove_file(beside(path));
        let mut file = owners_only()
            .truncate(false)
            .open(path)
            .map_err(failed("open", path))?;
        let mut reading = Reading::default();
        let mut end = 0;
        let mut reader = BufReader::new(&mut file);
        let mut bytes = Vec::new();
        let length = {
            let mut read = |bytes: &mut Vec<u8>| {
                bytes.clear();
                reader.read_until(b'\n', bytes).map_err(failed("read", path))
            };
            let first = read(&mut bytes)?;
            if first > 0 && bytes != HEADER {
                // A header in part is a process that was killed at its very start.
                if !HEADER.starts_with(&bytes) {
                    return Err(JournalError::Foreign {
                        path: path.to_owned(),
                    });
                }
            } else {
                end = first as u64;
            }
            let mut at = first as u64;
            loop {
                let count = read(&mut bytes)? as u64;
                if count == 0 {
                    break at;
                }
                let span = Span {
                    offset: at,
                    bytes: count,
                };
                at += count;
                match json_of(&bytes) {
                    Some(json) => each(json, span),
                    None if bytes.last() != Some(&b'\n') => continue,
                    None => reading.damaged += 1,
                }
                end = at;
            }
        };
        reading.cut = length - end;
        file.set_len(end)
            .map_err(failed("cut off the torn end of", path))?;
        file.seek(SeekFrom::Start(end)).map_err(failed("read", path))?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
            end,
            is_torn: false,
            _lock: lock,
        };
        if end == 0 {
            journal.append(HEADER)?;
        }
        Ok((journal, reading))
    }

    /// Adds a line. It then outlives this process, though not a power cut: that would take a wait for the disk, and
    /// whoever appends may be answering a user.
    pub(super) fn append(&mut self, line: &[u8]) -> Result<Span, JournalError> {
        if self.is_torn {
            self.file.set_len(self.end).map_err(failed("mend", &self.path))?;
            self.file
                .seek(SeekFrom::Start(self.end))
                .map_err(failed("mend", &self.path))?;
            self.is_torn = false;
        }
        if let Err(source) = self.file.write_all(line) {
            self.is_torn = true;
            return Err(failed("write to", &self.path)(source));
        }
        let span = Span {
            offset: self.end,
            bytes: line.len() as u64,
        };
        self.end += span.bytes;
        Ok(span)
    }

    /// A second handle, to read from while this one is written to.
    pub(super) fn reader(&self) -> Result<File, JournalError> {
        File::open(&self.path).map_err(failed("read", &self.path))
    }

    /// Puts another file in the place of this one.
    pub(super) fn replace(&mut self, rewritten: Rewriting) -> Result<(), JournalError> {
        let Rewriting { place, file, end } = rewritten;
        place.becomes(&self.path)?;
        self.file = file;
        self.end = end;
        self.is_torn = false;
        Ok(())
    }
}

/// A file that is to take the place of another.
#[derive(Debug)]
pub(super) struct Rewriting {
    place: Beside,
    file: File,
    pub(super) end: u64,
}

/// The name of a file that is being made. Dropped before the file has taken another's place, it takes the file away: what a
/// full disk has no room for must not fill it as well.
#[derive(Debug)]
struct Beside {
    path: PathBuf,
    is_made: bool,
}

impl Beside {
    fn becomes(mut self, path: &Path) -> Result<(), JournalError> {
        fs_err::rename(&self.path, path).map_err(failed("replace", path))?;
        self.is_made = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_made {
            // One that stays is written over by the next, and taken away when the queue is opened.
            let _ = fs_err::remove_file(&self.path);
        }
    }
}

impl Rewriting {
    pub(super) fn start(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal);
        let mut file = owners_only()
            .truncate(true)
            .open(&path)
            .map_err(failed("write beside", journal))?;
        let place = Beside { path, is_made: false };
        file.write_all(HEADER).map_err(failed("write beside", journal))?;
        Ok(Self {
            place,
            file,
            end: HEADER.len() as u64,
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<Span, JournalError> {
        self.file
            .write_all(bytes)
            .map_err(failed("write", &self.place.path))?;
        let span = Span {
            offset: self.end,
            bytes: bytes.len() as u64,
        };
        self.end += span.bytes;
        Ok(span)
    }

    /// Copies from the old file.
    pub(super) fn copy(&mut self, from: &mut File, span: Span) -> Result<Span, JournalError> {
        let path = self.place.path.clone();
        let mut bytes = Vec::new();
        from.seek(SeekFrom::Start(span.offset))
            .map_err(failed("read", &path))?;
        from.take(span.bytes)
            .read_to_end(&mut bytes)
            .map_err(failed("read", &path))?;
        self.write(&bytes)
    }

    /// Forces it to disk: otherwise a power cut could leave the name on an empty file.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_all().map_err(failed("save", &self.place.path))
    }
}

fn beside(path: &Path) -> PathBuf {
    with_suffix(path, ".rewriting")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// How files are opened and made here. What users wrote lies in them, so whatever the process's mask is, a new one has
/// mode 0600 from its first byte; one that exists keeps its mode until it is rewritten. Where the system has no such
/// modes (Windows) the user's default rights apply.
fn owners_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn lock(path: &Path) -> Result<File, JournalError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs_err::create_dir_all(folder).map_err(failed("make the folder of", path))?;
    }
    let lock = owners_only()
        .truncate(false)
        .open(with_suffix(path, ".lock"))
        .map_err(failed("lock", path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
            path: path.to_owned(),
        }),
        // A file system without locks: better unguarded than unusable.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(lock),
        Err(TryLockError::Error(error)) => Err(failed("lock", path)(error)),
    }
}
