//! What the page shows, as plain data.
//!
//! Whoever runs the subnet fills a [`DashboardState`] and puts it into a `tokio::sync::watch`; the dashboard only
//! draws it. Nothing here knows a chain client or a subnet, so anything can be shown that can be put into these
//! words. Lists that grow with time are bounded by the methods that add to them.

mod organic;
mod prompting;

pub use organic::{OrganicView, RewardView, SAMPLES, SampleSource, SampleView};
pub use prompting::{AnswerView, MeanReward, PromptingView, STEPS, StepView};

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Lines of the log that are kept: some minutes of a busy run, and a page that a phone still scrolls.
pub const LOG_LINES: usize = 200;
/// Epochs that are kept for the plots. More points than pixels show nothing more.
pub const HISTORY_EPOCHS: usize = 240;
/// Problems that are kept; older ones are in the log.
pub const PROBLEMS: usize = 20;

/// Everything on the page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DashboardState {
    /// The system that runs, `datasets` for instance.
    pub system: String,
    /// Where the run is.
    pub phase: Phase,
    /// The chain, once it answers.
    pub chain: Option<ChainView>,
    /// The competition, once its first round is known.
    pub competition: Option<CompetitionView>,
    /// Users' requests, where a system takes some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organic: Option<OrganicView>,
    /// Questions to miners, where a system asks some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompting: Option<PromptingView>,
    /// The validators, in the order in which they are shown.
    pub validators: Vec<ValidatorView>,
    /// The miners, in the order in which they are shown; each keeps its colour by this order.
    pub miners: Vec<MinerView>,
    /// What each finished epoch gave, oldest first. Add with [`DashboardState::push_epoch`].
    pub history: VecDeque<EpochPoint>,
    /// What happened, oldest first. Add with [`DashboardState::push_log`].
    pub log: VecDeque<LogLine>,
    /// What is wrong and what to do about it, oldest first. Add with [`DashboardState::push_problem`].
    pub problems: VecDeque<Problem>,
}

impl DashboardState {
    /// Whether miners are asked and their answers scored, rather than their data trained on.
    #[must_use]
    pub fn scores_answers(&self) -> bool {
        self.organic.is_some()
            || self.prompting.is_some()
            || self.miners.iter().any(|miner| miner.answers.is_some())
    }

    /// Adds a line to the log and forgets the oldest beyond [`LOG_LINES`].
    pub fn push_log(&mut self, line: LogLine) {
        push_bounded(&mut self.log, line, LOG_LINES);
    }

    /// Adds an epoch to the plots and forgets the oldest beyond [`HISTORY_EPOCHS`]. An epoch that is there already
    /// is replaced.
    pub fn push_epoch(&mut self, point: EpochPoint) {
        match self.history.iter_mut().find(|known| known.epoch == point.epoch) {
            Some(known) => *known = point,
            None => push_bounded(&mut self.history, point, HISTORY_EPOCHS),
        }
    }

    /// Adds a problem, or refreshes the one of the same thing and cause.
    pub fn push_problem(&mut self, problem: Problem) {
        self.problems
            .retain(|known| (&known.thing, &known.cause) != (&problem.thing, &problem.cause));
        push_bounded(&mut self.problems, problem, PROBLEMS);
    }

    /// Takes away the problems of a thing that works again.
    pub fn solve(&mut self, thing: &str) {
        self.problems.retain(|problem| problem.thing != thing);
    }
}

fn push_bounded<T>(list: &mut VecDeque<T>, item: T, most: usize) {
    while list.len() >= most {
        list.pop_front();
    }
    list.push_back(item);
}

/// Where the run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Being set up.
    Starting {
        /// What is being done: `starting the chain`.
        doing: String,
    },
    /// Running.
    Running,
    /// Ended as it should.
    Finished,
    /// Ended by an error.
    Failed {
        /// What went wrong, with what to do.
        reason: String,
    },
}

impl Default for Phase {
    fn default() -> Phase {
        Phase::Starting {
            doing: "starting".to_owned(),
        }
    }
}

/// The chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainView {
    /// Where it answers, `ws://127.0.0.1:9944` for instance.
    pub endpoint: String,
    /// The subnet.
    pub netuid: u16,
    /// The newest block.
    pub block: u64,
    /// When that block was seen, in milliseconds since 1970.
    pub block_seen_ms: u64,
    /// The newest final block.
    pub finalized: Option<u64>,
    /// Time between blocks, in milliseconds.
    pub block_time_ms: u64,
    /// Blocks of an epoch.
    pub tempo: u16,
    /// The block at which the next epoch runs.
    pub next_epoch_block: Option<u64>,
    /// Epochs that were run since the beginning of the run.
    pub epochs_done: u32,
    /// Epochs after which the run ends, when it does.
    pub epochs_wanted: Option<u32>,
}

/// The competition and its round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompetitionView {
    /// Its id.
    pub id: String,
    /// The closing block of the round that is being evaluated.
    pub round: Option<u64>,
    /// The model that every dataset is trained on.
    pub base_model: String,
    /// The data that every model is measured on.
    pub eval_set: String,
    /// The seed of the round, the same for every miner.
    pub seed: Option<String>,
    /// Where the hub answers.
    pub hub: Option<String>,
}

/// A validator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidatorView {
    /// Its name in this run.
    pub name: String,
    /// Its hotkey's address.
    pub hotkey: String,
    /// Its place in the subnet, once registered.
    pub uid: Option<u16>,
    /// What it is doing.
    pub activity: Activity,
    /// Its newest weights.
    pub weights: Option<WeightsView>,
    /// Its share of the validators' pot in the last epoch, 0 to 1.
    pub dividends: Option<f64>,
}

