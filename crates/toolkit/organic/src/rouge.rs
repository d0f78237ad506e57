//! Likeness of texts by the words that they share, as rewards against a reference have it.

use std::collections::HashMap;

/// Words of a text that are compared. Longer texts would make the comparison, which grows with the square, cost seconds.
const MOST_WORDS: usize = 600;

/// A text as it is compared: its first 600 words, without case and punctuation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// The words of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let words = text
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| !word.is_empty());
        Self(words.take(MOST_WORDS).map(str::to_lowercase).collect())
    }

    /// How often each word is there.
    fn counts(&self) -> HashMap<&str, f64> {
        let mut counts = HashMap::new();
        for word in &self.0 {
            *counts.entry(word.as_str()).or_default() += 1.0;
        }
        counts
    }
}

/// ROUGE-L F1: the harmonic mean of the longest common subsequence's shares of both texts. 0 when either is empty.
#[must_use]
pub fn rouge_l(reference: &Words, candidate: &Words) -> f64 {
    let (reference, candidate) = (&reference.0, &candidate.0);
    let mut row = vec![0; candidate.len() + 1];
    for word in reference {
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
    f1(
        row.last().copied().unwrap_or(0) as f64,
        reference.len(),
        candidate.len(),
    )
}

/// ROUGE-1 F1: shared words in any order, each as often as both have it.
#[must_use]
pub fn rouge_1(reference: &Words, candidate: &Words) -> f64 {
    let (counts, others) = (reference.counts(), candidate.counts());
    let shared = counts
        .iter()
        .filter_map(|(word, count)| others.get(word).map(|other| count.min(*other)));
    f1(shared.sum(), reference.0.len(), candidate.0.len())
}

/// The cosine of the angle between two texts' counts of words. 0 when either is empty.
#[must_use]
pub fn word_cosine(one: &Words, other: &Words) -> f64 {
    let (one, other) = (one.counts(), other.counts());
    let length = |counts: &HashMap<&str, f64>| counts.values().map(|count| count * count).sum::<f64>().sqrt();
    let lengths = length(&one) * length(&other);
    if lengths == 0.0 {
        return 0.0;
    }
    let shared = one
        .iter()
        .filter_map(|(word, count)| other.get(word).map(|other| count * other));
    (shared.sum::<f64>() / lengths).min(1.0)
}

/// The harmonic mean of what two texts share, as shares of both; 0 when they share nothing.
fn f1(common: f64, reference: usize, candidate: usize) -> f64 {
    if common == 0.0 {
        0.0
    } else {
        2.0 * common / (reference + candidate) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_alike_as_the_words_that_they_share() {
        let question = Words::of("What is the opposite of strong?");
        let reference = Words::of("The opposite of STRONG is weak.");
        // "the opposite of strong", 4 of 6 words both ways; five of six in any order.
        assert!((rouge_l(&reference, &question) - 4.0 / 6.0).abs() < 1e-12);
        assert!((rouge_1(&reference, &question) - 5.0 / 6.0).abs() < 1e-12);
        assert!((word_cosine(&reference, &question) - 5.0 / 6.0).abs() < 1e-12);
        assert!((rouge_1(&Words::of("a a b"), &Words::of("a c")) - 0.4).abs() < 1e-12);
        let nothing = Words::of("...");
        for likeness in [rouge_l, rouge_1, word_cosine] {
            assert_eq!(
                (likeness(&nothing, &reference), likeness(&reference, &nothing)),
                (0.0, 0.0)
            );
        }
    }
}
