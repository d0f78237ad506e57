//! What can go wrong between this client and the chain, and what to do about each.

use crate::{
    BlockHash, BlockRef, Endpoint, EndpointError, ExtrinsicHash, NetUid, Retry,
    dispatch_failure::DispatchFailure, pool_rejection::PoolRejection, shape::ShapeError,
};
use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

/// A failure of a call on the chain. Every variant knows whether another try makes sense: [`ChainError::retry`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The endpoint's text does not name a node.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// No connection could be opened.
    #[error("{endpoint} cannot be reached")]
    Unreachable {
        /// The node.
        endpoint: Endpoint,
        /// What the transport says.
        #[source]
        source: TransportError,
    },
    /// The connection broke while a request was under way. Reads are repeated by the client itself; a caller sees
    /// this when the repetition broke as well.
    #[error("the connection to {endpoint} was lost during {operation}")]
    Disconnected {
        /// The node.
        endpoint: Endpoint,
        /// What was being done.
        operation: Cow<'static, str>,
        /// What the transport says.
        #[source]
        source: TransportError,
    },
    /// No answer in time.
    #[error("{endpoint} did not answer {operation} within {after:?}")]
    Deadline {
        /// The node.
        endpoint: Endpoint,
        /// What was being done.
        operation: Cow<'static, str>,
        /// The deadline.
        after: Duration,
    },
    /// The node wants to be left alone for a while: it was asked too often, or its operator keeps strangers out.
    #[error("{endpoint} takes no more requests for {} s", .retry_after.as_secs_f64().ceil())]
    RateLimited {
        /// The node.
        endpoint: Endpoint,
        /// For how long.
        retry_after: Duration,
    },
    /// The node knows less of the chain than another did.
    #[error("{endpoint} is at block {head}, {} behind what another node told", known.since(*head))]
    Behind {
        /// The node.
        endpoint: Endpoint,
        /// The newest block that it knows.
        head: crate::Block,
        /// The newest block that another node told.
        known: crate::Block,
    },
    /// The node answered with a JSON-RPC error that has no variant of its own.
    #[error("the node refused {method}: {message} (code {code})")]
    Refused {
        /// The JSON-RPC method.
        method: Cow<'static, str>,
        /// JSON-RPC error code.
        code: i32,
        /// The node's words, cut to a few lines.
        message: String,
    },
    /// The node does not know the block.
    #[error("the node knows no block {hash}")]
    UnknownBlock {
        /// The hash asked for.
        hash: BlockHash,
    },
    /// The node has thrown the block's state away.
    #[error("the node no longer keeps the state of block {hash}")]
    StateDiscarded {
        /// The hash asked for.
        hash: BlockHash,
    },
    /// After a reconnect another chain answered.
    #[error("{endpoint} is now another chain: its genesis is {found}, this client was made for {expected}")]
    OtherChain {
        /// The node.
        endpoint: Endpoint,
        /// Genesis at the first connect.
        expected: BlockHash,
        /// Genesis now.
        found: BlockHash,
    },
    /// The chain has something else where this client expects a known shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The transaction pool refused the transaction; nothing was spent.
    #[error("{call} was refused: {reason}")]
    Rejected {
        /// Pallet and call.
        call: Cow<'static, str>,
        /// Why.
        reason: PoolRejection,
    },
    /// The transaction is in a block, and the chain says that it failed.
    #[error("{call} failed in {block}: {failure}")]
    Dispatch {
        /// Pallet and call.
        call: Cow<'static, str>,
        /// The block that holds it.
        block: BlockRef,
        /// The chain's own error.
        failure: Box<DispatchFailure>,
    },
    /// The transaction will not be in any block.
    #[error("{call} ({hash}) was not included: {why}")]
    NotIncluded {
        /// Pallet and call.
        call: Cow<'static, str>,
        /// The transaction.
        hash: ExtrinsicHash,
        /// Why.
        why: NotIncluded,
    },
    /// The transaction is not in a block yet (or not final yet) and the wait is over. It may still come: ask the
    /// same receipt again rather than sending another.
    #[error("{call} ({hash}) is still {stage} after {after:?}{}", doubted(doubt.as_deref()))]
    StillPending {
        /// Pallet and call.
        call: Cow<'static, str>,
        /// The transaction.
        hash: ExtrinsicHash,
        /// What it is still.
        stage: PendingStage,
        /// How long the wait was.
        after: Duration,
        /// What a node said of it last, where that was that it will not come. Another node may have it all the same.
        doubt: Option<Box<ChainError>>,
    },
    /// A final block holds the transaction, and the node cannot tell what it did there.
    #[error("{call} ({hash}) is in {block}, and the node cannot tell whether it succeeded there")]
    OutcomeUnknown {
        /// Pallet and call.
        call: Cow<'static, str>,
        /// The transaction.
        hash: ExtrinsicHash,
        /// The block that holds it.
        block: BlockRef,
        /// Why the block's events cannot be read.
        #[source]
        source: Box<ChainError>,
    },
    /// No new block for too long.
    #[error("the chain stands still: {head} is the newest block for {age:?}")]
    Stale {
        /// The newest block.
        head: BlockRef,
        /// How long it has been the newest.
        age: Duration,
    },
    /// There is no such subnet.
    #[error("there is no subnet {netuid} on this chain")]
    NoSubnet {
        /// The subnet asked for.
        netuid: NetUid,
    },
    /// A registration costs more than the caller wants to pay.
    #[error("a registration costs {price}, more than the limit of {limit}")]
    PriceAboveLimit {
        /// What it costs now.
        price: crate::Rao,
        /// What the caller wants to pay at most.
        limit: crate::Rao,
    },
    /// A commitment that the chain cannot hold.
    #[error(transparent)]
    Commitment(#[from] crate::commitment::CommitmentError),
    /// An argument given as JSON that does not fit its type on chain.
    #[error(transparent)]
    Argument(#[from] crate::json::ArgumentError),
    /// Bytes that are neither a transaction nor a call of this chain.
    #[error("the {length} bytes are neither a transaction nor a call of this chain (spec {spec_version})")]
    NotATransaction {
        /// How many bytes.
        length: usize,
        /// The runtime's version.
        spec_version: u32,
        /// Where reading them stopped.
        #[source]
        source: crate::shape::Mismatch,
    },
    /// Weights that cannot be committed.
    #[error(transparent)]
    WeightCommit(#[from] crate::weight_commit::WeightCommitError),
    /// A weight row that the chain cannot hold.
    #[error(transparent)]
    Weights(#[from] crate::weights::WeightsError),
}

fn doubted(doubt: Option<&ChainError>) -> String {
    doubt.map_or_else(String::new, |doubt| format!("; a node says: {doubt}"))
}

/// The state in which a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PendingStage {
    /// In the pool, in no block.
    NotIncluded,
    /// In a block that is not final.
    NotFinal,
}

impl fmt::Display for PendingStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotIncluded => "in no block",
            Self::NotFinal => "not final",
        })
    }
}

