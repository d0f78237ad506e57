//! What a watcher of a transaction hears.

use serde_json::{Value, json};
use sp_core::H256;
use tokio::sync::mpsc::UnboundedSender;

/// Takes the statuses of one transaction. Unbounded, because a transaction has a handful of them in its whole life.
pub(crate) type Watcher = UnboundedSender<Status>;

/// Where a transaction stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It can go into the next block.
    Ready,
    /// It waits for an earlier nonce.
    Future,
    /// It is in a block, at this place of the body.
    InBlock { block: H256, index: u32 },
    /// Its block has left the best branch, and it is in the pool again.
    Retracted(H256),
    /// Its block is final.
    Finalized { block: H256, index: u32 },
    /// Its block has not become final for very long.
    FinalityTimeout(H256),
    /// Another transaction took its place.
    Usurped(H256),
    /// The chain refuses it.
    Invalid,
    /// It left the pool for a reason of the node's.
    Dropped,
}

impl Status {
    /// Whether nothing can follow.
    pub(crate) fn is_last(&self) -> bool {
        !matches!(
            self,
            Self::Ready | Self::Future | Self::InBlock { .. } | Self::Retracted(_)
        )
    }

    /// As `author_extrinsicUpdate` reports it.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Ready => json!("ready"),
            Self::Future => json!("future"),
            Self::InBlock { block, .. } => json!({ "inBlock": block }),
            Self::Retracted(block) => json!({ "retracted": block }),
            Self::Finalized { block, .. } => json!({ "finalized": block }),
            Self::FinalityTimeout(block) => json!({ "finalityTimeout": block }),
            Self::Usurped(by) => json!({ "usurped": by }),
            Self::Invalid => json!("invalid"),
            Self::Dropped => json!("dropped"),
        }
    }

    /// As `transactionWatch_v1_watchEvent` reports it; nothing while it waits for an earlier nonce.
    pub(crate) fn to_event(&self) -> Option<Value> {
        let place = |block: &H256, index: &u32| json!({ "hash": block, "index": index });
        Some(match self {
            Self::Future => return None,
            Self::Ready => json!({ "event": "validated" }),
            Self::InBlock { block, index } => {
                json!({ "event": "bestChainBlockIncluded", "block": place(block, index) })
            }
            Self::Finalized { block, index } => json!({ "event": "finalized", "block": place(block, index) }),
            Self::Retracted(_) => json!({ "event": "bestChainBlockIncluded", "block": null }),
            Self::FinalityTimeout(block) => {
                json!({ "event": "dropped", "error": format!("{block:?} has not become final for very long") })
            }
            Self::Invalid => json!({ "event": "invalid", "error": "the chain refuses it" }),
            Self::Usurped(by) => json!({ "event": "dropped", "error": format!("{by:?} took its place") }),
            Self::Dropped => json!({ "event": "dropped", "error": "it left the pool" }),
        })
    }
}
