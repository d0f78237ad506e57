//! A linear head that predicts, from the embedding of a prompt, how well each hotkey answers it.
//!
//! It learns from what the answers of a batch were worth: the softmax of its scores for those asked shall be that of
//! their rewards. The encoder before it is not trained.

use crate::{Fidelity, scoring::softmax::softmax};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SCHEMA: u32 = 1;

/// How the head learns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learning {
    /// The step along the gradient.
    pub rate: f64,
    /// The share of the last step that is taken again.
    pub momentum: f64,
    /// In the exact behaviour gradients are never cleared: each step takes all earlier ones again, without an end.
    pub fidelity: Fidelity,
}

/// A hotkey's part of the head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    weights: Vec<f64>,
    bias: f64,
    /// The last step, of the weights and then the bias.
    step: Vec<f64>,
    /// All gradients so far; only in the exact behaviour.
    gradient: Vec<f64>,
}

/// The head. A slot of the subnet is a row of it; rows belong to hotkeys, slots are where they stand now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GatingHead<K> {
    schema: u32,
    width: usize,
    learning: Learning,
    rows: Vec<(K, Row)>,
}

/// What does not fit the head.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GatingError {
    /// An embedding of another width.
    #[error("the embedding has {found} numbers, the head takes {expected}: was the encoder exchanged?")]
    Width {
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A slot that the head has no row for.
    #[error("there is no row for slot {slot} among {slots}: resync the head with the metagraph")]
    NoSuchSlot {
        /// Which.
        slot: usize,
        /// How many there are.
        slots: usize,
    },
    /// Something that is no number.
    #[error("an embedding or a reward is not finite")]
    NotFinite,
    /// Written by a newer version.
    #[error("the gating head has layout {found}, this version knows {SCHEMA}: update Assay")]
    TooNew {
        /// Its layout.
        found: u32,
    },
    /// Rows that are not of the head's width.
    #[error("the gating head is damaged at slot {slot}: remove it to start anew")]
    Damaged {
        /// Which.
        slot: usize,
    },
}

impl<K: Ord + Clone> GatingHead<K> {
    /// A head for embeddings of this width, with no rows; [`resync`](Self::resync) makes them.
    #[must_use]
    pub fn new(width: usize, learning: Learning) -> Self {
        Self {
            schema: SCHEMA,
            width,
            learning,
            rows: Vec::new(),
        }
    }

    /// A head with these rows of weights and biases.
    ///
    /// # Errors
    ///
    /// [`GatingError::Damaged`] where a row has another width, or holds what is no number.
    pub fn with_rows(
        width: usize,
        learning: Learning,
        rows: Vec<(K, Vec<f64>, f64)>,
    ) -> Result<Self, GatingError> {
        let rows = rows
            .into_iter()
            .map(|(hotkey, weights, bias)| (hotkey, Row::new(weights, bias)))
            .collect();
        Self {
            schema: SCHEMA,
            width,
            learning,
            rows,
        }
        .checked()
    }

    /// The head itself, when it was read from a file and is one.
    ///
    /// # Errors
    ///
    /// [`GatingError::TooNew`] and [`GatingError::Damaged`].
    pub fn checked(self) -> Result<Self, GatingError> {
        if self.schema != SCHEMA {
            return Err(GatingError::TooNew { found: self.schema });
        }
        match self.rows.iter().position(|(_, row)| !row.is_sound(self.width)) {
            Some(slot) => Err(GatingError::Damaged { slot }),
            None => Ok(self),
        }
    }

    /// Numbers of the embeddings that it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whose rows there are, in the order of the slots.
    pub fn hotkeys(&self) -> impl Iterator<Item = &K> {
        self.rows.iter().map(|(hotkey, _)| hotkey)
    }

    /// The same head, learning so from now on.
    #[must_use]
    pub fn learning_by(mut self, learning: Learning) -> Self {
        self.learning = learning;
        self
    }

