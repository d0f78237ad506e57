//! What a validator tells while it runs.

use assay_chain::AccountId;
use assay_records::streams::{PromptingMark, PromptingStep};
use std::time::Duration;

/// What a validator tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PromptingEvent {
    /// A step has been judged.
    Step(Box<StepTold>),
    /// A step or a whole forward came to nothing.
    Failed {
        /// Whose.
        validator: AccountId,
        /// Why, without anybody's words.
        reason: String,
    },
}

/// A step that was judged.
#[derive(Clone, Debug)]
pub struct StepTold {
    /// Whose.
    pub validator: AccountId,
    /// As it is recorded.
    pub record: PromptingStep,
    /// Each miner that was asked, in the record's order.
    pub miners: Vec<MinerTold>,
    /// What other miners think of the answers, where they were asked.
    pub marks: Vec<PromptingMark>,
    /// How long the step took.
    pub took: Duration,
}

/// What came of asking a miner.
#[derive(Clone, Debug, PartialEq)]
pub struct MinerTold {
    /// Whom.
    pub hotkey: AccountId,
    /// How long it took, or until it was given up.
    pub took: Duration,
    /// Its reward; nothing where the failure was ours.
    pub reward: Option<f64>,
    /// Why it has no answer, or which filters forbade its answer.
    pub fault: Option<Fault>,
    /// How it was chosen.
    pub chosen: ChosenBy,
}

/// Why a miner got nothing, or less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It did not answer, or with nothing.
    NoAnswer(String),
    /// It answered, and these columns are 0 for it.
    Forbidden(Vec<&'static str>),
    /// It failed here.
    Ours(String),
}

/// How a miner was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChosenBy {
    /// At random, as all are.
    #[default]
    Chance,
    /// By the gating model, which expects much of it for this prompt.
    Gate,
    /// At random although there is a gating model, so that it hears of everybody.
    Exploration,
}

impl ChosenBy {
    /// The word for it in records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Chance => "chance",
            Self::Gate => "gate",
            Self::Exploration => "exploration",
        }
    }
}
