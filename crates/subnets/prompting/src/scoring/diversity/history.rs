//! The embeddings of earlier completions, the oldest first.

use crate::Fidelity;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// How much of the past is kept, and from when on it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRule {
    /// The most embeddings. At 768 numbers each, 15 500 are 48 MB.
    pub capacity: usize,
    /// The most of one hotkey. Fewer, and a miner may repeat itself sooner; more, and a few miners that are asked often push out
    /// what all others have said. In the exact behaviour there is no such bound.
    pub per_hotkey: usize,
    /// So many of the newest are not compared with: within one forward, answers to prompts made of each other are
    /// naturally alike. In the exact behaviour it is the oldest that are left out, for ever.
    pub grace: usize,
    /// Whether the bounds are the fixed ones.
    pub fidelity: Fidelity,
}

impl HistoryRule {
    /// The original's sizes. 120 of one hotkey let 130 hotkeys share the room evenly.
    #[must_use]
    pub fn new(fidelity: Fidelity) -> Self {
        Self {
            capacity: 15_500,
            per_hotkey: 120,
            grace: 500,
            fidelity,
        }
    }
}

/// Embeddings with those who sent the texts.
#[derive(Clone, Debug, PartialEq)]
pub struct History<K> {
    pub(super) rule: HistoryRule,
    pub(super) width: usize,
    pub(super) rows: VecDeque<(K, Vec<f32>)>,
}

/// An embedding that cannot stand beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitEmbedding {
    /// Of another width.
    #[error(
        "an embedding has {found} numbers where the history's have {expected}: was the encoder exchanged?"
    )]
    Width {
        /// How many it has.
        found: usize,
        /// How many the others have.
        expected: usize,
    },
    /// With something in it that is no number.
    #[error("an embedding has a number that is not finite")]
    NotFinite,
}

impl<K: Ord + Clone> History<K> {
    /// Nothing yet.
    #[must_use]
    pub fn new(rule: HistoryRule) -> Self {
        Self {
            rule,
            width: 0,
            rows: VecDeque::new(),
        }
    }

    /// Its bounds.
    #[must_use]
    pub fn rule(&self) -> HistoryRule {
        self.rule
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// How many embeddings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The embeddings with their hotkeys, the oldest first.
    pub fn rows(&self) -> impl Iterator<Item = (&K, &[f32])> {
        self.rows.iter().map(|(hotkey, row)| (hotkey, row.as_slice()))
    }

    /// Those that completions are compared with; nothing while there are fewer than two beyond the grace.
    #[must_use]
    pub fn compared(&self) -> Option<Vec<&[f32]>> {
        let number = self
            .rows
            .len()
            .checked_sub(self.rule.grace)
            .filter(|number| *number >= 2)?;
        let skipped = match self.rule.fidelity {
            Fidelity::Fixed => 0,
            Fidelity::Exact => self.rule.grace,
        };
        Some(
            self.rows
                .iter()
                .skip(skipped)
                .take(number)
                .map(|(_, row)| row.as_slice())
                .collect(),
        )
    }

    /// Appends a batch that was judged. Of equal embeddings in a row one is kept. Where a hotkey has its fill, its own
    /// oldest goes; where all is full, the oldest of all.
    ///
    /// # Errors
    ///
    /// [`UnfitEmbedding`]; then nothing of the batch is appended.
    pub fn append(&mut self, batch: &[(K, Vec<f32>)]) -> Result<(), UnfitEmbedding> {
        let Some((_, first)) = batch.first() else {
            return Ok(());
        };
        let expected = if self.rows.is_empty() {
            first.len()
        } else {
            self.width
        };
        for (_, row) in batch {
            if row.len() != expected || expected == 0 {
                return Err(UnfitEmbedding::Width {
                    found: row.len(),
                    expected,
                });
            }
            if !row.iter().all(|value| value.is_finite()) {
                return Err(UnfitEmbedding::NotFinite);
            }
        }
        self.width = expected;
        let mut before: Option<&Vec<f32>> = None;
        for (hotkey, row) in batch {
            if before != Some(row) {
                self.rows.push_back((hotkey.clone(), row.clone()));
            }
            before = Some(row);
        }
        self.forget();
        Ok(())
    }

    /// Forgets everything of hotkeys that left.
    pub fn keep_hotkeys(&mut self, is_present: impl Fn(&K) -> bool) {
        self.rows.retain(|(hotkey, _)| is_present(hotkey));
    }

    pub(super) fn forget(&mut self) {
        if self.rule.fidelity == Fidelity::Fixed {
            let mut counts: BTreeMap<K, usize> = BTreeMap::new();
            for (hotkey, _) in &self.rows {
                *counts.entry(hotkey.clone()).or_default() += 1;
            }
            if counts.values().any(|count| *count > self.rule.per_hotkey) {
                self.rows.retain(|(hotkey, _)| match counts.get_mut(hotkey) {
                    Some(count) if *count > self.rule.per_hotkey => {
                        *count -= 1;
                        false
                    }
                    _ => true,
                });
            }
        }
        let excess = self.rows.len().saturating_sub(self.rule.capacity);
        self.rows.drain(..excess);
    }
}
