//! What becomes of a transaction: Submitted → InBlock → Finalized, or a typed failure.
//!
//! Until a block is final it may be dropped for another one. Then a transaction that was in it goes back to the pool and
//! may end differently, so nothing before finality is an end: neither success nor failure.
//!
//! A receipt is fed by a task of its own (see the module `tracking`), which follows the node's notifications and, where
//! those fail, searches the blocks themselves. Success is what the chain shows: neither the pool's acceptance nor a
//! block that holds a failed transaction counts.

use crate::{Block, BlockRef, ChainError, ChainEvent, ExtrinsicHash, NetUid, PendingStage, Rao, Uid};
use assay_keys::AccountId;
use serde::Serialize;
use std::{borrow::Cow, time::Duration};
use tokio::{sync::watch, time::timeout};

/// Where a transaction is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stage {
    /// The pool has it, no block yet.
    Submitted,
    /// No block has it, and a node says that it lost it or will not have it. One node's word decides nothing: another may
    /// have it in its pool, and the same bytes go on being sent until final blocks show its end.
    Doubted(ChainError),
    /// A block has it and it succeeded; the block may still be dropped.
    InBlock(Included),
    /// A block has it and it failed there; the block may still be dropped.
    Failing(ChainError),
    /// The block that had it was dropped by a reorganisation. The same bytes were sent again.
    Reorged {
        /// The dropped block.
        from: BlockRef,
    },
    /// A final block has it and it succeeded: done.
    Finalized(Included),
    /// It failed for good.
    Failed(ChainError),
}

impl Stage {
    /// Whether nothing comes after it.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Finalized(_) | Self::Failed(_))
    }
}

/// A transaction in a block, where it succeeded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Included {
    /// The block.
    pub block: BlockRef,
    /// The transaction's hash.
    pub hash: ExtrinsicHash,
    /// Its position in the block.
    pub index: u32,
    /// What it cost; 0 when the chain charged nothing.
    pub fee: Rao,
    /// What it caused.
    pub events: Vec<ChainEvent>,
}

impl Included {
    /// The first event of this kind.
    pub fn event(&self, pallet: &str, name: &str) -> Option<&ChainEvent> {
        self.events.iter().find(|event| event.is(pallet, name))
    }

    /// The subnet that a [`create_subnet`](crate::ChainClient::create_subnet) made.
    pub fn created_subnet(&self) -> Option<NetUid> {
        let netuid = self.event("SubtensorModule", "NetworkAdded")?.integer_at(0)?;
        u16::try_from(netuid).ok().map(NetUid)
    }

    /// The slot that a [`register`](crate::ChainClient::register) got.
    pub fn registered_uid(&self) -> Option<Uid> {
        let uid = self.event("SubtensorModule", "NeuronRegistered")?.integer_at(1)?;
        u16::try_from(uid).ok().map(Uid)
    }
}

/// The receipt of a submitted transaction. Clones watch the same transaction; dropping it cancels nothing.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub(crate) stage: watch::Receiver<Stage>,
    pub(crate) call: Cow<'static, str>,
    pub(crate) hash: ExtrinsicHash,
    pub(crate) signer: AccountId,
    pub(crate) nonce: u32,
    pub(crate) valid_until: Block,
    pub(crate) inclusion_deadline: Duration,
    pub(crate) finality_deadline: Duration,
}

impl Receipt {
    /// Where it is now.
    pub fn stage(&self) -> Stage {
        self.stage.borrow().clone()
    }

    /// The stages as they come.
    pub fn stages(&self) -> watch::Receiver<Stage> {
        self.stage.clone()
    }

    /// Waits until a block has it, for as long as the client's options say.
    ///
    /// # Errors
    ///
    /// [`ChainError::Dispatch`] when the block says that it failed (ask [`finalized`](Self::finalized) whether it stays
    /// so), [`ChainError::NotIncluded`] when no block will have it, [`ChainError::OutcomeUnknown`] when nobody can tell
    /// what it did in its block, [`ChainError::StillPending`] when the deadline for inclusion passed: it may still come
    /// then, also when a node [doubts](Stage::Doubted) it.
    pub async fn in_block(&self) -> Result<Included, ChainError> {
        let reached = |stage: &Stage| {
            !matches!(
                stage,
                Stage::Submitted | Stage::Doubted(_) | Stage::Reorged { .. }
            )
        };
        self.wait(reached, self.inclusion_deadline, PendingStage::NotIncluded)
            .await
    }

    /// Waits until a final block has it, for as long as the client's options say.
    ///
    /// # Errors
    ///
    /// As [`in_block`](Self::in_block).
    pub async fn finalized(&self) -> Result<Included, ChainError> {
        match self.in_block().await {
            // What failed in a block may succeed in another one, as long as the block is not final.
            Ok(_) | Err(ChainError::Dispatch { .. }) => {}
            Err(error) => return Err(error),
        }
        self.wait(Stage::is_last, self.finality_deadline, PendingStage::NotFinal)
            .await
    }

    async fn wait(
        &self,
        reached: impl Fn(&Stage) -> bool,
        limit: Duration,
        pending: PendingStage,
    ) -> Result<Included, ChainError> {
        let mut stage = self.stage.clone();
        let waited = timeout(limit, stage.wait_for(|stage| reached(stage))).await;
        let reached = match waited {
            Ok(Ok(stage)) => Some(stage.clone()),
            // The task that follows the transaction is gone with its runtime: nothing more will come.
            Ok(Err(_)) | Err(_) => None,
        };
        match reached {
            Some(Stage::InBlock(included) | Stage::Finalized(included)) => Ok(included),
            Some(Stage::Failed(error) | Stage::Failing(error)) => Err(error),
            Some(Stage::Submitted | Stage::Doubted(_) | Stage::Reorged { .. }) | None => {
                Err(ChainError::StillPending {
                    call: self.call.clone(),
                    hash: self.hash,
                    stage: pending,
                    after: limit,
                    doubt: match self.stage() {
                        Stage::Doubted(doubt) => Some(Box::new(doubt)),
                        _ => None,
                    },
                })
            }
        }
    }

    /// Pallet and call, `SubtensorModule.set_weights` for one.
    pub fn call(&self) -> &str {
        &self.call
    }

    /// The transaction's hash.
    pub fn hash(&self) -> ExtrinsicHash {
        self.hash
    }

    /// Who signed it.
    pub fn signer(&self) -> AccountId {
        self.signer
    }

    /// The signer's nonce that it took.
    pub fn nonce(&self) -> u32 {
        self.nonce
    }

    /// The last block that can hold it.
    pub fn valid_until(&self) -> Block {
        self.valid_until
    }
}
