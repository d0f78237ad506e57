//! A table: the files of a stream from every folder, of every version.

use super::SqlError;
use crate::{
    columns::Column,
    describe::{self, Description},
    error::RecordsError,
    layout::{Segment, Segments},
    read,
};
use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::{
    catalog::TableProvider,
    datasource::{
        MemTable,
        file_format::parquet::ParquetFormat,
        listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl},
    },
    prelude::SessionContext,
};
use fs_err as fs;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::{collections::BTreeMap, io, path::Path, sync::Arc};
use url::Url;

/// A table that can be asked.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Parquet files that it consists of.
    pub files: usize,
    /// Rows that are still lines.
    pub live_rows: usize,
}

/// What a table is made from.
#[derive(Default)]
pub(super) struct Parts {
    /// By version; the newest says what a column means.
    descriptions: BTreeMap<u32, Description>,
    parquet: Vec<Segment>,
    lines: Vec<(u32, Segment)>,
}

impl Parts {
    pub(super) fn add(
        &mut self,
        root: &Path,
        stream: &str,
        segments: Segments,
        problems: &mut Vec<RecordsError>,
    ) {
        for segment in segments.live {
            let version = segment.version;
            match describe::read(root, stream, version) {
                Ok(Some(description)) => {
                    self.descriptions.entry(version).or_insert(description);
                }
                Ok(None) => {
                    problems.push(RecordsError::damaged(
                        &segment.path,
                        "columns.json of its table is missing",
                    ));
                    continue;
                }
                Err(error) => {
                    problems.push(error);
                    continue;
                }
            }
            if segment.last.is_some() {
                self.parquet.push(segment);
            } else {
                self.lines.push((version, segment));
            }
        }
    }

    pub(super) fn register(
        self,
        context: &SessionContext,
        name: String,
        problems: &mut Vec<RecordsError>,
    ) -> Result<Table, SqlError> {
        let (columns, description) = merged(&self.descriptions);
        let schema: SchemaRef = Arc::new(Schema::new(
            columns
                .iter()
                .map(|column| Field::new(&column.name, column.data_type.clone(), true))
                .collect::<Vec<_>>(),
        ));
        let mut urls = Vec::new();
        for segment in &self.parquet {
            match checked(&segment.path) {
                Ok(url) => urls.push(url),
                Err(problem) => problems.push(problem),
            }
        }
        let mut live = Vec::new();
        for (version, segment) in &self.lines {
            if let Some(description) = self.descriptions.get(version) {
                lines(&segment.path, &description.schema, &schema, &mut live, problems);
            }
        }
        let (files, live_rows) = (urls.len(), live.iter().map(RecordBatch::num_rows).sum());
        let lines: Arc<dyn TableProvider> = Arc::new(MemTable::try_new(schema.clone(), vec![live])?);
        let table = if urls.is_empty() {
            lines
        } else {
            let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
            let listing = ListingTable::try_new(
                ListingTableConfig::new_with_multi_paths(urls)
                    .with_listing_options(options)
                    .with_schema(schema),
            )?;
            context
                .read_table(Arc::new(listing))?
                .union(context.read_table(lines)?)?
                .into_view()
        };
        context.register_table(name.as_str(), table)?;
        Ok(Table {
            name,
            description,
            columns,
            files,
            live_rows,
        })
    }
}

/// The columns of all versions: those of the newest, then what only older ones have.
fn merged(descriptions: &BTreeMap<u32, Description>) -> (Vec<Column>, String) {
    let mut columns: Vec<Column> = Vec::new();
    for description in descriptions.values().rev() {
        for column in &description.columns {
            if !columns.iter().any(|there| there.name == column.name) {
                columns.push(column.clone());
            }
        }
    }
    let newest = descriptions.values().next_back();
    (
        columns,
        newest
            .map(|newest| newest.description.clone())
            .unwrap_or_default(),
    )
}

/// The address of a Parquet file that can be opened. One that cannot would fail every query of its table.
fn checked(path: &Path) -> Result<ListingTableUrl, RecordsError> {
    let file = fs::File::open(path)?.into_file();
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| RecordsError::damaged(path, error))?;
    let absolute = fs::canonicalize(path)?;
    let url =
        Url::from_file_path(&absolute).map_err(|()| RecordsError::damaged(path, "its path is no address"))?;
    // Not parsed from text: a name may hold what looks like a pattern.
    ListingTableUrl::try_new(url, None).map_err(|error| RecordsError::damaged(path, error))
}

fn lines(
    path: &Path,
    own: &SchemaRef,
    schema: &SchemaRef,
    live: &mut Vec<RecordBatch>,
    problems: &mut Vec<RecordsError>,
) {
    let mut damaged = 0;
    let read = read::lines_of(path, own, |lines| {
        match lines {
            read::Lines::Batch(batch) => {
                let fitted =
                    read::fitted(&batch, schema).map_err(|error| RecordsError::damaged(path, error))?;
                live.push(fitted);
            }
            read::Lines::Unreadable(_) => damaged += 1,
        }
        Ok(())
    });
    match read {
        Ok(()) if damaged == 0 => {}
        Ok(()) => problems.push(RecordsError::damaged(
            path,
            format!("{damaged} of its lines are no events"),
        )),
        // Rolled while the tables were opened: its rows come with the next opening.
        Err(RecordsError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => problems.push(error),
    }
}
