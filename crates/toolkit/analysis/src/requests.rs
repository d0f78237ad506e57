//! Users' requests and synthetic ones: how many, who answered, what it was worth.

use crate::{
    machine::span_of,
    mean::Mean,
    scores::{BINS, bin},
    store::{Store, bucket},
    table::{Table, columns, row},
};
use std::{collections::BTreeMap, sync::Arc};
use time::OffsetDateTime;

/// Requests that are listed.
const NEWEST: usize = 50;

impl Store {
    /// Requests by time.
    #[must_use]
    pub fn traffic(&self) -> Table {
        let seconds = span_of(self.samples.iter().map(|(time, _)| time), 60);
        let mut of: BTreeMap<OffsetDateTime, ([u64; 3], Mean)> = BTreeMap::new();
        for (time, sample) in self.samples.iter() {
            let (counts, took) = of.entry(bucket(time, seconds)).or_default();
            counts[0] += u64::from(sample.is_organic);
            counts[1] += u64::from(!sample.is_organic);
            counts[2] += u64::from(sample.error.is_some());
            took.add_some(sample.seconds);
        }
        Table {
            name: "traffic",
            title: "Requests",
            about: "requests that were judged, by time",
            sql: format!(
                "SELECT date_bin(INTERVAL '{seconds} seconds', time) AS time, count(*) FILTER (WHERE is_organic) AS organic, \
                 count(*) FILTER (WHERE NOT is_organic) AS synthetic, count(error) AS failed, avg(total_seconds) AS seconds \
                 FROM organic_iterations{} GROUP BY 1 ORDER BY 1",
                self.sql(&self.samples, false)
            ),
            columns: columns![
                time "Time" Time,
                organic "Users'" Count,
                synthetic "Synthetic" Count,
                failed "Failed" Count,
                seconds "Mean time" Seconds,
            ],
            rows: of
                .into_iter()
                .map(|(time, ([organic, synthetic, failed], took))| {
                    row![time, organic, synthetic, failed, took.mean()]
                })
                .collect(),
        }
    }

    /// How each miner answered requests.
    #[must_use]
    pub fn answers(&self) -> Table {
        #[derive(Default)]
        struct Answers {
            asked: u64,
            answered: u64,
            own_fault: u64,
            reward: Mean,
            seconds: Mean,
        }
        let mut of: BTreeMap<Arc<str>, Answers> = BTreeMap::new();
        for (_, sample) in self.samples.iter() {
            for given in &sample.rewards {
                let answers = of.entry(given.hotkey.clone()).or_default();
                answers.asked += 1;
                answers.answered += u64::from(&*given.outcome == "answered");
                answers.own_fault += u64::from(&*given.outcome == "own_fault");
                answers.reward.add_some(given.reward);
                answers.seconds.add_some(given.seconds);
            }
        }
        let mut of: Vec<_> = of.into_iter().collect();
        let mean = |answers: &Answers| answers.reward.mean().unwrap_or(f64::NEG_INFINITY);
        of.sort_by(|(one_key, one), (other_key, other)| {
            mean(other).total_cmp(&mean(one)).then(one_key.cmp(other_key))
        });
        Table {
            name: "answers",
            title: "Answers",
            about: "how each miner answered, and what it was worth",
            sql: format!(
                "SELECT g['hotkey'] AS hotkey, count(*) AS asked, count(*) FILTER (WHERE g['outcome'] = 'answered') AS answered, \
                 count(*) FILTER (WHERE g['outcome'] = 'own_fault') AS own_fault, avg(g['reward']) AS mean_reward, \
                 max(g['reward']) AS best_reward, avg(g['seconds']) AS seconds FROM (SELECT unnest(rewards) AS g FROM \
                 organic_iterations{}) GROUP BY 1 ORDER BY mean_reward DESC NULLS LAST, hotkey",
                self.sql(&self.samples, false)
            ),
            columns: columns![
                hotkey "Hotkey" Hotkey,
                asked "Asked" Count,
                answered "Answered" Count,
                own_fault "Our own fault" Count,
                mean_reward "Mean reward" Score,
                best_reward "Best reward" Score,
                seconds "First words" Seconds,
            ],
            rows: of
                .into_iter()
                .map(|(hotkey, answers)| {
                    row![
                        hotkey,
                        answers.asked,
                        answers.answered,
                        answers.own_fault,
                        answers.reward.mean(),
                        answers.reward.max(),
                        answers.seconds.mean(),
                    ]
                })
                .collect(),
        }
    }

    /// How the rewards of answers are spread from 0 to 1.
    #[must_use]
    pub fn answer_rewards(&self) -> Table {
        let mut bins: BTreeMap<u64, u64> = BTreeMap::new();
        for (_, sample) in self.samples.iter() {
            for reward in sample.rewards.iter().filter_map(|given| given.reward) {
                *bins.entry(bin(reward)).or_default() += 1;
            }
        }
        Table {
            name: "answer_rewards",
            title: "Rewards of answers",
            about: "how many rewards fell into each twentieth between 0 and 1",
            sql: format!(
                "SELECT greatest(0, least({}, floor(g['reward'] * {BINS}))) / {BINS} AS at_least, count(*) AS rewards FROM (SELECT \
                 unnest(rewards) AS g FROM organic_iterations{}) WHERE g['reward'] IS NOT NULL GROUP BY 1 ORDER BY 1",
                BINS - 1,
                self.sql(&self.samples, false)
            ),
            columns: columns![at_least "From" Score, rewards "Rewards" Count],
            rows: bins
                .into_iter()
                .map(|(bin, rewards)| row![bin as f64 / BINS as f64, rewards])
                .collect(),
        }
    }

    /// The newest requests.
    #[must_use]
    pub fn requests(&self) -> Table {
        let rows = self
            .samples
            .iter()
            .rev()
            .take(NEWEST)
            .map(|(time, sample)| {
                let mut reward = Mean::default();
                for given in &sample.rewards {
                    reward.add_some(given.reward);
                }
                row![
                    time,
                    sample.sample.clone(),
                    sample.is_organic,
                    sample.is_private,
                    sample.rewards.len(),
                    reward.max(),
                    sample.seconds,
                    sample.queue_size,
                    &sample.stage,
                    sample.error.clone(),
                ]
            })
            .collect();
        Table {
            name: "requests",
            title: "Newest requests",
            about: "what was judged last",
            sql: format!(
                "WITH o AS (SELECT * FROM organic_iterations{} ORDER BY time DESC, seq DESC LIMIT {NEWEST}), r AS (SELECT source, \
                 seq, max(g['reward']) AS best_reward FROM (SELECT source, seq, unnest(rewards) AS g FROM o) GROUP BY source, seq) \
                 SELECT time, sample, is_organic, is_private, coalesce(array_length(rewards), 0) AS miners, best_reward, \
                 total_seconds AS seconds, queue_size, stage, error FROM o LEFT JOIN r ON o.source = r.source AND o.seq = r.seq \
                 ORDER BY time DESC, o.seq DESC",
                self.sql(&self.samples, false)
            ),
            columns: columns![
                time "Time" Time,
                sample "Sample" Text,
                is_organic "User's" Flag,
                is_private "Private" Flag,
                miners "Miners" Count,
                best_reward "Best reward" Score,
                seconds "Took" Seconds,
                queue_size "Waiting" Count,
                stage "Stage" Outcome,
                error "Error" Text,
            ],
            rows,
        }
    }
}
