//! Where events lie.
//!
//! ```text
//! records/
//!   lock                                                    held by the process that writes
//!   prompting_steps/next                                    where numbers go on when old files are gone
//!   prompting_steps/version=1/columns.json                  what the columns are
//!   prompting_steps/version=1/date=2026-11-29/
//!     00000000000000000000-00000000000000081919.parquet     rolled: first and last number in it
//!     00000000000000081920.jsonl                            being written, or left by a kill
//! ```
//!
//! `version` and `date` are partitions in the manner of Hive, which pyarrow, DuckDB and Polars read as columns.
//!
//! A file whose numbers lie within another rolled file's is what that one was made from: it is not read and can go. So a
//! kill between the two steps of rolling (put the new file there, remove the old ones) neither loses nor doubles events.

use crate::error::RecordsError;
use fs_err as fs;
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
};
use time::{Date, OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// A day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub Date);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(time: OffsetDateTime) -> Self {
        Self(time.to_offset(time::UtcOffset::UTC).date())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.format(DATE).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Day {
    type Err = time::error::Parse;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Date::parse(text, DATE).map(Self)
    }
}

/// A file of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it is.
    pub path: PathBuf,
    /// The version of its stream.
    pub version: u32,
    /// The day of its events.
    pub day: Day,
    /// The number of its first event.
    pub first: u64,
    /// The number of its last event once it is Parquet; `None` for lines of JSON.
    pub last: Option<u64>,
}

/// A file of a folder of records, by its place.
#[cfg(feature = "sql")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    /// The folder of records; empty at the top.
    pub(crate) root: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) version: u32,
    pub(crate) file: File,
}

/// What a file is.
#[cfg(feature = "sql")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    /// The columns of a version of a stream.
    Columns,
    /// Events of a day.
    Segment { day: Day, first: u64, last: Option<u64> },
}

/// What the file at a place is, with `/` between the names; nothing for one that is not of records.
#[cfg(feature = "sql")]
pub(crate) fn named(place: &str) -> Option<Named<'_>> {
    let (folder, name) = place.rsplit_once('/')?;
    let (versioned, file) = if name == crate::describe::FILE {
        (folder, File::Columns)
    } else {
        let (first, last) = numbers(name)?;
        let (versioned, dated) = folder.rsplit_once('/')?;
        let day = partition(dated, "date=")?;
        (versioned, File::Segment { day, first, last })
    };
    let (stream, version) = versioned.rsplit_once('/')?;
    let version = partition(version, "version=")?;
    let (root, stream) = stream.rsplit_once('/').unwrap_or(("", stream));
    Some(Named {
        root,
        stream,
        version,
        file,
    })
}

/// The segments of one stream: those that count, by version, day and number, and those that others have taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segments {
    /// What the table consists of.
    pub live: Vec<Segment>,
    /// What can go.
    pub superseded: Vec<Segment>,
}

pub(crate) fn stream_folder(root: &Path, stream: &str) -> PathBuf {
    root.join(stream)
}

pub(crate) fn version_folder(root: &Path, stream: &str, version: u32) -> PathBuf {
    stream_folder(root, stream).join(format!("version={version}"))
}

pub(crate) fn day_folder(root: &Path, stream: &str, version: u32, day: Day) -> PathBuf {
    version_folder(root, stream, version).join(format!("date={day}"))
}

pub(crate) fn lines_file(first: u64) -> String {
    format!("{first:020}.jsonl")
}

pub(crate) fn rolled_file(first: u64, last: u64) -> String {
    format!("{first:020}-{last:020}.parquet")
}

/// The streams in a folder with their segments. Files of other names are not ours and are left alone.
///
/// # Errors
/// When a folder cannot be read. One that is not there has no streams.
pub fn streams(root: &Path) -> Result<BTreeMap<String, Segments>, RecordsError> {
    let mut streams = BTreeMap::new();
    for (name, folder) in folders(root)? {
        let segments = segments_in(&folder)?;
        if !segments.live.is_empty() || folder.join(NEXT).is_file() {
            streams.insert(name, segments);
        }
    }
    Ok(streams)
}

/// File with the number that a stream's events go on from when all its files are gone.
const NEXT: &str = "next";

/// Keeps the number from which a stream's events go on, if it is higher than what was kept.
pub(crate) fn keep_next(root: &Path, stream: &str, next: u64) -> Result<(), RecordsError> {
    if next <= kept_next(root, stream)? {
        return Ok(());
    }
    let path = stream_folder(root, stream).join(NEXT);
    let beside = path.with_extension("part");
    fs::write(&beside, format!("{next}\n"))?;
    fs::rename(&beside, &path)?;
    Ok(())
}

/// The number that was kept, or 0.
pub(crate) fn kept_next(root: &Path, stream: &str) -> Result<u64, RecordsError> {
    let path = stream_folder(root, stream).join(NEXT);
    match fs::read_to_string(&path) {
        Ok(text) => text
            .trim_end()
            .parse()
            .map_err(|_| RecordsError::damaged(&path, "it holds no number")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn segments_in(stream: &Path) -> Result<Segments, RecordsError> {
    let mut all = Vec::new();
    for (name, versioned) in folders(stream)? {
        let Some(version) = partition(&name, "version=") else {
            continue;
        };
        for (name, dated) in folders(&versioned)? {
            let Some(day) = partition(&name, "date=") else {
                continue;
            };
            for path in files(&dated)? {
                let name = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                if let Some((first, last)) = numbers(name) {
                    all.push(Segment {
                        path,
                        version,
                        day,
                        first,
                        last,
                    });
                }
            }
        }
    }
    Ok(Segments::of(all))
}

impl Segments {
    /// All files of one stream of one folder, in whatever order.
    pub(crate) fn of(mut all: Vec<Segment>) -> Self {
        // Of files that begin with the same event, the one that reaches farthest comes first, and lines come last.
        all.sort_by_key(|segment| (segment.version, segment.day, segment.first, Reverse(segment.last)));
        let mut segments = Segments::default();
        let mut covered: Option<(u32, Day, u64)> = None;
        for segment in all {
            let (version, day) = (segment.version, segment.day);
            let end = segment.last.unwrap_or(segment.first);
            if covered.is_some_and(|(v, d, upto)| (v, d) == (version, day) && end <= upto) {
                segments.superseded.push(segment);
                continue;
            }
            if let Some(last) = segment.last {
                covered = Some((version, day, last));
            }
            segments.live.push(segment);
        }
        segments
    }
}

fn partition<T: FromStr>(name: &str, prefix: &str) -> Option<T> {
    name.strip_prefix(prefix)?.parse().ok()
}

fn numbers(name: &str) -> Option<(u64, Option<u64>)> {
    if let Some(first) = name.strip_suffix(".jsonl") {
        return Some((first.parse().ok()?, None));
    }
    let (first, last) = name.strip_suffix(".parquet")?.split_once('-')?;
    Some((first.parse().ok()?, Some(last.parse().ok()?)))
}

fn folders(root: &Path) -> Result<Vec<(String, PathBuf)>, RecordsError> {
    Ok(entries(root)?
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)))
        .collect())
}

fn files(root: &Path) -> Result<Vec<PathBuf>, RecordsError> {
    Ok(entries(root)?.into_iter().filter(|path| path.is_file()).collect())
}

fn entries(root: &Path) -> Result<Vec<PathBuf>, RecordsError> {
    let listed = match fs::read_dir(root) {
        Ok(listed) => listed,
        // It may go while the one above it is listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut paths = Vec::new();
    for entry in listed {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
