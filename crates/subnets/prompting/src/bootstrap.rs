//! Where questions begin: texts from data sets, drawn in random order without an end.
//!
//! Rows come shard by shard into a buffer, and each draw takes one of the buffer at random, as the original's data sets do.
//! The first draw does not wait for a full buffer: it grows by two rows for each that is taken. When the last shard is read
//! the buffer runs empty before the next pass begins, so that no row comes twice in one pass.

mod error;
mod mixture;
mod rows;
mod shards;

pub use error::BootstrapError;
pub use mixture::Mixture;
pub use shards::{HubShards, LocalShards, ShardLimits, Shards};

use futures::future::BoxFuture;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rows::{Rows, Taken};
use std::{fmt, mem};

/// Rows in the buffer at most, as in the original. Fewer, and neighbours in a shard, often of one source, come close
/// together; more costs memory, some ten kilobytes a row of web text.
pub const BUFFER: usize = 10_000;

/// Rows before the first draw.
const FIRST: usize = 512;

/// Rows that are read at one time.
const BATCH: usize = 256;

/// Shards in a row that may hold nothing of use before that is an error.
const MOST_BARREN: usize = 16;

/// An endless source of texts.
pub trait Texts: Send {
    /// The next text, never blank.
    fn next(&mut self) -> BoxFuture<'_, Result<String, BootstrapError>>;
}

/// A text that is always the same: for trying a validator without any data.
#[derive(Clone, Debug)]
pub struct Always(pub String);

impl Default for Always {
    /// The original's.
    fn default() -> Self {
        Self("What is the capital of Texas?".to_owned())
    }
}

impl Texts for Always {
    fn next(&mut self) -> BoxFuture<'_, Result<String, BootstrapError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// The texts of one data set.
pub struct DataSet {
    shards: Box<dyn Shards>,
    columns: Vec<String>,
    rng: ChaCha8Rng,
    capacity: usize,
    buffer: Vec<String>,
    open: Source,
    /// Whether anything has come in this pass.
    has_given: bool,
}

/// Where the next rows come from.
enum Source {
    /// Another shard.
    NextShard,
    /// This one.
    Rows(Rows),
    /// Nowhere: the pass is over.
    Ended,
}

impl fmt::Debug for DataSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DataSet")
            .field("columns", &self.columns)
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

impl DataSet {
    /// The texts in the first of these columns that a shard has. Plain text files have no columns: their paragraphs are the
    /// texts.
    pub fn new(shards: impl Shards + 'static, columns: Vec<String>, rng: ChaCha8Rng) -> Self {
        Self {
            shards: Box::new(shards),
            columns,
            rng,
            capacity: BUFFER,
            buffer: Vec::new(),
            open: Source::NextShard,
            has_given: false,
        }
    }

    /// Holds so many rows at most, at least one.
    #[must_use]
    pub fn buffering(mut self, rows: usize) -> Self {
        self.capacity = rows.max(1);
        self
    }

    async fn draw(&mut self) -> Result<String, BootstrapError> {
        let wanted = if self.buffer.is_empty() {
            FIRST.min(self.capacity)
        } else {
            (self.buffer.len() + 1).min(self.capacity).max(1)
        };
        self.fill(wanted).await?;
        let at = self.rng.random_range(0..self.buffer.len());
        Ok(self.buffer.swap_remove(at))
    }

    /// Reads until so many rows wait, or the pass is over. At least one waits afterwards.
    async fn fill(&mut self, wanted: usize) -> Result<(), BootstrapError> {
        let mut barren = 0;
        while self.buffer.len() < wanted {
            match mem::replace(&mut self.open, Source::NextShard) {
                Source::NextShard => {
                    if barren >= MOST_BARREN {
                        return Err(BootstrapError::Barren {
                            shards: barren,
                            columns: self.columns.join(", "),
                        });
                    }
                    barren += 1;
                    match self.shards.next(&mut self.rng).await? {
                        Some(path) => {
                            let columns = self.columns.clone();
                            let rows = blocking(move || Rows::open(&path, &columns)).await?;
                            self.open = Source::Rows(rows);
                        }
                        None => self.open = Source::Ended,
                    }
                }
                Source::Rows(mut rows) => {
                    let room = self.capacity.saturating_sub(self.buffer.len());
                    let count = room.clamp(1, BATCH);
                    let Taken { texts, rows } = blocking(move || {
                        let (texts, is_over) = rows.take(count)?;
                        Ok(Taken {
                            texts,
                            rows: (!is_over).then_some(rows),
                        })
                    })
                    .await?;
                    if !texts.is_empty() {
                        barren = 0;
                        self.has_given = true;
                    }
                    self.buffer.extend(texts);
                    self.open = rows.map_or(Source::NextShard, Source::Rows);
                }
                Source::Ended if !self.buffer.is_empty() => {
                    self.open = Source::Ended;
                    return Ok(());
                }
                Source::Ended => {
                    if !mem::take(&mut self.has_given) {
                        return Err(BootstrapError::Empty {
                            columns: self.columns.join(", "),
                        });
                    }
                    // The next pass.
                    self.open = Source::NextShard;
                }
            }
        }
        Ok(())
    }
}

impl Texts for DataSet {
    fn next(&mut self) -> BoxFuture<'_, Result<String, BootstrapError>> {
        Box::pin(self.draw())
    }
}

/// Reads on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BootstrapError> + Send + 'static,
) -> Result<T, BootstrapError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(BootstrapError::Interrupted))
}
