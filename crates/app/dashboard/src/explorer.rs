//! The explorer: what is on the chain, block by block, account by account, read through a chain client.
//!
//! It asks only when somebody looks, asks for the same thing once, and keeps to bounds: a public node is shared with
//! others, and a block holds whatever anybody paid for.

mod account;
mod block;
mod blocks;
mod error;
mod kept;
mod neuron;
mod page;
mod routes;
mod search;
mod subnets;

pub(crate) use error::ExplorerError;
pub(crate) use routes::{Shared, health, router};

use assay_chain::{
    AccountId, Block, BlockContents, BlockHash, BlockRef, ChainClient, ChainError, NetUid, Reach, Uid,
};
use futures::StreamExt;
use kept::Kept;
use maud::{Markup, html};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Weight of the blocks that are kept, in bytes of what they decode to, roughly. Enough for some thousand quiet blocks;
/// a process that also trains should not notice it.
const BLOCKS_KEPT: usize = 48 << 20;
/// Views of one kind that are kept. They are of the newest block, so a few minutes of looking around.
const VIEWS_KEPT: usize = 64;
/// How long nothing is heard before the node is asked whether it is there. Shorter asks a quiet node for nothing; longer
/// calls a dead one healthy. On a public node longer than a block takes, so that hardly anything is asked.
const QUIET: Duration = Duration::from_secs(3);
const QUIET_ON_PUBLIC_NODES: Duration = Duration::from_secs(20);
/// How long it may take to answer that.
const ANSWER: Duration = Duration::from_secs(10);
/// Pause before a lost stream of heads is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// The chain that the explorer shows.
#[derive(Debug, Clone)]
pub enum Chain {
    /// Not there yet.
    Connecting {
        /// Where it is looked for.
        endpoint: String,
        /// Why the last try failed.
        trouble: Option<String>,
    },
    /// It answers.
    Connected(ChainClient),
}

/// The newest block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) block: BlockRef,
    /// When it was seen here.
    pub(crate) seen_ms: u64,
}

/// How many blocks are searched, on a node of one's own and on a public one. Each is read once and kept.
#[derive(Debug, Clone, Copy)]
struct SearchDepth {
    own: u64,
    public: u64,
}

/// What the list of blocks reads of a public node anyway.
const SEARCHED_ON_PUBLIC_NODES: u64 = 12;

/// Reads for the pages, and keeps what was read.
#[derive(Debug)]
pub(crate) struct Explorer {
    chain: watch::Receiver<Chain>,
    head: watch::Sender<Option<Head>>,
    blocks: Kept<BlockHash, BlockContents>,
    finalized: Kept<BlockHash, BlockRef>,
    subnets: Kept<BlockHash, subnets::SubnetsView>,
    subnet: Kept<(BlockHash, NetUid), subnets::SubnetView>,
    neuron: Kept<(BlockHash, NetUid, Uid), neuron::NeuronView>,
    account: Kept<(BlockHash, AccountId), account::AccountView>,
    identities: Kept<BlockHash, search::Names>,
}

/// What stands between a neuron and its weights, or why that cannot be told.
pub(crate) async fn diagnosed(explorer: &Explorer, netuid: NetUid, uid: Uid) -> Markup {
    let read = tokio::time::timeout(routes::DEADLINE, Box::pin(explorer.neuron(netuid, uid))).await;
    match read.unwrap_or(Err(ExplorerError::Late)) {
        Ok(view) => match &view.diagnosis {
            Some(diagnosis) => html! {
                p {
                    @if diagnosis.can_set_weights { span class="pill good" { "can set weights" } }
                    @else { span class="pill off" { "cannot set weights" } }
                }
                (page::findings(diagnosis))
            },
            None => html! { p class="note" { "The chain does not tell enough to say." } },
        },
        Err(error) => html! { p class="note" { (error) } },
    }
}

impl Explorer {
    pub(crate) fn new(chain: watch::Receiver<Chain>) -> Explorer {
        Explorer {
            chain,
            head: watch::Sender::new(None),
            blocks: Kept::new(BLOCKS_KEPT),
            finalized: Kept::new(VIEWS_KEPT),
            subnets: Kept::new(VIEWS_KEPT),
            subnet: Kept::new(VIEWS_KEPT),
            neuron: Kept::new(VIEWS_KEPT),
            account: Kept::new(VIEWS_KEPT),
            identities: Kept::new(4),
        }
    }

    /// The newest block as it changes.
    pub(crate) fn heads(&self) -> watch::Receiver<Option<Head>> {
        self.head.subscribe()
    }

    fn client(&self) -> Result<ChainClient, ExplorerError> {
        match &*self.chain.borrow() {
            Chain::Connected(client) => Ok(client.clone()),
            Chain::Connecting { endpoint, trouble } => Err(ExplorerError::NotConnected {
                endpoint: endpoint.clone(),
                trouble: trouble.clone(),
            }),
        }
    }

    /// Whether the node is one's own, and may be asked as often as one likes.
    fn may_ask_much(client: &ChainClient) -> bool {
        client.endpoint().reach() == Reach::Private
    }

