//! Where answers come from.

mod chat;
mod miners;
mod resting;
mod utf8;

pub use chat::{ChatSynapse, ChatWire, SignedFields, TellSampling};
pub use miners::{ListedMiner, MinerSource, Miners, Order};

use crate::question::Question;
use assay_axon::dendrite::Verdict;
use assay_keys::AccountId;
use futures::{future::BoxFuture, stream::BoxStream};
use serde::Serialize;
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A miner's place in its subnet at the moment when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Uid(pub u16);

impl fmt::Display for Uid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Who answers. What is kept of it goes by the hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Miner {
    /// Its place.
    pub uid: Uid,
    /// Its name.
    pub hotkey: AccountId,
}

/// Why a miner's answer is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MinerFailure {
    /// Its time was over before its answer was.
    #[error("no whole answer within {} s", .after.as_secs_f64())]
    TimedOut {
        /// The time that it had.
        after: Duration,
    },
    /// Nothing came, or it broke off.
    #[error("no answer: {reason}")]
    NoAnswer {
        /// Why, without secrets.
        reason: String,
    },
    /// Something came that is no answer.
    #[error("a bad answer: {reason}")]
    BadAnswer {
        /// Why, without what it said.
        reason: String,
    },
    /// It failed on this side, which must not cost the miner anything.
    #[error("our own fault: {reason}")]
    OwnFault {
        /// Why.
        reason: String,
    },
}

impl MinerFailure {
    /// Which of the four outcomes it is.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::TimedOut { .. } | Self::NoAnswer { .. } => Verdict::NoAnswer,
            Self::BadAnswer { .. } => Verdict::BadAnswer,
            Self::OwnFault { .. } => Verdict::OwnFault,
        }
    }
}

/// A miner that may be asked. It is not, until its pieces are waited for; when they are dropped, it is told to stop.
pub struct Candidate {
    /// Who.
    pub miner: Miner,
    /// Its answer, as it comes. After a failure nothing follows.
    pub pieces: BoxStream<'static, Result<String, MinerFailure>>,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Candidate")
            .field("miner", &self.miner)
            .finish_non_exhaustive()
    }
}

/// Why nobody can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// There is no miner.
    #[error("no miner is serving")]
    NoMiners,
    /// It failed here.
    #[error("the question cannot be sent: {reason}")]
    OwnFault {
        /// Why, without the question.
        reason: String,
    },
}

/// Finds miners for a question.
pub trait Backend: Send + Sync + 'static {
    /// At most `most` miners, the ones to ask first in front. Whoever is asked has until `deadline`.
    ///
    /// # Errors
    /// [`BackendError`] when there is nobody to ask.
    fn candidates(
        &self,
        question: Arc<Question>,
        most: usize,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<Vec<Candidate>, BackendError>>;

    /// Hears of a miner that was not done when its time was over, though it had enough of it. Its pieces are dropped
    /// then, so they do not show it. A backend that only chooses among others passes it on to the one that it chose.
    fn timed_out(&self, _miner: &Miner) {}
}