    /// How many rows there are.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.rows.len()
    }

    /// The weights and the bias of a slot.
    #[must_use]
    pub fn row(&self, slot: usize) -> Option<(&[f64], f64)> {
        self.rows
            .get(slot)
            .map(|(_, row)| (row.weights.as_slice(), row.bias))
    }

    /// Puts rows in the order of the subnet's slots. A hotkey takes what is known of it along; one that is new begins with
    /// nothing, so that as much is expected of it as of all together; one that left is forgotten.
    ///
    /// In the exact behaviour a new one begins with random weights within ±√(6/(width+1)). Scores are then some units apart
    /// before anything is known, where rewards differ by less than one: a head that routes asks the same few for hundreds of
    /// steps, however bad they are.
    pub fn resync(&mut self, hotkeys: &[K], rng: &mut impl Rng) {
        let mut known: BTreeMap<K, Row> = std::mem::take(&mut self.rows).into_iter().collect();
        let (width, fidelity) = (self.width, self.learning.fidelity);
        let bound = (6.0 / (width as f64 + 1.0)).sqrt();
        self.rows = hotkeys
            .iter()
            .map(|hotkey| {
                let row = known.remove(hotkey).unwrap_or_else(|| {
                    let mut weight = || match fidelity {
                        Fidelity::Fixed => 0.0,
                        Fidelity::Exact => rng.random_range(-bound..=bound),
                    };
                    Row::new((0..width).map(|_| weight()).collect(), 0.0)
                });
                (hotkey.clone(), row)
            })
            .collect();
    }

    /// The scores of all slots for a prompt with this embedding.
    ///
    /// # Errors
    ///
    /// [`GatingError::Width`] and [`GatingError::NotFinite`].
    pub fn scores(&self, embedding: &[f32]) -> Result<Vec<f64>, GatingError> {
        if embedding.len() != self.width {
            return Err(GatingError::Width {
                found: embedding.len(),
                expected: self.width,
            });
        }
        if !embedding.iter().all(|value| value.is_finite()) {
            return Err(GatingError::NotFinite);
        }
        Ok(self.rows.iter().map(|(_, row)| row.score(embedding)).collect())
    }

    /// Learns from a batch and returns the loss before the step: the mean squared difference between the softmax of the
    /// scores and that of the rewards, over the slots asked. Without any there is nothing to learn, and the loss is 0.
    ///
    /// # Errors
    ///
    /// [`GatingError`]; then nothing was learned.
    pub fn learn(&mut self, embedding: &[f32], asked: &[usize], rewards: &[f64]) -> Result<f64, GatingError> {
        let scores = self.scores(embedding)?;
        if !rewards.iter().all(|reward| reward.is_finite()) {
            return Err(GatingError::NotFinite);
        }
        if asked.len() != rewards.len() {
            return Err(GatingError::Width {
                found: rewards.len(),
                expected: asked.len(),
            });
        }
        let score_of = |slot: &usize| {
            scores.get(*slot).copied().ok_or(GatingError::NoSuchSlot {
                slot: *slot,
                slots: scores.len(),
            })
        };
        let asked_scores = asked.iter().map(score_of).collect::<Result<Vec<f64>, _>>()?;
        if asked.is_empty() {
            return Ok(0.0);
        }
        let (ours, theirs) = (softmax(&asked_scores), softmax(rewards));
        let number = asked.len() as f64;
        let differences: Vec<f64> = ours
            .iter()
            .zip(&theirs)
            .map(|(ours, theirs)| ours - theirs)
            .collect();
        let loss = differences
            .iter()
            .map(|difference| difference * difference)
            .sum::<f64>()
            / number;
        let slopes: Vec<f64> = differences
            .iter()
            .map(|difference| 2.0 * difference / number)
            .collect();
        let mean: f64 = slopes.iter().zip(&ours).map(|(slope, share)| slope * share).sum();
        let mut by_slot = vec![0.0; self.rows.len()];
        for ((slot, slope), share) in asked.iter().zip(&slopes).zip(&ours) {
            if let Some(gradient) = by_slot.get_mut(*slot) {
                *gradient += share * (slope - mean);
            }
        }
        for ((_, row), gradient) in self.rows.iter_mut().zip(by_slot) {
            row.step(gradient, embedding, self.learning);
        }
        Ok(loss)
    }
}

impl Row {
    fn new(weights: Vec<f64>, bias: f64) -> Self {
        let zeros = vec![0.0; weights.len() + 1];
        Self {
            weights,
            bias,
            step: zeros,
            gradient: Vec::new(),
        }
    }

    fn is_sound(&self, width: usize) -> bool {
        let numbers = [&self.weights, &self.step, &self.gradient];
        self.weights.len() == width
            && self.step.len() == width + 1
            && (self.gradient.is_empty() || self.gradient.len() == width + 1)
            && self.bias.is_finite()
            && numbers.into_iter().flatten().all(|number| number.is_finite())
    }

    fn score(&self, embedding: &[f32]) -> f64 {
        self.bias
            + self
                .weights
                .iter()
                .zip(embedding)
                .map(|(weight, value)| weight * f64::from(*value))
                .sum::<f64>()
    }

    /// One step of gradient descent with momentum, also of rows that were not asked: those go on where they were going.
    fn step(&mut self, gradient: f64, embedding: &[f32], learning: Learning) {
        if learning.fidelity == Fidelity::Exact {
            self.gradient.resize(self.step.len(), 0.0);
        }
        let inputs = embedding.iter().map(|value| f64::from(*value)).chain([1.0]);
        let parameters = self.weights.iter_mut().chain([&mut self.bias]);
        for (place, ((parameter, input), step)) in parameters.zip(inputs).zip(&mut self.step).enumerate() {
            let mut slope = gradient * input;
            if let Some(all) = self.gradient.get_mut(place) {
                *all += slope;
                slope = *all;
            }
            *step = learning.momentum * *step + slope;
            *parameter -= learning.rate * *step;
        }
    }
}
