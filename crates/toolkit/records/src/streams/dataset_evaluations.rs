//! What became of a miner's dataset in a round of a competition.

use crate::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of a dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EvaluationOutcome {
    /// It was trained on, and its loss measured.
    #[default]
    Measured,
    /// It is a copy of an earlier one.
    Copy,
    /// The miner was not asked.
    NotAsked,
    /// The miner has published nothing.
    NoAnswer,
    /// What it published cannot be used.
    BadAnswer,
    /// We failed; it costs the miner nothing.
    OwnFault,
}

/// What became of a miner's dataset in a round of a competition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetEvaluation {
    /// The validator's hotkey.
    pub validator: String,
    /// The subnet.
    pub netuid: Option<u16>,
    /// The competition.
    pub competition: String,
    /// Commitments up to this block took part in the round.
    pub block: Option<u64>,
    /// The miner.
    pub hotkey: String,
    /// Its slot.
    pub uid: Option<u16>,
    /// What became of it.
    pub outcome: EvaluationOutcome,
    /// The same in words, where it was not measured.
    pub reason: Option<String>,
    /// The dataset's repository.
    pub repo: Option<String>,
    /// Its commit.
    pub revision: Option<String>,
    /// Block of the commitment.
    pub committed_at: Option<u64>,
    /// Rows of the dataset.
    pub rows: Option<u64>,
    /// Tokens of all rows.
    pub tokens: Option<u64>,
    /// Bytes of its file.
    pub bytes: Option<u64>,
    /// Loss of the base model on the evaluation rows, in nats a token.
    pub base_loss: Option<f64>,
    /// The same after training on the dataset.
    pub loss: Option<f64>,
    /// The part of the others that it beat, 0 to 1.
    pub win_rate: Option<f64>,
    /// Its part of the round before it is blended with the consensus, 0 to 1.
    pub share: Option<f64>,
    /// The chain's consensus about it when the round was scored, 0 to 1.
    pub consensus: Option<f64>,
    /// The weight that the round gave, 0 to 1, before the row of all is scaled to a sum of 1.
    pub weight: Option<f64>,
    /// How long training and measuring took.
    pub seconds: Option<f64>,
}

impl Stream for DatasetEvaluation {
    const NAME: &'static str = "dataset_evaluations";
    // 2: with the win rate.
    const VERSION: u32 = 2;
}
