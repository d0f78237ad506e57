//! What judges the answers to one prompt: reward models whose figures are added up, masks that forbid, penalties that lessen.
//!
//! Here models and rules come together. What each figure means is in [`scoring`](crate::scoring); here is who computes it, in
//! which order, and what stays between two batches.

mod column;
mod embedded;
mod error;
mod folders;
mod gate;
mod inference;
mod masks;
mod penalties;
mod reference;
mod rewards;
mod stack;

pub use column::{Column, Figures};
pub use embedded::{Embedder, TextEmbedder};
pub use error::JudgeError;
pub use folders::{JudgesError, ModelFolders, Role};
pub use gate::{Expectation, Gate, GateError};
pub use inference::{Claim, FILTER as INFERENCE_FILTER, InferenceJudge, Unverified, Verification};
pub use masks::{
    BlacklistMask, DiversityMask, MaskFigures, MaskModel, NgramMask, NsfwMask, RelevanceMask,
    TaskValidatorMask,
};
pub use penalties::PenaltyModel;
pub use reference::ReferenceReward;
pub use rewards::{
    DifferenceReward, LikelihoodReward, PairReward, PromptReward, ReciprocateReward, RewardModel,
};
pub use stack::{Judgement, Stack, StackBuilder, StackState, UnusableState};

use assay_keys::AccountId;
use std::time::Duration;

/// The answers to one prompt: those that came, as the miners were asked.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// The name of the step: `augment`, `followup0`, `answer0`, …
    pub step: &'a str,
    /// What was asked, in full. Reward models look at this.
    pub prompt: &'a str,
    /// What it was made of. Masks look at this.
    pub base_prompt: &'a str,
    /// What the task demands of an answer's form, where it demands anything.
    pub task: Option<&'a crate::prompts::tasks::Task>,
    /// The answers, without blanks around. None is empty.
    pub answers: &'a [Answer<'a>],
    /// What the best were, earlier in this forward.
    pub heard: &'a crate::scoring::blacklist::Blacklist,
    /// Whether judges may remember any of it.
    pub words: Words,
}

/// What becomes of words that were judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Words {
    /// They go on record, and later answers are compared with them: the validator made the question up.
    #[default]
    Kept,
    /// They are judged and forgotten, by the judges too: what these remember is kept on the disk, and is words or made of them.
    Forgotten,
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// What it says.
    pub text: &'a str,
    /// Who says it.
    pub hotkey: AccountId,
    /// How long it took to come.
    pub took: Duration,
}

impl Batch<'_> {
    /// The answers' texts.
    fn texts(&self) -> Vec<&str> {
        self.answers.iter().map(|answer| answer.text).collect()
    }
}
