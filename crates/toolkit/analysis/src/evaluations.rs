//! Rounds of a competition of datasets.

use crate::{
    mean::Mean,
    miner::quoted,
    miners::mines,
    store::{EvaluationRow, Store},
    table::{Table, columns, row},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use time::OffsetDateTime;

impl Store {
    /// Each round in a line, the newest first.
    #[must_use]
    pub fn rounds(&self) -> Table {
        #[derive(Default)]
        struct Round {
            miners: u64,
            of_outcome: [u64; 6],
            loss: Mean,
            lowest: Option<f64>,
        }
        let mut of: BTreeMap<(Reverse<Option<u64>>, Arc<str>), Round> = BTreeMap::new();
        for (_, row) in self.evaluations.iter() {
            let round = of.entry((Reverse(row.block), row.validator.clone())).or_default();
            round.miners += 1;
            if let Some(place) = OUTCOMES.iter().position(|outcome| *outcome == row.outcome) {
                round.of_outcome[place] += 1;
            }
            round.loss.add_some(row.loss);
            round.lowest = match (round.lowest, row.loss) {
                (Some(lowest), Some(loss)) => Some(lowest.min(loss)),
                (lowest, loss) => lowest.or(loss),
            };
        }
        let rows = of
            .into_iter()
            .map(|((Reverse(block), validator), round)| {
                let [measured, copy, not_asked, no_answer, bad_answer, own_fault] = round.of_outcome;
                row![
                    block,
                    round.miners,
                    measured,
                    copy,
                    not_asked,
                    no_answer,
                    bad_answer,
                    own_fault,
                    round.lowest,
                    round.loss.mean(),
                    validator,
                ]
            })
            .collect();
        let counted: String = OUTCOMES
            .iter()
            .map(|outcome| format!("count(*) FILTER (WHERE outcome = '{outcome}') AS {outcome}, "))
            .collect();
        Table {
            name: "rounds",
            title: "Rounds",
            about: "what became of the datasets of each round, the newest first",
            sql: format!(
                "SELECT block, count(*) AS miners, {counted}min(loss) AS lowest_loss, avg(loss) AS mean_loss, validator FROM \
                 dataset_evaluations{} GROUP BY block, validator ORDER BY block DESC, validator",
                self.sql(&self.evaluations, true)
            ),
            columns: columns![
                block "Round" Block,
                miners "Miners" Count,
                measured "Measured" Count,
                copy "Copies" Count,
                not_asked "Not asked" Count,
                no_answer "No answer" Count,
                bad_answer "Bad answer" Count,
                own_fault "Our own fault" Count,
                lowest_loss "Lowest loss" Loss,
                mean_loss "Mean loss" Loss,
                validator "Validator" Hotkey,
            ],
            rows,
        }
    }

    /// Every miner's dataset in the newest round of each validator.
    #[must_use]
    pub fn evaluations(&self) -> Table {
        let mut newest: BTreeMap<&Arc<str>, Option<u64>> = BTreeMap::new();
        for (_, row) in self.evaluations.iter() {
            let block = newest.entry(&row.validator).or_default();
            *block = row.block.max(*block);
        }
        let mut chosen: Vec<&EvaluationRow> = self
            .evaluations
            .iter()
            .map(|(_, row)| row)
            .filter(|row| newest.get(&row.validator) == Some(&row.block))
            .collect();
        let loss = |row: &EvaluationRow| row.loss.unwrap_or(f64::INFINITY);
        chosen.sort_by(|one, other| {
            loss(one)
                .total_cmp(&loss(other))
                .then_with(|| (&one.hotkey, &one.validator).cmp(&(&other.hotkey, &other.validator)))
        });
        let rows = chosen.into_iter().map(evaluation).collect();
        let filter = self.sql(&self.evaluations, true);
        Table {
            name: "evaluations",
            title: "Evaluations",
            about: "every dataset in each validator's newest round",
            sql: format!(
                "SELECT e.block AS block, hotkey, uid, outcome, reason, repo, rows, loss, weight, e.validator AS validator FROM \
                 dataset_evaluations e JOIN (SELECT validator, max(block) AS block FROM dataset_evaluations{filter} GROUP BY \
                 validator) n ON e.validator = n.validator AND e.block = n.block{filter} ORDER BY loss NULLS LAST, hotkey, \
                 validator"
            ),
            columns: evaluation_columns(),
            rows,
        }
    }

    /// The losses of every round.
    #[must_use]
    pub fn losses(&self) -> Table {
        let mut of: BTreeMap<(Option<u64>, Arc<str>), Mean> = BTreeMap::new();
        for (_, row) in self.evaluations.iter() {
            if let Some(loss) = row.loss {
                of.entry((row.block, row.hotkey.clone())).or_default().add(loss);
            }
        }
        Table {
            name: "losses",
            title: "Loss over time",
            about: "loss on the evaluation rows after training on each miner's dataset; lower is better",
            sql: format!(
                "SELECT block, hotkey, avg(loss) AS loss FROM dataset_evaluations{} GROUP BY block, hotkey ORDER BY block, hotkey",
                self.sql(&self.evaluations, true).and("loss IS NOT NULL")
            ),
            columns: columns![block "Round" Block, hotkey "Hotkey" Hotkey, loss "Loss" Loss],
            rows: of
                .into_iter()
                .map(|((block, hotkey), loss)| row![block, hotkey, loss.mean()])
                .collect(),
        }
    }

    /// Miners that the records know, with their slot and when they were last heard of.
    pub(crate) fn known_miners(&self) -> BTreeSet<Arc<str>> {
        let of_epochs = self
            .epochs
            .iter()
            .filter(|(_, row)| mines(row))
            .map(|(_, row)| row.hotkey.clone());
        let of_scores = self.scores.iter().map(|(_, row)| row.hotkey.clone());
        let of_rounds = self.evaluations.iter().map(|(_, row)| row.hotkey.clone());
        let of_requests = self
            .samples
            .iter()
            .flat_map(|(_, row)| row.rewards.iter().map(|given| given.hotkey.clone()));
        of_epochs
            .chain(of_scores)
            .chain(of_rounds)
            .chain(of_requests)
            .collect()
    }

    /// The rounds of one miner, the newest first.
    pub(crate) fn evaluations_of(&self, hotkey: &str) -> Table {
        let mut chosen: Vec<(OffsetDateTime, &EvaluationRow)> = self
            .evaluations
            .iter()
            .filter(|(_, row)| &*row.hotkey == hotkey)
            .collect();
        chosen.sort_by(|(_, one), (_, other)| {
            (Reverse(one.block), &one.validator).cmp(&(Reverse(other.block), &other.validator))
        });
        Table {
            name: "evaluations",
            title: "Rounds",
            about: "what became of its dataset, round by round",
            sql: format!(
                "SELECT block, hotkey, uid, outcome, reason, repo, rows, loss, weight, validator FROM dataset_evaluations{} ORDER \
                 BY block DESC, validator",
                self.sql(&self.evaluations, true)
                    .and(format!("hotkey = '{}'", quoted(hotkey)))
            ),
            columns: evaluation_columns(),
            rows: chosen.into_iter().map(|(_, row)| evaluation(row)).collect(),
        }
    }
}

/// The outcomes of the column, in the order of the table.
const OUTCOMES: [&str; 6] = [
    "measured",
    "copy",
    "not_asked",
    "no_answer",
    "bad_answer",
    "own_fault",
];

fn evaluation(row: &EvaluationRow) -> Vec<crate::Cell> {
    row![
        row.block,
        &row.hotkey,
        row.uid,
        row.outcome,
        row.reason.clone(),
        row.repo.clone(),
        row.rows,
        row.loss,
        row.weight,
        &row.validator,
    ]
}

fn evaluation_columns() -> Vec<crate::Column> {
    columns![
        block "Round" Block,
        hotkey "Hotkey" Hotkey,
        uid "Uid" Uid,
        outcome "Outcome" Outcome,
        reason "Why" Text,
        repo "Dataset" Text,
        rows "Rows" Count,
        loss "Loss" Loss,
        weight "Weight" Share,
        validator "Validator" Hotkey,
    ]
}
