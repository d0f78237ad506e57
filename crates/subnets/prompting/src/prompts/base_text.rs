//! The text that a forward begins with, cut from a dataset's row.

use super::sentences::sentences;
use crate::Fidelity;
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How a text is cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaseTextRule {
    /// The number of sentences is drawn from these.
    pub sentences: RangeInclusive<usize>,
    /// The most characters. Fewer, and there is nothing to summarise; more, and slow miners time out on reading.
    pub most_characters: usize,
    /// In the exact behaviour every point ends a sentence, what follows the last one is lost, and a text without points
    /// becomes empty.
    pub fidelity: Fidelity,
}

impl BaseTextRule {
    /// 15 to 30 sentences, 8000 characters.
    #[must_use]
    pub fn new(fidelity: Fidelity) -> Self {
        Self {
            sentences: 15..=30,
            most_characters: 8000,
            fidelity,
        }
    }

    /// Cuts a text to a random number of sentences. Nothing where the text is blank: draw another one.
    pub fn draw(&self, text: &str, rng: &mut impl Rng) -> Option<String> {
        let count = if self.sentences.is_empty() {
            *self.sentences.start()
        } else {
            rng.random_range(self.sentences.clone())
        };
        match self.fidelity {
            Fidelity::Exact if text.trim().is_empty() => None,
            Fidelity::Exact => Some(cut_at_points(text, count)),
            Fidelity::Fixed => cut(text, count, self.most_characters),
        }
    }
}

/// The first so many sentences within so many characters; where the first one is longer, its first words. Nothing only
/// for a text without any.
#[must_use]
pub fn cut(text: &str, count: usize, most_characters: usize) -> Option<String> {
    let mut kept = String::new();
    let mut length = 0;
    for sentence in sentences(text).into_iter().take(count.max(1)) {
        let more = sentence.chars().count() + usize::from(length > 0);
        if length + more > most_characters {
            if length == 0 {
                kept.push_str(&first_words(sentence, most_characters));
            }
            break;
        }
        if length > 0 {
            kept.push(' ');
        }
        kept.push_str(sentence);
        length += more;
    }
    (!kept.is_empty()).then_some(kept)
}

fn first_words(sentence: &str, most_characters: usize) -> String {
    let start: String = sentence.chars().take(most_characters.max(1)).collect();
    let cut = start
        .rfind(char::is_whitespace)
        .and_then(|space| start.get(..space))
        .unwrap_or(&start);
    cut.trim_end().to_owned()
}

/// The original's cut: split at points so many times at most, the last piece dropped.
#[must_use]
pub fn cut_at_points(text: &str, count: usize) -> String {
    let pieces: Vec<&str> = text.splitn(count.saturating_add(1), '.').collect();
    pieces
        .split_last()
        .map(|(_, kept)| kept.join("."))
        .unwrap_or_default()
}
