//! Why a neuron did not start, or could not keep what it had.

use crate::{HistoryError, NotRegistered, ScoreBookError, ServingError};
use assay_axon::{JournalError, server::BindError};
use assay_chain::ChainError;
use std::io;

/// Why a neuron did not start, or could not keep what it had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NeuronError {
    /// The chain cannot be reached, or is not what it should be.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The hotkey cannot work in the subnet.
    #[error(transparent)]
    Registration(#[from] NotRegistered),
    /// The scores cannot be read or written.
    #[error(transparent)]
    Scores(#[from] ScoreBookError),
    /// The weight history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The requests that the axon has seen cannot be read.
    #[error(transparent)]
    Replay(#[from] JournalError),
    /// The axon cannot listen.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The axon's address cannot be published.
    #[error(transparent)]
    Serving(#[from] ServingError),
    /// A miner without anything to answer.
    #[error("the miner has no {missing}")]
    Incomplete {
        /// What it lacks.
        missing: &'static str,
    },
    /// The file system, or the operating system's signals.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl NeuronError {
    /// The process's exit code, after the system's `sysexits.h`: 69 a chain out of reach, 74 files, 77 a hotkey that may
    /// not work there, 78 what is set up wrongly.
    pub fn code(&self) -> u8 {
        match self {
            Self::Chain(_) | Self::Registration(NotRegistered::Chain(_)) => 69,
            Self::Registration(_) => 77,
            Self::Scores(_) | Self::History(_) | Self::Replay(_) | Self::System(_) => 74,
            Self::Bind(_) | Self::Serving(_) | Self::Incomplete { .. } => 78,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Chain(error) => error.hint().map(Into::into),
            Self::Registration(error) => error.hint(),
            Self::Scores(error) => error.hint(),
            Self::History(error) => error.hint(),
            Self::Serving(error) => error.hint(),
            Self::Incomplete { .. } | Self::Replay(_) | Self::Bind(_) | Self::System(_) => None,
        }
    }
}