    /// The newest block: the one that was told last, or the node's answer while nothing was told.
    async fn head(&self, client: &ChainClient) -> Result<Head, ExplorerError> {
        let told = *self.head.borrow();
        match told {
            Some(head) => Ok(head),
            None => Ok(Head {
                block: client.head().await?,
                seen_ms: now_ms(),
            }),
        }
    }

    /// The newest block that cannot be dropped any more, asked for once a block.
    async fn finalized(&self, client: &ChainClient, head: BlockRef) -> Result<BlockRef, ExplorerError> {
        let read = async { client.finalized_head().await };
        let found = self.finalized.get_or_read(head.hash, |_| 1, read).await?;
        Ok(*found)
    }

    /// A block with everything in it.
    async fn contents(
        &self,
        client: &ChainClient,
        block: BlockRef,
    ) -> Result<Arc<BlockContents>, ExplorerError> {
        let read = Box::pin(async { client.at_block(block).block_contents().await });
        Ok(self.blocks.get_or_read(block.hash, weight, read).await?)
    }

    /// Follows the chain's heads until the stop.
    pub(crate) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut chain = self.chain.clone();
        loop {
            let client = self.client();
            let ended = async {
                match client {
                    Ok(client) => self.follow_heads(&client).await,
                    Err(_) => {
                        self.lose_head();
                        // Until something changes; a chain that nobody will name any more stays unknown.
                        if chain.changed().await.is_err() {
                            std::future::pending::<()>().await;
                        }
                    }
                }
            };
            tokio::select! {
                () = ended => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn follow_heads(&self, client: &ChainClient) {
        match client.blocks().await {
            Ok(mut blocks) => {
                let quiet = if Explorer::may_ask_much(client) {
                    QUIET
                } else {
                    QUIET_ON_PUBLIC_NODES
                };
                loop {
                    match tokio::time::timeout(quiet, blocks.next()).await {
                        Ok(Some(Ok(block))) => {
                            let seen_ms = now_ms();
                            self.head.send_replace(Some(Head { block, seen_ms }));
                        }
                        Ok(Some(Err(error))) => {
                            tracing::debug!(%error, "the explorer's stream of heads");
                            self.look(client).await;
                        }
                        Ok(None) => break,
                        Err(_) => self.look(client).await,
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "the explorer cannot follow the chain"),
        }
        self.lose_head();
        tokio::time::sleep(PAUSE).await;
    }

    /// Asks a node from which nothing was heard for a while. A chain that makes blocks on request is silent and well; a
    /// node that does not answer has no newest block any more, and whoever watches the health is told so.
    async fn look(&self, client: &ChainClient) {
        match tokio::time::timeout(ANSWER, client.head()).await {
            Ok(Ok(block)) => {
                self.head.send_if_modified(|head| {
                    let is_new = head.is_none_or(|known| known.block != block);
                    if is_new {
                        let seen_ms = now_ms();
                        *head = Some(Head { block, seen_ms });
                    }
                    is_new
                });
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the explorer's node does not answer");
                self.lose_head();
            }
            Err(_) => self.lose_head(),
        }
    }

    fn lose_head(&self) {
        self.head.send_if_modified(|head| head.take().is_some());
    }

    /// The newest blocks, from the head back, until `look` has seen enough: as many as may be asked of this node. Gives
    /// the first and the last that were searched.
    async fn search_back(
        &self,
        client: &ChainClient,
        head: BlockRef,
        many: SearchDepth,
        mut look: impl FnMut(&BlockContents) -> ControlFlow<()>,
    ) -> Result<(u64, u64), ExplorerError> {
        let last = head.number.0;
        let depth = if Explorer::may_ask_much(client) {
            many.own
        } else {
            many.public
        };
        let first = (last + 1).saturating_sub(depth);
        let mut searched = (last, last);
        let numbers: Vec<Block> = (first..=last).rev().map(Block).collect();
        for (number, hash) in numbers.iter().zip(client.block_hashes(&numbers).await?) {
            let Some(hash) = hash else { continue };
            let block = BlockRef {
                number: *number,
                hash,
            };
            // A block whose events are gone ends the search, and the page says how far it went.
            let Ok(contents) = self.contents(client, block).await else {
                break;
            };
            searched.0 = number.0;
            if look(&contents).is_break() {
                break;
            }
        }
        Ok(searched)
    }
}

/// Roughly the bytes that a block takes while it is kept. A value of a row of weights takes some fifty bytes for the
/// two that it has on chain.
fn weight(contents: &BlockContents) -> usize {
    let values = contents.bytes.min(1 << 20) * 24;
    1_024 + values + contents.event_count().min(assay_chain::MOST_EVENTS) * 600
}

/// A failure of one part of a page that can be left out: the value, or nothing where the chain has no such thing.
fn or_absent<T>(read: Result<T, ChainError>) -> Result<Option<T>, ChainError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(ChainError::Shape(error)) => {
            tracing::debug!(%error, "the chain does not have what a page shows");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
