//! The seed's reward: what a completion adds to its prompt, by one value model.

use super::softmax::softmax;

/// Completions of this many characters or fewer are no answers, in the seed.
pub const LONGEST_NON_ANSWER: usize = 10;

/// What the value model says of one completion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values {
    /// Of the prompt followed by the completion.
    pub with_prompt: f64,
    /// Of the completion alone.
    pub alone: f64,
}

/// Tells whether there is an answer: more than ten characters, spaces and all. How the call ended does not matter; one
/// that timed out has brought nothing.
#[must_use]
pub fn is_answer(completion: &str) -> bool {
    completion.chars().count() > LONGEST_NON_ANSWER
}

/// `relu(with prompt + shift) − relu(alone + shift)`. The shift, 3 in the seed, is where a value counts as nothing.
#[must_use]
pub fn difference(values: Values, shift: f64) -> f64 {
    (values.with_prompt + shift).max(0.0) - (values.alone + shift).max(0.0)
}

/// The rewards of a batch: the softmax over the differences of those that answered, 0 for the others. They sum to 1
/// unless nobody answered. Values that are no numbers make no answer.
#[must_use]
pub fn difference_rewards(batch: &[Option<Values>], shift: f64) -> Vec<f64> {
    // `max` takes a NaN for less than anything, so values are looked at before.
    let usable = |values: &Values| values.with_prompt.is_finite() && values.alone.is_finite();
    let differences: Vec<Option<f64>> = batch
        .iter()
        .map(|values| values.filter(usable).map(|values| difference(values, shift)))
        .collect();
    let answered: Vec<f64> = differences.iter().flatten().copied().collect();
    let mut shares = softmax(&answered).into_iter();
    differences
        .iter()
        .map(|difference| difference.and_then(|_| shares.next()).unwrap_or(0.0))
        .collect()
}
