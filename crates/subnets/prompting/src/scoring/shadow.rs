//! Marks that miners give each other's completions, when they are asked to. For research: they never enter weights.

use super::difference::is_answer;
use crate::Fidelity;
use regex::Regex;
use std::sync::LazyLock;

/// The marks that can be given.
const MARKS: std::ops::RangeInclusive<f64> = 0.0..=10.0;

static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b([0-9]|10)\b").ok());

/// The mark in a reply: the number between the first `<Score>` and `</Score>`.
///
/// Nothing when there is none, and when it is no number from 0 to 10; in the exact behaviour every number is taken, and
/// "nan" too.
#[must_use]
pub fn tagged_mark(reply: &str, fidelity: Fidelity) -> Option<f64> {
    let mark: f64 = between(reply, "<Score>", "</Score>")?.trim().parse().ok()?;
    (fidelity == Fidelity::Exact || MARKS.contains(&mark)).then_some(mark)
}

/// The mark in a language model's continuation: its first whole number from 0 to 10 that stands alone. Where there is
/// none the original counts 0.
#[must_use]
pub fn continued_mark(continuation: &str) -> Option<f64> {
    let number = NUMBER.as_ref()?.find(continuation)?;
    number.as_str().parse().ok()
}

/// Tells whether a reply to the firewall's prompt says that a completion tries to influence its mark.
#[must_use]
pub fn says_detected(reply: &str) -> bool {
    between(reply, "<Detected>", "</Detected>") == Some("True")
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, inside) = text.split_once(open)?;
    inside.split_once(close).map(|(inside, _)| inside)
}

/// The mark of a scorer's whole reply. In the exact behaviour a reply of ten characters or fewer is none.
#[must_use]
pub fn mark_of_reply(reply: &str, fidelity: Fidelity) -> Option<f64> {
    match fidelity {
        Fidelity::Exact if !is_answer(reply) => None,
        _ => tagged_mark(reply, fidelity),
    }
}

/// The mean of a completion's marks; 0 without any. In the exact behaviour a mark of 0 is as good as none: 8 and 0 make 8.
#[must_use]
pub fn mean_mark(marks: &[Option<f64>], fidelity: Fidelity) -> f64 {
    let counted: Vec<f64> = marks
        .iter()
        .flatten()
        .copied()
        .filter(|mark| fidelity == Fidelity::Fixed || *mark != 0.0)
        .collect();
    if counted.is_empty() {
        0.0
    } else {
        counted.iter().sum::<f64>() / counted.len() as f64
    }
}

/// What the scorers say of a batch, as it is logged.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowScores {
    /// A completion's marks, one a scorer; all nothing where the completion was no answer and nobody was asked.
    pub values: Vec<Vec<Option<f64>>>,
    /// The completions' means.
    pub scorings: Vec<f64>,
}

/// The marks of a batch from the scorers' replies; `None` for a completion that was not sent to any. `scorers` is how
/// many are asked for each.
#[must_use]
pub fn shadow_scores(replies: &[Option<Vec<String>>], scorers: usize, fidelity: Fidelity) -> ShadowScores {
    let marks = |replies: &Option<Vec<String>>| match replies {
        Some(replies) => replies
            .iter()
            .map(|reply| mark_of_reply(reply, fidelity))
            .collect(),
        None => vec![None; scorers],
    };
    let values: Vec<Vec<Option<f64>>> = replies.iter().map(marks).collect();
    let scorings = values.iter().map(|marks| mean_mark(marks, fidelity)).collect();
    ShadowScores { values, scorings }
}
