//! The one question of a completion that was asked for a question.

use crate::{Fidelity, prompts::sentences};

/// The most words that are kept, the last ones.
const MOST_WORDS: usize = 40;

/// Cuts a completion down to its first question; without a question mark, to its last sentence. The last 40 words of it
/// stay. For steps of the name `followup…` only.
///
/// Sentences end where a reader would say they do. In the exact behaviour every point ends one, also within a number: of
/// "What is 3.5 plus 2?" stays "5 plus 2?"; and a space before it stays.
#[must_use]
pub fn trim_followup(completion: &str, fidelity: Fidelity) -> String {
    let text = completion.trim_matches('.');
    if text.is_empty() {
        return completion.to_owned();
    }
    let (before, mark) = match text.split_once('?') {
        Some((before, _)) => (before, "?"),
        None => (text, ""),
    };
    let last = match fidelity {
        Fidelity::Exact => before.rsplit('.').next().unwrap_or_default(),
        Fidelity::Fixed => {
            let whole = before.trim();
            sentences::sentences(whole).last().copied().unwrap_or(whole)
        }
    };
    let words: Vec<&str> = last.split(' ').collect();
    let kept = words
        .get(words.len().saturating_sub(MOST_WORDS)..)
        .unwrap_or_default();
    format!("{}{mark}", kept.join(" "))
}
