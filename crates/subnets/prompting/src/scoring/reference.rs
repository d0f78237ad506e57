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
