//! Rewards against a reference answer that the validator made itself, as the original's successor has them.

use std::collections::HashMap;

/// Words of a text that are compared. Longer texts would make the comparison, which grows with the square, cost seconds.
const MOST_WORDS: usize = 600;

/// The words of a text, in lower case and without punctuation.
fn words(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(str::to_lowercase)
        .collect()
}

/// The harmonic mean of what two texts share, as shares of both; 0 when they share nothing.
fn f_measure(common: usize, reference: usize, candidate: usize) -> f64 {
    if common == 0 {
        0.0
    } else {
        2.0 * common as f64 / (reference + candidate) as f64
    }
}

/// ROUGE-1 F: shared words in any order, each as often as both have it.
#[must_use]
pub fn rouge_1(reference: &str, candidate: &str) -> f64 {
    let (reference, candidate) = (words(reference), words(candidate));
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in &reference {
        *left.entry(word).or_default() += 1;
    }
    let common = candidate.iter().filter(|word| match left.get_mut(word.as_str()) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    });
    f_measure(common.count(), reference.len(), candidate.len())
}

/// ROUGE-L F: the longest common subsequence of words.
#[must_use]
pub fn rouge_l(reference: &str, candidate: &str) -> f64 {
    let (reference, candidate) = (words(reference), words(candidate));
    let mut row = vec![0; candidate.len() + 1];
    for word in &reference {
        let mut diagonal = 0;
        for (index, other) in candidate.iter().enumerate() {
            let above = row[index + 1];
            row[index + 1] = if word == other {
                diagonal + 1
            } else {
                above.max(row[index])
            };
            diagonal = above;
        }
    }
    f_measure(row.last().copied().unwrap_or(0), reference.len(), candidate.len())
}

/// What a completion is held against.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// What a miner sent.
    pub completion: &'a str,
    /// What the validator would have answered, found after the miners' answers came in.
    pub reference: &'a str,
    /// What was asked.
    pub challenge: &'a str,
    /// The cosine of the embeddings of completion and reference.
    pub relevance: f64,
}

/// The reward of an answer: half ROUGE-L with the reference and half relevance to it, less half of what repeats the
/// challenge, in the successor's `Σ w·r · (1 − w·p)`.
#[must_use]
pub fn reward_against(answer: Answer<'_>) -> f64 {
    let reward = 0.5 * rouge_l(answer.reference, answer.completion) + 0.5 * answer.relevance.clamp(0.0, 1.0);
    reward * (1.0 - 0.5 * rouge_1(answer.challenge, answer.completion))
}

/// How near a date is, from the distance in days: `exp(−d²/1000)`, and 0 below a thousandth (83 days).
#[must_use]
pub fn date_closeness(days: f64) -> f64 {
    let closeness = (-days * days / 1000.0).exp();
    if closeness < 0.001 || closeness.is_nan() {
        0.0
    } else {
        closeness
    }
}

/// How near a number is to the reference: one minus the relative distance, 0 at the least. To 0 only 0 is near.
#[must_use]
pub fn number_closeness(number: f64, reference: f64) -> f64 {
    if number == reference {
        return 1.0;
    }
    let distance = ((number - reference) / reference).abs();
    if distance.is_nan() {
        0.0
    } else {
        1.0 - distance.min(1.0)
    }
}

/// The reward of a choice without probabilities: the letter that stands last by itself, worth 0.9 when it is the right
/// one. An answer that gives probabilities is worth that of the right letter; parsing those is the caller's.
#[must_use]
pub fn last_choice(completion: &str, right: char, choices: &[char]) -> f64 {
    let words = completion.split(|character: char| !character.is_alphanumeric());
    let single = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .filter(|letter| letters.next().is_none() && choices.contains(letter))
    };
    let chosen = words.filter_map(single).next_back();
    if chosen == Some(right) { 0.9 } else { 0.0 }
}
