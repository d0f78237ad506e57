//! The gating model: what it expects of each miner for a prompt, and what it learns from their rewards.

use super::{Embedder, UnusableState, stack::kept};
use crate::gating::head::{GatingError, GatingHead, Learning};
use assay_keys::AccountId;
use assay_models::ModelError;
use rand::Rng;
use std::{collections::BTreeMap, fmt, io, path::Path, sync::Arc};

/// The file of the head.
const HEAD: &str = "gating_head.json";

/// A frozen encoder with a head that learns.
#[derive(Clone)]
pub struct Gate {
    embedder: Arc<dyn Embedder>,
    head: GatingHead<AccountId>,
    /// The slots of the head by hotkey.
    slots: BTreeMap<AccountId, usize>,
    learning: Learning,
}

impl fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Gate")
            .field("slots", &self.slots.len())
            .field("learning", &self.learning)
            .finish_non_exhaustive()
    }
}

/// Why the gating model says nothing. Nobody's reward hangs on it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The encoder fails.
    #[error("the gating model's encoder fails: {0}")]
    Model(#[from] ModelError),
    /// The head does not fit.
    #[error(transparent)]
    Head(#[from] GatingError),
}

/// What the gating model makes of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The prompt's embedding, to learn with when the rewards are known.
    embedding: Vec<f32>,
    /// What it expects of each hotkey: the higher the better, in no unit.
    pub scores: BTreeMap<AccountId, f64>,
}

impl Gate {
    /// A gating model that knows nobody yet.
    #[must_use]
    pub fn new(embedder: Arc<dyn Embedder>, learning: Learning) -> Self {
        let head = GatingHead::new(embedder.width(), learning);
        Self {
            embedder,
            head,
            slots: BTreeMap::new(),
            learning,
        }
    }

    /// Knows these hotkeys, the subnet's, from now on. A hotkey keeps what was learned of it whatever slot it has; a new one
    /// begins at random; one that left is forgotten.
    pub fn resync(&mut self, hotkeys: &[AccountId], rng: &mut impl Rng) {
        let is_same = hotkeys.len() == self.slots.len()
            && hotkeys
                .iter()
                .enumerate()
                .all(|(slot, hotkey)| self.slots.get(hotkey) == Some(&slot));
        if is_same {
            return;
        }
        self.head.resync(hotkeys, rng);
        self.slots = hotkeys
            .iter()
            .enumerate()
            .map(|(slot, hotkey)| (*hotkey, slot))
            .collect();
    }

    /// What it expects for this prompt. It takes processor time.
    ///
    /// # Errors
    /// [`GateError`].
    pub fn expect(&self, prompt: &str) -> Result<Expectation, GateError> {
        let embedded = self.embedder.embed(&[prompt])?;
        let embedding: Vec<f32> = embedded.into_iter().flatten().collect();
        let scores = self.head.scores(&embedding)?;
        let score = |(hotkey, slot): (&AccountId, &usize)| Some((*hotkey, *scores.get(*slot)?));
        Ok(Expectation {
            scores: self.slots.iter().filter_map(score).collect(),
            embedding,
        })
    }

    /// Learns what those that were asked got, and says how wrong it was. Hotkeys that have left since are passed over.
    ///
    /// # Errors
    /// [`GateError`]; then nothing was learned.
    pub fn learn(
        &mut self,
        expectation: &Expectation,
        rewards: &[(AccountId, f64)],
    ) -> Result<f64, GateError> {
        let known: Vec<(usize, f64)> = rewards
            .iter()
            .filter_map(|(hotkey, reward)| Some((*self.slots.get(hotkey)?, *reward)))
            .collect();
        let (slots, rewards): (Vec<usize>, Vec<f64>) = known.into_iter().unzip();
        Ok(self.head.learn(&expectation.embedding, &slots, &rewards)?)
    }

    /// Goes on with the head that was kept in this folder, if there is one.
    ///
    /// # Errors
    /// [`UnusableState`] for one that cannot be used: it is not overwritten.
    pub fn restore(&mut self, folder: &Path) -> Result<(), UnusableState> {
        let Some(content) = kept(folder, HEAD)? else {
            return Ok(());
        };
        let damaged = |problem: String| UnusableState::Damaged {
            path: folder.join(HEAD),
            problem,
        };
        let head: GatingHead<AccountId> =
            serde_json::from_slice(&content).map_err(|error| damaged(error.to_string()))?;
        let head = head.checked().map_err(|error| damaged(error.to_string()))?;
        if head.width() != self.embedder.width() {
            return Err(damaged(format!(
                "it is for embeddings of {} numbers, and the encoder gives {}; remove it to start anew",
                head.width(),
                self.embedder.width()
            )));
        }
        self.slots = head
            .hotkeys()
            .enumerate()
            .map(|(slot, hotkey)| (*hotkey, slot))
            .collect();
        self.head = head.learning_by(self.learning);
        Ok(())
    }

    /// Keeps the head in this folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        // Finite numbers always have a JSON form.
        let content = serde_json::to_vec(&self.head).unwrap_or_default();
        assay_neuron::replace_file(&folder.join(HEAD), &content)
    }
}
