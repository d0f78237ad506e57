//! What an answer is worth: pure functions of texts.
//!
//! As the first subnet that scored users' requests has them since its second version: the longest common subsequence and
//! the likeness to a reference, half each, less a penalty for repeating the question. Likeness is by shared words here.

use assay_organic::{
    rouge::{Words, rouge_l, word_cosine},
    scoring::{Weighted, total_reward},
};

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
    let [completion, reference, question] = [completion, reference, question].map(Words::of);
    let half = |value| Weighted { weight: 0.5, value };
    let rouge = rouge_l(&reference, &completion);
    let likeness = word_cosine(&reference, &completion);
    let repetition = rouge_l(&question, &completion);
    Reward {
        rouge,
        likeness,
        repetition,
        total: total_reward(&[half(rouge), half(likeness)], &[half(repetition)]),
    }
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
