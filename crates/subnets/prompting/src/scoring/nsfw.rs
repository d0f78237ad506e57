//! Whether a completion is hateful, by a classifier that reads it in windows.

use super::softmax::softmax;
use serde::{Deserialize, Serialize};

/// The two logits of one window of a completion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logits {
    /// For "not hateful".
    pub nothate: f64,
    /// For "hateful".
    pub hate: f64,
}

/// How windows are judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NsfwRule {
    /// The probability of "hateful" must not be above this, which does not depend on a model's scale. Lower, and heated
    /// but decent answers are lost; higher, and only the plainest hatred is found.
    Probability(f64),
    /// The seed's: a window fails when `hate > 0.5` or `nothate < 0.5`, in logits.
    SeedLogits,
    /// The later original's: fails when the largest `max(−nothate, hate)` is above −0.5, in logits.
    StackLogits,
}

/// What is said of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nsfw {
    /// The largest score of a window, in the rule's own unit; nothing when there was nothing to read.
    pub score: Option<f64>,
    /// Whether it may count.
    pub passes: bool,
}

/// Judges a completion by its windows. The worst window counts: a hateful paragraph in a long text is hateful. Without
/// windows there is nothing to forbid: the caller sends no empty completion to the model.
#[must_use]
pub fn nsfw(windows: &[Logits], rule: NsfwRule) -> Nsfw {
    let score = |logits: &Logits| match rule {
        NsfwRule::Probability(_) => softmax(&[logits.nothate, logits.hate])
            .get(1)
            .copied()
            .unwrap_or(f64::NAN),
        NsfwRule::SeedLogits => logits.hate,
        NsfwRule::StackLogits => (-logits.nothate).max(logits.hate),
    };
    // A window that the model cannot judge is one that nobody has seen to be decent.
    let fails = |logits: &Logits| {
        logits.hate.is_nan()
            || logits.nothate.is_nan()
            || match rule {
                NsfwRule::Probability(limit) => score(logits) > limit,
                NsfwRule::SeedLogits => logits.hate > 0.5 || logits.nothate < 0.5,
                NsfwRule::StackLogits => score(logits) > -0.5,
            }
    };
    Nsfw {
        score: windows
            .iter()
            .map(score)
            .filter(|score| score.is_finite())
            .reduce(f64::max),
        passes: !windows.iter().any(fails),
    }
}
