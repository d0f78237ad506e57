//! The completion that the next prompt is made of.

use crate::Fidelity;
use serde::{Deserialize, Serialize};

/// What a text must have to be passed on to every other miner.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestRule {
    /// Its reward must be above this. At 0 whatever no mask forbade may pass; higher, and a batch of mediocre answers
    /// ends the forward early.
    pub reward_above: f64,
    /// The least number of characters without spaces around. Fewer, and an "ok" becomes the context of all that follows.
    pub least_characters: usize,
    /// Longer texts are cut here, at a word. More room, and one miner's text can crowd out the prompt around it.
    pub most_characters: usize,
    /// The exact behaviour knows none of these rules.
    pub fidelity: Fidelity,
}

impl Default for BestRule {
    fn default() -> Self {
        Self {
            reward_above: 0.0,
            least_characters: 10,
            most_characters: 4000,
            fidelity: Fidelity::Fixed,
        }
    }
}

/// The best completion of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Best {
    /// Its place in the batch.
    pub index: usize,
    /// Its text, without spaces around.
    pub text: String,
}

/// The completion with the largest reward, the first of equals; nothing where none is good enough to go on with.
///
/// In the exact behaviour it is the largest whatever it is: an empty text or one that a mask forbade too, when all have
/// 0. Nothing only for an empty batch.
#[must_use]
pub fn best(completions: &[&str], rewards: &[f64], rule: &BestRule) -> Option<Best> {
    let candidates = completions
        .iter()
        .zip(rewards)
        .enumerate()
        .map(|(index, (text, reward))| (index, text.trim(), *reward));
    let largest = |found: Option<(usize, &str, f64)>| {
        found.map(|(index, text, _)| Best {
            index,
            text: shortened(text, rule).to_owned(),
        })
    };
    match rule.fidelity {
        Fidelity::Exact => largest(first_largest(candidates)),
        Fidelity::Fixed => largest(first_largest(candidates.filter(|(_, text, reward)| {
            *reward > rule.reward_above && text.chars().count() >= rule.least_characters.max(1)
        }))),
    }
}

fn first_largest<'a>(
    candidates: impl Iterator<Item = (usize, &'a str, f64)>,
) -> Option<(usize, &'a str, f64)> {
    candidates
        .filter(|(_, _, reward)| !reward.is_nan())
        .reduce(|best, next| if next.2 > best.2 { next } else { best })
}

fn shortened<'a>(text: &'a str, rule: &BestRule) -> &'a str {
    if rule.fidelity == Fidelity::Exact {
        return text;
    }
    let Some((end, _)) = text.char_indices().nth(rule.most_characters) else {
        return text;
    };
    let cut = text.get(..end).unwrap_or_default();
    cut.rfind(char::is_whitespace)
        .and_then(|space| cut.get(..space))
        .unwrap_or(cut)
        .trim_end()
}
