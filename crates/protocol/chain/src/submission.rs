//! Signing and sending a transaction.
//!
//! Every transaction is mortal: it is anchored at a final block and valid for a stated number of blocks after it. So
//! its fate is always decided in the end, even when the node that took it never answers again.
//!
//! What the pool refuses for reasons of timing is signed again with fresh facts, a few times: a nonce that another
//! program used, a runtime that was just upgraded, an anchor that a node does not know.

use crate::{
    AccountId, Block, BlockRef, Call, ChainError, ExtrinsicHash, Pair, PoolRejection, Rao, Receipt,
    ShapeError, Stage,
    account_queue::AccountQueue,
    connection::{Params, hex_bytes},
    runtime::{Lifetime, Runtime},
    shared::Shared,
    tracking::{Status, Tracker},
};
use codec::{Compact, Decode};
use parking_lot::Mutex;
use std::{borrow::Cow, sync::Arc, time::Duration};
use subxt::ext::jsonrpsee::core::client::Subscription;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// How often a transaction is signed after refusals for reasons of timing. A few are not enough beside another busy
/// signer of the same key; after a dozen it is no coincidence.
const ATTEMPTS: u32 = 12;

/// The longest pause before the second attempt; it grows by as much with each.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a final block serves as anchor. A block comes every 12 s; a devnet's come faster, but an anchor some
/// dozen blocks old is as good.
const ANCHOR_LIFETIME: Duration = Duration::from_secs(3);

/// The longest life of a transaction, in blocks.
const LONGEST_LIFETIME: u64 = 2048;

/// The final block that was last used as anchor.
#[derive(Default)]
pub(crate) struct Anchor(Mutex<Option<(Instant, BlockRef)>>);

/// A signed transaction.
pub(crate) struct SignedTransaction {
    pub(crate) call: Cow<'static, str>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: ExtrinsicHash,
    pub(crate) signer: AccountId,
    pub(crate) nonce: u32,
    pub(crate) anchor: BlockRef,
    pub(crate) valid_until: Block,
}

/// Blocks for which a transaction lives: a power of two, as the encoding wants it. Beyond 4096 the encoding rounds the
/// anchor's number as well, and chains forget the hashes of blocks after some 2400: neither would be a signature over
/// the anchor that this client knows.
fn lifetime_blocks(wanted: u64) -> u64 {
    wanted.clamp(4, LONGEST_LIFETIME).next_power_of_two()
}

