//! Whole blocks: header, extrinsics and events, decoded.

use crate::{
    Block, BlockContents, BlockHash, BlockRef, ChainClient, ChainError, Snapshot,
    connection::Params,
    shared::Header,
    snapshot::{Query, unhex},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Signed {
    block: Body,
}

#[derive(Deserialize)]
struct Body {
    header: Header,
    extrinsics: Vec<String>,
}

impl Snapshot {
    /// The block with everything in it, in two requests: its body, and its events with the time.
    ///
    /// # Errors
    ///
    /// [`ChainError::UnknownBlock`] when the node does not know it; [`ChainError::StateDiscarded`] when it has thrown
    /// the block's events away; otherwise when the node does not answer, or the events are not explained by the
    /// metadata.
    pub async fn block_contents(&self) -> Result<BlockContents, ChainError> {
        const METHOD: &str = "chain_getBlock";
        let mut query = Query::default();
        let events = query.entry::<()>("System", "Events", []);
        let now = query.entry::<u64>("Timestamp", "Now", []);
        let body = self
            .shared
            .connection
            .read_at::<Option<Signed>>(METHOD, Params::none(), self.block.hash);
        let (body, state) = tokio::try_join!(body, self.read(query))?;
        let Body { header, extrinsics } = body
            .ok_or(ChainError::UnknownBlock {
                hash: self.block.hash,
            })?
            .block;
        let bodies: Vec<Vec<u8>> = extrinsics
            .iter()
            .map(|text| unhex(METHOD, text))
            .collect::<Result<_, _>>()?;
        let runtime = state.runtime();
        let timestamp_ms = state.get(now).ok().flatten().filter(|at| *at > 0);
        let mut extrinsics = runtime.extrinsics(&bodies);
        let found = runtime.block_events(state.bytes(events).unwrap_or_default(), &mut extrinsics)?;
        Ok(BlockContents {
            block: self.block,
            parent: header.parent_hash,
            state_root: header.state_root,
            extrinsics_root: header.extrinsics_root,
            digest: header.digest.logs,
            timestamp_ms,
            spec_version: runtime.version().spec,
            bytes: bodies.iter().map(Vec::len).sum(),
            extrinsics,
            hook_events: found.hooks,
            events_left_out: found.left_out,
        })
    }
}

impl ChainClient {
    /// The chain at a block that this client has told of; no request is made.
    pub fn at_block(&self, block: BlockRef) -> Snapshot {
        self.shared.snapshot(block)
    }

    /// Hashes of the blocks at these heights, in their order, in one request; nothing above the head.
    ///
    /// # Errors
    ///
    /// When the node does not answer.
    pub async fn block_hashes(&self, numbers: &[Block]) -> Result<Vec<Option<BlockHash>>, ChainError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        self.shared
            .connection
            .read("chain_getBlockHash", Params::none().with(numbers))
            .await
    }
}
