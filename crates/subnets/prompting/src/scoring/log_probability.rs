//! How likely a language model finds a completion after its prompt, less what it repeats.
//!
//! The logits of a position are pushed one row at a time, so that a long text with a large vocabulary never lies in
//! memory as a whole. Work out prompt and completion as tokens separately and join them ([`Joined`]): a tokenizer that
//! sees the joined text may merge across the border, and then nobody can say where the completion begins.

use crate::Fidelity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The reward where there is nothing to measure, or no number came out.
pub const WORST: f64 = -11.0;

/// Completions of this many characters or fewer are worth [`WORST`].
pub const LONGEST_NON_ANSWER: usize = 5;

/// How much a repeated token's logit is divided by, each time.
const FACTOR: f64 = 1.2;

/// So many repetitions count at most in the fixed behaviour: 1.2^24 is 79, with which no repeated token is likely any
/// more. Without an end the power leaves the range of half precision after some sixty.
const MOST_REPETITIONS: i32 = 24;

/// Tokens of a repeated ending.
const ENDING: usize = 4;

/// What repetition costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repetition {
    /// Nothing.
    Free,
    /// A token that the completion has had is less likely, by a factor of 1.2 for each time.
    ///
    /// Fixed: from the second token on, all before it are counted. Exact: not for the first two predictions, and the token
    /// just before the predicted one is never counted.
    EachToken(Fidelity),
    /// A token that would repeat five tokens in a row is all but impossible.
    ///
    /// Fixed: where it would repeat them. Exact: only what would repeat the completion's last four tokens, but everywhere.
    FiveInARow(Fidelity),
}

/// Tells whether there is a completion to measure.
#[must_use]
pub fn is_measurable(completion: &str) -> bool {
    !completion.trim().is_empty() && completion.chars().count() > LONGEST_NON_ANSWER
}

/// A prompt's tokens and a completion's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    tokens: Vec<u32>,
    prompt: usize,
}

impl Joined {
    /// Joins them, cut to what the model can read; nothing where it cannot read any of the completion, or the prompt is
    /// empty and nothing predicts the first token: that is worth [`WORST`].
    #[must_use]
    pub fn new(prompt: &[u32], completion: &[u32], longest: usize) -> Option<Self> {
        if prompt.is_empty() || completion.is_empty() || longest <= prompt.len() {
            return None;
        }
        let tokens: Vec<u32> = prompt.iter().chain(completion).copied().take(longest).collect();
        Some(Self {
            tokens,
            prompt: prompt.len(),
        })
    }

    /// The tokens for the model.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }
}

/// The measure while rows come in.
#[derive(Clone, Debug)]
pub struct LogProbability<'a> {
    text: &'a Joined,
    repetition: Repetition,
    /// Tokens that are banned at every position.
    banned: Vec<u32>,
    next: usize,
    sum: f64,
    /// The completion's tokens so far, as the rule counts them.
    counts: BTreeMap<u32, i32>,
    counted: usize,
    spread: Spread,
    waiting: Vec<Waiting>,
}

/// A prediction whose banned logits are known only when all rows have been seen.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// The log of the sum of the powers of all logits that are not banned.
    others: f64,
    /// The logit of the token that came; nothing when it is banned.
    target: Option<f64>,
}

/// A row that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongRow {
    /// The model's vocabulary lacks a token of the text.
    #[error("{found} logits have none for token {token}: the tokenizer is not the model's")]
    NoSuchToken {
        /// Which.
        token: u32,
        /// How many there are.
        found: usize,
    },
    /// More rows than were asked for.
    #[error("position {position} is behind the last one that predicts a token")]
    TooMany {
        /// Which.
        position: usize,
    },
    /// Rows that were asked for did not come.
    #[error("the rows of positions {from} to {to} are missing")]
    Missing {
        /// The first.
        from: usize,
        /// The last.
        to: usize,
    },
}

impl<'a> LogProbability<'a> {
    /// A measure of this text.
    #[must_use]
    pub fn new(text: &'a Joined, repetition: Repetition) -> Self {
        let completion = text.tokens.get(text.prompt..).unwrap_or_default();
        let banned = match repetition {
            Repetition::FiveInARow(Fidelity::Exact) => would_repeat(completion),
            _ => Vec::new(),
        };
        // The exact ban needs the spread of all logits, the prompt's too.
        let next = if banned.is_empty() { text.prompt - 1 } else { 0 };
        Self {
            text,
            repetition,
            banned,
            next,
            sum: 0.0,
            counts: BTreeMap::new(),
            counted: text.prompt,
            spread: Spread::default(),
            waiting: Vec::new(),
        }
    }

    /// The position whose row is to be pushed next, from 0; nothing when all are there.
    #[must_use]
    pub fn wanted(&self) -> Option<usize> {
        (self.next + 1 < self.text.tokens.len()).then_some(self.next)
    }

    /// Takes the logits that the model gave at the [wanted](Self::wanted) position, one for each token of its vocabulary.
    ///
    /// # Errors
    ///
    /// [`WrongRow`].
    pub fn push(&mut self, logits: &[f32]) -> Result<(), WrongRow> {
        let position = self.wanted().ok_or(WrongRow::TooMany { position: self.next })?;
        for token in self.text.tokens.get(position + 1).into_iter().chain(&self.banned) {
            if *token as usize >= logits.len() {
                return Err(WrongRow::NoSuchToken {
                    token: *token,
                    found: logits.len(),
                });
            }
        }
        self.next += 1;
        if !self.banned.is_empty() {
            self.spread.add(logits);
        }
        if let Some(&target) = self
            .text
            .tokens
            .get(position + 1)
            .filter(|_| position + 1 >= self.text.prompt)
        {
            let mut logits: Vec<f64> = logits.iter().map(|logit| f64::from(*logit)).collect();
            self.predict(position, target as usize, &mut logits);
        }
        Ok(())
    }

