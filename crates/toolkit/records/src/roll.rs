//! Lines become Parquet, and small files of a day become one.
//!
//! A new file is written beside its place, forced to the disk and renamed into it; only then do those go that it was made
//! from. What a kill leaves in between is known by its numbers: see [`layout`](crate::layout).

use crate::{
    describe,
    error::RecordsError,
    layout::{self, Day, Segment},
    read,
    retention::Retention,
};
use arrow_array::{RecordBatch, UInt64Array};
use arrow_schema::SchemaRef;
use fs_err as fs;
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
};
use time::OffsetDateTime;

/// Rows of a row group. Readers skip whole groups by their times, and hold one in memory: smaller ones compress less.
const GROUP_ROWS: usize = 64 * 1024;

/// Bytes of a row group before it is written: long completions make long rows.
const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// A rolled file below this is small: a query opens each file by itself, which takes about as long as reading this much.
const SMALL_BYTES: u64 = 4 * 1024 * 1024;

/// Small files of one day that are worth merging. With fewer each hour's file would be rewritten with the next.
const WORTH_MERGING: usize = 8;

enum Job {
    Roll { stream: String, segment: Segment },
    Finish(mpsc::Sender<Result<(), RecordsError>>),
}

/// The thread that rolls.
#[derive(Debug)]
pub(crate) struct Roller {
    handle: RollerHandle,
    _thread: JoinHandle<()>,
}

/// Hands segments to the thread.
#[derive(Clone, Debug)]
pub(crate) struct RollerHandle(mpsc::Sender<Job>);

impl RollerHandle {
    pub(crate) fn roll(&self, stream: String, segment: Segment) {
        // Without the thread it stays as it is, and is rolled at the next start.
        let _ = self.0.send(Job::Roll { stream, segment });
    }
}

impl Roller {
    pub(crate) fn start(root: PathBuf, retention: Retention) -> Result<Self, RecordsError> {
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("records-roll".to_owned())
            .spawn(move || run(&root, &retention, &queue))?;
        Ok(Self {
            handle: RollerHandle(jobs),
            _thread: thread,
        })
    }

    pub(crate) fn handle(&self) -> RollerHandle {
        self.handle.clone()
    }

    pub(crate) fn roll(&self, stream: String, segment: Segment) {
        self.handle.roll(stream, segment);
    }

    /// Waits until everything that was handed over is rolled.
    pub(crate) fn finish(&self) -> Result<(), RecordsError> {
        let (done, result) = mpsc::channel();
        self.handle
            .0
            .send(Job::Finish(done))
            .map_err(|_| RecordsError::WriterGone)?;
        result.recv().map_err(|_| RecordsError::WriterGone)?
    }
}

fn run(root: &Path, retention: &Retention, queue: &mpsc::Receiver<Job>) {
    let mut failure = None;
    while let Ok(job) = queue.recv() {
        match job {
            Job::Roll { stream, segment } => {
                let rolled = roll(root, &stream, &segment)
                    .and_then(|()| merge(root, &stream, segment.version, segment.day))
                    .and_then(|()| retention.apply(root, Day::of(OffsetDateTime::now_utc())));
                if let Err(error) = rolled {
                    // Its lines are there and are read; the next start tries again.
                    tracing::warn!(%error, stream, "a segment of events stays as lines");
                    failure.get_or_insert(error);
                }
            }
            Job::Finish(done) => {
                let _ = done.send(failure.take().map_or(Ok(()), Err));
            }
        }
    }
}

/// Turns a file of lines into Parquet. Lines that are not of the stream go into a file of their own beside it.
fn roll(root: &Path, stream: &str, segment: &Segment) -> Result<(), RecordsError> {
    let Some(description) = describe::read(root, stream, segment.version)? else {
        return Err(RecordsError::damaged(
            &segment.path,
            "columns.json of its table is missing",
        ));
    };
    let mut rolled = Rolled::begin(&segment.path, description.schema.clone())?;
    let mut unreadable = Vec::new();
    read::lines_of(&segment.path, &description.schema, |lines| match lines {
        read::Lines::Batch(batch) => rolled.add(&batch),
        read::Lines::Unreadable(line) => {
            unreadable.extend_from_slice(line);
            unreadable.push(b'\n');
            Ok(())
        }
    })?;
    if rolled.last.is_none() && !unreadable.is_empty() {
        rolled.abandon()?;
        return Err(RecordsError::damaged(
            &segment.path,
            "none of its lines is an event of its table",
        ));
    }
    if !unreadable.is_empty() {
        let file = segment.path.with_extension("unreadable");
        tracing::warn!(file = %file.display(), "lines of a segment are damaged; they are kept there");
        fs::write(&file, &unreadable)?;
    }
    // Its name is by the first line, readable or not, so that it covers the file of lines.
    rolled.finish(segment.first)?;
    fs::remove_file(&segment.path)?;
    Ok(())
}

