//! One miner's stream, and what can go wrong with it.

use super::Ending;
use assay_axon::{
    Dendrite, Outcome, SynapseRequest, Target,
    dendrite::{Failure, Refusal, Verdict},
};
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc, time::Duration};

/// Why a miner's answer is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct MinerFault {
    /// Which of the house's outcomes it is.
    pub outcome: FaultOutcome,
    /// What happened.
    pub reason: String,
}

/// Which of the house's outcomes a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultOutcome {
    /// It may cost the miner.
    NoAnswer,
    /// It may cost the miner.
    BadAnswer,
    /// It must not cost anybody.
    OwnFault,
}

/// The longest reason that is kept: some are in the words of the miner.
const REASON_CHARS: usize = 200;

impl MinerFault {
    /// A fault. Of a long reason only the beginning is kept.
    #[must_use]
    pub fn new(outcome: FaultOutcome, reason: &impl ToString) -> Self {
        Self {
            outcome,
            reason: reason.to_string().chars().take(REASON_CHARS).collect(),
        }
    }

    pub(super) fn late(after: Duration) -> Self {
        let reason = format!("no whole answer within {} s", after.as_secs_f64());
        Self::new(FaultOutcome::NoAnswer, &reason)
    }

    pub(super) fn too_long(bytes: usize) -> Self {
        Self::new(
            FaultOutcome::BadAnswer,
            &format!("the answer is larger than {bytes} bytes"),
        )
    }

    pub(super) fn not_text() -> Self {
        Self::new(FaultOutcome::BadAnswer, &"the answer is not text in UTF-8")
    }
}

impl From<MinerFault> for Ending {
    fn from(fault: MinerFault) -> Self {
        Self::Failed { fault }
    }
}

impl From<Failure> for MinerFault {
    fn from(failure: Failure) -> Self {
        let outcome = match failure.verdict() {
            Verdict::OwnFault => FaultOutcome::OwnFault,
            Verdict::BadAnswer => FaultOutcome::BadAnswer,
            Verdict::NoAnswer | Verdict::Answered => FaultOutcome::NoAnswer,
        };
        Self::new(outcome, &failure)
    }
}

impl From<Refusal> for MinerFault {
    fn from(refusal: Refusal) -> Self {
        Self::new(
            FaultOutcome::NoAnswer,
            &format!("it refused: {}", refusal.message),
        )
    }
}

/// One miner's answer as it comes.
pub struct MinerStream {
    /// Whose.
    pub uid: u16,
    /// Its pieces, until it ends or fails.
    pub pieces: BoxStream<'static, Result<Bytes, MinerFault>>,
}

impl fmt::Debug for MinerStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MinerStream")
            .field("uid", &self.uid)
            .finish_non_exhaustive()
    }
}

/// Asks a miner in synapse-v10 as soon as its stream is read, which [`fan_in`](super::fan_in) does for all at once.
#[must_use]
pub fn ask_streaming(
    dendrite: Arc<Dendrite>,
    uid: u16,
    target: Target,
    request: Arc<SynapseRequest>,
) -> MinerStream {
    let opened = stream::once(async move {
        match dendrite.stream(&target, &request).await.outcome {
            Outcome::Answered(answer) => Ok(stream::unfold(answer, |mut answer| async move {
                let piece = answer.next().await?.map_err(MinerFault::from);
                Some((piece, answer))
            })),
            Outcome::Refused(refusal) => Err(MinerFault::from(refusal)),
            Outcome::NoAnswer(why) => Err(Failure::from(why).into()),
            Outcome::BadAnswer(why) => Err(Failure::from(why).into()),
            Outcome::OwnFault(why) => Err(Failure::from(why).into()),
        }
    });
    let pieces = opened.flat_map(|opened| match opened {
        Ok(pieces) => pieces.left_stream(),
        Err(fault) => stream::iter([Err(fault)]).right_stream(),
    });
    MinerStream {
        uid,
        pieces: pieces.boxed(),
    }
}
