//! Labels and headings of other tasks.

use crate::{
    Fidelity,
    scoring::task_validator::{Asked, keeps_to_task},
};
use regex::Regex;
use std::sync::LazyLock;

type Pattern = LazyLock<Option<Regex>>;

static QUESTION_OR_CONTEXT: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)#+[\d\s]*(?:QUESTION[\d\s]*|SUMMARY[\d\s]*CONTEXT):").ok());
static ANSWER: Pattern = LazyLock::new(|| Regex::new(r"(?i)#+[\d\s]*ANSWER[\d\s]*:").ok());

/// The raw penalty of a completion: 1 for a label of another task, and 1 for a heading of the prompt's own, such as
/// `### QUESTION 1:`.
///
/// The heading of an answer counts unless an answer was asked for; in the exact behaviour it never does, since its pattern
/// there is malformed.
#[must_use]
pub fn keyword_match(asked: Asked, completion: &str, fidelity: Fidelity) -> f64 {
    let has = |pattern: &Pattern| {
        pattern
            .as_ref()
            .is_some_and(|pattern| pattern.is_match(completion))
    };
    let label = !keeps_to_task(asked, completion, fidelity);
    let answer = fidelity == Fidelity::Fixed && asked != Asked::Answer && has(&ANSWER);
    f64::from(u8::from(label)) + f64::from(u8::from(has(&QUESTION_OR_CONTEXT) || answer))
}
