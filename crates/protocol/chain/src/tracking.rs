//! Following a transaction to its end.
//!
//! The node's notifications are the quick way, not the only one. When the subscription breaks (a restart, a dead
//! socket, a node that forgets) the same bytes are sent again: a node that has them answers that it has, one that
//! included them that the nonce is used, and one that never got them takes them. Beside that the blocks themselves
//! are searched from the anchor on. The transaction's mortality bounds the search: past its last block, once that is
//! final, it certainly did not happen.
//!
//! Success and failure alike count only in a final block. When a reorganisation drops the block, the same bytes are sent
//! again: a node that put the transaction back into its pool answers that it has it, one that did not takes it.
//!
//! That one node drops it, refuses it or calls it invalid decides nothing: a peer of another node that took it may have
//! it in the next block, and who pays again then has paid twice. It is a doubt, which is told; the same bytes go on being
//! sent. Two things end it: the lifetime, or another transaction with its nonce in a final block.

use crate::{
    Block, BlockHash, BlockRef, ChainError, Included, NotIncluded, PoolRejection, Rao, Stage,
    account_queue::{AccountQueue, InFlight},
    shared::Shared,
    submission::SignedTransaction,
};
use serde::{Deserialize, de::IgnoredAny};
use std::{sync::Arc, time::Duration};
use subxt::ext::jsonrpsee::core::client::Subscription;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

/// Between two looks at a chain that does not notify. Shorter burdens the node; longer and a devnet of fast blocks
/// seems slow after a reconnect.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// The pause grows to this: a block of the main network.
const LONGEST_PAUSE: Duration = Duration::from_secs(12);
/// Without a notification for this long the tracker looks for itself whether the transaction has expired.
const SILENCE: Duration = Duration::from_secs(30);
/// A node out of reach for this long will not tell any more.
const OUTAGE: Duration = Duration::from_secs(1800);

/// What a node says about a transaction that it watches.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Status {
    Future,
    Ready,
    Broadcast(IgnoredAny),
    InBlock(BlockHash),
    Retracted(BlockHash),
    FinalityTimeout(IgnoredAny),
    Finalized(BlockHash),
    Usurped(IgnoredAny),
    Dropped,
    Invalid,
}

pub(crate) struct Tracker {
    shared: Arc<Shared>,
    transaction: SignedTransaction,
    queue: Arc<AccountQueue>,
    /// Keeps the nonce from the account's next transaction. Given up in doubt: a nonce that may have been lost is a gap
    /// that would hold up all that come after. Whichever of two transactions then gets it, the other certainly does not.
    in_flight: Option<InFlight>,
    stage: watch::Sender<Stage>,
    /// The block that holds it, as far as known, and what it did there.
    held: Option<Held>,
    /// All blocks up to here were searched.
    searched: Block,
    /// A watch that came from sending it again after a reorganisation.
    rewatched: Option<Subscription<Status>>,
    /// What a node said why it will not be included.
    doubt: Option<ChainError>,
}

/// What a transaction did in a block that may still be dropped.
struct Held {
    block: BlockRef,
    outcome: Result<Included, ChainError>,
}

/// What came of a look.
enum Progress {
    Continue,
    Done,
}

