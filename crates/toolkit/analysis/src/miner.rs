//! One miner: what the records hold of it, and what changed for it.

mod changes;

pub use changes::Change;

use crate::{
    mean::Mean,
    store::{EpochRow, Store},
    table::{Table, columns, row},
};
use serde::Serialize;
use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

/// Rows of a miner's own tables.
const NEWEST: usize = 100;

/// One miner, as the records know it.
#[derive(Clone, Debug, Serialize)]
pub struct Miner {
    /// Its address.
    pub hotkey: String,
    /// Its slot after the newest epoch.
    pub uid: Option<u16>,
    /// What changed from the epoch before the newest to the newest, and why.
    pub changes: Vec<Change>,
    /// What the records hold of it.
    pub tables: Vec<Table>,
}

impl Store {
    /// One miner; nothing for one that the records do not know.
    #[must_use]
    pub fn miner(&self, hotkey: &str) -> Option<Miner> {
        let epochs: Vec<&EpochRow> = {
            let mut of: Vec<_> = self
                .epoch_rows()
                .into_values()
                .filter(|neuron| &*neuron.hotkey == hotkey)
                .collect();
            of.sort_by_key(|neuron| Reverse(neuron.block));
            of
        };
        let tables: Vec<Table> = [
            self.epochs_of(hotkey, &epochs),
            self.scores_of(hotkey),
            self.outcomes_of(hotkey),
            self.evaluations_of(hotkey),
            self.weights_on(hotkey),
        ]
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect();
        (!tables.is_empty()).then(|| Miner {
            hotkey: hotkey.to_owned(),
            uid: epochs.first().map(|neuron| neuron.uid),
            changes: self.changes(hotkey, &epochs),
            tables,
        })
    }

    fn epochs_of(&self, hotkey: &str, epochs: &[&EpochRow]) -> Table {
        Table {
            name: "epochs",
            title: "Epochs",
            about: "what each epoch made of it, the newest first",
            sql: format!(
                "SELECT DISTINCT block, uid, incentive, consensus, dividends, emission, stake FROM epochs{} ORDER BY block DESC, \
                 uid LIMIT {NEWEST}",
                self.sql(&self.epochs, true).and(equals(hotkey))
            ),
            columns: columns![
                block "Block" Block,
                uid "Uid" Uid,
                incentive "Incentive" Share,
                consensus "Consensus" Share,
                dividends "Dividends" Share,
                emission "Emission" Alpha,
                stake "Stake" Alpha,
            ],
            rows: epochs
                .iter()
                .take(NEWEST)
                .map(|neuron| {
                    row![
                        neuron.block,
                        neuron.uid,
                        neuron.incentive,
                        neuron.consensus,
                        neuron.dividends,
                        neuron.emission,
                        neuron.stake,
                    ]
                })
                .collect(),
        }
    }

    fn scores_of(&self, hotkey: &str) -> Table {
        Table {
            name: "scores",
            title: "Scores",
            about: "its moving average, step by step, the newest first",
            sql: format!(
                "SELECT time, step, block, reward, score, source FROM scores{} ORDER BY time DESC, seq DESC LIMIT {NEWEST}",
                self.sql(&self.scores, true).and(equals(hotkey))
            ),
            columns: columns![
                time "Time" Time,
                step "Step" Count,
                block "Block" Block,
                reward "Reward" Score,
                score "Score" Score,
                source "Validator" Hotkey,
            ],
            rows: self
                .scores
                .iter()
                .rev()
                .filter(|(_, score)| &*score.hotkey == hotkey)
                .take(NEWEST)
                .map(|(time, score)| {
                    row![
                        time,
                        score.step,
                        score.block,
                        score.reward,
                        score.score,
                        &score.source
                    ]
                })
                .collect(),
        }
    }

    fn outcomes_of(&self, hotkey: &str) -> Table {
        let mut of: BTreeMap<Arc<str>, (u64, Mean, Mean)> = BTreeMap::new();
        for given in self.samples.iter().flat_map(|(_, sample)| &sample.rewards) {
            if &*given.hotkey == hotkey {
                let (times, reward, seconds) = of.entry(given.outcome.clone()).or_default();
                *times += 1;
                reward.add_some(given.reward);
                seconds.add_some(given.seconds);
            }
        }
        Table {
            name: "outcomes",
            title: "Requests",
            about: "what became of the requests it was asked",
            sql: format!(
                "SELECT g['outcome'] AS outcome, count(*) AS times, avg(g['reward']) AS mean_reward, avg(g['seconds']) AS seconds \
                 FROM (SELECT unnest(rewards) AS g FROM organic_iterations{}) WHERE g['hotkey'] = '{}' GROUP BY 1 ORDER BY 1",
                self.sql(&self.samples, false),
                quoted(hotkey)
            ),
            columns: columns![
                outcome "Outcome" Outcome,
                times "Times" Count,
                mean_reward "Mean reward" Score,
                seconds "First words" Seconds,
            ],
            rows: of
                .into_iter()
                .map(|(outcome, (times, reward, seconds))| {
                    row![outcome, times, reward.mean(), seconds.mean()]
                })
                .collect(),
        }
    }

    fn weights_on(&self, hotkey: &str) -> Table {
        let all = self.weights();
        let sql = format!(
            "SELECT share, value, attempt, source FROM ({}) WHERE {} ORDER BY source",
            all.sql,
            equals(hotkey)
        );
        let rows = all
            .rows
            .iter()
            .filter(|row| all.cell(row, "hotkey").text() == Some(hotkey))
            .map(|row| {
                ["share", "value", "attempt", "source"]
                    .map(|name| all.cell(row, name).clone())
                    .to_vec()
            })
            .collect();
        Table {
            name: "weights",
            title: "Weights on it",
            about: "what each validator gave it in its newest row",
            sql,
            columns: columns![
                share "Weight" Share,
                value "Value" Count,
                attempt "Attempt" Count,
                source "Validator" Hotkey,
            ],
            rows,
        }
    }
}

/// As a condition in SQL.
fn equals(hotkey: &str) -> String {
    format!("hotkey = '{}'", quoted(hotkey))
}

/// A text within quotes in SQL.
pub(crate) fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}