/// Merges the small files of a day when there are many.
fn merge(root: &Path, stream: &str, version: u32, day: Day) -> Result<(), RecordsError> {
    let mut streams = layout::streams(root)?;
    let segments = streams.remove(stream).unwrap_or_default();
    for superseded in &segments.superseded {
        fs::remove_file(&superseded.path)?;
    }
    let mut small = Vec::new();
    for segment in segments.live {
        if segment.version != version || segment.day != day {
            continue;
        }
        // Lines in between are of a kill and wait for their turn; numbers on both sides of them must not be one file's.
        let is_small = segment.last.is_some() && fs::metadata(&segment.path)?.len() < SMALL_BYTES;
        if is_small {
            small.push(segment);
        } else if small.len() < WORTH_MERGING {
            small.clear();
        } else {
            break;
        }
    }
    if small.len() < WORTH_MERGING {
        return Ok(());
    }
    let Some(description) = describe::read(root, stream, version)? else {
        return Ok(());
    };
    let (Some(first), Some(last)) = (small.first(), small.last().and_then(|segment| segment.last)) else {
        return Ok(());
    };
    let mut rolled = Rolled::begin(&first.path, description.schema.clone())?;
    for segment in &small {
        let file = fs::File::open(&segment.path)?.into_file();
        let damaged = |error: String| RecordsError::damaged(&segment.path, error);
        let batches = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.build())
            .map_err(|error| damaged(error.to_string()))?;
        for batch in batches {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            rolled.add(
                &read::fitted(&batch, &description.schema).map_err(|error| damaged(error.to_string()))?,
            )?;
        }
    }
    rolled.put(first.first, last)?;
    for segment in &small {
        fs::remove_file(&segment.path)?;
    }
    Ok(())
}

/// A Parquet file on its way.
struct Rolled {
    folder: PathBuf,
    part: PathBuf,
    writer: ArrowWriter<std::fs::File>,
    last: Option<u64>,
}

impl Rolled {
    /// Begins the file that takes the place of `old`.
    fn begin(old: &Path, schema: SchemaRef) -> Result<Self, RecordsError> {
        let part = old.with_extension("parquet.part");
        let file = fs::File::create(&part)?.into_file();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties))
            .map_err(|error| RecordsError::unrolled(&part, error))?;
        Ok(Self {
            folder: old.parent().map(Path::to_owned).unwrap_or_default(),
            part,
            writer,
            last: None,
        })
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), RecordsError> {
        let numbers = batch
            .column(0)
            .as_any()
            .downcast_ref::<UInt64Array>()
            .ok_or_else(|| RecordsError::damaged(&self.part, "its first column is not seq"))?;
        self.last = self.last.max(numbers.values().iter().copied().max());
        self.writer
            .write(batch)
            .and_then(|()| {
                if self.writer.in_progress_size() > GROUP_BYTES {
                    self.writer.flush()
                } else {
                    Ok(())
                }
            })
            .map_err(|error| RecordsError::unrolled(&self.part, error))
    }

    /// Puts the file into its place, or removes it when it has no rows.
    fn finish(self, first: u64) -> Result<(), RecordsError> {
        match self.last {
            Some(last) => self.put(first, last),
            None => self.abandon(),
        }
    }

    fn abandon(self) -> Result<(), RecordsError> {
        drop(self.writer);
        Ok(fs::remove_file(&self.part)?)
    }

    fn put(self, first: u64, last: u64) -> Result<(), RecordsError> {
        let file = self
            .writer
            .into_inner()
            .map_err(|error| RecordsError::unrolled(&self.part, error))?;
        file.sync_all()?;
        fs::rename(&self.part, self.folder.join(layout::rolled_file(first, last)))?;
        // The name too must survive a power cut before the lines go.
        std::fs::File::open(&self.folder)?.sync_all()?;
        Ok(())
    }
}
