//! The counts in a file.

use super::{Entry, NgramBlacklist, NgramRule};
use serde::{Deserialize, Serialize};

const SCHEMA: u32 = 1;

/// The counts as they are kept. Phrases follow from them.
#[derive(Serialize, Deserialize)]
struct Kept {
    schema: u32,
    completions: u64,
    runs: u64,
    windows: u64,
    entries: Vec<(Vec<u32>, Entry)>,
}

/// Why kept counts are of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableBlacklist {
    /// Written by a newer version.
    #[error("the phrase counts have layout {found}, this version knows {SCHEMA}: update Assay")]
    TooNew {
        /// Their layout.
        found: u32,
    },
    /// More than the rule allows, or counts that cannot be.
    #[error(
        "the phrase counts are damaged ({entries} entries for {completions} completions): remove them to start anew"
    )]
    Damaged {
        /// How many there are.
        entries: usize,
        /// Of how many completions.
        completions: u64,
    },
}

impl Serialize for NgramBlacklist {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries: Vec<_> = self.entries().map(|(run, entry)| (run.to_vec(), entry)).collect();
        entries.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let counter = &self.counter;
        let (completions, runs, windows) = (counter.completions, counter.runs, counter.windows);
        Kept {
            schema: SCHEMA,
            completions,
            runs,
            windows,
            entries,
        }
        .serialize(serializer)
    }
}

impl NgramBlacklist {
    /// Reads kept counts under a rule. Phrases are there after the next [`evaluate`](Self::evaluate).
    ///
    /// # Errors
    ///
    /// The deserializer's; [`UnusableBlacklist`] as one of those.
    pub fn restore<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
        rule: NgramRule,
    ) -> Result<Self, D::Error> {
        let kept = Kept::deserialize(deserializer)?;
        if kept.schema != SCHEMA {
            return Err(serde::de::Error::custom(UnusableBlacklist::TooNew {
                found: kept.schema,
            }));
        }
        let (entries, completions) = (kept.entries.len(), kept.completions);
        let fits = |(run, entry): &(Vec<u32>, Entry)| {
            run.len() <= rule.longest.max(1)
                && entry.heard > 0
                && entry.heard.checked_add(entry.missed).is_some()
        };
        if entries > rule.memory || !kept.entries.iter().all(fits) {
            return Err(serde::de::Error::custom(UnusableBlacklist::Damaged {
                entries,
                completions,
            }));
        }
        let mut list = Self::new(rule);
        list.counter.completions = completions;
        list.counter.runs = kept.runs;
        list.counter.windows = kept.windows;
        list.counter.counts = kept
            .entries
            .into_iter()
            .map(|(run, entry)| (run.into(), entry))
            .collect();
        Ok(list)
    }
}