impl Shared {
    /// Signs and sends a call, and follows it.
    pub(crate) async fn submit(self: &Arc<Self>, signer: &Pair, call: &Call) -> Result<Receipt, ChainError> {
        const OPERATION: &str = "author_submitAndWatchExtrinsic";
        let queue = self.queues.of(signer.account());
        let until = Instant::now() + self.options.deadline;
        let late = || self.connection.late(OPERATION);
        let Ok(_turn) = timeout_at(until, queue.turn.lock()).await else {
            return Err(late());
        };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let began = Instant::now();
            let prepared = timeout_at(until, async {
                let count = self.next_index(signer.account()).await?;
                self.signed(call, signer, queue.next(count)).await
            });
            let Ok(transaction) = prepared.await else {
                // Cut off here, the requests have not told that the socket is dead. Where the turn took most of the time,
                // it need not be.
                if began.elapsed() > self.options.deadline / 2 {
                    self.connection.distrust(&late());
                }
                return Err(late());
            };
            let transaction = transaction?;
            match self.send(&transaction.bytes, until).await {
                Ok(status) => return Ok(self.follow(transaction, Arc::clone(&queue), Some(status))),
                // Whether the node got it is open; the tracker sends the same bytes again, which changes nothing if
                // it did. The same for an answer that is none.
                Err(ChainError::Disconnected { .. } | ChainError::Deadline { .. } | ChainError::Shape(_)) => {
                    return Ok(self.follow(transaction, Arc::clone(&queue), None));
                }
                Err(ChainError::Rejected { reason, call }) => {
                    let remedy = timeout_at(until, self.remedy(&reason, &queue));
                    let is_remedied = remedy.await.unwrap_or_else(|_| Err(late()))?;
                    if attempt == ATTEMPTS || !is_remedied || Instant::now() >= until {
                        return Err(ChainError::Rejected { reason, call });
                    }
                    tracing::debug!(%reason, %call, "signing again");
                    // Two signers that wait equally long collide again. The hash of a signed transaction is as good
                    // as a die.
                    tokio::time::sleep(PAUSE * attempt * u32::from(transaction.hash.0[0]) / 255).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes what stood in the way, if it is something that passes: whether another try makes sense.
    async fn remedy(&self, reason: &PoolRejection, queue: &AccountQueue) -> Result<bool, ChainError> {
        match reason {
            PoolRejection::OutdatedNonce | PoolRejection::FutureNonce | PoolRejection::PriorityTooLow => {
                queue.forget();
                Ok(true)
            }
            PoolRejection::AncientBirthBlock => {
                *self.anchor.0.lock() = None;
                Ok(true)
            }
            // The signature covers the runtime's version and the anchor's hash, as the chain sees them now.
            PoolRejection::BadSignature => {
                let used = self.anchor.0.lock().take();
                let anchor = self.anchor().await?;
                // The pool checks by the runtime of its newest block, however far finality is behind it.
                let head = self.head().await?;
                let is_new = self.adopt_runtime_of(head.hash).await?;
                Ok(is_new || used.is_none_or(|(_, used)| used != anchor))
            }
            _ => Ok(false),
        }
    }

    async fn signed(&self, call: &Call, signer: &Pair, nonce: u32) -> Result<SignedTransaction, ChainError> {
        let lifetime = self.lifetime().await?;
        let Lifetime { from: anchor, blocks } = lifetime;
        let bytes = self
            .with_newest_runtime(|runtime| runtime.sign(call, signer, nonce, lifetime))
            .await?;
        Ok(SignedTransaction {
            call: Cow::Owned(call.title()),
            hash: ExtrinsicHash(sp_crypto_hashing::blake2_256(&bytes)),
            bytes,
            signer: signer.account(),
            nonce,
            anchor,
            valid_until: Block(anchor.number.0.saturating_add(blocks)),
        })
    }

    /// Does something with the runtime; where that does not fit, with the chain's newest if that is another one.
    pub(crate) async fn with_newest_runtime<T, E: Into<ChainError>>(
        &self,
        work: impl Fn(&Runtime) -> Result<T, E>,
    ) -> Result<T, ChainError> {
        let known = self.runtime();
        let error = match work(&known) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let head = self.head().await?;
        let newest = self.runtime_at(head.hash).await?;
        if newest.version() == known.version() {
            return Err(error.into());
        }
        work(&newest).map_err(Into::into)
    }

    /// The life of a transaction that is signed now.
    async fn lifetime(&self) -> Result<Lifetime, ChainError> {
        Ok(Lifetime {
            from: self.anchor().await?,
            blocks: lifetime_blocks(self.options.mortality),
        })
    }

    async fn anchor(&self) -> Result<BlockRef, ChainError> {
        let cached = *self.anchor.0.lock();
        if let Some((when, block)) = cached.filter(|(when, _)| when.elapsed() < ANCHOR_LIFETIME) {
            tracing::trace!(age = ?when.elapsed(), %block, "anchor");
            return Ok(block);
        }
        let block = self.finalized_head().await?;
        *self.anchor.0.lock() = Some((Instant::now(), block));
        Ok(block)
    }

    /// The account's nonce as the node counts it, its pool included.
    pub(crate) async fn next_index(&self, account: AccountId) -> Result<u32, ChainError> {
        self.connection
            .read(
                "system_accountNextIndex",
                Params::none().with(&account.to_string()),
            )
            .await
    }

    /// Hands a transaction to the pool.
    pub(crate) async fn send(
        &self,
        bytes: &[u8],
        until: Instant,
    ) -> Result<Subscription<Status>, ChainError> {
        let parameters = Params::none().with(&hex_bytes(bytes));
        let sent = self
            .connection
            .subscribe(
                "author_submitAndWatchExtrinsic",
                parameters,
                "author_unwatchExtrinsic",
                until,
            )
            .await;
        sent.map_err(|error| match error {
            ChainError::Refused {
                code,
                message,
                method,
            } => match PoolRejection::from_rpc(code, &message, None) {
                Some(reason) => ChainError::Rejected {
                    call: Cow::Borrowed("the transaction"),
                    reason,
                },
                None => ChainError::Refused {
                    code,
                    message,
                    method,
                },
            },
            other => other,
        })
    }

    fn follow(
        self: &Arc<Self>,
        transaction: SignedTransaction,
        queue: Arc<AccountQueue>,
        status: Option<Subscription<Status>>,
    ) -> Receipt {
        let (stage, receiver) = watch::channel(Stage::Submitted);
        let receipt = Receipt {
            stage: receiver,
            call: transaction.call.clone(),
            hash: transaction.hash,
            signer: transaction.signer,
            nonce: transaction.nonce,
            valid_until: transaction.valid_until,
            inclusion_deadline: self.options.inclusion_deadline,
            finality_deadline: self.options.finality_deadline,
        };
        let tracker = Tracker::new(Arc::clone(self), transaction, queue, stage);
        tokio::spawn(tracker.run(status));
        receipt
    }

    /// What a call would cost its signer at the newest block.
    pub(crate) async fn fee(self: &Arc<Self>, signer: &AccountId, call: &Call) -> Result<Rao, ChainError> {
        let nonce = self.next_index(*signer).await?;
        let lifetime = self.lifetime().await?;
        let bytes = self
            .with_newest_runtime(|runtime| runtime.unsigned_estimate(call, *signer, nonce, lifetime))
            .await?;
        let mut arguments = bytes.clone();
        arguments.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        let head = self.head().await?;
        let api = ("TransactionPaymentApi", "query_info");
        let answer = self.snapshot(head).api_bytes(api.0, api.1, &arguments).await?;
        // Two compact weights, the class, and the fee in the chain's balance type: 64 bits here, 128 elsewhere.
        let mut rest = answer.as_slice();
        let fee = <(Compact<u64>, Compact<u64>, u8)>::decode(&mut rest)
            .ok()
            .and_then(|_| match rest.len() {
                8 => u64::decode(&mut rest).ok(),
                16 => u128::decode(&mut rest)
                    .ok()
                    .and_then(|fee| u64::try_from(fee).ok()),
                _ => None,
            });
        fee.map(Rao).ok_or_else(|| {
            ChainError::Shape(ShapeError::Unknown {
                item: crate::Item::RuntimeApi {
                    api: api.0.to_owned(),
                    method: api.1.to_owned(),
                },
                spec_version: self.runtime().version().spec,
                source: crate::shape::Mismatch::new(UnknownFee { bytes: answer.len() }),
            })
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{bytes} bytes are not two weights, a class and a fee")]
struct UnknownFee {
    bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_powers_of_two_within_the_encodings_bounds() {
        assert_eq!(
            [0, 4, 5, 100, 128, 1 << 20].map(lifetime_blocks),
            [4, 4, 8, 128, 128, 2048]
        );
    }
}
