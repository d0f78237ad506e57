//! One metagraph for everybody: a single task reads it from the chain and publishes it, all others look at the last
//! one. A subnet of 256 neurons costs three requests a refresh, however many tasks look.
//!
//! Caveat: what readers see is as old as its [`block`](assay_chain::Metagraph::block) says. Where a decision must not
//! rest on an old one, ask for one [at or after](MetagraphReader::at_or_after) a block.

use crate::Shutdown;
use assay_chain::{Block, ChainClient, ChainError, Metagraph, NetUid};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Pauses after a failed refresh: from the first, doubled each time, to the longest. Shorter presses a node that is in
/// trouble; longer leaves readers behind after it has recovered.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The one that reads the chain.
#[derive(Debug)]
pub struct MetagraphCache {
    client: ChainClient,
    netuid: NetUid,
    every: u64,
    published: watch::Sender<Option<Arc<Metagraph>>>,
    /// The newest block that a reader waits for.
    wanted: watch::Sender<Block>,
}

/// One of those that look.
#[derive(Clone, Debug)]
pub struct MetagraphReader {
    published: watch::Receiver<Option<Arc<Metagraph>>>,
    wanted: watch::Sender<Block>,
}

/// The task that reads the chain is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the metagraph is no longer being read")]
pub struct CacheEnded;

impl MetagraphCache {
    /// A cache that refreshes every `every` blocks, at least every one. Nothing is read before [`run`](Self::run).
    pub fn new(client: ChainClient, netuid: NetUid, every: u64) -> Self {
        Self {
            client,
            netuid,
            every: every.max(1),
            published: watch::Sender::new(None),
            wanted: watch::Sender::new(Block(0)),
        }
    }

    /// A view of it.
    pub fn reader(&self) -> MetagraphReader {
        MetagraphReader {
            published: self.published.subscribe(),
            wanted: self.wanted.clone(),
        }
    }

    /// Reads the metagraph now and publishes it.
    ///
    /// # Errors
    ///
    /// When there is no such subnet or the chain does not answer; the last one stays published.
    pub async fn refresh(&self) -> Result<Arc<Metagraph>, ChainError> {
        let metagraph = self.client.shared_metagraph(self.netuid).await?;
        self.published.send_if_modified(|published| {
            // A node that lags behind the last one asked must not turn the clock back.
            let newer = published
                .as_ref()
                .is_none_or(|known| known.block.number <= metagraph.block.number);
            if newer {
                *published = Some(Arc::clone(&metagraph));
            }
            newer
        });
        Ok(metagraph)
    }

    /// Refreshes every so many blocks and whenever a reader asks, until the shutdown begins. Failures are retried; the
    /// last good one stays published.
    ///
    /// # Errors
    ///
    /// When the chain cannot be the right one any more, or the subnet is gone.
    pub async fn run(&self, shutdown: Shutdown) -> Result<(), ChainError> {
        shutdown.unless_begun(self.follow()).await.unwrap_or(Ok(()))
    }

    async fn follow(&self) -> Result<(), ChainError> {
        let mut pause = FIRST_PAUSE;
        let mut blocks = loop {
            match self.client.blocks().await {
                Ok(blocks) => break blocks,
                Err(error) => self.recover(error, &mut pause).await?,
            }
        };
        let mut asked = self.wanted.subscribe();
        let (mut next, mut head) = (Block(0), Block(0));
        loop {
            tokio::select! {
                block = blocks.next() => match block {
                    Some(Ok(block)) => head = block.number,
                    Some(Err(error @ ChainError::OtherChain { .. })) => return Err(error),
                    Some(Err(error)) => {
                        tracing::warn!(%error, "no new blocks");
                        continue;
                    }
                    None => return Ok(()),
                },
                Ok(()) = asked.changed() => {}
            }
            // A block that does not exist yet is waited for, not asked for again and again.
            let asked = *asked.borrow_and_update();
            let wanted = head >= next || (head >= asked && self.published_block() < Some(asked));
            if !wanted {
                continue;
            }
            match self.refresh().await {
                Ok(metagraph) => {
                    next = Block(metagraph.block.number.0 + self.every);
                    pause = FIRST_PAUSE;
                }
                Err(error) => {
                    self.recover(error, &mut pause).await?;
                    next = Block(0);
                }
            }
        }
    }

    fn published_block(&self) -> Option<Block> {
        self.published.borrow().as_ref().map(|known| known.block.number)
    }

    /// Waits out what passes, and gives back what does not.
    async fn recover(&self, error: ChainError, pause: &mut Duration) -> Result<(), ChainError> {
        if !error.retry().is_possible() {
            return Err(error);
        }
        tracing::warn!(netuid = %self.netuid, %error, ?pause, "the metagraph cannot be read just now");
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

impl MetagraphReader {
    /// The last one read; nothing before the first.
    pub fn latest(&self) -> Option<Arc<Metagraph>> {
        self.published.borrow().clone()
    }

    /// Waits for one read at this block or a later one, and asks for a refresh if need be.
    ///
    /// # Errors
    ///
    /// When the cache is gone.
    pub async fn at_or_after(&self, block: Block) -> Result<Arc<Metagraph>, CacheEnded> {
        let mut published = self.published.clone();
        loop {
            let known = published.borrow_and_update().clone();
            if let Some(metagraph) = known.filter(|metagraph| metagraph.block.number >= block) {
                return Ok(metagraph);
            }
            self.wanted.send_if_modified(|wanted| {
                let is_later = block > *wanted;
                if is_later {
                    *wanted = block;
                }
                is_later
            });
            published.changed().await.map_err(|_| CacheEnded)?;
        }
    }

    /// Waits for the next one that is published.
    ///
    /// # Errors
    ///
    /// When the cache is gone.
    pub async fn changed(&mut self) -> Result<Arc<Metagraph>, CacheEnded> {
        loop {
            self.published.changed().await.map_err(|_| CacheEnded)?;
            if let Some(metagraph) = self.published.borrow_and_update().clone() {
                return Ok(metagraph);
            }
        }
    }
}
