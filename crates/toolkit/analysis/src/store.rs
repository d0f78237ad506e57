//! Recorded events in the form that analyses work on: small, bounded, in the order of time.

mod rows;
mod taken;

pub(crate) use rows::{
    AnswerRow, BlockRow, CallsRow, EpochRow, EvaluationRow, ForwardRow, QuestionRow, SampleRow, ScoreRow,
    WeightRow,
};
pub(crate) use taken::{BEGINNING, Taken};

use crate::{
    kept::Kept,
    scope::{Scope, Where},
    table::Table,
};
use assay_records::streams::Hardware;
use std::{collections::HashSet, sync::Arc};
use time::OffsetDateTime;

/// How many rows of each stream are kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of small events: scores, neurons after an epoch.
    pub small: usize,
    /// Rows of events that carry the answers of several miners.
    pub large: usize,
}

impl Limits {
    /// For a page that is open for days: some hundred megabytes at most, a day of a busy validator.
    #[must_use]
    pub fn live() -> Self {
        Self {
            small: 200_000,
            large: 20_000,
        }
    }

    /// For a report, which is made once.
    #[must_use]
    pub fn none() -> Self {
        Self {
            small: usize::MAX,
            large: usize::MAX,
        }
    }
}

/// Which kinds of events a store has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// Rounds of a competition of datasets.
    pub rounds: bool,
    /// Requests.
    pub requests: bool,
    /// Questions and their answers.
    pub questions: bool,
}

/// Fewer names are not worth looking through.
const NAMES: usize = 10_000;

/// Recorded events in memory. [`Follower`](crate::Follower) fills it.
#[derive(Clone, Debug)]
pub struct Store {
    scope: Scope,
    names: HashSet<Arc<str>>,
    /// More names than this are looked through for such as no row has.
    look_at_names: usize,
    pub(crate) epochs: Kept<EpochRow>,
    pub(crate) scores: Kept<ScoreRow>,
    pub(crate) samples: Kept<SampleRow>,
    pub(crate) evaluations: Kept<EvaluationRow>,
    pub(crate) weights: Kept<WeightRow>,
    pub(crate) forwards: Kept<ForwardRow>,
    pub(crate) calls: Kept<CallsRow>,
    pub(crate) blocks: Kept<BlockRow>,
    pub(crate) hardware: Kept<Hardware>,
    pub(crate) questions: Kept<QuestionRow>,
}

impl Store {
    /// A store without events.
    #[must_use]
    pub fn new(scope: Scope, limits: Limits) -> Self {
        let Limits { small, large } = limits;
        Self {
            scope,
            names: HashSet::new(),
            look_at_names: NAMES,
            epochs: Kept::new(small),
            scores: Kept::new(small),
            samples: Kept::new(large),
            evaluations: Kept::new(small),
            weights: Kept::new(large),
            forwards: Kept::new(small),
            calls: Kept::new(small),
            blocks: Kept::new(small),
            hardware: Kept::new(large),
            questions: Kept::new(large),
        }
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events() == 0
    }

    /// Events that are kept.
    #[must_use]
    pub fn events(&self) -> usize {
        self.epochs.len()
            + self.scores.len()
            + self.samples.len()
            + self.evaluations.len()
            + self.weights.len()
            + self.forwards.len()
            + self.calls.len()
            + self.blocks.len()
            + self.hardware.len()
            + self.questions.len()
    }

    /// Which kinds of events there are.
    #[must_use]
    pub fn holds(&self) -> Holds {
        Holds {
            rounds: self.evaluations.len() > 0,
            requests: self.samples.len() > 0,
            questions: self.questions.len() > 0,
        }
    }

    /// Which events count.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Every table that has rows.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        const ALL: [fn(&Store) -> Table; 30] = [
            Store::miners,
            Store::network,
            Store::earnings,
            Store::epochs,
            Store::incentives,
            Store::leaderboard,
            Store::score_history,
            Store::reward_distribution,
            Store::traffic,
            Store::answers,
            Store::answer_rewards,
            Store::requests,
            Store::rounds,
            Store::evaluations,
            Store::losses,
            Store::attempts,
            Store::stages,
            Store::weights,
            Store::questions,
            Store::kinds,
            Store::answerers,
            Store::completions,
            Store::diversity,
            Store::alike,
            Store::models,
            Store::forwards,
            Store::calls,
            Store::block_times,
            Store::step_times,
            Store::hardware,
        ];
        let mut tables: Vec<Table> = ALL.iter().map(|of| of(self)).collect();
        tables.retain(|table| !table.rows.is_empty());
        tables
    }

    /// The table of this name, where it has rows.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<Table> {
        self.tables().into_iter().find(|table| table.name == name)
    }

    pub(crate) fn sql<T>(&self, kept: &Kept<T>, has_netuid: bool) -> Where {
        Where::new(&self.scope, has_netuid, kept.forgotten())
    }

    /// Brings all rows into their order; after events were taken.
    pub(crate) fn settle(&mut self) {
        self.epochs.settle();
        self.scores.settle();
        self.samples.settle();
        self.evaluations.settle();
        self.weights.settle();
        self.forwards.settle();
        self.calls.settle();
        self.blocks.settle();
        self.hardware.settle();
        self.questions.settle();
        self.forget_names();
    }

    /// Lets go of the names that no row has any more, when there are twice as many as after the last time.
    fn forget_names(&mut self) {
        if self.names.len() > self.look_at_names {
            self.names.retain(|name| Arc::strong_count(name) > 1);
            self.look_at_names = NAMES.max(2 * self.names.len());
        }
    }

    /// One copy of each name, however often it comes.
    fn name(&mut self, name: &str) -> Arc<str> {
        match self.names.get(name) {
            Some(known) => known.clone(),
            None => {
                let new: Arc<str> = name.into();
                self.names.insert(new.clone());
                new
            }
        }
    }

    fn some_name(&mut self, name: Option<&str>) -> Option<Arc<str>> {
        name.map(|name| self.name(name))
    }
}

/// Where a row lies in time, in whole buckets of so many seconds since 1970.
pub(crate) fn bucket(time: OffsetDateTime, seconds: i64) -> OffsetDateTime {
    let start = time.unix_timestamp().div_euclid(seconds) * seconds;
    OffsetDateTime::from_unix_timestamp(start).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_row_has_any_more_are_let_go() {
        let mut store = Store::new(Scope::default(), Limits::live());
        let kept = store.name("kept");
        // As many as a page that is open for weeks sees answers.
        for number in 0..5 * NAMES {
            store.name(&format!("answer {number}"));
            if number % 1_000 == 0 {
                store.settle();
            }
        }
        store.settle();
        assert!(store.names.len() <= NAMES + 1_000, "{}", store.names.len());
        assert!(
            Arc::ptr_eq(&kept, &store.name("kept")),
            "what is in use stays one copy"
        );
    }
}