/// Why a transaction that the pool once accepted will not be in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotIncluded {
    /// Its lifetime passed, and no block up to then holds it.
    #[error("its lifetime ended at block {}", .last.0)]
    Expired {
        /// Last block in which it was valid.
        last: crate::Block,
    },
    /// Another transaction of the account took its nonce.
    #[error("another transaction of the account used its nonce")]
    Usurped,
    /// The node dropped it: its pool was full.
    #[error("the node dropped it from its pool")]
    Dropped,
    /// It became invalid while it waited.
    #[error("it became invalid while it waited in the pool")]
    Invalid,
    /// The node could not be asked about it for so long that the client gave up.
    #[error("the node has been out of reach since it was sent; look for it on chain before sending another")]
    Unresolved,
}

/// A failure below JSON-RPC: sockets, TLS, WebSocket frames.
#[derive(Clone)]
pub struct TransportError(Arc<dyn std::error::Error + Send + Sync>);

impl TransportError {
    pub(crate) fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl ChainError {
    /// Whether and when the same call makes sense again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unreachable { .. } | Self::Disconnected { .. } | Self::Deadline { .. } => {
                Retry::After(Duration::from_secs(5))
            }
            Self::RateLimited { retry_after, .. } => Retry::After(*retry_after),
            Self::Stale { .. } | Self::Behind { .. } => Retry::After(Duration::from_secs(30)),
            // The node's own trouble mostly; a few blocks later it may have passed.
            Self::Refused { .. } | Self::PriceAboveLimit { .. } => Retry::AfterBlocks(1),
            // Mostly of a node that lags.
            Self::UnknownBlock { .. } => Retry::AfterBlocks(1),
            Self::Rejected { reason, .. } => reason.retry(),
            Self::Dispatch { failure, .. } => failure.retry(),
            Self::NotIncluded { why, .. } => match why {
                NotIncluded::Expired { .. } | NotIncluded::Usurped => Retry::Now,
                NotIncluded::Invalid | NotIncluded::Dropped => Retry::AfterBlocks(1),
                NotIncluded::Unresolved => Retry::Never,
            },
            Self::Endpoint(_)
            | Self::StateDiscarded { .. }
            | Self::OtherChain { .. }
            | Self::Shape(_)
            | Self::StillPending { .. }
            | Self::OutcomeUnknown { .. }
            | Self::NoSubnet { .. }
            | Self::Commitment(_)
            | Self::Argument(_)
            | Self::NotATransaction { .. }
            | Self::WeightCommit(_)
            | Self::Weights(_) => Retry::Never,
        }
    }

    /// What a person can do about it, in a sentence; nothing where the message says it all.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::Unreachable { .. } => "check the network with --network, and that the node runs",
            Self::Disconnected { .. } | Self::Deadline { .. } => {
                "the node may be overloaded or restarting; the client reconnects by itself at the next call"
            }
            Self::StateDiscarded { .. } => {
                "ask an archive node: --network archive, or a node run with --pruning archive"
            }
            Self::UnknownBlock { .. } => {
                "the node may lag behind: try again; or the block is of another chain, or was dropped by a reorganisation"
            }
            Self::OtherChain { .. } => {
                "restart the client; saved state of the old chain does not apply to the new one"
            }
            Self::RateLimited { .. } => {
                "wait, ask less, or name several nodes: --network finney,ws://… ; a node of one's own has no such limit"
            }
            Self::Behind { .. } => {
                "the node is still syncing or has lost its peers; the client tries another"
            }
            Self::Stale { .. } => "the node may have lost its peers; another endpoint may be ahead of it",
            Self::NoSubnet { .. } => "`assay subnet list` shows the subnets of this chain",
            Self::StillPending { .. } => "it may still be included: look again before you send another",
            Self::OutcomeUnknown { .. } => {
                "look at the block with an archive node before you send another: --network archive"
            }
            Self::Shape(_) => {
                "the chain's runtime is newer or older than this client understands; update Assay"
            }
            Self::NotATransaction { .. } => {
                "give all bytes of a signed transaction or of a call, and name the chain that they are for with --network"
            }
            Self::PriceAboveLimit { .. } => {
                "raise the limit, or wait: the price halves within some 360 blocks"
            }
            Self::Rejected { reason, .. } => return Some(reason.hint()),
            Self::Dispatch { failure, .. } => return failure.hint(),
            Self::NotIncluded {
                why: NotIncluded::Expired { .. },
                ..
            } => "it certainly did not happen: it is safe to send it again",
            _ => return None,
        }))
    }

    /// The chain's own name of the error (`SettingWeightsTooFast`), when the chain gave one.
    pub fn chain_name(&self) -> Option<&str> {
        match self {
            Self::Dispatch { failure, .. } => failure.name(),
            _ => None,
        }
    }
}
