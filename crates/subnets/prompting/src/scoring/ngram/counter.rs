//! Lossy counting: frequent runs are counted to within a known error, rare ones are forgotten.

use super::NgramRule;
use crate::Fidelity;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The count of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// How often it was heard since it was last taken in.
    pub heard: u64,
    /// How often it may have been heard before that.
    pub missed: u64,
}

impl Entry {
    /// How often it can have been heard at most.
    #[must_use]
    pub fn most(self) -> u64 {
        self.heard + self.missed
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counter {
    pub(super) counts: HashMap<Box<[u32]>, Entry>,
    pub(super) completions: u64,
    pub(super) runs: u64,
    pub(super) windows: u64,
}

impl Counter {
    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u32], Entry)> {
        self.counts.iter().map(|(run, entry)| (run.as_ref(), *entry))
    }

    /// Counts the runs of a completion. Tells whether everything was halved after it.
    pub(super) fn add(&mut self, runs: &[&[u32]], rule: &NgramRule) -> bool {
        // Before the first pruning nothing was forgotten, so nothing can have been missed.
        let missed = self.windows.saturating_sub(1);
        for run in runs {
            match self.counts.get_mut(*run) {
                Some(entry) => entry.heard += 1,
                None => {
                    self.counts.insert((*run).into(), Entry { heard: 1, missed });
                }
            }
        }
        self.runs += runs.len() as u64;
        self.completions += 1;
        let window = rule.window();
        if self.completions.is_multiple_of(window) {
            self.windows = self.completions.div_ceil(window);
            self.prune();
        }
        while self.counts.len() > rule.memory {
            self.windows += 1;
            self.prune();
            // Once is the original's; it leaves more than its limit where everything was heard often.
            if rule.fidelity == Fidelity::Exact {
                break;
            }
        }
        let is_halved = self.completions > rule.half_life;
        if is_halved {
            for entry in self.counts.values_mut() {
                *entry = Entry {
                    heard: entry.heard.div_ceil(2),
                    missed: entry.missed.div_ceil(2),
                };
            }
            self.runs = self.runs.div_ceil(2);
            self.completions = self.completions.div_ceil(2);
            self.windows = self.completions.div_ceil(window);
        }
        is_halved
    }

    fn prune(&mut self) {
        let windows = self.windows;
        self.counts.retain(|_, entry| entry.most() > windows);
    }
}
