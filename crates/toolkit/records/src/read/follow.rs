//! Events as they come, of all streams together and whatever their types: what an exporter reads.

use super::events::{Rows, rows_of_parquet};
use crate::{
    error::RecordsError,
    layout::{self, Day, Segment},
    stream::{STAMP, Stamp},
};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};
use time::OffsetDateTime;

/// Up to where events were taken. Kept as JSON it tells a later reader where to go on.
///
/// It has a number for each day of each version of a stream, because around midnight two days are written at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(BTreeMap<String, u64>);

impl Place {
    /// Moves on past an event.
    pub fn pass(&mut self, row: &Row) {
        let next = self.0.entry(row.part.clone()).or_default();
        *next = (*next).max(row.stamp.seq.saturating_add(1));
    }

    /// The number of the first event of a part that was not taken.
    fn next(&self, part: &str) -> u64 {
        self.0.get(part).copied().unwrap_or(0)
    }
}

/// An event of a stream whose type is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The stream's name.
    pub stream: String,
    /// When, where and by whom.
    pub stamp: Stamp,
    /// Its own fields, without those that are null.
    pub fields: Map<String, Value>,
    /// Bytes that it takes as a line of JSON.
    pub bytes: usize,
    /// The day of the version of the stream that it lies in.
    part: String,
}

/// Reads the events of a folder on from a place, the earliest first. The folder may be written by another process, and
/// is not touched.
///
/// What was read before is not held in memory, and files that are written are read on where they grew.
pub struct Follower {
    root: PathBuf,
    bounds: Bounds,
    streams: BTreeMap<String, Tail>,
    /// Files of lines that were read to their present end.
    growing: HashMap<PathBuf, Lines>,
}

/// Which events are taken.
struct Bounds {
    place: Place,
    until: Option<Place>,
    since: Option<OffsetDateTime>,
}

impl Follower {
    /// Goes on from a place; the default place is the beginning.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, place: Place) -> Self {
        Self {
            root: root.into(),
            bounds: Bounds {
                place,
                until: None,
                since: None,
            },
            streams: BTreeMap::new(),
            growing: HashMap::new(),
        }
    }

    /// Leaves out what happened before a moment.
    #[must_use]
    pub fn since(mut self, since: Option<OffsetDateTime>) -> Self {
        self.bounds.since = since;
        self
    }

    /// Leaves out what lies after a place. What another follower took to get there comes in the same order.
    #[must_use]
    pub fn until(mut self, until: Option<Place>) -> Self {
        self.bounds.until = until;
        self
    }

    /// The next event, the earliest of all streams' next ones; `None` when there is none yet. Files that are new since
    /// are seen by [`look`](Self::look) only.
    ///
    /// # Errors
    /// When a file cannot be read. The next call goes on with the next file, and the next look tries it again.
    pub fn next_row(&mut self) -> Result<Option<Row>, RecordsError> {
        let mut earliest: Option<&mut Tail> = None;
        for (stream, tail) in &mut self.streams {
            tail.fill(stream, &self.bounds, &mut self.growing)?;
            let is_earlier = |other: &&mut Tail| match (tail.time(), other.time()) {
                (Some(time), Some(other)) => time < other,
                (time, _) => time.is_some(),
            };
            if earliest.as_ref().is_none_or(is_earlier) {
                earliest = Some(tail);
            }
        }
        let row = earliest.and_then(|tail| tail.head.take());
        if let Some(row) = &row {
            self.bounds.place.pass(row);
        }
        Ok(row)
    }

    /// Lists the files anew.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn look(&mut self) -> Result<(), RecordsError> {
        let first_day = self.bounds.since.map(Day::of);
        let listed = layout::streams(&self.root)?;
        let mut growing = HashMap::new();
        for (stream, segments) in listed {
            let tail = self.streams.entry(stream.clone()).or_default();
            let current = tail.current.as_ref().map(|source| source.path.clone());
            tail.queue.clear();
            for segment in segments.live {
                let part = part_of(&stream, &segment);
                let is_taken = segment
                    .last
                    .is_some_and(|last| last < self.bounds.place.next(&part));
                let is_early = first_day.is_some_and(|first| segment.day < first);
                if is_taken || is_early || current.as_ref() == Some(&segment.path) {
                    continue;
                }
                if let Some(lines) = self.growing.remove(&segment.path) {
                    growing.insert(segment.path.clone(), lines);
                }
                tail.queue.push_back(segment);
            }
        }
        // What is left over was rolled, or is gone.
        self.growing = growing;
        Ok(())
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Follower")
            .field("root", &self.root)
            .field("streams", &self.streams.len())
            .finish_non_exhaustive()
    }
}

