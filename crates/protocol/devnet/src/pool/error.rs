//! Why a transaction does not enter the pool.

use sp_core::H256;
use sp_runtime::transaction_validity::{InvalidTransaction, UnknownTransaction};

/// Why a transaction does not enter the pool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The bytes are no transaction of this chain.
    #[error("the bytes do not decode to a transaction of this chain: {reason}")]
    Undecodable {
        /// What the decoder or the runtime said.
        reason: String,
    },
    /// The chain refuses it.
    #[error("invalid transaction: {0:?}")]
    Invalid(InvalidTransaction),
    /// The chain cannot tell.
    #[error("unknown transaction validity: {0:?}")]
    Unknown(UnknownTransaction),
    /// The same bytes are in the pool.
    #[error("transaction {hash:?} is in the pool already")]
    AlreadyImported {
        /// Its hash.
        hash: H256,
    },
    /// The pool has another transaction of this account and nonce, and this one does not outbid it.
    #[error("priority {new} does not outbid the {old} of the transaction in the pool with the same nonce")]
    PriorityTooLow {
        /// Priority of the one in the pool.
        old: u64,
        /// Priority of the new one.
        new: u64,
    },
    /// The transaction could be included any number of times.
    #[error("the transaction provides no tags, so nothing keeps it from being included twice")]
    NoTags,
    /// The pool is full. Blocks empty it; try again after the next.
    #[error("the pool is full; try again after the next block")]
    Full,
    /// The node cannot read its state.
    #[error("the node cannot validate it: {reason}")]
    Node {
        /// Why not.
        reason: String,
    },
}
