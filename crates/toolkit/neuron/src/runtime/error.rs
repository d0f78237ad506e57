//! Why a neuron did not start, or could not keep what it had.

use crate::{Exit, HistoryError, NotRegistered, ScoreBookError, ServingError, TaskFailure};
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
    /// The hotkey had a slot when the neuron started, and a final block has taken it away.
    #[error("the neuron has lost its slot: {0}")]
    SlotLost(#[source] NotRegistered),
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

/// How a neuron that had started ended. A slot that it lost is no defect of a task, and has a code and a remedy of its own.
pub(super) fn told(exit: Exit) -> Result<Exit, NeuronError> {
    let lost = match &exit {
        Exit::GaveUp {
            failure: TaskFailure::Error(error),
            ..
        } => error.downcast_ref::<NotRegistered>().cloned(),
        _ => None,
    };
    lost.map_or(Ok(exit), |lost| Err(NeuronError::SlotLost(lost)))
}

impl NeuronError {
    /// The process's exit code, after the system's `sysexits.h`: 69 a chain out of reach, 74 files, 77 a hotkey that may
    /// not work there or no longer, 78 what is set up wrongly.
    pub fn code(&self) -> u8 {
        match self {
            Self::Chain(_) | Self::Registration(NotRegistered::Chain(_)) => 69,
            Self::Registration(_) | Self::SlotLost(_) => 77,
            Self::Scores(_) | Self::History(_) | Self::Replay(_) | Self::System(_) => 74,
            Self::Bind(_) | Self::Serving(_) | Self::Incomplete { .. } => 78,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Chain(error) => error.hint().map(Into::into),
            Self::Registration(error) => error.hint(),
            Self::SlotLost(error) => error.hint().map(|hint| {
                format!("{hint}; start the neuron again then, it goes on with what it has on disk")
            }),
            Self::Scores(error) => error.hint(),
            Self::History(error) => error.hint(),
            Self::Serving(error) => error.hint(),
            Self::Incomplete { .. } | Self::Replay(_) | Self::Bind(_) | Self::System(_) => None,
        }
    }
}
