//! SQL over the records of one or of several programs: Parquet and the lines that are still being written, as one table a
//! stream.

mod output;
mod table;

pub use output::{Format, Written, write};
pub use table::Table;

use crate::{
    error::RecordsError,
    layout,
    objects::{Bucket, ObjectsError},
};
use datafusion::{
    error::DataFusionError,
    execution::{SendableRecordBatchStream, context::SQLOptions, runtime_env::RuntimeEnvBuilder},
    prelude::{SessionConfig, SessionContext},
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// Memory that a query may take before it uses the disk, in bytes. A validator runs beside it.
pub const DEFAULT_MEMORY: usize = 1024 * 1024 * 1024;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The records cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The query names what is not there, cannot be parsed, or failed.
    #[error("{message}")]
    Query {
        /// What the engine says.
        message: String,
    },
    /// An object store cannot be used.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// There is no such folder.
    #[error("there is no folder {}", folder.display())]
    NoFolder {
        /// What was given.
        folder: PathBuf,
    },
    /// The answer cannot be written.
    #[error("the answer cannot be written: {source}")]
    Output {
        /// What is in the way.
        source: std::io::Error,
    },
}

impl From<DataFusionError> for SqlError {
    fn from(error: DataFusionError) -> Self {
        let message = error.find_root().strip_backtrace();
        Self::Query {
            // What follows the first line lists every column of every table.
            message: message.lines().next().unwrap_or_default().to_owned(),
        }
    }
}

/// Tables that can be asked.
pub struct Database {
    context: SessionContext,
    tables: Vec<Table>,
    problems: Vec<RecordsError>,
}

impl Database {
    /// Opens the records in these folders together, each as a [`Log`](crate::Log) keeps it. What is damaged is left out and
    /// told by [`problems`](Self::problems). What is recorded later is in the tables of a later opening.
    ///
    /// # Errors
    /// When a folder is not there or cannot be listed.
    pub fn open(folders: &[PathBuf], memory: usize) -> Result<Self, SqlError> {
        let mut opening = Opening::new(memory)?;
        opening.folders(folders)?;
        opening.tables()
    }

    /// The same of records in folders and in object stores together. Of what is damaged in a store, [`problems`](Self::problems)
    /// tells too.
    ///
    /// # Errors
    /// When a folder is not there, or a store cannot be listed.
    pub async fn open_with(folders: &[PathBuf], buckets: &[Bucket], memory: usize) -> Result<Self, SqlError> {
        let mut opening = Opening::new(memory)?;
        opening.folders(folders)?;
        for bucket in buckets {
            opening.bucket(bucket).await?;
        }
        opening.tables()
    }

    /// The tables, by name.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// What is damaged, and not in the tables.
    #[must_use]
    pub fn problems(&self) -> &[RecordsError] {
        &self.problems
    }

    /// Runs a query. It can only read.
    ///
    /// # Errors
    /// When it cannot be parsed, names what is not there, or would change something.
    pub async fn query(&self, sql: &str) -> Result<SendableRecordBatchStream, SqlError> {
        let only_read = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = self.context.sql_with_options(sql, only_read).await?;
        Ok(frame.execute_stream().await?)
    }
}

/// Tables while they are put together.
struct Opening {
    context: SessionContext,
    parts: BTreeMap<String, table::Parts>,
    problems: Vec<RecordsError>,
}

impl Opening {
    fn new(memory: usize) -> Result<Self, SqlError> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(memory, 1.0)
            .build_arc()?;
        // Names as they are written in the tables; values as people write them.
        let config = SessionConfig::new().with_information_schema(true);
        Ok(Self {
            context: SessionContext::new_with_config_rt(config, runtime),
            parts: BTreeMap::new(),
            problems: Vec::new(),
        })
    }

    fn folders(&mut self, folders: &[PathBuf]) -> Result<(), SqlError> {
        for folder in folders {
            if !folder.is_dir() {
                return Err(SqlError::NoFolder {
                    folder: folder.clone(),
                });
            }
            for (stream, segments) in layout::streams(folder)? {
                self.parts.entry(stream.clone()).or_default().add_folder(
                    folder,
                    &stream,
                    segments,
                    &mut self.problems,
                );
            }
        }
        Ok(())
    }

    async fn bucket(&mut self, bucket: &Bucket) -> Result<(), SqlError> {
        self.context
            .register_object_store(bucket.root(), Arc::clone(bucket.store()));
        let cache = self.context.runtime_env().cache_manager.get_file_metadata_cache();
        for ((_, stream), stored) in bucket.streams().await? {
            self.parts
                .entry(stream)
                .or_default()
                .add_stored(bucket, stored, &cache, &mut self.problems)
                .await;
        }
        Ok(())
    }

    fn tables(self) -> Result<Database, SqlError> {
        let Self {
            context,
            parts,
            mut problems,
        } = self;
        let mut tables = Vec::new();
        for (stream, parts) in parts {
            tables.push(parts.register(&context, stream, &mut problems)?);
        }
        Ok(Database {
            context,
            tables,
            problems,
        })
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Database")
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}