/// What a validator is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "activity", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activity {
    /// Not yet known.
    Starting,
    /// Reading the chain, downloading, checking.
    Checking {
        /// What.
        what: String,
    },
    /// Training on a miner's dataset.
    Training {
        /// The miner's name.
        miner: String,
        /// The step, from 1.
        step: u32,
        /// Steps in all.
        steps: u32,
        /// Training loss of the step.
        loss: f64,
    },
    /// Measuring what was trained.
    Evaluating {
        /// The miner's name.
        miner: String,
        /// Rows measured.
        done: u64,
        /// Rows in all.
        of: u64,
    },
    /// Asking miners and scoring what they answer.
    Scoring {
        /// What.
        what: String,
    },
    /// Setting weights.
    SettingWeights,
    /// Waiting.
    Waiting {
        /// For what.
        what: String,
    },
    /// Not running any more.
    Stopped {
        /// Why.
        why: String,
    },
}

/// An attempt to set weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsView {
    /// The block that they are for: that a round closed at, or at which the scores were read.
    pub round: u64,
    /// How far they are.
    pub stage: WeightsStage,
}

/// How far weights are on their way into the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
#[non_exhaustive]
pub enum WeightsStage {
    /// The node has taken the call.
    Submitted,
    /// The call is in a block.
    InBlock {
        /// The block.
        block: u64,
    },
    /// That block is final.
    Finalized {
        /// The block.
        block: u64,
    },
    /// An epoch has paid by them; [`WeightsStage::after`] finds that out.
    Applied {
        /// The epoch's block.
        block: u64,
    },
    /// The call was refused or is held back.
    Held {
        /// Why, and what to do.
        reason: String,
    },
}

impl WeightsStage {
    /// The stage as the finished epochs make it: final weights are paid by the first epoch of a later block. An
    /// epoch runs before everything else in its block, so weights of the same block come too late for it.
    #[must_use]
    pub fn after(&self, history: &VecDeque<EpochPoint>) -> WeightsStage {
        let WeightsStage::Finalized { block } = self else {
            return self.clone();
        };
        let paid = history
            .iter()
            .map(|epoch| epoch.block)
            .filter(|epoch| epoch > block)
            .min();
        paid.map_or_else(|| self.clone(), |block| WeightsStage::Applied { block })
    }
}

/// A miner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MinerView {
    /// Its name in this run.
    pub name: String,
    /// Its hotkey's address.
    pub hotkey: String,
    /// Its place in the subnet, once registered.
    pub uid: Option<u16>,
    /// The repository of its dataset.
    pub repo: Option<String>,
    /// Rows of its dataset.
    pub rows: Option<u64>,
    /// What came of it.
    pub status: MinerStatus,
    /// Loss on the held-out rows.
    pub loss: Option<f64>,
    /// Matches won over matches played, 0 to 1.
    pub win_rate: Option<f64>,
    /// Its moving average of rewards, 0 to 1, on systems that score answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How it answered, on systems that ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswersView>,
    /// Weight that the validators gave it, 0 to 1.
    pub weight: Option<f64>,
    /// Its share of the miners' pot in the last epoch, 0 to 1.
    pub incentive: Option<f64>,
    /// What the last epoch paid it, in rao.
    pub emission_rao: Option<u64>,
}

/// How a miner answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswersView {
    /// How often it was asked.
    pub asked: u64,
    /// How often it answered whole.
    pub answered: u64,
    /// Time to its first words, the mean of all answers, in milliseconds.
    pub first_words_ms: Option<f64>,
}

/// What came of a miner. The four outcomes (not asked, no answer, bad answer, our own fault) stay apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MinerStatus {
    /// It has not begun.
    Queued,
    /// It is publishing its dataset.
    Publishing {
        /// The step.
        step: String,
    },
    /// Its commitment stands on chain; no round has looked at it yet.
    Committed,
    /// A round is looking at it.
    InRound {
        /// What is being done with it.
        doing: String,
    },
    /// It has a result.
    Scored,
    /// Its dataset is a copy of an earlier one.
    CopyOf {
        /// The name of the miner who had it first.
        miner: String,
    },
    /// The round did not ask it.
    NotAsked {
        /// Why.
        reason: String,
    },
    /// It was asked and has published nothing.
    NoAnswer {
        /// Why.
        reason: String,
    },
    /// It has published something that cannot be used.
    BadAnswer {
        /// What is wrong with it.
        reason: String,
    },
    /// The validator failed it, at no cost to the miner.
    OwnFault {
        /// What went wrong.
        reason: String,
    },
}

/// What an epoch gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochPoint {
    /// The epoch, from 1.
    pub epoch: u32,
    /// The block at which it ran.
    pub block: u64,
    /// The miners' results, in any order.
    pub miners: Vec<MinerPoint>,
}

/// What an epoch gave one miner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MinerPoint {
    /// Its hotkey's address.
    pub hotkey: String,
    /// Loss on the held-out rows.
    pub loss: Option<f64>,
    /// Its moving average of rewards, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Its share of the miners' pot, 0 to 1.
    pub incentive: Option<f64>,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The newest block at that time.
    pub block: Option<u64>,
    /// How much it matters.
    pub level: Level,
    /// Who says it: a validator's or miner's name, `chain`, `hub`.
    pub source: String,
    /// What happened.
    pub text: String,
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As expected.
    #[default]
    Info,
    /// Not as expected, and handled.
    Warning,
    /// Something did not work.
    Error,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Since when, in milliseconds since 1970.
    pub at_ms: u64,
    /// What does not work: `hub`, `validator-1`.
    pub thing: String,
    /// Why.
    pub cause: String,
    /// What to do about it.
    pub hint: Option<String>,
}
