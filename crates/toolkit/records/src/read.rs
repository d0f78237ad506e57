//! Reading events back: the rows of a table for queries, or the events themselves.

mod events;
mod follow;

pub use events::{Events, read};
pub use follow::{Follower, Place, Row};

use crate::error::RecordsError;
use arrow_array::{RecordBatch, new_null_array};
use arrow_json::{ReaderBuilder, reader::Decoder};
use arrow_schema::{ArrowError, SchemaRef};
use fs_err as fs;
use std::{
    io::{BufRead, BufReader},
    path::Path,
};

/// Lines that become one batch of rows. More rows are faster by little, and take memory.
const BLOCK_LINES: usize = 8 * 1024;

/// Bytes of lines that become one batch however few they are.
const BLOCK_BYTES: usize = 8 * 1024 * 1024;

/// What a piece of a file of lines holds.
pub(crate) enum Lines<'a> {
    /// Rows.
    Batch(RecordBatch),
    /// A line that is no event of the stream.
    Unreadable(&'a [u8]),
}

/// Visits the lines of a file as rows. What comes after the last end of a line is being written, and is left out.
pub(crate) fn lines_of(
    path: &Path,
    schema: &SchemaRef,
    visit: impl FnMut(Lines<'_>) -> Result<(), RecordsError>,
) -> Result<(), RecordsError> {
    let file = BufReader::with_capacity(256 * 1024, fs::File::open(path)?);
    lines_in(file, schema, visit)
}

/// The same of lines from anywhere.
pub(crate) fn lines_in(
    mut file: impl BufRead,
    schema: &SchemaRef,
    mut visit: impl FnMut(Lines<'_>) -> Result<(), RecordsError>,
) -> Result<(), RecordsError> {
    let (mut block, mut lines) = (Vec::new(), 0);
    loop {
        let before = block.len();
        file.read_until(b'\n', &mut block)?;
        let is_whole = block.last() == Some(&b'\n') && block.len() > before;
        if is_whole {
            lines += 1;
            if lines < BLOCK_LINES && block.len() < BLOCK_BYTES {
                continue;
            }
        } else {
            block.truncate(before);
        }
        if !block.is_empty() {
            rows_of(&block, schema, &mut visit)?;
        }
        if !is_whole {
            return Ok(());
        }
        block.clear();
        lines = 0;
    }
}

fn rows_of(
    block: &[u8],
    schema: &SchemaRef,
    visit: &mut impl FnMut(Lines<'_>) -> Result<(), RecordsError>,
) -> Result<(), RecordsError> {
    if let Ok(Some(batch)) = decode(block, schema) {
        return visit(Lines::Batch(batch));
    }
    // One of them is damaged: which?
    for line in block.split(|byte| *byte == b'\n') {
        match decode(line, schema) {
            Ok(Some(batch)) => visit(Lines::Batch(batch))?,
            Ok(None) => {}
            Err(_) => visit(Lines::Unreadable(line))?,
        }
    }
    Ok(())
}

fn decode(lines: &[u8], schema: &SchemaRef) -> Result<Option<RecordBatch>, ArrowError> {
    let mut decoder: Decoder = ReaderBuilder::new(schema.clone())
        .with_batch_size(BLOCK_LINES)
        .build_decoder()?;
    let taken = decoder.decode(lines)?;
    if taken < lines.len() {
        return Err(ArrowError::JsonError(
            "a line holds more than one event".to_owned(),
        ));
    }
    decoder.flush()
}

/// The rows with the columns of another schema: those that it lacks are null, and numbers become wider.
pub(crate) fn fitted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns: Result<Vec<_>, ArrowError> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
            Some(column) => arrow_cast::cast(column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect();
    RecordBatch::try_new(schema.clone(), columns?)
}

/// The number of the last event in a file of whole lines; `None` when it has none.
pub(crate) fn last_seq(path: &Path) -> Result<Option<u64>, RecordsError> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        seq: u64,
    }
    let mut last = None;
    let mut line = Vec::new();
    let mut file = BufReader::with_capacity(256 * 1024, fs::File::open(path)?);
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            return Ok(last);
        }
        // A damaged line has no number, and those around it do.
        if let Ok(Numbered { seq }) = serde_json::from_slice(&line) {
            last = last.max(Some(seq));
        }
    }
}
