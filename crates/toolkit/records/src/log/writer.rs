//! The thread that writes.

use super::{
    LogConfig,
    pending::{Chunk, Pending},
    segment::OpenSegment,
};
use crate::{
    describe,
    error::RecordsError,
    layout::{self, Day},
    roll::RollerHandle,
};
use fs_err as fs;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// Pause before the disk is tried again. Shorter is a busy loop on a full disk, longer drops more events after room is
/// made.
const RETRY: Duration = Duration::from_millis(500);

/// The shortest pause between two looks at the age of segments.
const TICK: Duration = Duration::from_millis(100);

pub(super) struct Writer {
    folder: PathBuf,
    segment_bytes: u64,
    segment_age: Duration,
    sync_every: Duration,
    pending: Arc<Pending>,
    roller: RollerHandle,
    /// What could not be written yet, oldest first.
    backlog: VecDeque<Chunk>,
    segments: BTreeMap<(&'static str, Day), OpenSegment>,
    /// Streams whose columns are described in the folder.
    described: BTreeSet<&'static str>,
    synced: Instant,
}

impl Writer {
    pub(super) fn new(config: &LogConfig, pending: Arc<Pending>, roller: RollerHandle) -> Self {
        Self {
            folder: config.folder.clone(),
            segment_bytes: config.segment_bytes,
            segment_age: config.segment_age,
            sync_every: config.sync_every,
            pending,
            roller,
            backlog: VecDeque::new(),
            segments: BTreeMap::new(),
            described: BTreeSet::new(),
            synced: Instant::now(),
        }
    }

    pub(super) fn run(mut self) {
        // Also when this thread panics: nobody may wait for it for ever.
        let _tell = TellAtEnd(self.pending.clone());
        let mut failing = false;
        loop {
            if failing {
                std::thread::sleep(RETRY);
            }
            let work = self.pending.take(TICK);
            self.backlog.extend(work.chunks);
            let mut written = 0;
            let mut outcome = self.write(&mut written);
            if outcome.is_ok()
                && (work.flush.is_some() || work.last || self.synced.elapsed() >= self.sync_every)
            {
                outcome = self.sync();
            }
            if outcome.is_ok() {
                outcome = self.close_segments(work.close_segments);
            }
            let failure = outcome.err();
            if let Some(error) = &failure
                && !failing
            {
                tracing::warn!(%error, "events cannot be written; they wait, and are tried again");
            } else if failing && failure.is_none() {
                tracing::info!("events are written again");
            }
            failing = failure.is_some();
            self.pending.told(written, work.flush, failure);
            if work.last {
                return;
            }
        }
    }

    /// Writes the backlog, in order, until the disk refuses.
    fn write(&mut self, written: &mut usize) -> Result<(), RecordsError> {
        while let Some(chunk) = self.backlog.pop_front() {
            if let Err(error) = self.append(&chunk) {
                self.backlog.push_front(chunk);
                return Err(error);
            }
            *written += chunk.lines.len();
        }
        Ok(())
    }

    fn append(&mut self, chunk: &Chunk) -> Result<(), RecordsError> {
        let columns = &chunk.columns;
        if !self.described.contains(chunk.stream) {
            fs::create_dir_all(layout::version_folder(
                &self.folder,
                chunk.stream,
                columns.version,
            ))?;
            describe::write(&self.folder, columns)?;
            self.described.insert(chunk.stream);
        }
        let key = (chunk.stream, chunk.day);
        let segment = match self.segments.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(OpenSegment::begin(
                &self.folder,
                chunk.stream,
                columns.version,
                chunk.day,
                chunk.first,
                Instant::now(),
            )?),
        };
        let appended = segment.append(&chunk.lines);
        if segment.is_torn()
            && let Some(segment) = self.segments.remove(&key)
            && segment.bytes > 0
        {
            // Rolling it takes what is whole. Without a whole line the next try begins the same file anew.
            self.roller.roll(chunk.stream.to_owned(), segment.segment);
        }
        appended
    }

    fn sync(&mut self) -> Result<(), RecordsError> {
        for segment in self.segments.values_mut() {
            segment.sync()?;
        }
        self.synced = Instant::now();
        Ok(())
    }

    /// Hands segments over that are large or old enough, or all of them.
    fn close_segments(&mut self, all: bool) -> Result<(), RecordsError> {
        let (bytes, age) = (self.segment_bytes, self.segment_age);
        let closes = |segment: &OpenSegment| all || segment.bytes >= bytes || segment.opened.elapsed() >= age;
        if !self.segments.values().any(closes) {
            return Ok(());
        }
        // Until they are rolled nobody else forces them to the disk, and a later flush speaks for them too.
        self.sync()?;
        for ((stream, _), segment) in self.segments.extract_if(.., |_, segment| closes(segment)) {
            self.roller.roll(stream.to_owned(), segment.segment);
        }
        Ok(())
    }
}

struct TellAtEnd(Arc<Pending>);

impl Drop for TellAtEnd {
    fn drop(&mut self) {
        self.0.writer_is_gone();
    }
}
