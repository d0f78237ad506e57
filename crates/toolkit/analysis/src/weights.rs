//! Weights: how far each attempt came, and what a row says beside what the network made of it.

use crate::{
    store::{Store, WeightRow},
    table::{Table, columns, row},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use time::OffsetDateTime;

/// Attempts that are listed.
const NEWEST: usize = 100;

impl Store {
    /// The attempts to set weights, the newest first.
    #[must_use]
    pub fn attempts(&self) -> Table {
        #[derive(Default)]
        struct Attempt<'a> {
            began: Option<OffsetDateTime>,
            ended: Option<OffsetDateTime>,
            steps: u64,
            entries: usize,
            included: Option<u64>,
            last: Option<&'a WeightRow>,
        }
        let mut of: BTreeMap<(Arc<str>, u64), Attempt<'_>> = BTreeMap::new();
        for (time, step) in self.weights.iter() {
            let attempt = of.entry((step.source.clone(), step.attempt)).or_default();
            attempt.began.get_or_insert(time);
            attempt.ended = Some(time);
            attempt.steps += 1;
            attempt.entries = attempt.entries.max(step.entries.len());
            if &*step.stage == "in_block" {
                attempt.included = step.block.max(attempt.included);
            }
            attempt.last = Some(step);
        }
        let mut of: Vec<_> = of.into_iter().collect();
        of.sort_by(|(one_key, one), (other_key, other)| {
            (Reverse(one.began), one_key).cmp(&(Reverse(other.began), other_key))
        });
        of.truncate(NEWEST);
        let rows = of
            .into_iter()
            .map(|((source, number), attempt)| {
                let took = attempt
                    .began
                    .zip(attempt.ended)
                    .map(|(began, ended)| (ended - began).as_seconds_f64());
                row![
                    attempt.began,
                    number,
                    attempt.last.map(|last| last.stage.clone()),
                    attempt.included,
                    attempt.entries,
                    took,
                    attempt.steps,
                    attempt.last.and_then(|last| last.reason.clone()),
                    attempt.last.and_then(|last| last.chain_error.clone()),
                    source,
                ]
            })
            .collect();
        Table {
            name: "attempts",
            title: "Weights",
            about: "attempts to set weights, and how far each came",
            sql: format!(
                "SELECT min(time) AS began, attempt, last_value(stage ORDER BY time, seq) AS stage, max(block) FILTER (WHERE stage = \
                 'in_block') AS included, max(coalesce(array_length(values), 0)) AS entries, (CAST(max(time) AS \
                 BIGINT) - CAST(min(time) AS BIGINT)) / 1e6 AS seconds, count(*) AS steps, last_value(reason ORDER BY time, seq) AS reason, \
                 last_value(chain_error ORDER BY time, seq) AS chain_error, source FROM weight_steps{} GROUP BY source, attempt \
                 ORDER BY began DESC, source, attempt LIMIT {NEWEST}",
                self.sql(&self.weights, true)
            ),
            columns: columns![
                began "Began" Time,
                attempt "Attempt" Count,
                stage "Stage" Outcome,
                included "In block" Block,
                entries "Entries" Count,
                seconds "Took" Seconds,
                steps "Steps" Count,
                reason "Why" Text,
                chain_error "Chain's error" Text,
                source "Validator" Hotkey,
            ],
            rows,
        }
    }

    /// The steps of all attempts by kind.
    #[must_use]
    pub fn stages(&self) -> Table {
        let mut of: BTreeMap<Arc<str>, (u64, BTreeSet<Arc<str>>)> = BTreeMap::new();
        for (_, step) in self.weights.iter() {
            let (steps, sources) = of.entry(step.stage.clone()).or_default();
            *steps += 1;
            sources.insert(step.source.clone());
        }
        let mut of: Vec<_> = of.into_iter().collect();
        of.sort_by(|one, other| (Reverse(one.1.0), &one.0).cmp(&(Reverse(other.1.0), &other.0)));
        Table {
            name: "stages",
            title: "Stages",
            about: "how often each stage was reached",
            sql: format!(
                "SELECT stage, count(*) AS steps, count(DISTINCT source) AS validators FROM weight_steps{} GROUP BY stage ORDER BY \
                 steps DESC, stage",
                self.sql(&self.weights, true)
            ),
            columns: columns![stage "Stage" Outcome, steps "Times" Count, validators "Validators" Count],
            rows: of
                .into_iter()
                .map(|(stage, (steps, sources))| row![stage, steps, sources.len()])
                .collect(),
        }
    }

    /// The newest row of each validator.
    #[must_use]
    pub fn weights(&self) -> Table {
        let mut newest: BTreeMap<Arc<str>, &WeightRow> = BTreeMap::new();
        for (_, step) in self.weights.iter() {
            if !step.entries.is_empty() {
                newest.insert(step.source.clone(), step);
            }
        }
        let mut entries = Vec::new();
        for (source, step) in newest {
            let total: u64 = step.entries.iter().map(|(_, _, value)| u64::from(*value)).sum();
            for (uid, hotkey, value) in &step.entries {
                entries.push((Reverse(*value), hotkey, source.clone(), *uid, total, step.attempt));
            }
        }
        entries.sort();
        let rows = entries
            .into_iter()
            .map(|(Reverse(value), hotkey, source, uid, total, attempt)| {
                let share = if total == 0 {
                    0.0
                } else {
                    f64::from(value) / total as f64
                };
                row![hotkey, uid, share, value, attempt, source]
            })
            .collect();
        Table {
            name: "weights",
            title: "Newest rows",
            about: "the weights that each validator sent last",
            sql: format!(
                "WITH n AS (SELECT source, last_value(attempt ORDER BY time, seq) AS attempt, last_value(uids ORDER BY time, seq) AS \
                 uids, last_value(hotkeys ORDER BY time, seq) AS hotkeys, last_value(values ORDER BY time, seq) AS values FROM \
                 weight_steps{} GROUP BY source), e AS (SELECT source, attempt, unnest(uids) AS uid, unnest(hotkeys) AS hotkey, \
                 unnest(values) AS value FROM n), t AS (SELECT source, sum(value) AS total FROM e GROUP BY source) SELECT hotkey, \
                 uid, CASE WHEN total = 0 THEN 0.0 ELSE CAST(value AS DOUBLE) / total END AS share, value, attempt, e.source AS \
                 source FROM e JOIN t ON e.source = t.source ORDER BY value DESC, hotkey, source",
                self.sql(&self.weights, true)
                    .and("coalesce(array_length(values), 0) > 0")
            ),
            columns: columns![
                hotkey "Hotkey" Hotkey,
                uid "Uid" Uid,
                share "Weight" Share,
                value "Value" Count,
                attempt "Attempt" Count,
                source "Validator" Hotkey,
            ],
            rows,
        }
    }
}
