//! Small changes that make a known message a new one: other words for some, and slips of the finger.

use super::{Conversation, SynthError, Turn, error::LineProblem};
use rand::{Rng, RngCore, seq::IndexedRandom};
use std::{collections::HashMap, path::Path};

/// Of a message's words, the most that are replaced.
const WORDS_SHARE: f64 = 0.10;
/// Of a message's characters, the most slips.
const TYPOS_SHARE: f64 = 0.02;

/// Words that may stand for each other.
#[derive(Clone, Debug, Default)]
pub struct Synonyms(HashMap<String, Vec<String>>);

impl Synonyms {
    /// Reads a list: on each line a word, and after it others that may stand for it, with blanks between them and `_`
    /// for a blank within one. Lines that begin with `#` are comments.
    ///
    /// # Errors
    /// [`SynthError`] for a file that cannot be read, or a word without others.
    pub fn read(path: &Path) -> Result<Self, SynthError> {
        let mut known: HashMap<String, Vec<String>> = HashMap::new();
        for (index, line) in fs_err::read_to_string(path)?.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.split_whitespace().map(|word| word.replace('_', " "));
            let Some(word) = words.next() else { continue };
            let others: Vec<_> = words.filter(|other| *other != word).collect();
            if others.is_empty() {
                return Err(SynthError::Line {
                    path: path.to_owned(),
                    line: index + 1,
                    problem: LineProblem::LonelyWord,
                });
            }
            known.entry(word.to_lowercase()).or_default().extend(others);
        }
        Ok(Self(known))
    }

    fn another<'a>(&'a self, word: &'a str, rng: &mut impl RngCore) -> &'a str {
        let others = self.0.get(&word.to_lowercase());
        others
            .and_then(|others| others.choose(rng))
            .map_or(word, String::as_str)
    }
}

/// Makes new messages of known ones.
#[derive(Clone, Debug, Default)]
pub struct Augmenter {
    synonyms: Synonyms,
}

impl Augmenter {
    /// One that knows these words. Without any it only makes slips.
    #[must_use]
    pub const fn new(synonyms: Synonyms) -> Self {
        Self { synonyms }
    }

    /// Up to a tenth of the words (one at least) by others, then up to two in a hundred characters wrong (one at
    /// least). A message without words comes back as it is, and none loses its last one.
    #[must_use]
    pub fn message(&self, message: &str, rng: &mut impl RngCore) -> String {
        let mut words: Vec<&str> = message.split_whitespace().collect();
        if words.is_empty() {
            return message.to_owned();
        }
        let count = rng.random_range(1..=share(words.len(), WORDS_SHARE));
        for position in rand::seq::index::sample(rng, words.len(), count) {
            words[position] = self.synonyms.another(words[position], rng);
        }
        typos(&words.join(" "), rng)
    }

    /// A conversation cut somewhere after the user's first words, so that it ends with none of the assistant, with all
    /// but the assistant's messages changed. Nothing when the user says nothing in it.
    #[must_use]
    pub fn conversation(&self, conversation: &Conversation, rng: &mut impl RngCore) -> Option<Conversation> {
        let turns: Vec<&Turn> = conversation
            .turns
            .iter()
            .filter(|turn| !turn.content.trim().is_empty())
            .collect();
        let first = turns.iter().position(|turn| turn.asks())?;
        let mut end = rng.random_range(first + 1..=turns.len());
        while turns[..end].last().is_some_and(|turn| turn.is_assistant()) {
            end -= 1;
        }
        let changed = turns[..end].iter().map(|turn| Turn {
            role: turn.role.clone(),
            content: if turn.is_assistant() {
                turn.content.clone()
            } else {
                self.message(&turn.content, rng)
            },
        });
        Some(Conversation {
            turns: changed.collect(),
            source: conversation.source.clone(),
            is_organic: false,
        })
    }
}

/// A share of so many, whole, and one at least.
fn share(of: usize, share: f64) -> usize {
    ((of as f64 * share) as usize).max(1)
}

/// Characters left out, and blanks where none belong.
fn typos(text: &str, rng: &mut impl RngCore) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let most = share(characters.len(), TYPOS_SHARE);
    for _ in 0..rng.random_range(0..=most) {
        let position = rng.random_range(0..characters.len());
        if rng.random::<bool>() {
            characters.insert(position, ' ');
        } else if characters
            .iter()
            .filter(|character| !character.is_whitespace())
            .count()
            > 1
            || characters[position].is_whitespace()
        {
            characters.remove(position);
        }
    }
    characters.into_iter().collect()
}
