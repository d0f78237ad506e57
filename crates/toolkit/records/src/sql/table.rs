//! A table: the files of a stream from every folder, of every version.

use super::SqlError;
use crate::{
    columns::Column,
    describe::{self, Description},
    error::RecordsError,
    layout::Segments,
    objects::{Bucket, StoredStream},
    read,
};
use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use bytes::Bytes;
use datafusion::{
    catalog::TableProvider,
    datasource::{
        MemTable,
        file_format::parquet::ParquetFormat,
        listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl},
        physical_plan::parquet::metadata::DFParquetMetadata,
    },
    execution::cache::cache_manager::FileMetadataCache,
    prelude::SessionContext,
};
use fs_err as fs;
use futures::{StreamExt, stream};
use object_store::ObjectMeta;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
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
    /// Of each store, the disk being one, its Parquet files.
    parquet: BTreeMap<String, Vec<ListingTableUrl>>,
    lines: Vec<(u32, Lines)>,
}

/// Lines that are not Parquet yet.
enum Lines {
    File(PathBuf),
    /// From a store, with their place there.
    Read(PathBuf, Bytes),
}

/// Bytes of the end of a Parquet file that are asked for at once; what a file of ours says of itself is within.
const LAST_BYTES: usize = 64 * 1024;

/// Requests to a store at the same time.
const AT_ONCE: usize = 16;

impl Parts {
    pub(super) fn add_folder(
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
            if segment.last.is_none() {
                self.lines.push((version, Lines::File(segment.path)));
                continue;
            }
            match checked(&segment.path) {
                Ok(url) => self.add_parquet(url),
                Err(problem) => problems.push(problem),
            }
        }
    }

    fn add_parquet(&mut self, url: ListingTableUrl) {
        let store = url.object_store().as_str().to_owned();
        self.parquet.entry(store).or_default().push(url);
    }

    pub(super) async fn add_stored(
        &mut self,
        bucket: &Bucket,
        stored: StoredStream,
        cache: &Arc<FileMetadataCache>,
        problems: &mut Vec<RecordsError>,
    ) {
        let mut versions = BTreeSet::new();
        for (version, object) in &stored.columns {
            match bucket.columns(object).await {
                Ok(description) => {
                    versions.insert(*version);
                    self.descriptions.entry(*version).or_insert(description);
                }
                Err(problem) => problems.push(problem),
            }
        }
        let mut objects = stored.objects;
        let mut known = Vec::new();
        for segment in Segments::of(stored.segments).live {
            let Some(object) = objects.remove(&segment.path) else {
                continue;
            };
            if versions.contains(&segment.version) {
                known.push((segment, object));
            } else {
                problems.push(RecordsError::damaged(
                    &bucket.shown(&object.location),
                    "columns.json of its table is missing",
                ));
            }
        }
        let mut found = stream::iter(known)
            .map(async |(segment, object)| match segment.last {
                Some(_) => checked_stored(bucket, &object, cache).await.map(Found::Parquet),
                None => {
                    let bytes = bucket.lines(&object).await?;
                    let place = bucket.shown(&object.location);
                    Ok(Found::Lines(segment.version, Lines::Read(place, bytes)))
                }
            })
            .buffered(AT_ONCE);
        while let Some(found) = found.next().await {
            match found {
                Ok(Found::Parquet(url)) => self.add_parquet(url),
                Ok(Found::Lines(version, lines)) => self.lines.push((version, lines)),
                Err(problem) => problems.push(problem),
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
        let mut live = Vec::new();
        for (version, source) in &self.lines {
            if let Some(description) = self.descriptions.get(version) {
                lines(source, &description.schema, &schema, &mut live, problems);
            }
        }
        let files = self.parquet.values().map(Vec::len).sum();
        let live_rows = live.iter().map(RecordBatch::num_rows).sum();
        let lines: Arc<dyn TableProvider> = Arc::new(MemTable::try_new(schema.clone(), vec![live])?);
        let table = if self.parquet.is_empty() {
            lines
        } else {
            let mut all = context.read_table(lines)?;
            // A listing reads from one store only.
            for urls in self.parquet.into_values() {
                let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
                let listing = ListingTable::try_new(
                    ListingTableConfig::new_with_multi_paths(urls)
                        .with_listing_options(options)
                        .with_schema(schema.clone()),
                )?;
                all = context.read_table(Arc::new(listing))?.union(all)?;
            }
            all.into_view()
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

/// What a store's file was found to be.
enum Found {
    Parquet(ListingTableUrl),
    Lines(u32, Lines),
}

/// The same of an object. What it says of itself is kept for the query.
async fn checked_stored(
    bucket: &Bucket,
    object: &ObjectMeta,
    cache: &Arc<FileMetadataCache>,
) -> Result<ListingTableUrl, RecordsError> {
    let damaged =
        |why: &dyn ToString| RecordsError::damaged(&bucket.shown(&object.location), why.to_string());
    DFParquetMetadata::new(&**bucket.store(), object)
        .with_metadata_size_hint(Some(LAST_BYTES))
        .with_file_metadata_cache(Some(Arc::clone(cache)))
        .fetch_metadata()
        .await
        .map_err(|error| damaged(&error.strip_backtrace()))?;
    let mut url = bucket.root().clone();
    url.set_path(object.location.as_ref());
    ListingTableUrl::try_new(url, None).map_err(|error| damaged(&error))
}

fn lines(
    source: &Lines,
    own: &SchemaRef,
    schema: &SchemaRef,
    live: &mut Vec<RecordBatch>,
    problems: &mut Vec<RecordsError>,
) {
    let mut damaged = 0;
    let (Lines::File(path) | Lines::Read(path, _)) = source;
    let visit = |lines: read::Lines<'_>| {
        match lines {
            read::Lines::Batch(batch) => {
                let fitted =
                    read::fitted(&batch, schema).map_err(|error| RecordsError::damaged(path, error))?;
                live.push(fitted);
            }
            read::Lines::Unreadable(_) => damaged += 1,
        }
        Ok(())
    };
    let read = match source {
        Lines::File(path) => read::lines_of(path, own, visit),
        Lines::Read(_, bytes) => read::lines_in(&bytes[..], own, visit),
    };
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
