//! One block, and one extrinsic of it.

use super::{Explorer, ExplorerError};
use assay_chain::{Block, BlockContents, BlockHash, BlockRef, ChainClient, ExtrinsicRecord};
use serde::Serialize;
use std::sync::Arc;

/// A block and its place in the chain.
#[derive(Debug, Serialize)]
pub(crate) struct BlockView {
    pub(crate) finalized: bool,
    /// Whether there is a block after it.
    pub(crate) has_next: bool,
    #[serde(flatten)]
    pub(crate) contents: Arc<BlockContents>,
}

/// An extrinsic and its block.
#[derive(Debug, Serialize)]
pub(crate) struct ExtrinsicView {
    pub(crate) block: BlockRef,
    pub(crate) finalized: bool,
    pub(crate) timestamp_ms: Option<u64>,
    /// How many extrinsics the block has.
    pub(crate) of: usize,
    pub(crate) extrinsic: ExtrinsicRecord,
}

/// How a block is named in an address: by height, or by hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockName {
    Number(u64),
    Hash(BlockHash),
}

impl std::str::FromStr for BlockName {
    type Err = ExplorerError;

    fn from_str(text: &str) -> Result<BlockName, ExplorerError> {
        let malformed = ExplorerError::Malformed { what: "a block" };
        if text.starts_with("0x") {
            return text.parse().map(BlockName::Hash).map_err(|_| malformed);
        }
        text.parse().map(BlockName::Number).map_err(|_| malformed)
    }
}

/// An extrinsic's place as explorers write it, `123-4`.
pub(crate) fn extrinsic_place(text: &str) -> Option<(u64, u32)> {
    let (block, index) = text.split_once('-')?;
    Some((block.parse().ok()?, index.parse().ok()?))
}

impl Explorer {
    /// The block of a name.
    pub(super) async fn find(
        &self,
        client: &ChainClient,
        name: BlockName,
    ) -> Result<BlockRef, ExplorerError> {
        match name {
            BlockName::Hash(hash) => Ok(client.at(hash).await?.block()),
            BlockName::Number(number) => {
                let hash = client.block_hash(Block(number)).await?;
                let hash = hash.ok_or_else(|| ExplorerError::not_found(format!("block {number}")))?;
                Ok(BlockRef {
                    number: Block(number),
                    hash,
                })
            }
        }
    }

    pub(super) async fn block(&self, name: BlockName) -> Result<BlockView, ExplorerError> {
        let client = self.client()?;
        let block = self.find(&client, name).await?;
        let contents = self.contents(&client, block).await?;
        let head = self.head(&client).await?.block;
        let finalized = self.finalized(&client, head).await?;
        Ok(BlockView {
            finalized: block.number <= finalized.number,
            has_next: block.number < head.number,
            contents,
        })
    }

    pub(super) async fn extrinsic(&self, number: u64, index: u32) -> Result<ExtrinsicView, ExplorerError> {
        let view = self.block(BlockName::Number(number)).await?;
        let extrinsic = view
            .contents
            .extrinsics
            .get(index as usize)
            .ok_or_else(|| ExplorerError::not_found(format!("extrinsic {index} in block {number}")))?;
        Ok(ExtrinsicView {
            block: view.contents.block,
            finalized: view.finalized,
            timestamp_ms: view.contents.timestamp_ms,
            of: view.contents.extrinsics.len(),
            extrinsic: extrinsic.clone(),
        })
    }
}
