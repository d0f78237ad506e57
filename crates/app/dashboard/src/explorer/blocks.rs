//! The list of blocks, newest first.

use super::{Explorer, ExplorerError, Head};
use assay_chain::{Block, BlockContents, BlockHash, BlockRef, ChainClient};
use futures::StreamExt;
use serde::Serialize;

/// Blocks of a page from a node of one's own.
const ROWS: u64 = 25;
/// Blocks of a page from a public node. Each costs two requests, and a burst of thirty is what such a node gives.
const ROWS_OF_PUBLIC_NODES: u64 = 12;
/// Blocks that are read at the same time.
const AT_ONCE: usize = 8;

/// A page of blocks, and where the chain is.
#[derive(Debug, Serialize)]
pub(crate) struct BlocksView {
    pub(crate) chain: ChainFacts,
    pub(crate) rows: Vec<BlockRow>,
    /// Ask for blocks before this one for the next page.
    pub(crate) older: Option<u64>,
    /// Ask for blocks before this one for the page before; nothing when that is the newest.
    pub(crate) newer: Option<u64>,
    /// Whether it is the page of the newest blocks.
    pub(crate) is_newest: bool,
}

/// Where the chain is.
#[derive(Debug, Serialize)]
pub(crate) struct ChainFacts {
    pub(crate) endpoint: String,
    pub(crate) head: BlockRef,
    pub(crate) head_seen_ms: u64,
    pub(crate) finalized: u64,
    pub(crate) genesis: BlockHash,
    pub(crate) spec_version: u32,
    pub(crate) block_time_ms: u64,
}

/// A block in the list.
#[derive(Debug, Serialize)]
pub(crate) struct BlockRow {
    pub(crate) number: u64,
    pub(crate) hash: BlockHash,
    pub(crate) finalized: bool,
    /// Nothing when the block could not be read: its state may be gone.
    pub(crate) contents: Option<RowContents>,
}

/// What a row tells of a block.
#[derive(Debug, Serialize)]
pub(crate) struct RowContents {
    pub(crate) timestamp_ms: Option<u64>,
    pub(crate) extrinsics: usize,
    /// What the signed ones call, each name once, with its count.
    pub(crate) calls: Vec<(String, usize)>,
    pub(crate) failed: usize,
    pub(crate) events: usize,
}

impl From<&BlockContents> for RowContents {
    fn from(contents: &BlockContents) -> RowContents {
        let mut calls: Vec<(String, usize)> = Vec::new();
        for extrinsic in contents.signed() {
            let title = extrinsic.title();
            match calls.iter_mut().find(|(known, _)| *known == title) {
                Some((_, count)) => *count += 1,
                None => calls.push((title, 1)),
            }
        }
        RowContents {
            timestamp_ms: contents.timestamp_ms,
            extrinsics: contents.extrinsics.len(),
            calls,
            failed: contents
                .extrinsics
                .iter()
                .filter(|extrinsic| extrinsic.failure.is_some())
                .count(),
            events: contents.event_count(),
        }
    }
}

impl Explorer {
    /// The blocks before `before`, or the newest.
    pub(super) async fn blocks(&self, before: Option<u64>) -> Result<BlocksView, ExplorerError> {
        let client = self.client()?;
        let head = self.head(&client).await?;
        let newest = head.block.number.0;
        let rows = if Explorer::may_ask_much(&client) {
            ROWS
        } else {
            ROWS_OF_PUBLIC_NODES
        };
        // The page ends before block `end`.
        let end = before.map_or(newest + 1, |before| before.min(newest + 1));
        let start = end.saturating_sub(rows);
        let finalized = self.finalized(&client, head.block).await?.number.0;
        let rows_read = self.rows(&client, start, end, finalized).await?;
        Ok(BlocksView {
            chain: facts(&client, head, finalized),
            rows: rows_read,
            older: (start > 0).then_some(start),
            newer: (end <= newest && end + rows <= newest).then_some(end + rows),
            is_newest: end > newest,
        })
    }

    async fn rows(
        &self,
        client: &ChainClient,
        start: u64,
        end: u64,
        finalized: u64,
    ) -> Result<Vec<BlockRow>, ExplorerError> {
        let numbers: Vec<Block> = (start..end).rev().map(Block).collect();
        let hashes = client.block_hashes(&numbers).await?;
        let known = numbers
            .into_iter()
            .zip(hashes)
            .filter_map(|(number, hash)| hash.map(|hash| BlockRef { number, hash }));
        let rows = futures::stream::iter(known)
            .map(|block| async move {
                let contents = match self.contents(client, block).await {
                    Ok(contents) => Some(RowContents::from(&*contents)),
                    Err(error) => {
                        tracing::debug!(%block, %error, "a block of the list could not be read");
                        None
                    }
                };
                BlockRow {
                    number: block.number.0,
                    hash: block.hash,
                    finalized: block.number.0 <= finalized,
                    contents,
                }
            })
            .buffered(AT_ONCE);
        Ok(rows.collect().await)
    }
}

fn facts(client: &ChainClient, head: Head, finalized: u64) -> ChainFacts {
    ChainFacts {
        endpoint: client.endpoint().to_string(),
        head: head.block,
        head_seen_ms: head.seen_ms,
        finalized,
        genesis: client.genesis(),
        spec_version: client.spec_version(),
        // A runtime that does not say makes blocks like the public chain.
        block_time_ms: client
            .block_time()
            .map_or(12_000, |time| u64::try_from(time.as_millis()).unwrap_or(12_000)),
    }
}
