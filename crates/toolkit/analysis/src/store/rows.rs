//! Rows of the store: what of each event the analyses look at.

use std::sync::Arc;

/// A neuron after an epoch.
#[derive(Clone, Debug)]
pub(crate) struct EpochRow {
    pub(crate) netuid: u16,
    pub(crate) block: u64,
    pub(crate) uid: u16,
    pub(crate) hotkey: Arc<str>,
    pub(crate) is_validator: bool,
    pub(crate) stake: Option<f64>,
    pub(crate) incentive: Option<f64>,
    pub(crate) dividends: Option<f64>,
    pub(crate) consensus: Option<f64>,
    pub(crate) validator_trust: Option<f64>,
    pub(crate) emission: Option<f64>,
    pub(crate) weights_at: Option<u64>,
}

/// A miner's score.
#[derive(Clone, Debug)]
pub(crate) struct ScoreRow {
    pub(crate) source: Arc<str>,
    pub(crate) step: u64,
    pub(crate) block: Option<u64>,
    pub(crate) hotkey: Arc<str>,
    pub(crate) uid: Option<u16>,
    pub(crate) reward: Option<f64>,
    pub(crate) score: Option<f64>,
}

/// A request that was judged.
#[derive(Clone, Debug)]
pub(crate) struct SampleRow {
    pub(crate) sample: Option<Arc<str>>,
    pub(crate) is_organic: bool,
    pub(crate) is_private: bool,
    pub(crate) stage: Arc<str>,
    pub(crate) error: Option<Arc<str>>,
    pub(crate) queue_size: u64,
    pub(crate) seconds: Option<f64>,
    pub(crate) rewards: Vec<RewardRow>,
}

/// What a miner got for its answer.
#[derive(Clone, Debug)]
pub(crate) struct RewardRow {
    pub(crate) hotkey: Arc<str>,
    pub(crate) outcome: Arc<str>,
    pub(crate) reward: Option<f64>,
    pub(crate) seconds: Option<f64>,
}

/// A dataset in a round.
#[derive(Clone, Debug)]
pub(crate) struct EvaluationRow {
    pub(crate) validator: Arc<str>,
    pub(crate) block: Option<u64>,
    pub(crate) hotkey: Arc<str>,
    pub(crate) uid: Option<u16>,
    pub(crate) outcome: &'static str,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) repo: Option<Arc<str>>,
    pub(crate) rows: Option<u64>,
    pub(crate) loss: Option<f64>,
    pub(crate) weight: Option<f64>,
}

/// A step of an attempt to set weights.
#[derive(Clone, Debug)]
pub(crate) struct WeightRow {
    pub(crate) source: Arc<str>,
    pub(crate) attempt: u64,
    pub(crate) stage: Arc<str>,
    pub(crate) block: Option<u64>,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) chain_error: Option<Arc<str>>,
    /// The row, by hotkey.
    pub(crate) entries: Vec<(u16, Arc<str>, u16)>,
}

/// A step of a validator.
#[derive(Clone, Debug)]
pub(crate) struct ForwardRow {
    pub(crate) source: Arc<str>,
    pub(crate) system: Arc<str>,
    pub(crate) seconds: Option<f64>,
    pub(crate) asked: u32,
    pub(crate) answered: u32,
    pub(crate) failed: Option<Arc<str>>,
}

/// What an axon was asked in a minute.
#[derive(Clone, Debug)]
pub(crate) struct CallsRow {
    /// Nothing for what was refused before it came to one.
    pub(crate) route: Option<Arc<str>>,
    pub(crate) caller: Option<Arc<str>>,
    pub(crate) status: u16,
    pub(crate) refusal: Option<Arc<str>>,
    pub(crate) calls: u64,
    pub(crate) request_bytes: u64,
    pub(crate) answer_bytes: u64,
    pub(crate) seconds_mean: Option<f64>,
    pub(crate) seconds_max: Option<f64>,
}

/// A block that was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockRow {
    pub(crate) block: u64,
    pub(crate) seconds: Option<f64>,
}

/// A question, without its texts.
#[derive(Clone, Debug)]
pub(crate) struct QuestionRow {
    pub(crate) name: Arc<str>,
    pub(crate) seconds: Option<f64>,
    pub(crate) gating_loss: Option<f64>,
    pub(crate) answers: Vec<AnswerRow>,
    /// Of each reward model that ran: what it gave each answer as it counts in the product.
    pub(crate) models: Vec<(&'static str, Vec<Option<f64>>)>,
}

/// An answer, by what it is rather than its text.
#[derive(Clone, Debug)]
pub(crate) struct AnswerRow {
    pub(crate) hotkey: Arc<str>,
    /// Tells one text from another.
    pub(crate) digest: u64,
    /// How it begins.
    pub(crate) beginning: Arc<str>,
    /// Its characters.
    pub(crate) length: u64,
    pub(crate) seconds: Option<f64>,
    pub(crate) reward: Option<f64>,
    /// How its miner was chosen, where that is told.
    pub(crate) chosen_by: Option<Arc<str>>,
}
