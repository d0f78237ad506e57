//! One reward of many parts: the weighted sum of the reward models, times every mask, times every penalty.

use crate::Fidelity;
use serde::{Deserialize, Serialize};

/// A reward model, in the order in which they are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reward {
    /// How likely a language model finds the completion.
    Dpo,
    /// A model trained on people's preferences.
    Rlhf,
    /// Another one, on a larger base.
    Reciprocate,
    /// The seed's: what the completion adds to the prompt, by one value head.
    Dahoas,
    /// A language model asked for a mark.
    Prompt,
    /// How near it comes to what the validator itself would answer; an idea of the successor.
    Reference,
}

/// What can forbid a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// Phrases that everybody sends.
    Blacklist,
    /// A label that shows another task was done.
    TaskValidator,
    /// Far from what was asked about.
    Relevance,
    /// Too like other answers, or earlier ones.
    Diversity,
    /// Hateful.
    Nsfw,
}

/// What lessens a reward without forbidding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Penalty {
    /// Criteria of the task that are not met.
    TaskValidation,
    /// Phrases that talk about the task.
    ContentMatch,
    /// Labels of other tasks.
    KeywordMatch,
}

impl Reward {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Dpo,
        Self::Rlhf,
        Self::Reciprocate,
        Self::Dahoas,
        Self::Prompt,
        Self::Reference,
    ];

    /// The name of its column in events.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Dpo => "dpo_reward_model",
            Self::Rlhf => "rlhf_reward_model",
            Self::Reciprocate => "reciprocate_reward_model",
            Self::Dahoas => "dahoas_reward_model",
            Self::Prompt => "prompt_reward_model",
            Self::Reference => "reference_reward_model",
        }
    }
}

impl Mask {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Blacklist,
        Self::TaskValidator,
        Self::Relevance,
        Self::Diversity,
        Self::Nsfw,
    ];

    /// The name of its column in events.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Blacklist => "blacklist_filter",
            Self::TaskValidator => "task_validator_filter",
            Self::Relevance => "relevance_filter",
            Self::Diversity => "diversity_reward_model",
            Self::Nsfw => "nsfw_filter",
        }
    }

    /// Its factors for so many completions when it is switched off: it forbids nothing. In the exact behaviour it forbids
    /// everything, and every reward is 0.
    #[must_use]
    pub fn off(completions: usize, fidelity: Fidelity) -> Vec<f64> {
        let factor = match fidelity {
            Fidelity::Fixed => 1.0,
            Fidelity::Exact => 0.0,
        };
        vec![factor; completions]
    }
}

impl Penalty {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::TaskValidation, Self::ContentMatch, Self::KeywordMatch];

    /// What its columns in events begin with; `_raw`, `_adjusted` and `_applied` follow.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::TaskValidation => "task_validation_penalty",
            Self::ContentMatch => "sentence_match_penalty",
            Self::KeywordMatch => "keyword_match_penalty",
        }
    }
}

/// The name of the column of a part's normalised figures.
#[must_use]
pub fn normalised_column(column: &str) -> String {
    format!("{column}_normalized")
}

/// A reward model's share in a batch.
#[derive(Clone, Copy, Debug)]
pub struct Weighted<'a> {
    /// Which.
    pub reward: Reward,
    /// Its weight; all together are 1.
    pub weight: f64,
    /// Its normalised figures, from 0 to 1, one a completion.
    pub normalised: &'a [f64],
}

/// What multiplies a batch: a mask or a penalty.
#[derive(Clone, Copy, Debug)]
pub struct Factor<'a> {
    /// The column that it is logged under.
    pub column: &'static str,
    /// From 0 to 1, one a completion.
    pub factors: &'a [f64],
}

/// A part that has another number of figures than there are completions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{column} has {found} figures for {expected} completions")]
pub struct WrongLength {
    /// Which part.
    pub column: &'static str,
    /// How many it has.
    pub found: usize,
    /// How many there should be.
    pub expected: usize,
}

/// The rewards of a batch: `Σ weight·reward`, then times each factor.
///
/// Every factor multiplies, also of completions that an earlier one forbade. A figure that is no number counts as 0: a
/// model's fault shall not make the whole score a NaN.
///
/// # Errors
///
/// [`WrongLength`] where a part does not fit the batch.
pub fn combine(
    completions: usize,
    rewards: &[Weighted<'_>],
    factors: &[Factor<'_>],
) -> Result<Vec<f64>, WrongLength> {
    let fits = |column, figures: &[f64]| {
        let found = figures.len();
        if found == completions {
            Ok(())
        } else {
            Err(WrongLength {
                column,
                found,
                expected: completions,
            })
        }
    };
    let number = |figure: f64| if figure.is_finite() { figure } else { 0.0 };
    let mut combined = vec![0.0; completions];
    for part in rewards {
        fits(part.reward.column(), part.normalised)?;
        for (sum, figure) in combined.iter_mut().zip(part.normalised) {
            *sum += part.weight * number(*figure);
        }
    }
    for part in factors {
        fits(part.column, part.factors)?;
        for (product, factor) in combined.iter_mut().zip(part.factors) {
            *product *= number(*factor);
        }
    }
    Ok(combined)
}

/// A figure as it is logged: nothing where there is no number.
#[must_use]
pub fn logged(figures: &[f64]) -> Vec<Option<f64>> {
    figures
        .iter()
        .map(|figure| figure.is_finite().then_some(*figure))
        .collect()
}
