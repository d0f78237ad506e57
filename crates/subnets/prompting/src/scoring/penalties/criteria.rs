//! What a task demands of the form of a completion. The same criteria stand in the prompt and are held against the
//! answer.

use crate::Fidelity;
use serde::{Deserialize, Serialize};

/// What a length is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Code points.
    Characters,
    /// What stands between spaces. A text of nothing is one, as in the original.
    Words,
    /// Ends of sentences: one of `.?!` before a space or the end, and not after a capital.
    Sentences,
    /// What stands between empty lines. A text of nothing is one.
    Paragraphs,
}

impl Unit {
    /// How many there are in a text.
    #[must_use]
    pub fn count(self, text: &str) -> usize {
        match self {
            Self::Characters => text.chars().count(),
            Self::Words => text.split_whitespace().count().max(1),
            Self::Sentences => sentences(text),
            Self::Paragraphs => paragraphs(text),
        }
    }
}

fn sentences(text: &str) -> usize {
    let mut before = None;
    let mut letters = text.chars().peekable();
    let mut number = 0;
    while let Some(letter) = letters.next() {
        let is_end =
            matches!(letter, '.' | '?' | '!') && letters.peek().is_none_or(|next| next.is_whitespace());
        if is_end && !before.is_some_and(|before: char| before.is_ascii_uppercase()) {
            number += 1;
        }
        before = Some(letter);
    }
    number
}

fn paragraphs(text: &str) -> usize {
    let mut number = 1;
    let mut breaks = 0;
    for letter in text.chars() {
        breaks = if letter == '\n' { breaks + 1 } else { 0 };
        number += usize::from(breaks == 2);
    }
    number
}

/// Whether a completion has, or has not, a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A list with bullets.
    Bullets,
    /// A list with numbers.
    Numbers,
    /// Neither.
    NoList,
}

/// One demand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// So many of a unit. The penalty grows with the relative distance: a tenth off costs a tenth of it, half off nine
    /// tenths.
    Length {
        /// Counted in this.
        unit: Unit,
        /// How many.
        target: usize,
    },
    /// Begins with one of these words, in any case.
    StartsWith(Vec<String>),
    /// Ends with this, spaces aside.
    EndsWith(String),
    /// Has this nowhere.
    Without(String),
    /// Has a list, or none.
    Layout(Layout),
}

/// A demand, and what it costs not to meet it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// What is demanded.
    pub demand: Demand,
    /// The penalty at most, a share of the reward.
    pub penalty: f64,
}

impl Criterion {
    /// The penalty of a completion, from 0 to [`penalty`](Self::penalty).
    ///
    /// In the exact behaviour a list is seen wherever its marks stand, as in "a - b" and "in 2023. Then"; fixed, at the
    /// start of a line.
    #[must_use]
    pub fn penalty_of(&self, completion: &str, fidelity: Fidelity) -> f64 {
        let is_met = match &self.demand {
            Demand::Length { unit, target } => {
                let target = (*target).max(1) as f64;
                let distance = (target - unit.count(completion) as f64) / target;
                return self.penalty * (1.0 - (-10.0 * distance * distance).exp());
            }
            Demand::StartsWith(words) => {
                let first = first_word(completion);
                words.iter().any(|word| word.to_lowercase() == first)
            }
            Demand::EndsWith(end) => completion.trim_end().ends_with(end.as_str()),
            Demand::Without(text) => !completion.contains(text.as_str()),
            Demand::Layout(Layout::Bullets) => has_bullets(completion, fidelity),
            Demand::Layout(Layout::Numbers) => has_numbers(completion, fidelity),
            Demand::Layout(Layout::NoList) => {
                !has_bullets(completion, fidelity) && !has_numbers(completion, fidelity)
            }
        };
        if is_met { 0.0 } else { self.penalty }
    }
}

/// The raw penalty of a completion under all criteria of its task.
#[must_use]
pub fn task_validation(criteria: &[Criterion], completion: &str, fidelity: Fidelity) -> f64 {
    criteria
        .iter()
        .map(|criterion| criterion.penalty_of(completion, fidelity))
        .sum()
}

fn first_word(text: &str) -> String {
    let is_part = |letter: &char| letter.is_alphanumeric() || *letter == '_';
    text.trim_start()
        .chars()
        .take_while(is_part)
        .collect::<String>()
        .to_lowercase()
}

/// Tells whether there is a bullet with a space after it.
#[must_use]
pub fn has_bullets(text: &str, fidelity: Fidelity) -> bool {
    let is_bullet = |mark: char| matches!(mark, '*' | '-' | '+' | '•' | '‣' | '◦');
    match fidelity {
        Fidelity::Fixed => text.lines().any(|line| {
            let rest = line.trim_start().strip_prefix(is_bullet);
            rest.is_some_and(|rest| rest.starts_with(char::is_whitespace))
        }),
        Fidelity::Exact => text
            .chars()
            .zip(text.chars().skip(1))
            .any(|(mark, next)| is_bullet(mark) && next.is_whitespace()),
    }
}

/// Tells whether there is a number with a point and a space after it.
#[must_use]
pub fn has_numbers(text: &str, fidelity: Fidelity) -> bool {
    match fidelity {
        Fidelity::Fixed => text.lines().any(|line| {
            let line = line.trim_start();
            let rest = line.trim_start_matches(char::is_numeric);
            let point = rest.strip_prefix('.').filter(|_| rest.len() < line.len());
            point.is_some_and(|rest| rest.starts_with(char::is_whitespace))
        }),
        Fidelity::Exact => {
            let triples = text.chars().zip(text.chars().skip(1)).zip(text.chars().skip(2));
            triples
                .into_iter()
                .any(|((digit, point), next)| digit.is_numeric() && point == '.' && next.is_whitespace())
        }
    }
}
