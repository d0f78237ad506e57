//! What an answer is worth: pure functions of texts.
//!
//! As the first subnet that scored users' requests has them since its second version: the longest common subsequence and
//! the likeness to a reference, half each, less a penalty for repeating the question. Likeness is by shared words here.

use assay_organic::scoring::{Weighted, total_reward};
use std::collections::HashMap;

/// Words of a text that are compared. Longer texts would make the comparison, which grows with the square, cost seconds.
const MOST_WORDS: usize = 600;

/// What a reward is made of, each part from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reward {
    /// Likeness to the reference in order: ROUGE-L F1.
    pub rouge: f64,
    /// Likeness to the reference in words: the cosine of their counts.
    pub likeness: f64,
    /// Likeness to the question in order.
    pub repetition: f64,
    /// `(0.5·rouge + 0.5·likeness) · (1 − 0.5·repetition)`.
    pub total: f64,
}

/// The worth of a completion, given what the validator itself would answer and the last message of the user.
#[must_use]
pub fn reward(completion: &str, reference: &str, question: &str) -> Reward {
    let [completion, reference, question] = [completion, reference, question].map(words);
    let half = |value| Weighted { weight: 0.5, value };
    let rouge = rouge_l(&reference, &completion);
    let likeness = cosine(&reference, &completion);
    let repetition = rouge_l(&question, &completion);
    Reward {
        rouge,
        likeness,
        repetition,
        total: total_reward(&[half(rouge), half(likeness)], &[half(repetition)]),
    }
}

/// The words of a text, without case and punctuation.
fn words(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(str::to_lowercase)
        .collect()
}

/// ROUGE-L F1: the harmonic mean of the longest common subsequence's shares of both texts. 0 when either is empty.
fn rouge_l(reference: &[String], candidate: &[String]) -> f64 {
    let common = longest_common_subsequence(reference, candidate) as f64;
    if common == 0.0 {
        return 0.0;
    }
    let precision = common / candidate.len() as f64;
    let recall = common / reference.len() as f64;
    2.0 * precision * recall / (precision + recall)
}

fn longest_common_subsequence(one: &[String], other: &[String]) -> usize {
    let mut row = vec![0; other.len() + 1];
    for word in one {
        let mut diagonal = 0;
        for (index, other) in other.iter().enumerate() {
            let above = row[index + 1];
            row[index + 1] = if word == other {
                diagonal + 1
            } else {
                above.max(row[index])
            };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The cosine of the angle between two texts' counts of words. 0 when either is empty.
fn cosine(one: &[String], other: &[String]) -> f64 {
    let counts = |words: &[String]| {
        let mut counts: HashMap<String, f64> = HashMap::new();
        for word in words {
            *counts.entry(word.clone()).or_default() += 1.0;
        }
        counts
    };
    let (one, other) = (counts(one), counts(other));
    let length =
        |counts: &HashMap<String, f64>| counts.values().map(|count| count * count).sum::<f64>().sqrt();
    let lengths = length(&one) * length(&other);
    if lengths == 0.0 {
        return 0.0;
    }
    let shared: f64 = one
        .iter()
        .filter_map(|(word, count)| other.get(word).map(|other| count * other))
        .sum();
    (shared / lengths).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str = "What is the opposite of strong?";
    const REFERENCE: &str = "The opposite of strong is weak.";

    #[test]
    fn a_right_answer_is_worth_more_than_a_wrong_one_and_that_more_than_an_echo() {
        let right = reward("the opposite of strong is weak", REFERENCE, QUESTION);
        assert_eq!(
            (right.rouge, right.likeness),
            (1.0, 1.0),
            "case and points do not count"
        );
        let wrong = reward("The opposite of strong is red.", REFERENCE, QUESTION);
        let echo = reward(QUESTION, REFERENCE, QUESTION);
        assert!(
            right.total > wrong.total && wrong.total > echo.total,
            "{right:?} {wrong:?} {echo:?}"
        );
        assert_eq!(echo.repetition, 1.0);
    }

    #[test]
    fn the_formula_is_the_specified_one() {
        // Common: "the opposite of strong", 4 of 6 words both ways.
        let echo = reward(QUESTION, REFERENCE, QUESTION);
        assert!((echo.rouge - 4.0 / 6.0).abs() < 1e-12);
        // Five of six words are shared: what is the opposite of strong / the opposite of strong is weak.
        assert!((echo.likeness - 5.0 / 6.0).abs() < 1e-12);
        assert!((echo.total - (0.5 * 4.0 / 6.0 + 0.5 * 5.0 / 6.0) * 0.5).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_worth_nothing() {
        for (completion, reference) in [("", REFERENCE), ("...", REFERENCE), ("weak", "")] {
            assert_eq!(reward(completion, reference, QUESTION).total, 0.0);
        }
    }
}
