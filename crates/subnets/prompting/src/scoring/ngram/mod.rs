//! The blacklist that learns: phrases that many completions of late have in common.
//!
//! Completions are counted by their runs of five to ten tokens in a lossy counter of bounded memory. A run's significance
//! grows with its share of all completions and with its words; a completion that contains one above the boundary, or
//! something very like it, is worth nothing.

mod counter;
mod kept;
pub mod similarity;

use crate::Fidelity;
use counter::Counter;
pub use counter::Entry;
pub use kept::UnusableBlacklist;
use serde::{Deserialize, Serialize};
use similarity::partial_ratio;
use std::collections::BTreeMap;

/// How texts become tokens and tokens become texts. The original takes BERT's cased vocabulary for texts in lower case.
pub trait Tokens {
    /// The tokens of a text, without marks at its start and end.
    fn encode(&self, text: &str) -> Vec<u32>;
    /// The text of tokens.
    fn decode(&self, tokens: &[u32]) -> String;
}

/// The constants of the blacklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NgramRule {
    /// Significance above this is forbidden. Lower, and natural turns of speech are; higher, and a template that a third of
    /// all miners share passes.
    pub boundary: f64,
    /// Tokens of the shortest runs, and words of the shortest phrases that count.
    pub shortest: usize,
    /// Tokens of the longest runs.
    pub longest: usize,
    /// Tokens of a completion that are counted.
    pub most_tokens: usize,
    /// How much a word more adds to a phrase's significance, as a factor.
    pub growth: f64,
    /// How like a phrase a part of a completion must be, in percent, to count as it. At 100 one letter escapes; at 80
    /// ordinary sentences are caught.
    pub likeness: f64,
    /// After so many completions everything counts half.
    pub half_life: u64,
    /// The least share of completions that a phrase is looked at from.
    pub support: f64,
    /// How far counts may be too low, as a share of all completions. Its inverse is the counter's window.
    pub error: f64,
    /// The most runs that are kept.
    pub memory: usize,
    /// Whether a phrase is known when its count says so (fixed), or when the list is made anew, every window (exact).
    pub fidelity: Fidelity,
}

impl NgramRule {
    /// The last constants of the original.
    #[must_use]
    pub fn new(fidelity: Fidelity) -> Self {
        Self {
            boundary: 20.0,
            shortest: 5,
            longest: 10,
            most_tokens: 2000,
            growth: 1.25,
            likeness: 90.0,
            half_life: 20_000,
            support: 0.01,
            error: 0.001,
            memory: 1_000_000,
            fidelity,
        }
    }

    /// Completions between two prunings; nothing is forbidden before one window is full. Earlier, an answer that all miners
    /// of one batch rightly give alike would be a large share of everything heard so far.
    #[must_use]
    pub fn window(&self) -> u64 {
        (1.0 / self.error).ceil() as u64
    }
}

/// What the blacklist says of a completion.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It may count.
    Passes,
    /// There is nothing in it.
    Blank,
    /// It stands in the prompt.
    CopiesPrompt,
    /// It contains a phrase that too many completions have, or nearly.
    Phrase {
        /// Which.
        phrase: String,
        /// Its significance.
        significance: f64,
    },
}

impl Verdict {
    /// The mask's factor.
    #[must_use]
    pub fn factor(&self) -> f64 {
        f64::from(u8::from(*self == Self::Passes))
    }
}

/// The counts, and the phrases that follow from them.
#[derive(Clone, Debug, PartialEq)]
pub struct NgramBlacklist {
    rule: NgramRule,
    counter: Counter,
    /// The phrases of the last evaluation with their significance, the largest first.
    listed: Vec<(String, f64)>,
    /// How many completions there were at the last evaluation.
    evaluated: u64,
    /// Texts of runs that were once frequent enough, with their numbers of words.
    texts: BTreeMap<Vec<u32>, (String, usize)>,
}

impl NgramBlacklist {
    /// Nothing heard yet.
    #[must_use]
    pub fn new(rule: NgramRule) -> Self {
        Self {
            rule,
            counter: Counter::default(),
            listed: Vec::new(),
            evaluated: 0,
            texts: BTreeMap::new(),
        }
    }

    /// Its constants.
    #[must_use]
    pub fn rule(&self) -> &NgramRule {
        &self.rule
    }

    /// How many completions were counted, halved with everything else.
    #[must_use]
    pub fn completions(&self) -> u64 {
        self.counter.completions
    }

