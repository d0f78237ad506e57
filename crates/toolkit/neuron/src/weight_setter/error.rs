//! Why weights were not set.

use crate::{HistoryError, Refusal};
use assay_chain::{Block, ChainError, Retry, WeightsError};

/// Why weights were not set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetWeightsError {
    /// The chain would refuse; nothing was sent.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The scores make no row.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Nobody with a score has a slot.
    #[error("none of the {scored} hotkeys with a score has a slot in the subnet")]
    NobodyToReward {
        /// Hotkeys with a score.
        scored: usize,
    },
    /// An earlier attempt may still come; nothing was sent.
    #[error("attempt {attempt} is still under way")]
    UnderWay {
        /// Its number in the history.
        attempt: u64,
    },
    /// It was sent, or could not be sent, and failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain refused it for the rate limit: another row of this hotkey came between check and block.
    #[error("{failure}; the next may come in {blocks_left} blocks")]
    TooFast {
        /// The chain's failure.
        #[source]
        failure: ChainError,
        /// How many blocks to wait.
        blocks_left: u64,
    },
    /// The chain took the commit out of its queue without revealing it: the row does not count.
    #[error("the chain dropped the commit in block {block} without revealing it{}", why(reason.as_deref()))]
    Dropped {
        /// The block.
        block: Block,
        /// Why, where the chain tells.
        reason: Option<String>,
    },
    /// Several commits of the hotkey left the chain's queue together, and it does not tell which of them it revealed.
    #[error(
        "block {block} revealed some of the hotkey's commits and dropped others, and does not tell which"
    )]
    Unclear {
        /// The block.
        block: Block,
    },
    /// Nobody can tell what became of the commit: the node no longer keeps the states in which it left the queue.
    #[error(
        "the commit has left the chain's queue, and the node no longer keeps the states that would tell how"
    )]
    Forgotten,
    /// It is in a final block and yet the chain's state shows another row: a later attempt overtook it.
    #[error("the row of block {block} is not what the chain holds now")]
    Overtaken {
        /// The block that took it.
        block: Block,
    },
    /// The history cannot be written; nothing was sent.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl SetWeightsError {
    /// Whether and when another try makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Refused(refusal) => refusal.retry(),
            Self::Chain(error) => error.retry(),
            Self::TooFast { blocks_left, .. } => Retry::AfterBlocks(*blocks_left),
            Self::UnderWay { .. } => Retry::AfterBlocks(1),
            Self::Dropped { .. } | Self::Forgotten | Self::Unclear { .. } => Retry::Now,
            Self::Overtaken { .. } | Self::NobodyToReward { .. } | Self::Weights(_) | Self::History(_) => {
                Retry::Never
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => Some(refusal.hint().to_owned()),
            Self::Chain(error) => error.hint().map(Into::into),
            Self::TooFast { .. } => Some("let only one validator set weights with this hotkey".to_owned()),
            Self::Overtaken { .. } => Some("let only one validator set weights with this hotkey".to_owned()),
            Self::Dropped { .. } => Some(
                "the beacon's round came too late, or a check refused the row when it was opened: \
                 `assay weights history` has the reason where the chain tells one"
                    .to_owned(),
            ),
            Self::Unclear { .. } => {
                Some("what counts is the row that the chain holds now: `assay weights show`".to_owned())
            }
            Self::Forgotten => Some("ask an archive node to find out: --network archive".to_owned()),
            Self::NobodyToReward { .. } => {
                Some("scores may be of another subnet, or all miners were pruned".to_owned())
            }
            Self::History(error) => error.hint(),
            Self::Weights(_) | Self::UnderWay { .. } => None,
        }
    }
}

fn why(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}
