//! The log that a program writes its events into.

mod line;
mod pending;
mod segment;
mod writer;

use crate::{
    columns::Columns,
    error::{RecordError, RecordsError},
    layout::{self, Day},
    read::last_seq,
    retention::Retention,
    roll::Roller,
    stream::Stream,
};
use aho_corasick::AhoCorasick;
use fs_err as fs;
use line::Scratch;
use pending::Pending;
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};
use time::OffsetDateTime;

/// What one event may take as JSON. A step of a validator with a thousand long completions fits; what is larger is a
/// defect of its author, or somebody's attempt to fill the disk.
const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// A secret shorter than this would strike out words that only look like it.
const SHORTEST_SECRET: usize = 8;

/// How a log is kept.
#[derive(Debug)]
pub struct LogConfig {
    /// Where. One process at a time.
    pub folder: PathBuf,
    /// Who tells: a hotkey, or the name of a run.
    pub source: String,
    /// What must not be in any event, however it came there: keys, tokens, passwords.
    pub secrets: Vec<SecretString>,
    /// Bytes of a segment of lines, after which it becomes Parquet. Smaller segments make many small Parquet files, which
    /// queries open one by one; larger ones leave more to be read as text.
    pub segment_bytes: u64,
    /// Age of a segment after which it becomes Parquet, however small.
    pub segment_age: Duration,
    /// Bytes that may wait for the disk. When it is full events are dropped after that, instead of memory filling up.
    pub waiting_bytes: usize,
    /// How often what is written is also forced to the disk: what a power cut may take. A killed process loses less, what
    /// it recorded in the last tenth of a second.
    pub sync_every: Duration,
    /// What is kept.
    pub retention: Retention,
}

impl LogConfig {
    /// The usual way.
    pub fn new(folder: impl Into<PathBuf>, source: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            source: source.into(),
            secrets: Vec::new(),
            segment_bytes: 32 * 1024 * 1024,
            segment_age: Duration::from_secs(3600),
            waiting_bytes: 64 * 1024 * 1024,
            sync_every: Duration::from_secs(1),
            retention: Retention::default(),
        }
    }
}

/// How a log fares.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Events taken since it was opened.
    pub recorded: u64,
    /// Events dropped since then, because nothing could be written.
    pub dropped: u64,
    /// Bytes that wait for the disk.
    pub waiting: usize,
    /// Why nothing can be written now, if nothing can.
    pub failure: Option<RecordsError>,
}

/// An open event log. Clones write into the same one; the last one that goes writes what waits.
#[derive(Clone, Debug)]
pub struct Log {
    open: Arc<Open>,
    source_json: Arc<str>,
}

#[derive(Debug)]
struct Open {
    pending: Arc<Pending>,
    secrets: Option<AhoCorasick>,
    writer: Option<JoinHandle<()>>,
    roller: Option<Roller>,
    /// Held while this log is open.
    lock: File,
}

