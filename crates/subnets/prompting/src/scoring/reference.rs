//! Rewards against a reference answer that the validator made itself, as the original's successor has them.

use assay_organic::rouge::{Words, rouge_1, rouge_l};

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
    let [completion, reference, challenge] =
        [answer.completion, answer.reference, answer.challenge].map(Words::of);
    let reward = 0.5 * rouge_l(&reference, &completion) + 0.5 * answer.relevance.clamp(0.0, 1.0);
    reward * (1.0 - 0.5 * rouge_1(&challenge, &completion))
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