    fn predict(&mut self, position: usize, target: usize, logits: &mut [f64]) {
        if !self.banned.is_empty() {
            let is_banned = |token: usize| self.banned.iter().any(|banned| *banned as usize == token);
            let others = logits
                .iter()
                .enumerate()
                .filter(|(token, _)| !is_banned(*token))
                .map(|(_, logit)| *logit);
            let others = log_sum_exp(others);
            let target = logits.get(target).copied().filter(|_| !is_banned(target));
            self.waiting.push(Waiting { others, target });
            return;
        }
        self.lessen(position, logits);
        let whole = log_sum_exp(logits.iter().copied());
        self.sum += logits.get(target).copied().unwrap_or(f64::NAN) - whole;
    }

    /// Makes unlikely what would repeat.
    fn lessen(&mut self, position: usize, logits: &mut [f64]) {
        match self.repetition {
            Repetition::Free | Repetition::FiveInARow(Fidelity::Exact) => {}
            Repetition::EachToken(fidelity) => {
                let end = match fidelity {
                    Fidelity::Fixed => position + 1,
                    Fidelity::Exact => position,
                };
                let most = match fidelity {
                    Fidelity::Fixed => MOST_REPETITIONS,
                    Fidelity::Exact => i32::MAX,
                };
                for token in self.text.tokens.get(self.counted..end).unwrap_or_default() {
                    let count = self.counts.entry(*token).or_default();
                    *count = count.saturating_add(1);
                }
                self.counted = self.counted.max(end);
                for (token, count) in &self.counts {
                    if let Some(logit) = logits.get_mut(*token as usize) {
                        *logit = lessened(*logit, (*count).min(most));
                    }
                }
            }
            Repetition::FiveInARow(Fidelity::Fixed) => {
                let before = self
                    .text
                    .tokens
                    .get(self.text.prompt..=position)
                    .unwrap_or_default();
                let repeats = would_repeat(before);
                if !repeats.is_empty() {
                    let mut spread = Spread::default();
                    spread.add_all(logits.iter().copied());
                    for token in repeats {
                        if let Some(logit) = logits.get_mut(token as usize) {
                            *logit = spread.unlikely().min(*logit);
                        }
                    }
                }
            }
        }
    }

    /// The mean log-probability of the completion's tokens; [`WORST`] where it is no number, and in the fixed behaviour
    /// where it is less: one completion far below all others would stretch the scale on which those are told apart.
    ///
    /// # Errors
    ///
    /// [`WrongRow::Missing`] before all rows were pushed.
    pub fn finish(self) -> Result<f64, WrongRow> {
        if let Some(from) = self.wanted() {
            return Err(WrongRow::Missing {
                from,
                to: self.text.tokens.len() - 2,
            });
        }
        let unlikely = self.spread.unlikely();
        let banned = unlikely + (self.banned.len() as f64).ln();
        let waiting = self.waiting.iter().map(|waiting| {
            let whole = log_sum_exp([waiting.others, banned].into_iter());
            waiting.target.unwrap_or(unlikely) - whole
        });
        let sum = self.sum
            + if self.banned.is_empty() {
                0.0
            } else {
                waiting.sum()
            };
        let mean = sum / (self.text.tokens.len() - self.text.prompt) as f64;
        let is_fixed = matches!(
            self.repetition,
            Repetition::EachToken(Fidelity::Fixed) | Repetition::FiveInARow(Fidelity::Fixed)
        );
        Ok(if !mean.is_finite() || (is_fixed && mean < WORST) {
            WORST
        } else {
            mean
        })
    }
}

/// A logit after so many repetitions of its token: divided by 1.2 each time, or multiplied when it is below 0.
#[must_use]
pub fn lessened(logit: f64, repetitions: i32) -> f64 {
    let factor = FACTOR.powi(repetitions);
    if logit < 0.0 {
        logit * factor
    } else {
        logit / factor
    }
}

/// The tokens that followed earlier where the last four stand now.
fn would_repeat(tokens: &[u32]) -> Vec<u32> {
    let Some(ending) = tokens
        .len()
        .checked_sub(ENDING)
        .and_then(|start| tokens.get(start..))
    else {
        return Vec::new();
    };
    let mut followers: Vec<u32> = tokens
        .windows(ENDING + 1)
        .filter_map(|window| window.split_last().filter(|(_, before)| *before == ending))
        .map(|(follower, _)| *follower)
        .collect();
    followers.sort_unstable();
    followers.dedup();
    followers
}

fn log_sum_exp(logits: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    largest + logits.map(|logit| (logit - largest).exp()).sum::<f64>().ln()
}

/// The running mean and variance of logits.
#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, logits: &[f32]) {
        self.add_all(logits.iter().map(|logit| f64::from(*logit)));
    }

    fn add_all(&mut self, logits: impl Iterator<Item = f64>) {
        for logit in logits {
            self.count += 1.0;
            let distance = logit - self.mean;
            self.mean += distance / self.count;
            self.squares += distance * (logit - self.mean);
        }
    }

    /// Ten standard deviations below the mean.
    fn unlikely(&self) -> f64 {
        self.mean - 10.0 * (self.squares / (self.count - 1.0)).sqrt()
    }
}
