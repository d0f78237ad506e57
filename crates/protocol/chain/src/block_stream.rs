//! New blocks as they come.

use crate::{
    Block, BlockRef, ChainError,
    connection::Params,
    shared::{Header, Shared},
};
use futures::{Stream, stream};
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use subxt::ext::jsonrpsee::core::client::Subscription;
use tokio::time::{Instant, sleep, timeout};

/// Between two attempts to subscribe. Shorter hammers a node that restarts; longer delays the first block after it.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the head is asked for, while nothing is heard, before the chain counts as stale. At the default of 90 s
/// this is every 15 s: on a chain with blocks of 12 s hardly ever, and a subscription that died costs a block or two.
const LOOKS: u32 = 6;

/// A stream of new blocks, starting with the newest at the time of the call: ascending, each height once, none
/// skipped. After a lost connection it subscribes again and fills the gap.
///
/// When no block came for [`stale_after`](crate::ConnectOptions::stale_after), whatever the reason, an item
/// [`ChainError::Stale`] says so, and the stream goes on. It ends only after an error that cannot pass, such as
/// [`ChainError::OtherChain`].
///
/// Caveat: heights, not forks. A block that is exchanged for another of the same height by a reorganisation does not
/// come again; what must not be undone reads finalized state.
pub struct BlockStream(Pin<Box<dyn Stream<Item = Result<BlockRef, ChainError>> + Send>>);

impl Stream for BlockStream {
    type Item = Result<BlockRef, ChainError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl std::fmt::Debug for BlockStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlockStream")
    }
}

struct Follower {
    shared: Arc<Shared>,
    subscription: Option<Subscription<Header>>,
    ready: VecDeque<BlockRef>,
    /// A block that is known of while those before it are still being looked up.
    target: Option<BlockRef>,
    /// The newest block seen, handed out or ready.
    last: BlockRef,
    /// When it was seen, or its age was last complained about.
    since: Instant,
    first_seen: Instant,
    over: bool,
}

impl BlockStream {
    pub(crate) fn new(shared: Arc<Shared>, head: BlockRef) -> Self {
        let now = Instant::now();
        let follower = Follower {
            shared,
            subscription: None,
            ready: VecDeque::from([head]),
            target: None,
            last: head,
            since: now,
            first_seen: now,
            over: false,
        };
        Self(Box::pin(stream::unfold(follower, |mut follower| async {
            if follower.over {
                return None;
            }
            let item = follower.next().await;
            Some((item, follower))
        })))
    }
}

impl Follower {
    async fn next(&mut self) -> Result<BlockRef, ChainError> {
        loop {
            if let Some(block) = self.ready.pop_front() {
                return Ok(block);
            }
            let limit = self.shared.options.stale_after;
            let left = limit.saturating_sub(self.since.elapsed());
            match timeout(left.min(limit / LOOKS), self.hear()).await {
                Ok(Ok(())) => {}
                Ok(Err(error @ ChainError::OtherChain { .. })) => {
                    self.over = true;
                    return Err(error);
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "new blocks cannot be followed just now");
                    self.subscription = None;
                    // The outer limit may be nearer than the pause.
                    sleep(PAUSE.min(limit.saturating_sub(self.since.elapsed()))).await;
                }
                Err(_) => {
                    if !self.look(limit / LOOKS).await && self.since.elapsed() >= limit {
                        return Err(self.stale().await);
                    }
                }
            }
        }
    }

    /// Asks for the head when nothing was heard for a while: a subscription can die without a sound, and who comes
    /// back after a long time has not heard anything either. Whether there is a newer block.
    async fn look(&mut self, patience: Duration) -> bool {
        match timeout(patience, self.shared.head()).await {
            Ok(Ok(head)) if head.number > self.last.number => {
                // What is heard from here on may have a gap before it, which is filled; what was heard already comes
                // to nothing.
                if self.target.is_none_or(|target| target.number < head.number) {
                    self.target = Some(head);
                }
                self.subscription = None;
                true
            }
            _ => false,
        }
    }

    async fn stale(&mut self) -> ChainError {
        // The socket may be half dead: what comes next opens a new one.
        self.subscription = None;
        let stale = ChainError::Stale {
            head: self.last,
            age: self.first_seen.elapsed(),
        };
        self.shared.connection.distrust(&stale);
        self.since = Instant::now();
        stale
    }

    /// Waits for the next header, and makes it and what lies between ready. May be cut off at any time: a header that
    /// was heard is not forgotten.
    async fn hear(&mut self) -> Result<(), ChainError> {
        if let Some(target) = self.target {
            self.fill(target).await?;
            self.target = None;
            return Ok(());
        }
        let subscription = match &mut self.subscription {
            Some(subscription) => subscription,
            none => {
                let connection = &self.shared.connection;
                let subscribed = connection.subscribe(
                    "chain_subscribeNewHeads",
                    Params::none(),
                    "chain_unsubscribeNewHeads",
                    Instant::now() + self.shared.options.deadline,
                );
                none.insert(subscribed.await?)
            }
        };
        let Some(Ok(header)) = subscription.next().await else {
            self.subscription = None;
            sleep(PAUSE).await;
            return Ok(());
        };
        let block = header.block("chain_subscribeNewHeads")?;
        self.shared.connection.saw_head(block.number);
        self.target = Some(block);
        self.fill(block).await?;
        self.target = None;
        Ok(())
    }

    /// Makes all blocks up to this one ready.
    async fn fill(&mut self, block: BlockRef) -> Result<(), ChainError> {
        while self.last.number.0 + 1 < block.number.0 {
            let number = Block(self.last.number.0 + 1);
            let Some(hash) = self.shared.block_hash(number).await? else {
                break;
            };
            self.found(BlockRef { number, hash });
        }
        if block.number > self.last.number {
            self.found(block);
        }
        Ok(())
    }

    fn found(&mut self, block: BlockRef) {
        self.ready.push_back(block);
        self.last = block;
        self.since = Instant::now();
        self.first_seen = self.since;
    }
}
