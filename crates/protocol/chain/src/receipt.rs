//! What becomes of a transaction: Submitted → InBlock → Finalized, or a typed failure.

use crate::{Block, BlockRef, ChainError, ExtrinsicHash, Rao};
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Where a transaction is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stage {
    /// The pool has it, no block yet.
    Submitted,
    /// A block has it and it succeeded; the block may still be dropped by a reorganisation, and then the stage goes
    /// back to `Submitted`.
    InBlock(Included),
    /// A final block has it and it succeeded: done.
    Finalized(Included),
    /// It failed for good.
    Failed(ChainError),
}

/// An event that a transaction caused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainEvent {
    /// The pallet, `SubtensorModule` for one.
    pub pallet: String,
    /// The event, `WeightsSet` for one.
    pub name: String,
    /// The fields as text, in order, each `name: value` or only a value where the chain gives no names.
    pub fields: Vec<String>,
    #[serde(skip)]
    pub(crate) bytes: Vec<u8>,
}

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Included {
    /// The block.
    pub block: BlockRef,
    /// The transaction's hash.
    pub hash: ExtrinsicHash,
    /// Its position in the block.
    pub index: u32,
    /// What it cost, when the chain charged a fee.
    pub fee: Rao,
    /// What it caused.
    pub events: Vec<ChainEvent>,
}

/// The receipt of a submitted transaction. Clones watch the same transaction; dropping it does not cancel anything.
#[derive(Clone, Debug)]
pub struct Receipt {
    #[expect(dead_code, reason = "filled in with the submission")]
    pub(crate) stage: watch::Receiver<Stage>,
    pub(crate) hash: ExtrinsicHash,
    pub(crate) signer: AccountId,
    pub(crate) nonce: u32,
    pub(crate) valid_until: Block,
}

impl Receipt {
    /// Where it is now.
    pub fn stage(&self) -> Stage {
        todo!()
    }

    /// Waits until a block has it.
    ///
    /// # Errors
    ///
    /// [`ChainError::Dispatch`] when the chain says that it failed, [`ChainError::NotIncluded`] when no block will
    /// have it, [`ChainError::StillPending`] when the deadline for inclusion passed: it may still come then.
    pub async fn in_block(&self) -> Result<Included, ChainError> {
        todo!()
    }

    /// Waits until a final block has it.
    ///
    /// # Errors
    ///
    /// As [`in_block`](Self::in_block).
    pub async fn finalized(&self) -> Result<Included, ChainError> {
        todo!()
    }

    /// The stages as they come.
    pub fn stages(&self) -> watch::Receiver<Stage> {
        todo!()
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
