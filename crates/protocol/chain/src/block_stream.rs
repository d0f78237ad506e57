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
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

/// Between two attempts to subscribe. Shorter hammers a node that restarts; longer delays the first block after it.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the head is asked for, while nothing new is heard, before the chain counts as stale. At the default of 90 s
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
    /// When it was seen, or a newer one was last looked for.
    looked: Instant,
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
            looked: now,
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
            let stale_at = self.since + limit;
            let look_at = self.looked + limit / LOOKS;
            match timeout_at(stale_at.min(look_at), self.hear()).await {
                // Also for news that are none: of a subscription that ended, or of a block that was seen already.
                Ok(Ok(())) | Err(_) => {}
                Ok(Err(error @ ChainError::OtherChain { .. })) => {
                    self.over = true;
                    return Err(error);
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "new blocks cannot be followed just now");
                    self.subscription = None;
                    // The limit may be nearer than the pause.
                    sleep_until(stale_at.min(Instant::now() + PAUSE)).await;
                }
            }
            if !self.ready.is_empty() {
                continue;
            }
            let now = Instant::now();
            if now >= look_at.min(stale_at) {
                self.looked = now;
                self.look(limit / LOOKS).await;
            }
            // A newer block that is known of does not count while nobody tells those before it.
            if self.since.elapsed() >= limit && self.ready.is_empty() {
                return Err(self.stale());
            }
        }
    }

    /// Asks for the head when nothing was heard for a while: a subscription can die without a sound, and who comes
    /// back after a long time has not heard anything either.
    async fn look(&mut self, patience: Duration) {
        if let Ok(Ok(head)) = timeout(patience, self.shared.head()).await
            && head.number > self.last.number
        {
            self.subscription = None;
            self.aim_at(head);
            // What is cut off here goes on at the next turn.
            let _ = timeout(patience, self.hear()).await;
        }
    }

    /// Notes a block that is known of, to be made ready with all before it.
    fn aim_at(&mut self, block: BlockRef) {
        let is_newest = self.target.is_none_or(|target| target.number < block.number);
        if is_newest && block.number > self.last.number {
            self.target = Some(block);
        }
    }

    fn stale(&mut self) -> ChainError {
        // The socket may be half dead: what comes next opens a new one. What was known of may be gone.
        self.subscription = None;
        self.target = None;
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
                *none = Some(subscribed.await?);
                // Blocks that were made before are not told, and the next one may be long in coming.
                let head = self.shared.head().await?;
                self.aim_at(head);
                return Ok(());
            }
        };
        let Some(Ok(header)) = subscription.next().await else {
            self.subscription = None;
            sleep(PAUSE).await;
            return Ok(());
        };
        let block = header.block("chain_subscribeNewHeads")?;
        self.shared.connection.saw_head(block.number);
        self.aim_at(block);
        Ok(())
    }

    /// Makes all blocks up to this one ready.
    async fn fill(&mut self, block: BlockRef) -> Result<(), ChainError> {
        while self.last.number.0 + 1 < block.number.0 {
            let number = Block(self.last.number.0 + 1);
            let Some(hash) = self.shared.block_hash(number).await? else {
                // None may be skipped: it comes once a node knows it.
                return Err(ChainError::Behind {
                    endpoint: self.shared.connection.endpoint().clone(),
                    head: self.last.number,
                    known: block.number,
                });
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
        self.looked = self.since;
        self.first_seen = self.since;
    }
}
