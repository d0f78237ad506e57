//! The events of a stream as values of its type, one after the other.

use crate::{
    error::RecordsError,
    layout::{self, Day, Segment},
    stream::{Event, Stamp, Stream},
};
use arrow_array::RecordBatch;
use arrow_json::LineDelimitedWriter;
use fs_err as fs;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::{
    collections::VecDeque,
    fmt,
    io::{self, BufRead, BufReader},
    marker::PhantomData,
    ops::{Bound, RangeBounds},
    path::{Path, PathBuf},
};

/// How often files that a roll took away under a reader are looked for anew. Each time at least one was, so more means that
/// something else removes them.
const LOOKS: usize = 16;

/// The events of a stream on some days, by day and number.
///
/// # Errors
/// When the folder cannot be listed, or has events of a later version than the type's.
pub fn read<S: Stream>(root: &Path, days: impl RangeBounds<Day>) -> Result<Events<S>, RecordsError> {
    let mut events = Events {
        root: root.to_owned(),
        days: (days.start_bound().cloned(), days.end_bound().cloned()),
        segments: VecDeque::new(),
        rows: Box::new(std::iter::empty()),
        current: None,
        reached: None,
        looks: 0,
        stream: PhantomData,
    };
    events.look()?;
    Ok(events)
}

/// An iterator over events; see [`read`]. After an error it goes on with the next file.
pub struct Events<S> {
    root: PathBuf,
    days: (Bound<Day>, Bound<Day>),
    segments: VecDeque<Segment>,
    rows: Rows,
    /// Day and version of the file that is being read.
    current: Option<(Day, u32)>,
    /// Up to where events were returned.
    reached: Option<(Day, u32, u64)>,
    looks: usize,
    stream: PhantomData<fn() -> S>,
}

/// Lines of JSON with their file's name in errors.
pub(super) type Rows = Box<dyn Iterator<Item = Result<Vec<u8>, RecordsError>> + Send>;

impl<S: Stream> Events<S> {
    /// Lists the files from where the reader is.
    fn look(&mut self) -> Result<(), RecordsError> {
        let segments = layout::streams(&self.root)?.remove(S::NAME).unwrap_or_default();
        let mut chosen: Vec<Segment> = segments
            .live
            .into_iter()
            .filter(|segment| self.days.contains(&segment.day))
            .filter(|segment| {
                let end = (segment.day, segment.version, segment.last.unwrap_or(u64::MAX));
                self.reached.is_none_or(|reached| end > reached)
            })
            .collect();
        if let Some(later) = chosen.iter().find(|segment| segment.version > S::VERSION) {
            return Err(RecordsError::Version {
                stream: S::NAME.to_owned(),
                found: later.version,
                known: S::VERSION,
            });
        }
        chosen.sort_by_key(|segment| (segment.day, segment.version, segment.first));
        self.segments = chosen.into();
        Ok(())
    }

    /// Goes on to the next file; `None` after the last.
    fn advance(&mut self) -> Option<Result<(), RecordsError>> {
        let segment = self.segments.pop_front()?;
        self.rows = match open(&segment) {
            Ok(rows) => rows,
            Err(RecordsError::Disk(error))
                if error.kind() == io::ErrorKind::NotFound && self.looks < LOOKS =>
            {
                self.looks += 1;
                return Some(self.look());
            }
            Err(error) => return Some(Err(error)),
        };
        self.current = Some((segment.day, segment.version));
        Some(Ok(()))
    }

    /// `None` for an event that was returned before.
    fn event(&mut self, line: &[u8]) -> Option<Result<Event<S>, RecordsError>> {
        let (day, version) = self.current?;
        let parsed = serde_json::from_slice::<Stamp>(line)
            .and_then(|stamp| Ok((stamp, serde_json::from_slice::<S>(line)?)));
        match parsed {
            Ok((stamp, event)) => {
                let at = (day, version, stamp.seq);
                if self.reached.is_some_and(|reached| at <= reached) {
                    return None;
                }
                self.reached = Some(at);
                Some(Ok(Event { stamp, event }))
            }
            Err(error) => Some(Err(RecordsError::Damaged {
                file: self.root.join(S::NAME),
                why: error.to_string(),
            })),
        }
    }
}

impl<S: Stream> Iterator for Events<S> {
    type Item = Result<Event<S>, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.rows.next() {
                Some(Ok(line)) => {
                    if let Some(event) = self.event(&line) {
                        return Some(event);
                    }
                }
                Some(Err(error)) => return Some(Err(error)),
                None => {
                    if let Err(error) = self.advance()? {
                        return Some(Err(error));
                    }
                }
            }
        }
    }
}

impl<S> fmt::Debug for Events<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Events")
            .field("root", &self.root)
            .field("files", &self.segments.len())
            .finish_non_exhaustive()
    }
}

fn open(segment: &Segment) -> Result<Rows, RecordsError> {
    if segment.last.is_some() {
        rows_of_parquet(&segment.path)
    } else {
        rows_of_lines(&segment.path)
    }
}

/// Whole lines: what comes after the last end of a line is being written.
fn rows_of_lines(path: &Path) -> Result<Rows, RecordsError> {
    let mut file = BufReader::with_capacity(256 * 1024, fs::File::open(path)?);
    Ok(Box::new(std::iter::from_fn(move || {
        let mut line = Vec::new();
        match file.read_until(b'\n', &mut line) {
            Ok(_) => (line.last() == Some(&b'\n')).then_some(Ok(line)),
            Err(error) => Some(Err(error.into())),
        }
    })))
}

pub(super) fn rows_of_parquet(path: &Path) -> Result<Rows, RecordsError> {
    let damaged = {
        let path = path.to_owned();
        move |error: &dyn fmt::Display| RecordsError::damaged(&path, error)
    };
    let file = fs::File::open(path)?.into_file();
    let mut batches = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.build())
        .map_err(|error| damaged(&error))?;
    let mut lines = VecDeque::new();
    Ok(Box::new(std::iter::from_fn(move || {
        loop {
            if let Some(line) = lines.pop_front() {
                return Some(Ok(line));
            }
            let written = batches
                .next()?
                .and_then(|batch| lines_of_batch(&batch, &mut lines));
            if let Err(error) = written {
                return Some(Err(damaged(&error)));
            }
        }
    })))
}

fn lines_of_batch(
    batch: &RecordBatch,
    lines: &mut VecDeque<Vec<u8>>,
) -> Result<(), arrow_schema::ArrowError> {
    let mut json = LineDelimitedWriter::new(Vec::new());
    json.write(batch)?;
    json.finish()?;
    let json = json.into_inner();
    lines.extend(json.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    Ok(())
}
