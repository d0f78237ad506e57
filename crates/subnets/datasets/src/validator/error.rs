//! Why a validator ends, and what it gets over by itself.

use std::{io, path::PathBuf, time::Duration};

use assay_chain::{Block, ChainError};
use assay_models::ModelError;
use assay_neuron::{HistoryError, NotRegistered, SetWeightsError};

use crate::{held_out::HeldOutError, rows::EncodeError, state::StateError};

/// Why a validator ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidatorError {
    /// The hotkey is not registered in the subnet, or the chain could not be asked.
    #[error(transparent)]
    Registration(#[from] NotRegistered),
    /// The weights' history cannot be used.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// What became of an earlier attempt to set weights cannot be found out.
    #[error(transparent)]
    Weights(#[from] SetWeightsError),
    /// The state belongs to another chain.
    #[error(
        "{home} holds rounds of another chain (block {block} is not the one it knows): choose another folder, or move it away", home = .home.display()
    )]
    OtherChain {
        /// The validator's folder.
        home: PathBuf,
        /// The block that differs.
        block: Block,
    },
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The base model cannot be used.
    #[error("base model: {0}")]
    Model(#[from] ModelError),
    /// A file of the base model cannot be read.
    #[error("base model: {0}")]
    ModelFile(#[source] io::Error),
    /// The base model's tokenizer cannot be used.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The held-out rows cannot be used.
    #[error(transparent)]
    HeldOut(#[from] HeldOutError),
    /// The threads for training cannot be started.
    #[error("threads for training: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The chain refuses something that no retry can change.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Loading crashed.
    #[error("loading crashed: {0}")]
    Crash(#[from] tokio::task::JoinError),
}

impl ValidatorError {
    /// How long to wait before the loop may try again; `None` when it would fail the same way.
    pub(super) fn passes_in(&self) -> Option<Duration> {
        let chain = match self {
            Self::Chain(e)
            | Self::Registration(NotRegistered::Chain(e))
            | Self::Weights(SetWeightsError::Chain(e)) => Some(e),
            _ => None,
        };
        match (self, chain) {
            (
                _,
                Some(
                    ChainError::Endpoint(_)
                    | ChainError::OtherChain { .. }
                    | ChainError::Shape(_)
                    | ChainError::NoSubnet { .. },
                ),
            ) => None,
            (_, Some(e)) => Some(match e.retry() {
                assay_chain::Retry::After(pause) => pause,
                _ => Duration::from_secs(5),
            }),
            (Self::State(e), _) if e.may_pass() => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}
