//! Why a miner gives up, and what it tries again.

use std::{io, path::PathBuf, time::Duration};

use assay_chain::{AccountId, ChainError};
use assay_hub::{HubError, OutboxError, RepoId, Revision};
use assay_neuron::NotRegistered;

use crate::{
    commitment::CommitmentTooLong,
    rows::{DatasetFault, EncodeError, ReadError},
};

/// Why a miner gave up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MinerError {
    /// The commitment would not fit on chain.
    #[error(transparent)]
    TooLong(#[from] CommitmentTooLong),
    /// Validators would refuse the dataset.
    #[error("{path} would be refused by validators: {fault}", path = .path.display())]
    Dataset {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: DatasetFault,
    },
    /// The dataset cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The base model's tokenizer cannot be used.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The hotkey is not registered in the subnet, or the chain could not be asked.
    #[error(transparent)]
    Registration(#[from] NotRegistered),
    /// The hub refuses something that no retry can change.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The queue of uploads cannot be used.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The hub refuses the file for good.
    #[error("the hub does not take the dataset: {reason}")]
    UploadRefused {
        /// The hub's words.
        reason: String,
    },
    /// The hub gives another file back than was uploaded.
    #[error("{repo} at {revision} is not the file that was uploaded: somebody else changed the repository")]
    UploadDiffers {
        /// The repository.
        repo: RepoId,
        /// The commit.
        revision: Revision,
    },
    /// The chain refuses something that no retry can change.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain shows another commitment than the one just written.
    #[error(
        "{hotkey} has another commitment than the one just written: is a second miner running with this hotkey?"
    )]
    CommitmentReplaced {
        /// The hotkey.
        hotkey: AccountId,
    },
    /// A file of the miner's own cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It was told to stop before it was done.
    #[error("stopped before the dataset was published; run it again to go on")]
    Stopped,
    /// A check crashed.
    #[error("the check of the dataset crashed: {0}")]
    Crash(#[from] tokio::task::JoinError),
}

impl MinerError {
    /// How long to wait before another attempt can help; `None` when none can. `Some(None)` leaves the pause to the
    /// caller.
    pub(super) fn retry(&self) -> Option<Option<Duration>> {
        match self {
            Self::Hub(e) => match e.retry() {
                assay_hub::Retry::Never => None,
                assay_hub::Retry::After(pause) => Some(Some(pause)),
                assay_hub::Retry::Backoff => Some(None),
            },
            Self::Chain(ChainError::StillPending { .. }) => Some(None),
            Self::Chain(e) | Self::Registration(NotRegistered::Chain(e)) => match e.retry() {
                assay_chain::Retry::Never => None,
                assay_chain::Retry::After(pause) => Some(Some(pause)),
                assay_chain::Retry::Now | assay_chain::Retry::AfterBlocks(_) => Some(None),
            },
            _ => None,
        }
    }
}
