//! Moving averages: who stands where, and how rewards are spread.

use crate::{
    machine::span_of,
    mean::Mean,
    store::{ScoreRow, Store, bucket},
    table::{Table, columns, row},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use time::OffsetDateTime;

/// Bars of a distribution of rewards from 0 to 1.
pub(crate) const BINS: u64 = 20;

impl Store {
    /// Each miner's newest score at each validator, the best first.
    #[must_use]
    pub fn leaderboard(&self) -> Table {
        #[derive(Default)]
        struct Standing<'a> {
            newest: Option<&'a ScoreRow>,
            reward: Mean,
            at: Option<OffsetDateTime>,
        }
        let mut of: BTreeMap<(Arc<str>, Arc<str>), Standing<'_>> = BTreeMap::new();
        for (time, score) in self.scores.iter() {
            let standing = of
                .entry((score.source.clone(), score.hotkey.clone()))
                .or_default();
            standing.reward.add_some(score.reward);
            standing.newest = Some(score);
            standing.at = Some(time);
        }
        let mut of: Vec<_> = of.into_iter().collect();
        let score = |standing: &Standing<'_>| {
            standing
                .newest
                .and_then(|newest| newest.score)
                .unwrap_or(f64::NEG_INFINITY)
        };
        of.sort_by(|(one_key, one), (other_key, other)| {
            score(other)
                .total_cmp(&score(one))
                .then_with(|| (&one_key.1, &one_key.0).cmp(&(&other_key.1, &other_key.0)))
        });
        let rows = of
            .into_iter()
            .map(|((source, hotkey), standing)| {
                row![
                    hotkey,
                    standing.newest.and_then(|newest| newest.uid),
                    standing.newest.and_then(|newest| newest.score),
                    standing.reward.count(),
                    standing.reward.mean(),
                    standing.newest.map(|newest| newest.step),
                    standing.newest.and_then(|newest| newest.block),
                    source,
                ]
            })
            .collect();
        Table {
            name: "leaderboard",
            title: "Scores",
            about: "each miner's newest moving average, which weights are made of",
            sql: format!(
                "SELECT hotkey, last_value(uid ORDER BY time, seq) AS uid, last_value(score ORDER BY time, seq) AS score, \
                 count(reward) AS rewards, avg(reward) AS mean_reward, last_value(step ORDER BY time, seq) AS step, \
                 last_value(block ORDER BY time, seq) AS block, source FROM scores{} GROUP BY source, hotkey ORDER BY score DESC \
                 NULLS LAST, hotkey, source",
                self.sql(&self.scores, true)
            ),
            columns: columns![
                hotkey "Hotkey" Hotkey,
                uid "Uid" Uid,
                score "Score" Score,
                rewards "Rewards" Count,
                mean_reward "Mean reward" Score,
                step "Step" Count,
                block "Block" Block,
                source "Validator" Hotkey,
            ],
            rows,
        }
    }

    /// Scores of the best miners over time: of each bucket the last.
    #[must_use]
    pub fn score_history(&self) -> Table {
        let seconds = span_of(self.scores.iter().map(|(time, _)| time), 200);
        let mut best: Vec<(Arc<str>, f64)> = Vec::new();
        for line in self.leaderboard().rows {
            if let (Some(hotkey), Some(score)) = (line[0].text(), line[2].number())
                && !best.iter().any(|(known, _)| &**known == hotkey)
            {
                best.push((hotkey.into(), score));
            }
        }
        best.truncate(8);
        let chosen: BTreeSet<Arc<str>> = best.into_iter().map(|(hotkey, _)| hotkey).collect();
        let mut last: BTreeMap<(OffsetDateTime, Arc<str>), Option<f64>> = BTreeMap::new();
        for (time, score) in self.scores.iter() {
            if chosen.contains(&score.hotkey) {
                last.insert((bucket(time, seconds), score.hotkey.clone()), score.score);
            }
        }
        let filter = self.sql(&self.scores, true);
        Table {
            name: "score_history",
            title: "Scores over time",
            about: "moving average of the best miners",
            sql: format!(
                "WITH newest AS (SELECT hotkey, last_value(score ORDER BY time, seq) AS score FROM scores{filter} GROUP BY source, \
                 hotkey), best AS (SELECT hotkey, max(score) AS score FROM newest WHERE score IS NOT NULL GROUP BY hotkey ORDER \
                 BY score DESC, hotkey LIMIT 8) SELECT date_bin(INTERVAL '{seconds} seconds', time) AS time, hotkey, \
                 last_value(score ORDER BY time, seq) AS score FROM scores{} GROUP BY 1, hotkey ORDER BY 1, hotkey",
                filter.and("hotkey IN (SELECT hotkey FROM best)")
            ),
            columns: columns![time "Time" Time, hotkey "Hotkey" Hotkey, score "Score" Score],
            rows: last
                .into_iter()
                .map(|((time, hotkey), score)| row![time, hotkey, score])
                .collect(),
        }
    }

    /// How rewards are spread from 0 to 1.
    #[must_use]
    pub fn reward_distribution(&self) -> Table {
        let mut bins: BTreeMap<u64, (u64, BTreeSet<Arc<str>>)> = BTreeMap::new();
        for (_, score) in self.scores.iter() {
            if let Some(reward) = score.reward {
                let (rewards, miners) = bins.entry(bin(reward)).or_default();
                *rewards += 1;
                miners.insert(score.hotkey.clone());
            }
        }
        Table {
            name: "reward_distribution",
            title: "Rewards",
            about: "how many rewards fell into each twentieth between 0 and 1",
            sql: format!(
                "SELECT greatest(0, least({}, floor(reward * {BINS}))) / {BINS} AS at_least, count(*) AS rewards, count(DISTINCT \
                 hotkey) AS miners FROM scores{} GROUP BY 1 ORDER BY 1",
                BINS - 1,
                self.sql(&self.scores, true).and("reward IS NOT NULL")
            ),
            columns: columns![at_least "From" Score, rewards "Rewards" Count, miners "Miners" Count],
            rows: bins
                .into_iter()
                .map(|(bin, (rewards, miners))| row![bin as f64 / BINS as f64, rewards, miners.len()])
                .collect(),
        }
    }
}

/// The next length of a bucket that people count in.
pub(crate) fn round_seconds(at_least: i64) -> i64 {
    [1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 21_600]
        .into_iter()
        .find(|seconds| *seconds >= at_least)
        .unwrap_or(86_400)
}

/// The bar that a reward falls into.
pub(crate) fn bin(reward: f64) -> u64 {
    ((reward * BINS as f64).floor().max(0.0) as u64).min(BINS - 1)
}
