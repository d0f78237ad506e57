//! The texts of one shard, in its order.

use super::BootstrapError;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

/// The longest text that is taken; longer ones are passed over. Pages of the web are far below it.
const TEXT_BYTES: usize = 1024 * 1024;
/// The longest line that is read.
const LINE_BYTES: u64 = 4 * 1024 * 1024;
/// Rows of a batch of Parquet. Columns that are not asked for are not read.
const BATCH_ROWS: usize = 256;

/// What was taken of a shard, and the shard unless it is over.
pub(super) struct Taken {
    pub(super) texts: Vec<String>,
    pub(super) rows: Option<Rows>,
}

/// A shard that is being read.
pub(super) struct Rows {
    path: PathBuf,
    reader: Reader,
}

enum Reader {
    /// One JSON object a line; the columns to look at.
    Lines(BufReader<File>, Vec<String>),
    /// Paragraphs.
    Plain(BufReader<File>),
    /// A column of Parquet.
    Parquet(ParquetRecordBatchReader),
}

/// The kinds of shards that are read, by the end of the name.
pub(super) fn is_shard(name: &str) -> bool {
    let end = Path::new(name).extension().and_then(|end| end.to_str());
    matches!(end, Some("jsonl" | "json" | "parquet" | "txt"))
}

impl Rows {
    pub(super) fn open(path: &Path, columns: &[String]) -> Result<Self, BootstrapError> {
        let file = || fs_err::File::open(path).map(fs_err::File::into_file);
        let buffered = |file| BufReader::with_capacity(256 * 1024, file);
        let reader = match path.extension().and_then(|end| end.to_str()) {
            Some("jsonl" | "json") => Reader::Lines(buffered(file()?), columns.to_vec()),
            Some("txt") => Reader::Plain(buffered(file()?)),
            Some("parquet") => Reader::Parquet(parquet(path, file()?, columns)?),
            _ => {
                return Err(BootstrapError::Kind {
                    path: path.to_owned(),
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            reader,
        })
    }

    /// About so many texts more, and whether the shard is over.
    pub(super) fn take(&mut self, count: usize) -> Result<(Vec<String>, bool), BootstrapError> {
        let mut texts = Vec::new();
        let path = &self.path;
        while texts.len() < count {
            let is_over = match &mut self.reader {
                Reader::Lines(reader, columns) => match line(reader)? {
                    Line::End => true,
                    Line::TooLong => false,
                    Line::Text(bytes) => {
                        texts.extend(field(path, &bytes, columns)?.filter(|text| is_wanted(text)));
                        false
                    }
                },
                Reader::Plain(reader) => match paragraph(reader)? {
                    None => true,
                    Some(text) => {
                        texts.extend(Some(text).filter(|text| is_wanted(text)));
                        false
                    }
                },
                Reader::Parquet(reader) => match reader.next() {
                    None => true,
                    Some(batch) => {
                        let unreadable = |problem: String| shard(path, "Parquet", problem);
                        let batch = batch.map_err(|error| unreadable(error.to_string()))?;
                        let column = arrow_cast::cast(batch.column(0), &DataType::Utf8)
                            .map_err(|error| unreadable(error.to_string()))?;
                        let column = column.as_string::<i32>();
                        let all = column.iter().flatten().filter(|text| is_wanted(text));
                        texts.extend(all.map(str::to_owned));
                        false
                    }
                },
            };
            if is_over {
                return Ok((texts, true));
            }
        }
        Ok((texts, false))
    }
}

fn is_wanted(text: &str) -> bool {
    text.len() <= TEXT_BYTES && !text.trim().is_empty()
}

fn shard(path: &Path, kind: &'static str, problem: String) -> BootstrapError {
    BootstrapError::Shard {
        path: path.to_owned(),
        kind,
        problem,
    }
}

enum Line {
    Text(Vec<u8>),
    TooLong,
    End,
}

/// One line, whose length is bounded: what is longer is read to its end and dropped.
fn line(reader: &mut BufReader<File>) -> Result<Line, BootstrapError> {
    let mut bytes = Vec::new();
    let read = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(Line::End);
    }
    if bytes.last() == Some(&b'\n') || (read as u64) < LINE_BYTES {
        return Ok(Line::Text(bytes));
    }
    loop {
        bytes.clear();
        let read = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut bytes)?;
        if read == 0 || bytes.last() == Some(&b'\n') {
            return Ok(Line::TooLong);
        }
    }
}

/// The first of the columns that a line's object has; nothing for a blank line, or where it is no text.
fn field(path: &Path, bytes: &[u8], columns: &[String]) -> Result<Option<String>, BootstrapError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let mut object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(bytes).map_err(|error| {
            // Where, and not what: it may be anybody's.
            shard(
                path,
                "JSON lines",
                format!("a line is no JSON object (column {})", error.column()),
            )
        })?;
    let found = columns.iter().find_map(|column| object.remove(column));
    Ok(found.and_then(|value| match value {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    }))
}

/// Lines up to the next blank one.
fn paragraph(reader: &mut BufReader<File>) -> Result<Option<String>, BootstrapError> {
    let mut text = String::new();
    loop {
        match line(reader)? {
            Line::End => return Ok((!text.is_empty()).then_some(text)),
            Line::TooLong => {}
            Line::Text(bytes) => {
                let line = String::from_utf8_lossy(&bytes);
                let line = line.trim_end();
                match (line.is_empty(), text.is_empty()) {
                    (true, true) => {}
                    (true, false) => return Ok(Some(text)),
                    (false, is_first) => {
                        if !is_first {
                            text.push('\n');
                        }
                        // What is too long is dropped at the end; nothing more of it is kept.
                        if text.len() <= TEXT_BYTES {
                            text.push_str(line);
                        }
                    }
                }
            }
        }
    }
}

fn parquet(path: &Path, file: File, columns: &[String]) -> Result<ParquetRecordBatchReader, BootstrapError> {
    let unreadable = |error: parquet::errors::ParquetError| shard(path, "Parquet", error.to_string());
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    let schema = builder.schema().clone();
    let is_text = |kind: &DataType| {
        matches!(
            kind,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _)
        )
    };
    let at = columns.iter().find_map(|wanted| {
        let found = schema.fields().iter().enumerate();
        let mut found = found.filter(|(_, field)| field.name() == wanted && is_text(field.data_type()));
        found.next().map(|(at, _)| at)
    });
    let Some(at) = at else {
        let found: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .take(32)
            .collect();
        return Err(BootstrapError::Columns {
            path: path.to_owned(),
            wanted: columns.join(" or "),
            found: found.join(", "),
        });
    };
    let mask = ProjectionMask::roots(builder.parquet_schema(), [at]);
    builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(unreadable)
}