impl Tracker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        transaction: SignedTransaction,
        queue: Arc<AccountQueue>,
        stage: watch::Sender<Stage>,
    ) -> Self {
        Self {
            searched: transaction.anchor.number,
            in_flight: Some(queue.take_off(transaction.nonce)),
            shared,
            transaction,
            queue,
            stage,
            held: None,
            rewatched: None,
            doubt: None,
        }
    }

    /// Follows the transaction until it is final, has failed, or nobody can tell any more.
    pub(crate) async fn run(mut self, mut status: Option<Subscription<Status>>) {
        let mut pause = SHORTEST_PAUSE;
        let mut reachable = Instant::now();
        loop {
            let progress = match status.as_mut() {
                Some(subscription) => match timeout(SILENCE, subscription.next()).await {
                    Ok(Some(Ok(news))) => {
                        let progress = self.hear(news).await;
                        if self.doubt.is_some() {
                            // Nothing comes after such news.
                            status = None;
                        } else {
                            pause = SHORTEST_PAUSE;
                        }
                        progress
                    }
                    // The subscription is over, or no longer makes sense.
                    Ok(Some(Err(_)) | None) => {
                        status = None;
                        Ok(Progress::Continue)
                    }
                    Err(_) => self.look().await,
                },
                None => match self.send_again().await {
                    Ok(subscription) => {
                        status = subscription;
                        self.look().await
                    }
                    Err(error) => Err(error),
                },
            };
            match progress {
                Ok(Progress::Done) => return,
                Ok(Progress::Continue) => reachable = Instant::now(),
                Err(error) => {
                    tracing::debug!(hash = %self.transaction.hash, %error, "the transaction's fate is not known yet");
                    // What a broken look missed is looked up again.
                    status = None;
                    if reachable.elapsed() > OUTAGE {
                        return self.fail(self.not_included(NotIncluded::Unresolved));
                    }
                }
            }
            if let Some(watch) = self.rewatched.take() {
                status = Some(watch);
            }
            if status.is_none() {
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    async fn hear(&mut self, news: Status) -> Result<Progress, ChainError> {
        match news {
            Status::Future | Status::Ready | Status::Broadcast(_) => Ok(Progress::Continue),
            Status::InBlock(hash) => {
                self.settle(hash).await?;
                Ok(Progress::Continue)
            }
            Status::Finalized(hash) => {
                self.settle(hash).await?;
                // A node may name a block that does not hold it while another one does.
                if self.held.as_ref().is_some_and(|held| held.block.hash == hash) {
                    return Ok(self.finalize());
                }
                Ok(Progress::Continue)
            }
            Status::Retracted(hash) if self.held.as_ref().is_some_and(|held| held.block.hash == hash) => {
                self.retract().await
            }
            Status::Retracted(_) => Ok(Progress::Continue),
            Status::FinalityTimeout(_) => Ok(Progress::Continue),
            Status::Usurped(_) => self.hear_doubt(NotIncluded::Usurped).await,
            Status::Dropped => self.hear_doubt(NotIncluded::Dropped).await,
            Status::Invalid => self.hear_doubt(NotIncluded::Invalid).await,
        }
    }

    async fn hear_doubt(&mut self, why: NotIncluded) -> Result<Progress, ChainError> {
        self.doubt = Some(self.not_included(why));
        self.look().await
    }

    /// Tells a doubt that no block has removed.
    fn tell_doubt(&mut self) {
        if let Some(doubt) = &self.doubt {
            tracing::debug!(call = %self.transaction.call, hash = %self.transaction.hash, %doubt, "doubted");
            self.in_flight = None;
            self.stage.send_replace(Stage::Doubted(doubt.clone()));
        }
    }

    /// A pool has it.
    fn trusts(&mut self) {
        if self.doubt.take().is_some() && self.in_flight.is_none() {
            self.in_flight = Some(self.queue.take_off(self.transaction.nonce));
            self.stage.send_replace(Stage::Submitted);
        }
    }

    /// Searches the blocks that were not searched yet, and draws conclusions.
    async fn look(&mut self) -> Result<Progress, ChainError> {
        let finalized = self.shared.finalized_head().await?;
        if let Some(held) = &self.held {
            let holder = held.block;
            if finalized.number < holder.number {
                return Ok(Progress::Continue);
            }
            if self.shared.block_hash(holder.number).await? == Some(holder.hash) {
                return Ok(self.finalize());
            }
            self.retract().await?;
        }
        let head = self.shared.head().await?;
        let last = Block(head.number.0.min(self.transaction.valid_until.0));
        while self.searched < last {
            let number = Block(self.searched.0 + 1);
            let Some(hash) = self.shared.block_hash(number).await? else {
                break;
            };
            let body = self.shared.body(hash).await?;
            if body.position(self.transaction.hash).is_some() {
                let is_final = finalized.number >= number;
                match self.settle(hash).await {
                    Ok(()) => {}
                    // That it is there is certain; nobody who is asked can tell what it did.
                    Err(source @ (ChainError::StateDiscarded { .. } | ChainError::Shape(_))) if is_final => {
                        self.fail(ChainError::OutcomeUnknown {
                            call: self.transaction.call.clone(),
                            hash: self.transaction.hash,
                            block: body.block,
                            source: Box::new(source),
                        });
                        return Ok(Progress::Done);
                    }
                    Err(error) => return Err(error),
                }
                self.searched = number;
                return Ok(if is_final {
                    self.finalize()
                } else {
                    Progress::Continue
                });
            }
            self.searched = number;
        }
        let last = self.transaction.valid_until;
        // A node that does not know all these blocks has not shown that it is in none of them.
        if self.searched >= finalized.number.min(last) {
            if finalized.number >= last {
                self.fail(self.not_included(NotIncluded::Expired { last }));
                return Ok(Progress::Done);
            }
            if self.doubt.is_some() && self.nonce_at(finalized).await? > self.transaction.nonce {
                self.fail(self.not_included(NotIncluded::Usurped));
                return Ok(Progress::Done);
            }
        }
        self.tell_doubt();
        // Blocks above the final one may be exchanged for others.
        self.searched = Block(
            self.searched
                .0
                .min(finalized.number.0.max(self.transaction.anchor.number.0)),
        );
        Ok(Progress::Continue)
    }

    /// The account's nonce after a block.
    async fn nonce_at(&self, block: BlockRef) -> Result<u32, ChainError> {
        let snapshot = self.shared.snapshot(block);
        Ok(snapshot.balance(&self.transaction.signer).await?.nonce)
    }

    /// Sends the same bytes again, to hear of them anew.
    async fn send_again(&mut self) -> Result<Option<Subscription<Status>>, ChainError> {
        if self.held.is_some() {
            return Ok(None);
        }
        let until = Instant::now() + self.shared.options.deadline;
        match self.shared.send(&self.transaction.bytes, until).await {
            Ok(subscription) => {
                self.trusts();
                Ok(Some(subscription))
            }
            Err(ChainError::Rejected { reason, .. }) => {
                match reason {
                    PoolRejection::AlreadyImported => self.trusts(),
                    // For what the node said of it before, or for a block that has it.
                    PoolRejection::TemporarilyBanned => {}
                    // It may have used the nonce itself.
                    PoolRejection::OutdatedNonce => {
                        self.doubt = Some(self.not_included(NotIncluded::Usurped));
                    }
                    reason => {
                        let call = self.transaction.call.clone();
                        self.doubt = Some(ChainError::Rejected { call, reason });
                    }
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads what the transaction did in a block.
    async fn settle(&mut self, hash: BlockHash) -> Result<(), ChainError> {
        if self.held.as_ref().is_some_and(|held| held.block.hash == hash) {
            return Ok(());
        }
        let body = self.shared.body(hash).await?;
        let block = body.block;
        // A node that names a block which does not hold it is mistaken; the search goes on.
        let Some(index) = body.position(self.transaction.hash) else {
            return Ok(());
        };
        let outcome = self.shared.snapshot(block).outcome(index).await?;
        self.doubt = None;
        if let Some(failure) = outcome.failure {
            let error = ChainError::Dispatch {
                call: self.transaction.call.clone(),
                block,
                failure: Box::new(failure),
            };
            tracing::debug!(call = %self.transaction.call, %block, %error, "failed in a block");
            self.held = Some(Held {
                block,
                outcome: Err(error.clone()),
            });
            self.stage.send_replace(Stage::Failing(error));
            return Ok(());
        }
        let included = Included {
            block,
            hash: self.transaction.hash,
            index,
            fee: Rao(outcome.fee),
            events: outcome.events,
        };
        tracing::debug!(call = %self.transaction.call, %block, "included");
        self.held = Some(Held {
            block,
            outcome: Ok(included.clone()),
        });
        self.stage.send_replace(Stage::InBlock(included));
        Ok(())
    }

    fn finalize(&mut self) -> Progress {
        match self.held.take().map(|held| held.outcome) {
            Some(Ok(included)) => {
                self.stage.send_replace(Stage::Finalized(included));
                Progress::Done
            }
            Some(Err(error)) => {
                self.fail(error);
                Progress::Done
            }
            None => Progress::Continue,
        }
    }

    /// The block that held it is no longer part of the chain: makes sure that a pool has it.
    async fn retract(&mut self) -> Result<Progress, ChainError> {
        let Some(held) = self.held.take() else {
            return Ok(Progress::Continue);
        };
        tracing::warn!(call = %self.transaction.call, block = %held.block, "dropped by a reorganisation");
        self.searched = Block(self.searched.0.min(held.block.number.0.saturating_sub(1)));
        self.stage.send_replace(Stage::Reorged { from: held.block });
        // Taken anew, it is watched anew; the old watch ended with the pool's memory of it.
        if let Some(watch) = self.send_again().await? {
            self.rewatched = Some(watch);
        }
        // That its nonce is used may come from the very block that was dropped, or from the one that has it now.
        self.doubt = None;
        Ok(Progress::Continue)
    }

    fn not_included(&self, why: NotIncluded) -> ChainError {
        ChainError::NotIncluded {
            call: self.transaction.call.clone(),
            hash: self.transaction.hash,
            why,
        }
    }

    fn fail(&mut self, error: ChainError) {
        tracing::debug!(call = %self.transaction.call, hash = %self.transaction.hash, %error, "failed");
        self.stage.send_replace(Stage::Failed(error));
    }
}