    /// How many runs those had.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.counter.runs
    }

    /// How many windows have passed, as the counter has it.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.counter.windows
    }

    /// The runs that are kept, with their counts.
    pub fn entries(&self) -> impl Iterator<Item = (&[u32], Entry)> {
        self.counter.entries()
    }

    /// The phrases of the last evaluation with their significance, the largest first.
    #[must_use]
    pub fn phrases(&self) -> &[(String, f64)] {
        &self.listed
    }

    /// Counts a completion. One with fewer tokens than the shortest run is not counted.
    pub fn hear(&mut self, completion: &str, tokens: &impl Tokens) {
        let mut words = tokens.encode(&bare(&completion.to_lowercase()));
        words.truncate(self.rule.most_tokens);
        let runs = runs(&words, &self.rule);
        if !runs.is_empty() && self.counter.add(&runs, &self.rule) {
            self.evaluated = 0;
        }
    }

    /// Works out which phrases are significant by now, where that is due: in the fixed behaviour whenever completions came
    /// in since the last time, in the exact one after more than a window of them. [`judge`](Self::judge) needs it; call it
    /// once a batch.
    pub fn evaluate(&mut self, tokens: &impl Tokens) {
        let completions = self.counter.completions;
        let since = completions.saturating_sub(self.evaluated);
        let is_due = match self.rule.fidelity {
            Fidelity::Fixed => completions > self.rule.window() || !self.listed.is_empty(),
            Fidelity::Exact => since > self.rule.window(),
        };
        if !is_due {
            return;
        }
        self.evaluated = completions;
        let least = (self.rule.support * completions as f64).max((self.counter.windows + 1) as f64);
        let frequent = self
            .counter
            .entries()
            .filter(|(_, entry)| entry.most() as f64 > least);
        let mut texts = BTreeMap::new();
        self.listed.clear();
        for (run, entry) in frequent {
            let known = self.texts.remove(run);
            let (text, words) = known.unwrap_or_else(|| {
                let text = tokens.decode(run);
                let words = text.split_whitespace().count();
                (text, words)
            });
            if words >= self.rule.shortest {
                let growth = self
                    .rule
                    .growth
                    .powi(i32::try_from(words.saturating_sub(1)).unwrap_or(i32::MAX));
                let significance = growth * entry.most() as f64 / completions as f64 * 100.0;
                self.listed.push((text.clone(), significance));
            }
            texts.insert(run.to_vec(), (text, words));
        }
        self.texts = texts;
        self.listed
            .sort_unstable_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    }

    /// Judges a completion that answers this prompt.
    ///
    /// In the fixed behaviour one of fewer words than the shortest phrase has no phrase in it. In the exact one it has when
    /// its letters stand in a phrase: whoever answers "is" is forbidden to by "from this text".
    #[must_use]
    pub fn judge(&self, completion: &str, prompt: &str) -> Verdict {
        if completion.trim().is_empty() {
            return Verdict::Blank;
        }
        let copies = match self.rule.fidelity {
            Fidelity::Exact => prompt.contains(completion),
            Fidelity::Fixed => contains_words(prompt, completion.trim()),
        };
        if copies {
            return Verdict::CopiesPrompt;
        }
        let is_short = completion
            .split_whitespace()
            .nth(self.rule.shortest.saturating_sub(1))
            .is_none();
        if is_short && self.rule.fidelity == Fidelity::Fixed {
            return Verdict::Passes;
        }
        let lower = completion.to_lowercase();
        let forbidden = self
            .listed
            .iter()
            .take_while(|(_, significance)| *significance > self.rule.boundary);
        for (phrase, significance) in forbidden {
            if partial_ratio(phrase, &lower, self.rule.likeness) > self.rule.likeness {
                return Verdict::Phrase {
                    phrase: phrase.clone(),
                    significance: *significance,
                };
            }
        }
        Verdict::Passes
    }
}

/// Tells whether a part stands in a text from one word's border to another's.
fn contains_words(text: &str, part: &str) -> bool {
    text.match_indices(part).any(|(at, part)| {
        let borders = |outside: Option<char>, inside: Option<char>| {
            !(outside.is_some_and(char::is_alphanumeric) && inside.is_some_and(char::is_alphanumeric))
        };
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + part.len()..).and_then(|after| after.chars().next());
        borders(before, part.chars().next()) && borders(after, part.chars().next_back())
    })
}

/// Without what is neither word, nor space, nor one of `(`, `|`, `)`.
fn bare(text: &str) -> String {
    let stays =
        |c: char| c.is_alphanumeric() || c == '_' || c.is_whitespace() || matches!(c, '(' | '|' | ')');
    text.chars().filter(|character| stays(*character)).collect()
}

/// All runs of a text's tokens, the shortest first.
fn runs<'a>(tokens: &'a [u32], rule: &NgramRule) -> Vec<&'a [u32]> {
    (rule.shortest.max(1)..=rule.longest)
        .flat_map(|length| tokens.windows(length))
        .collect()
}
