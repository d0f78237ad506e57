//! What can come of asking a miner for a dataset: four things that must never be mixed up, and a loss.
//!
//! Not asked, no answer, a bad answer, and our own fault. Only the second and third may cost a miner anything.

use std::fmt;

use assay_chain::Block;
use assay_hub::RepoId;
use serde::{Deserialize, Serialize};

use crate::{commitment::CommittedRevision, profile::CompetitionId, rows::DatasetFault};

/// What came of a miner in a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The round did not ask it.
    NotAsked(NotAsked),
    /// It was asked and has published nothing.
    NoAnswer(NoAnswer),
    /// It has published something that cannot be used, and anyone would find the same.
    BadAnswer(BadAnswer),
    /// We failed. It is tried again, and costs the miner nothing.
    OwnFault(OwnFault),
    /// Its dataset was trained on, or was recognised as a copy before that.
    Assayed,
}

/// Why a miner was not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotAsked {
    /// The round asks only so many; this one's turn comes later.
    LaterTurn,
    /// It committed after the round was closed; the next round asks it.
    CommittedAfterClose {
        /// Block of the commitment.
        committed: Block,
        /// The round's closing block.
        closed: Block,
    },
    /// It registered after the round was closed.
    RegisteredAfterClose {
        /// Block of the registration.
        registered: Block,
        /// The round's closing block.
        closed: Block,
    },
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoAnswer {
    /// The hotkey has committed nothing.
    NoCommitment,
    /// The hotkey takes part in another competition.
    OtherCompetition {
        /// Which.
        competition: CompetitionId,
    },
}

/// Why an answer is of no use. Every reason is a fact about what the miner published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BadAnswer {
    /// The commitment is no `repo:competition:revision`.
    Commitment {
        /// What is wrong with it.
        reason: String,
    },
    /// The commitment is no newer than the uid's registration: it belongs to whoever held the uid before, or to an
    /// earlier life of the hotkey.
    CommittedBeforeRegistration {
        /// Block of the commitment.
        committed: Block,
        /// Block of the registration.
        registered: Block,
    },
    /// The revision names no commit, so its content could change.
    RevisionNotPinned {
        /// As committed.
        revision: CommittedRevision,
    },
    /// There is no such repository that everyone may read.
    RepoNotFound {
        /// As committed.
        repo: RepoId,
    },
    /// The repository has no such revision.
    RevisionNotFound {
        /// As committed.
        revision: CommittedRevision,
    },
    /// The repository has no `data.jsonl` at that revision.
    NoDataFile,
    /// The dataset fails a check.
    Dataset(DatasetFault),
    /// Training on it ran into numbers that are not finite.
    Diverged,
}

impl fmt::Display for BadAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commitment { reason } => write!(f, "the commitment {reason}"),
            Self::CommittedBeforeRegistration {
                committed,
                registered,
            } => write!(
                f,
                "the commitment of block {committed} is no newer than the registration of block {registered}"
            ),
            Self::RevisionNotPinned { revision } => {
                write!(f, "revision {:?} is no commit", revision.as_str())
            }
            Self::RepoNotFound { repo } => write!(f, "repository {repo} does not exist or is private"),
            Self::RevisionNotFound { revision } => {
                write!(f, "the repository has no revision {:?}", revision.as_str())
            }
            Self::NoDataFile => write!(f, "the repository has no {DATA_FILE} at that revision"),
            Self::Dataset(fault) => fault.fmt(f),
            Self::Diverged => write!(f, "training on it diverged"),
        }
    }
}

/// What of ours went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OwnFault {
    /// The hub could not be reached, failed, or asked for a pause.
    #[error("the hub: {reason}")]
    Hub {
        /// What it said.
        reason: String,
    },
    /// The disk is full or fails.
    #[error("the disk: {reason}")]
    Disk {
        /// What it said.
        reason: String,
    },
    /// Training or evaluation failed for a reason that is not in the data.
    #[error("training: {reason}")]
    Training {
        /// What it said.
        reason: String,
    },
    /// Training or evaluation took longer than a job may here.
    #[error("not finished within {seconds} s: this machine is too slow, or too busy")]
    TooSlow {
        /// The limit.
        seconds: u64,
    },
    /// The process has died in the middle of this job so often that it is left alone for the round.
    #[error("the process ended {times} times during this job")]
    KeepsDying {
        /// How often.
        times: u32,
    },
}

impl OwnFault {
    /// Whether another attempt in the same round makes sense. A job that was too slow would be again, and one at
    /// which the process dies would end it again.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::TooSlow { .. } | Self::KeepsDying { .. })
    }
}

/// The one file of a repository that counts, whatever it was called at the miner.
pub const DATA_FILE: &str = "data.jsonl";
