//! All miners in one table.

use crate::{
    epochs::distinct,
    mean::Mean,
    store::{EpochRow, Store},
    table::{Table, columns, row},
};
use std::{collections::BTreeMap, sync::Arc};

/// What tells that a neuron is not only a validator: a permit alone does not, where there are more permits than validators.
const MINES: &str = "(coalesce(incentive, 0) > 0 OR coalesce(dividends, 0) = 0)";

/// The same of a row.
pub(crate) fn mines(neuron: &EpochRow) -> bool {
    neuron.incentive.unwrap_or(0.0) > 0.0 || neuron.dividends.unwrap_or(0.0) == 0.0
}

impl Store {
    /// Every miner in a line, the best paid first.
    #[must_use]
    pub fn miners(&self) -> Table {
        #[derive(Default)]
        struct Line {
            uid: Option<u16>,
            block: Option<u64>,
            incentive: Option<f64>,
            emission: Option<f64>,
            earned: Mean,
            score: Option<f64>,
            asked: u64,
            answered: u64,
            reward: Mean,
            round: Option<(u64, Arc<str>)>,
            outcome: Option<&'static str>,
            loss: Option<f64>,
        }
        let mut of: BTreeMap<Arc<str>, Line> = self
            .known_miners()
            .into_iter()
            .map(|hotkey| (hotkey, Line::default()))
            .collect();
        for neuron in self.epoch_rows().into_values().filter(|neuron| mines(neuron)) {
            if let Some(line) = of.get_mut(&neuron.hotkey) {
                line.earned.add_some(neuron.emission);
                if line.block.is_none_or(|block| block <= neuron.block) {
                    line.block = Some(neuron.block);
                    line.uid = Some(neuron.uid);
                    line.incentive = neuron.incentive;
                    line.emission = neuron.emission;
                }
            }
        }
        for (_, score) in self.scores.iter() {
            if let Some(line) = of.get_mut(&score.hotkey) {
                line.score = score.score;
            }
        }
        for given in self.samples.iter().flat_map(|(_, sample)| &sample.rewards) {
            if let Some(line) = of.get_mut(&given.hotkey) {
                line.asked += 1;
                line.answered += u64::from(&*given.outcome == "answered");
                line.reward.add_some(given.reward);
            }
        }
        for (_, row) in self.evaluations.iter() {
            if let Some(line) = of.get_mut(&row.hotkey) {
                let round = (row.block.unwrap_or(0), row.validator.clone());
                if line.round.as_ref().is_none_or(|newest| *newest <= round) {
                    line.round = Some(round);
                    line.outcome = Some(row.outcome);
                    line.loss = row.loss;
                }
            }
        }
        let mut of: Vec<_> = of.into_iter().collect();
        of.sort_by(|(one_key, one), (other_key, other)| {
            let paid = |line: &Line| line.earned.sum();
            paid(other).total_cmp(&paid(one)).then(one_key.cmp(other_key))
        });
        let rows = of
            .into_iter()
            .map(|(hotkey, line)| {
                row![
                    hotkey,
                    line.uid,
                    line.incentive,
                    line.emission,
                    line.earned.sum(),
                    line.score,
                    line.asked,
                    line.answered,
                    line.reward.mean(),
                    line.outcome,
                    line.loss,
                ]
            })
            .collect();
        Table {
            name: "miners",
            title: "Miners",
            about: "every miner on record, the best paid first",
            sql: self.miners_sql(),
            columns: columns![
                hotkey "Hotkey" Hotkey,
                uid "Uid" Uid,
                incentive "Incentive" Share,
                emission "Last epoch" Alpha,
                earned "Earned" Alpha,
                score "Score" Score,
                asked "Asked" Count,
                answered "Answered" Count,
                mean_reward "Mean reward" Score,
                outcome "Last round" Outcome,
                loss "Loss" Loss,
            ],
            rows,
        }
    }

    /// The same in SQL. A stream that nobody has written yet is no table, so it is left out.
    fn miners_sql(&self) -> String {
        let mut parts = Vec::new();
        let mut known = Vec::new();
        let mut joins = String::new();
        let mut part = |name: &str, sql: String, knows: bool| {
            if knows {
                known.push(format!("SELECT hotkey FROM {name}"));
            }
            parts.push(format!("{name} AS ({sql})"));
            joins.push_str(&format!(" LEFT JOIN {name} ON k.hotkey = {name}.hotkey"));
        };
        let has = |rows: usize| rows > 0;
        if has(self.epochs.len()) {
            part(
                "n",
                format!(
                    "SELECT hotkey, last_value(uid ORDER BY block) AS uid, last_value(incentive ORDER BY block) AS incentive, \
                     last_value(emission ORDER BY block) AS emission, sum(emission) AS earned FROM ({}) GROUP BY hotkey",
                    distinct(&self.sql(&self.epochs, true).and(MINES))
                ),
                true,
            );
        }
        if has(self.scores.len()) {
            part(
                "s",
                format!(
                    "SELECT hotkey, last_value(score ORDER BY time, seq) AS score FROM scores{} GROUP BY hotkey",
                    self.sql(&self.scores, true)
                ),
                true,
            );
        }
        if has(self.samples.len()) {
            part(
                "a",
                format!(
                    "SELECT g['hotkey'] AS hotkey, count(*) AS asked, count(*) FILTER (WHERE g['outcome'] = 'answered') AS \
                     answered, avg(g['reward']) AS mean_reward FROM (SELECT unnest(rewards) AS g FROM organic_iterations{}) GROUP \
                     BY 1",
                    self.sql(&self.samples, false)
                ),
                true,
            );
        }
        if has(self.evaluations.len()) {
            part(
                "d",
                format!(
                    "SELECT hotkey, last_value(outcome ORDER BY block, validator) AS outcome, last_value(loss ORDER BY block, \
                     validator) AS loss FROM dataset_evaluations{} GROUP BY hotkey",
                    self.sql(&self.evaluations, true)
                ),
                true,
            );
        }
        if known.is_empty() {
            return "SELECT 1 AS hotkey WHERE false".to_owned();
        }
        let column = |has: bool, sql: &str, name: &str, otherwise: &str| {
            let value = if has { sql } else { otherwise };
            format!("{value} AS {name}")
        };
        let (epochs, scores) = (has(self.epochs.len()), has(self.scores.len()));
        let (samples, rounds) = (has(self.samples.len()), has(self.evaluations.len()));
        let columns = [
            column(epochs, "uid", "uid", "NULL"),
            column(epochs, "incentive", "incentive", "NULL"),
            column(epochs, "emission", "emission", "NULL"),
            column(epochs, "coalesce(earned, 0)", "earned", "0.0"),
            column(scores, "score", "score", "NULL"),
            column(samples, "coalesce(asked, 0)", "asked", "0"),
            column(samples, "coalesce(answered, 0)", "answered", "0"),
            column(samples, "mean_reward", "mean_reward", "NULL"),
            column(rounds, "outcome", "outcome", "NULL"),
            column(rounds, "loss", "loss", "NULL"),
        ]
        .join(", ");
        format!(
            "WITH {}, k AS ({}) SELECT k.hotkey AS hotkey, {columns} FROM k{joins} ORDER BY earned DESC, hotkey",
            parts.join(", "),
            known.join(" UNION ")
        )
    }
}
