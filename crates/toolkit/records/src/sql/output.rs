//! Answers for people and programs.

use super::SqlError;
use arrow_array::RecordBatch;
use datafusion::{
    arrow::{csv, util::pretty::pretty_format_batches},
    error::DataFusionError,
    execution::SendableRecordBatchStream,
};
use futures::TryStreamExt;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use std::io::{self, Write};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Lines and columns for a terminal, at most so many rows.
    Table {
        /// Rows that are shown.
        rows: usize,
    },
    /// A list of objects.
    Json,
    /// One object a line.
    JsonLines,
    /// Comma-separated, with a head. Lists and structs are written as JSON is.
    Csv,
    /// Parquet.
    Parquet,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub rows: usize,
    /// Whether there are more, which were not written.
    pub cut: bool,
}

/// Writes an answer as it comes. Only a table is held in memory, and of it what is shown.
///
/// # Errors
/// When the query fails on the way, or the output refuses.
pub async fn write(
    mut answer: SendableRecordBatchStream,
    format: Format,
    mut to: impl Write + Send,
) -> Result<Written, SqlError> {
    let schema = answer.schema();
    let mut written = Written::default();
    match format {
        Format::Table { rows } => {
            let mut batches = vec![RecordBatch::new_empty(schema)];
            while let Some(batch) = answer.try_next().await? {
                let room = rows - written.rows;
                written.cut = batch.num_rows() > room;
                let shown = batch.slice(0, batch.num_rows().min(room));
                written.rows += shown.num_rows();
                batches.push(shown);
                if written.cut {
                    break;
                }
            }
            let table = pretty_format_batches(&batches).map_err(DataFusionError::from)?;
            writeln!(to, "{table}").map_err(output)?;
        }
        Format::Json => {
            let mut writer = arrow_json::ArrayWriter::new(&mut to);
            while let Some(batch) = answer.try_next().await? {
                written.rows += batch.num_rows();
                writer.write(&batch).map_err(DataFusionError::from)?;
            }
            writer.finish().map_err(DataFusionError::from)?;
            writeln!(to).map_err(output)?;
        }
        Format::JsonLines => {
            let mut writer = arrow_json::LineDelimitedWriter::new(&mut to);
            while let Some(batch) = answer.try_next().await? {
                written.rows += batch.num_rows();
                writer.write(&batch).map_err(DataFusionError::from)?;
            }
            writer.finish().map_err(DataFusionError::from)?;
        }
        Format::Csv => {
            let mut writer = csv::Writer::new(&mut to);
            let mut has_head = false;
            while let Some(batch) = answer.try_next().await? {
                written.rows += batch.num_rows();
                has_head = true;
                writer.write(&flat(&batch)?).map_err(DataFusionError::from)?;
            }
            if !has_head {
                let empty = RecordBatch::new_empty(schema);
                writer.write(&flat(&empty)?).map_err(DataFusionError::from)?;
            }
        }
        Format::Parquet => {
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .build();
            let refused = |error: parquet::errors::ParquetError| output(io::Error::other(error));
            let mut writer = ArrowWriter::try_new(&mut to, schema, Some(properties)).map_err(refused)?;
            while let Some(batch) = answer.try_next().await? {
                written.rows += batch.num_rows();
                writer.write(&batch).map_err(refused)?;
            }
            writer.close().map_err(refused)?;
        }
    }
    to.flush().map_err(output)?;
    Ok(written)
}

/// Lists and structs as text, which CSV has no other way to hold.
fn flat(batch: &RecordBatch) -> Result<RecordBatch, SqlError> {
    use arrow_array::{ArrayRef, StringArray};
    use arrow_schema::{Field, Schema};
    use std::sync::Arc;

    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if !field.data_type().is_nested() {
            fields.push(field.as_ref().clone());
            columns.push(column.clone());
            continue;
        }
        let one = RecordBatch::try_from_iter_with_nullable([("value", column.clone(), true)])
            .map_err(DataFusionError::from)?;
        let mut json = Vec::new();
        let mut writer = arrow_json::LineDelimitedWriter::new(&mut json);
        writer.write(&one).map_err(DataFusionError::from)?;
        writer.finish().map_err(DataFusionError::from)?;
        let texts: Vec<Option<String>> = json
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                let line = std::str::from_utf8(line).unwrap_or_default();
                let value = line.strip_prefix("{\"value\":")?.strip_suffix('}')?;
                Some(value.to_owned())
            })
            .collect();
        fields.push(Field::new(field.name(), arrow_schema::DataType::Utf8, true));
        columns.push(Arc::new(StringArray::from(texts)));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(DataFusionError::from)?)
}

fn output(source: io::Error) -> SqlError {
    SqlError::Output { source }
}