impl Log {
    /// Opens the log of a folder, or begins it. Lines that a kill tore are cut off first.
    ///
    /// # Errors
    /// When another process writes there, or the folder cannot be read and written.
    pub fn open(config: LogConfig) -> Result<Self, RecordsError> {
        let folder = &config.folder;
        fs::create_dir_all(folder)?;
        let lock = lock(&config)?;
        let mut next = BTreeMap::new();
        let mut left = Vec::new();
        for (stream, segments) in layout::streams(folder)? {
            let mut after = layout::kept_next(folder, &stream)?;
            for segment in segments.live {
                let last = match segment.last {
                    Some(last) => Some(last),
                    None if segment::cut_torn_line(&segment.path)? == 0 => {
                        // Its name is that of the next segment, which must not be rolled away under the writer.
                        fs::remove_file(&segment.path)?;
                        continue;
                    }
                    None => {
                        let last = last_seq(&segment.path)?.unwrap_or(segment.first);
                        left.push((stream.clone(), segment));
                        Some(last)
                    }
                };
                after = after.max(last.map_or(0, |last| last + 1));
            }
            for superseded in segments.superseded {
                fs::remove_file(&superseded.path)?;
            }
            next.insert(stream, after);
        }
        let source_json = source_json(&config.source);
        let secrets = redactor(&config.secrets);
        let pending = Arc::new(Pending::new(next, config.waiting_bytes));
        let roller = Roller::start(folder.clone(), config.retention.clone())?;
        for (stream, segment) in left {
            roller.roll(stream, segment);
        }
        let writer = writer::Writer::new(&config, pending.clone(), roller.handle());
        let writer = thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || writer.run())?;
        let open = Open {
            pending,
            secrets,
            writer: Some(writer),
            roller: Some(roller),
            lock,
        };
        Ok(Self {
            open: Arc::new(open),
            source_json,
        })
    }

    /// The same log for somebody else who tells: several neurons of one process share a folder.
    #[must_use]
    pub fn as_source(&self, source: &str) -> Self {
        Self {
            open: Arc::clone(&self.open),
            source_json: source_json(source),
        }
    }

    /// Takes an event. It never waits for the disk: the event is written within a tenth of a second, and
    /// [`flush`](Self::flush) tells that it is.
    ///
    /// # Errors
    /// When it is not taken. The event is lost then, and [`Health::dropped`] counts it; nobody who scores should care.
    pub fn record<S: Stream>(&self, time: OffsetDateTime, event: &S) -> Result<(), RecordError> {
        Scratch::with(|scratch| {
            let tail = scratch.event(event, MAX_EVENT_BYTES, self.open.secrets.as_ref())?;
            let moment = line::Moment::of(time).ok_or(RecordError::Time { stream: S::NAME })?;
            let line = line::Line {
                moment: &moment,
                source_json: &self.source_json,
                tail,
            };
            self.open
                .pending
                .push(S::NAME, S::VERSION, Day::of(time), &line, Columns::of::<S>)
        })
    }

    /// Waits until everything that was recorded before is on the disk.
    ///
    /// # Errors
    /// When it cannot be written. It is kept and tried again, while there is room for it.
    pub fn flush(&self) -> Result<(), RecordsError> {
        self.open.pending.flush()
    }

    /// How the log fares.
    #[must_use]
    pub fn health(&self) -> Health {
        self.open.pending.health()
    }

    /// Closes the segments that are being written and waits until they are Parquet, and until what is kept too long is
    /// gone.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn roll(&self) -> Result<(), RecordsError> {
        self.open.pending.close_segments()?;
        match &self.open.roller {
            Some(roller) => roller.finish(),
            None => Ok(()),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.pending.close();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that writes events panicked");
        }
        // What is not rolled now is at the next start.
        self.roller.take();
        // Not left to the closing of the file: a child that is being started has it open too for a moment.
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "the folder of events stays locked until this process ends");
        }
    }
}

/// A source as it stands in a line. It is one of our own, and texts become JSON without fail.
fn source_json(source: &str) -> Arc<str> {
    serde_json::to_string(source)
        .unwrap_or_else(|_| String::from("\"\""))
        .into()
}

fn lock(config: &LogConfig) -> Result<File, RecordsError> {
    let path = config.folder.join("lock");
    let file = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?
        .into_file();
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RecordsError::InUse {
            folder: config.folder.clone(),
        }),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Finds secrets in lines of JSON, where some of their characters are written otherwise.
fn redactor(secrets: &[SecretString]) -> Option<AhoCorasick> {
    let mut patterns: Vec<String> = Vec::new();
    for secret in secrets {
        let secret = secret.expose_secret();
        if secret.len() < SHORTEST_SECRET {
            continue;
        }
        if let Ok(quoted) = serde_json::to_string(secret) {
            patterns.push(quoted.trim_matches('"').to_owned());
        }
    }
    if patterns.is_empty() {
        return None;
    }
    AhoCorasick::builder()
        .match_kind(aho_corasick::MatchKind::LeftmostLongest)
        .build(patterns)
        .ok()
}