/// One stream, from where it is read.
#[derive(Default)]
struct Tail {
    queue: VecDeque<Segment>,
    current: Option<Source>,
    head: Option<Row>,
}

impl Tail {
    fn time(&self) -> Option<OffsetDateTime> {
        self.head.as_ref().map(|row| row.stamp.time)
    }

    /// Reads on to the stream's next event, if there is one.
    fn fill(
        &mut self,
        stream: &str,
        bounds: &Bounds,
        growing: &mut HashMap<PathBuf, Lines>,
    ) -> Result<(), RecordsError> {
        while self.head.is_none() {
            let Some(source) = &mut self.current else {
                let Some(segment) = self.queue.pop_front() else {
                    break;
                };
                match Source::open(stream, &segment, growing) {
                    Ok(source) => self.current = Some(source),
                    // It was rolled in between: the next look finds what it became.
                    Err(RecordsError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
                continue;
            };
            match source.next_line() {
                Some(Ok(line)) => {
                    let Some(row) = row_of(stream, &source.part, &line) else {
                        tracing::warn!(file = %source.path.display(), "a line is no event and is left out");
                        continue;
                    };
                    let is_after = |until: &Place| row.stamp.seq >= until.next(&row.part);
                    if bounds.until.as_ref().is_some_and(is_after) {
                        self.current = None;
                    } else if row.stamp.seq >= bounds.place.next(&row.part)
                        && bounds.since.is_none_or(|since| row.stamp.time >= since)
                    {
                        self.head = Some(row);
                    }
                }
                Some(Err(error)) => {
                    self.current = None;
                    return Err(error);
                }
                None => {
                    if let Some(Source {
                        path,
                        rows: SourceRows::Growing(lines),
                        ..
                    }) = self.current.take()
                        && lines.has_lines
                    {
                        growing.insert(path, lines);
                    }
                }
            }
        }
        Ok(())
    }
}

/// A file that is being read.
struct Source {
    path: PathBuf,
    part: String,
    rows: SourceRows,
}

enum SourceRows {
    Growing(Lines),
    Rolled(Rows),
}

impl Source {
    fn open(
        stream: &str,
        segment: &Segment,
        growing: &mut HashMap<PathBuf, Lines>,
    ) -> Result<Self, RecordsError> {
        let rows = if segment.last.is_some() {
            SourceRows::Rolled(rows_of_parquet(&segment.path)?)
        } else if let Some(lines) = growing.remove(&segment.path) {
            SourceRows::Growing(lines)
        } else {
            SourceRows::Growing(Lines::open(&segment.path)?)
        };
        Ok(Self {
            path: segment.path.clone(),
            part: part_of(stream, segment),
            rows,
        })
    }

    fn next_line(&mut self) -> Option<Result<Vec<u8>, RecordsError>> {
        match &mut self.rows {
            SourceRows::Growing(lines) => lines.next_line(),
            SourceRows::Rolled(rows) => rows.next(),
        }
    }
}

/// A file of lines, read on where it grew.
struct Lines {
    file: BufReader<std::fs::File>,
    /// The start of a line whose end is not written yet.
    begun: Vec<u8>,
    /// A file without a whole line may be removed and begun anew under the same name, so it is not kept open.
    has_lines: bool,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, RecordsError> {
        Ok(Self {
            file: BufReader::with_capacity(64 * 1024, fs::File::open(path)?.into_file()),
            begun: Vec::new(),
            has_lines: false,
        })
    }

    fn next_line(&mut self) -> Option<Result<Vec<u8>, RecordsError>> {
        if let Err(error) = self.file.read_until(b'\n', &mut self.begun) {
            return Some(Err(error.into()));
        }
        if self.begun.last() != Some(&b'\n') {
            return None;
        }
        self.has_lines = true;
        Some(Ok(std::mem::take(&mut self.begun)))
    }
}

fn part_of(stream: &str, segment: &Segment) -> String {
    format!("{stream}/version={}/date={}", segment.version, segment.day)
}

/// `None` when the line is no event.
fn row_of(stream: &str, part: &str, line: &[u8]) -> Option<Row> {
    let mut fields: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let stamp: Stamp = serde_json::from_slice(line).ok()?;
    fields.retain(|name, value| !value.is_null() && !STAMP.contains(&name.as_str()));
    Some(Row {
        stream: stream.to_owned(),
        stamp,
        fields,
        bytes: line.len(),
        part: part.to_owned(),
    })
}
