//! Rows as Parquet.

use super::RowFile;
use crate::dataset::{
    choose::Row,
    error::BuildError,
    plan::{Details, Format},
};
use ::parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};
use arrow_array::{
    ArrayRef, ListArray, RecordBatch, StringArray, StructArray,
    builder::{Float64Builder, StringBuilder, TimestampMicrosecondBuilder},
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use fs_err as fs;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Rows that are gathered before they are written.
const BATCH_ROWS: usize = 1024;

/// Bytes of texts after which they are written all the same: texts may be long.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Rows of a row group. The hub's viewer shows one at a time.
const GROUP_ROWS: usize = 64 * 1024;

/// Bytes of a row group before it is written.
const GROUP_BYTES: usize = 32 * 1024 * 1024;

/// A file with columns.
pub(super) struct Table {
    path: PathBuf,
    schema: SchemaRef,
    format: Format,
    details: Details,
    writer: ArrowWriter<std::fs::File>,
    rows: Rows,
}

/// Rows that wait to be written.
#[derive(Default)]
struct Rows {
    count: usize,
    bytes: usize,
    prompts: StringBuilder,
    completions: StringBuilder,
    rejected: StringBuilder,
    scores: Float64Builder,
    scores_rejected: Float64Builder,
    kinds: StringBuilder,
    runs: StringBuilder,
    times: TimestampMicrosecondBuilder,
}

impl Table {
    pub(super) fn create(path: &Path, format: Format, details: Details) -> Result<Self, BuildError> {
        let schema = schema(format, details);
        let file = fs::File::create(path)?.into_file();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .map_err(|error| unwritable(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            schema,
            format,
            details,
            writer,
            rows: Rows::default(),
        })
    }

    fn write(&mut self) -> Result<(), BuildError> {
        if self.rows.count == 0 {
            return Ok(());
        }
        let columns = std::mem::take(&mut self.rows)
            .columns(self.format, self.details)
            .and_then(|columns| RecordBatch::try_new(self.schema.clone(), columns));
        let written = columns
            .map_err(ParquetError::from)
            .and_then(|batch| self.writer.write(&batch))
            .and_then(|()| {
                if self.writer.in_progress_size() > GROUP_BYTES {
                    self.writer.flush()
                } else {
                    Ok(())
                }
            });
        written.map_err(|error| unwritable(&self.path, error))
    }
}

impl RowFile for Table {
    fn add(&mut self, row: &Row<'_>) -> Result<(), BuildError> {
        self.rows.add(row);
        if self.rows.count >= BATCH_ROWS || self.rows.bytes >= BATCH_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    fn finish(mut self: Box<Self>) -> Result<(), BuildError> {
        self.write()?;
        let file = self
            .writer
            .into_inner()
            .map_err(|error| unwritable(&self.path, error))?;
        Ok(file.sync_all()?)
    }
}

impl Rows {
    fn add(&mut self, row: &Row<'_>) {
        let rejected = row.rejected.map_or("", |(text, _)| text);
        self.count += 1;
        self.bytes += row.prompt.len() + row.completion.len() + rejected.len();
        self.prompts.append_value(row.prompt);
        self.completions.append_value(row.completion);
        self.rejected.append_value(rejected);
        self.scores.append_option(row.score);
        self.scores_rejected
            .append_option(row.rejected.map(|(_, score)| score));
        self.kinds.append_value(row.kind.as_str());
        self.runs.append_value(row.run);
        self.times.append_option(row.at);
    }

    /// In the order of the schema.
    fn columns(mut self, format: Format, details: Details) -> Result<Vec<ArrayRef>, ArrowError> {
        let mut columns: Vec<ArrayRef> = match format {
            Format::Chat | Format::Competition => vec![Arc::new(self.messages()?)],
            Format::Prompt | Format::OpenAi => {
                vec![
                    Arc::new(self.prompts.finish()),
                    Arc::new(self.completions.finish()),
                ]
            }
            Format::Preference { .. } => vec![
                Arc::new(self.prompts.finish()),
                Arc::new(self.completions.finish()),
                Arc::new(self.rejected.finish()),
            ],
        };
        if details != Details::None {
            columns.push(Arc::new(self.scores.finish()));
            if matches!(format, Format::Preference { .. }) {
                columns.push(Arc::new(self.scores_rejected.finish()));
            }
        }
        if details == Details::Full {
            columns.push(Arc::new(self.kinds.finish()));
            columns.push(Arc::new(self.runs.finish()));
            columns.push(Arc::new(self.times.finish().with_timezone("UTC")));
        }
        Ok(columns)
    }

    fn messages(&mut self) -> Result<ListArray, ArrowError> {
        let (prompts, completions) = (self.prompts.finish(), self.completions.finish());
        let texts = prompts.iter().zip(completions.iter());
        let roles: StringArray = (0..self.count)
            .flat_map(|_| [Some("user"), Some("assistant")])
            .collect();
        let contents: StringArray = texts
            .flat_map(|(prompt, completion)| [prompt, completion])
            .collect();
        let fields = message();
        let messages = StructArray::try_new(fields.clone(), vec![Arc::new(roles), Arc::new(contents)], None)?;
        let item = Arc::new(Field::new_list_field(DataType::Struct(fields), true));
        let two_each = OffsetBuffer::from_lengths(std::iter::repeat_n(2, self.count));
        ListArray::try_new(item, two_each, Arc::new(messages), None)
    }
}

fn message() -> Fields {
    Fields::from(vec![
        Field::new("role", DataType::Utf8, true),
        Field::new("content", DataType::Utf8, true),
    ])
}

fn schema(format: Format, details: Details) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let number = |name: &str| Field::new(name, DataType::Float64, true);
    let mut fields = match format {
        Format::Chat | Format::Competition => {
            let item = Field::new_list_field(DataType::Struct(message()), true);
            let name = if format == Format::Chat {
                "messages"
            } else {
                "conversations"
            };
            vec![Field::new_list(name, item, true)]
        }
        Format::Prompt | Format::OpenAi => vec![text("prompt"), text("completion")],
        Format::Preference { .. } => vec![text("prompt"), text("chosen"), text("rejected")],
    };
    match (details, format) {
        (Details::None, _) => {}
        (_, Format::Preference { .. }) => fields.extend([number("score_chosen"), number("score_rejected")]),
        _ => fields.push(number("score")),
    }
    if details == Details::Full {
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        fields.extend([text("kind"), text("run"), Field::new("time", time, true)]);
    }
    Arc::new(Schema::new(fields))
}

fn unwritable(path: &Path, error: impl ToString) -> BuildError {
    BuildError::Unwritable {
        file: path.to_owned(),
        why: error.to_string(),
    }
}
