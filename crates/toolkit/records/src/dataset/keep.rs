//! Which rows stay: of those with the same texts one, of those with the same prompt the best.

use super::{
    choose::Row,
    counts::Counts,
    hash::{self, Key, Random},
    plan::{BuildPlan, Dedup},
};
use std::collections::{HashMap, HashSet, hash_map::Entry};

/// The row that holds a place, and how good it is.
#[derive(Clone, Copy, Debug)]
struct Holder {
    rank: f64,
    row: u64,
}

/// What is known of the rows before.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Places that one row each holds: a prompt, or a row's texts.
    places: HashMap<Key, Holder, Random>,
    /// The texts of all rows, where places are prompts and repetitions are counted apart.
    texts: HashSet<Key, Random>,
    rule: Rule,
    /// For each row that was written down, whether it still holds its place.
    alive: Vec<bool>,
    offered: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    All,
    OnePerTexts,
    BestPerPrompt,
    /// The same, and repetitions are counted.
    Both,
}

impl Keeper {
    pub(super) fn new(plan: &BuildPlan) -> Self {
        Self {
            places: HashMap::default(),
            texts: HashSet::default(),
            rule: match (plan.dedup, plan.best_per_prompt) {
                (Dedup::None, false) => Rule::All,
                (Dedup::None, true) => Rule::BestPerPrompt,
                (Dedup::Exact | Dedup::Near { .. }, false) => Rule::OnePerTexts,
                (Dedup::Exact | Dedup::Near { .. }, true) => Rule::Both,
            },
            alive: Vec::new(),
            offered: 0,
        }
    }

    /// Whether a row is to be written down. It may still lose its place to a later one.
    pub(super) fn offer(&mut self, row: &Row<'_>) -> bool {
        self.offered += 1;
        let texts = || {
            let rejected = row.rejected.map(|(text, _)| text);
            hash::texts([row.prompt, row.completion].into_iter().chain(rejected))
        };
        let place = match self.rule {
            Rule::All => {
                self.alive.push(true);
                return true;
            }
            Rule::OnePerTexts => texts(),
            Rule::BestPerPrompt => hash::prompt(row.prompt),
            Rule::Both => {
                self.texts.insert(texts());
                hash::prompt(row.prompt)
            }
        };
        let new = Holder {
            rank: row.rank(),
            row: self.alive.len() as u64,
        };
        match self.places.entry(place) {
            Entry::Vacant(free) => {
                free.insert(new);
            }
            Entry::Occupied(mut taken) if new.rank > taken.get().rank => {
                let old = taken.insert(new);
                if let Some(alive) = usize::try_from(old.row)
                    .ok()
                    .and_then(|row| self.alive.get_mut(row))
                {
                    *alive = false;
                }
            }
            Entry::Occupied(_) => return false,
        }
        self.alive.push(true);
        true
    }

    /// For each row that was written down, in order, whether it stays. The rest of what is known is let go.
    pub(super) fn finish(self, counts: &mut Counts) -> Vec<bool> {
        let places = self.places.len() as u64;
        match self.rule {
            Rule::All => {}
            Rule::OnePerTexts => counts.duplicates = self.offered - places,
            Rule::BestPerPrompt => counts.beaten = self.offered - places,
            Rule::Both => {
                let texts = self.texts.len() as u64;
                counts.duplicates = self.offered - texts;
                counts.beaten = texts - places;
            }
        }
        self.alive
    }
}
