//! Miners: all in one table, and one with what changed for it and why.

use crate::{
    epochs::distinct,
    mean::Mean,
    store::{EpochRow, Store},
    table::{Cell, Kind, Table, columns, row},
};
use serde::Serialize;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use time::OffsetDateTime;

/// Rows of a miner's own tables.
const NEWEST: usize = 100;

/// What tells that a neuron is not only a validator: a permit alone does not, where there are more permits than validators.
const MINES: &str = "(coalesce(incentive, 0) > 0 OR coalesce(dividends, 0) = 0)";

/// The same of a row.
pub(crate) fn mines(neuron: &EpochRow) -> bool {
    neuron.incentive.unwrap_or(0.0) > 0.0 || neuron.dividends.unwrap_or(0.0) == 0.0
}

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

/// Something that changed for a miner.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// What.
    pub what: &'static str,
    /// What kind of value it is.
    pub kind: Kind,
    /// Before.
    pub before: Cell,
    /// Now.
    pub after: Cell,
    /// Why, in words, where the records tell.
    pub why: Option<String>,
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

    /// What changed from the second newest epoch to the newest.
    fn changes(&self, hotkey: &str, epochs: &[&EpochRow]) -> Vec<Change> {
        let [now, before, ..] = epochs else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        let (then, until) = (self.time_of(before.block), self.time_of(now.block));
        let change = |what, kind, before: Cell, after: Cell, why| Change {
            what,
            kind,
            before,
            after,
            why,
        };
        if now.uid != before.uid {
            let why = Some("it was registered anew".to_owned());
            changes.push(change("Slot", Kind::Uid, before.uid.into(), now.uid.into(), why));
        }
        let shares = then.zip(until).map(|(then, until)| {
            (
                self.share_of_scores(hotkey, then),
                self.share_of_scores(hotkey, until),
            )
        });
        let why = shares.and_then(|(before, after)| match (before, after) {
            (Some(before), Some(after)) => Some(format!(
                "of all miners' scores it has {} where it had {}",
                percent(after.share),
                percent(before.share)
            )),
            (None, Some(after)) => Some(format!(
                "it has a score now: {} of all miners' scores",
                percent(after.share)
            )),
            _ => None,
        });
        changes.push(change(
            "Incentive",
            Kind::Share,
            before.incentive.into(),
            now.incentive.into(),
            why,
        ));
        changes.push(change(
            "Emission",
            Kind::Alpha,
            before.emission.into(),
            now.emission.into(),
            None,
        ));
        if let Some((before_score, Some(after_score))) = shares {
            changes.push(change(
                "Score",
                Kind::Score,
                before_score.map(|share| share.score).into(),
                after_score.score.into(),
                then.zip(until)
                    .and_then(|(then, until)| self.rewards_between(hotkey, then, until)),
            ));
        }
        changes.extend(self.change_of_loss(hotkey));
        changes
    }

    /// When an epoch was recorded.
    fn time_of(&self, block: u64) -> Option<OffsetDateTime> {
        self.epochs
            .iter()
            .filter(|(_, neuron)| neuron.block == block)
            .map(|(time, _)| time)
            .max()
    }

    /// The miner's newest score at a time, and what part of all it is.
    fn share_of_scores(&self, hotkey: &str, at: OffsetDateTime) -> Option<ScoreShare> {
        let mut newest: HashMap<&str, f64> = HashMap::new();
        // A score is recorded just after its epoch.
        let at = at + time::Duration::SECOND;
        for (_, score) in self.scores.iter().take_while(|(time, _)| *time <= at) {
            if let Some(value) = score.score {
                newest.insert(&score.hotkey, value.max(0.0));
            }
        }
        let total: f64 = newest.values().sum();
        let score = *newest.get(hotkey)?;
        Some(ScoreShare {
            score,
            share: if total > 0.0 { score / total } else { 0.0 },
        })
    }

    /// In words, what it got between two epochs.
    fn rewards_between(&self, hotkey: &str, then: OffsetDateTime, until: OffsetDateTime) -> Option<String> {
        let mut reward = Mean::default();
        let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
        let between = |time: OffsetDateTime| time > then && time <= until;
        for (time, sample) in self.samples.iter() {
            for given in sample.rewards.iter().filter(|given| &*given.hotkey == hotkey) {
                if between(time) {
                    reward.add_some(given.reward);
                    if &*given.outcome != "answered" {
                        *faults.entry(&given.outcome).or_default() += 1;
                    }
                }
            }
        }
        if reward.count() == 0 {
            for (_, score) in self
                .scores
                .iter()
                .filter(|(time, score)| between(*time) && &*score.hotkey == hotkey)
            {
                reward.add_some(score.reward);
            }
        }
        let mean = reward.mean()?;
        let faults: Vec<String> = faults
            .into_iter()
            .map(|(outcome, times)| format!("{times} × {}", outcome.replace('_', " ")))
            .collect();
        let failed = if faults.is_empty() {
            String::new()
        } else {
            format!("; {}", faults.join(", "))
        };
        Some(format!(
            "{} in between, of {mean:.3} on average{failed}",
            if reward.count() == 1 {
                "one reward".to_owned()
            } else {
                format!("{} rewards", reward.count())
            }
        ))
    }

    /// From the round before to the newest.
    fn change_of_loss(&self, hotkey: &str) -> Option<Change> {
        let rounds = self.evaluations_of(hotkey);
        let now = rounds.rows.first()?;
        let before = rounds.rows.get(1);
        let why = match (
            rounds.cell(now, "outcome").text(),
            rounds.cell(now, "reason").text(),
        ) {
            (Some("measured"), None) => self.rank_in_round(hotkey),
            (Some(outcome), reason) => Some(match reason {
                Some(reason) => format!("{}: {reason}", outcome.replace('_', " ")),
                None => outcome.replace('_', " "),
            }),
            _ => None,
        };
        Some(Change {
            what: "Loss",
            kind: Kind::Loss,
            before: before.map_or(Cell::Null, |row| rounds.cell(row, "loss").clone()),
            after: rounds.cell(now, "loss").clone(),
            why,
        })
    }

    /// In words, its place among those that were measured.
    fn rank_in_round(&self, hotkey: &str) -> Option<String> {
        let newest = self.evaluations();
        let measured: Vec<_> = newest
            .rows
            .iter()
            .filter(|row| newest.cell(row, "loss") != &Cell::Null)
            .collect();
        let place = measured
            .iter()
            .position(|row| newest.cell(row, "hotkey").text() == Some(hotkey))?;
        Some(format!(
            "place {} of the {} that were measured",
            place + 1,
            measured.len()
        ))
    }
}

#[derive(Clone, Copy, Debug)]
struct ScoreShare {
    score: f64,
    share: f64,
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// As a condition in SQL.
fn equals(hotkey: &str) -> String {
    format!("hotkey = '{}'", quoted(hotkey))
}

/// A text within quotes in SQL.
pub(crate) fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}
