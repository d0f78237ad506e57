//! Whether a completion is about what was asked, by the distance of two pairs of embeddings.

use super::pooling::cosine;
use crate::Fidelity;
use serde::{Deserialize, Serialize};

/// The original's bound on minus the root mean square distance, of vectors with [`EXACT_WIDTH`] numbers.
pub const RMS_BOUND: f64 = -0.0246;

/// The width of the embeddings that [`RMS_BOUND`] was found with.
pub const EXACT_WIDTH: usize = 768;

/// Bounds of relevance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelevanceRule {
    /// The least cosine of the first encoder's embeddings. Of unit vectors with 768 numbers it is the original's bound of
    /// −0.0246 on the distance; as a cosine it holds for any width.
    pub token_cosine: f64,
    /// The least cosine of the second encoder's embeddings.
    pub sentence_cosine: f64,
    /// How far around a bound the factor goes from 0 to 1. At 0 a hair decides about everything, and two validators that
    /// round differently pay the same answer all and nothing; at 0.1 half of all answers would be half relevant.
    pub softness: f64,
    /// The exact behaviour compares distances, takes opposites for alike, and knows only 0 and 1.
    pub fidelity: Fidelity,
}

impl Default for RelevanceRule {
    fn default() -> Self {
        Self {
            token_cosine: 0.767_618_6,
            sentence_cosine: 0.3,
            softness: 0.01,
            fidelity: Fidelity::Fixed,
        }
    }
}

/// What the two encoders say, as it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relevance {
    /// Minus the root mean square distance by the first encoder.
    pub token_score: f64,
    /// The cosine by the second; its size, in the exact behaviour.
    pub sentence_score: f64,
    /// The mask's factor, from 0 to 1.
    pub factor: f64,
}

/// Two embeddings of one encoder.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// Of the completion.
    pub completion: &'a [f32],
    /// Of the prompt.
    pub prompt: &'a [f32],
}

/// Minus the root of the mean squared difference. Negative infinity where the widths differ or are 0.
#[must_use]
pub fn rms_score(pair: Pair<'_>) -> f64 {
    let width = pair.completion.len();
    if width == 0 || width != pair.prompt.len() {
        return f64::NEG_INFINITY;
    }
    let squares = pair
        .completion
        .iter()
        .zip(pair.prompt)
        .map(|(one, other)| (f64::from(*one) - f64::from(*other)).powi(2));
    -(squares.sum::<f64>() / width as f64).sqrt()
}

/// The relevance of a completion, by both encoders.
#[must_use]
pub fn relevance(by_tokens: Pair<'_>, by_sentence: Pair<'_>, rule: &RelevanceRule) -> Relevance {
    let token_score = rms_score(by_tokens);
    let sentence_cosine = cosine(by_sentence.completion, by_sentence.prompt);
    match rule.fidelity {
        Fidelity::Exact => {
            let sentence_score = sentence_cosine.abs();
            let passes = token_score >= RMS_BOUND && sentence_score >= rule.sentence_cosine;
            Relevance {
                token_score,
                sentence_score,
                factor: f64::from(u8::from(passes)),
            }
        }
        Fidelity::Fixed => {
            let token_cosine = cosine(by_tokens.completion, by_tokens.prompt);
            let factor = ramp(token_cosine, rule.token_cosine, rule.softness)
                * ramp(sentence_cosine, rule.sentence_cosine, rule.softness);
            Relevance {
                token_score,
                sentence_score: sentence_cosine,
                factor,
            }
        }
    }
}

/// From 0 at `bound − softness` to 1 at `bound + softness`; a step where there is no softness.
fn ramp(value: f64, bound: f64, softness: f64) -> f64 {
    if softness > 0.0 {
        ((value - bound + softness) / (2.0 * softness)).clamp(0.0, 1.0)
    } else {
        f64::from(u8::from(value >= bound))
    }
}
