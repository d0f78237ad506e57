//! The machine and the program: steps, blocks, load, and what the axon was asked.

use crate::{
    mean::Mean,
    scores::round_seconds,
    store::{Store, bucket},
    table::{Table, columns, row},
};
use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};
use time::OffsetDateTime;

impl Store {
    /// How validators' steps went.
    #[must_use]
    pub fn forwards(&self) -> Table {
        #[derive(Default)]
        struct Steps {
            steps: u64,
            failed: u64,
            asked: u64,
            answered: u64,
            seconds: Mean,
        }
        let mut of: BTreeMap<(Arc<str>, Arc<str>), Steps> = BTreeMap::new();
        for (_, step) in self.forwards.iter() {
            let steps = of.entry((step.system.clone(), step.source.clone())).or_default();
            steps.steps += 1;
            steps.failed += u64::from(step.failed.is_some());
            steps.asked += u64::from(step.asked);
            steps.answered += u64::from(step.answered);
            steps.seconds.add_some(step.seconds);
        }
        Table {
            name: "forwards",
            title: "Steps",
            about: "how validators' steps went",
            sql: format!(
                "SELECT system, count(*) AS steps, count(failed) AS failed, sum(asked) AS asked, sum(answered) AS answered, \
                 avg(seconds) AS seconds, max(seconds) AS longest, source FROM forwards{} GROUP BY system, source ORDER BY system, \
                 source",
                self.sql(&self.forwards, true)
            ),
            columns: columns![
                system "System" Text,
                steps "Steps" Count,
                failed "Failed" Count,
                asked "Asked" Count,
                answered "Answered" Count,
                seconds "Mean time" Seconds,
                longest "Longest" Seconds,
                source "Validator" Hotkey,
            ],
            rows: of
                .into_iter()
                .map(|((system, source), steps)| {
                    row![
                        system,
                        steps.steps,
                        steps.failed,
                        steps.asked,
                        steps.answered,
                        steps.seconds.mean(),
                        steps.seconds.max(),
                        source,
                    ]
                })
                .collect(),
        }
    }

    /// How long steps took, by time.
    #[must_use]
    pub fn step_times(&self) -> Table {
        let length = span_of(self.forwards.iter().map(|(time, _)| time), 120);
        let mut of: BTreeMap<OffsetDateTime, (u64, Mean)> = BTreeMap::new();
        for (time, step) in self.forwards.iter() {
            let (steps, seconds) = of.entry(bucket(time, length)).or_default();
            *steps += 1;
            seconds.add_some(step.seconds);
        }
        Table {
            name: "step_times",
            title: "Time of a step",
            about: "how long a validator's step took",
            sql: format!(
                "SELECT date_bin(INTERVAL '{length} seconds', time) AS time, count(*) AS steps, avg(seconds) AS seconds, \
                 max(seconds) AS longest FROM forwards{} GROUP BY 1 ORDER BY 1",
                self.sql(&self.forwards, true)
            ),
            columns: columns![
                time "Time" Time,
                steps "Steps" Count,
                seconds "Mean" Seconds,
                longest "Longest" Seconds,
            ],
            rows: of
                .into_iter()
                .map(|(time, (steps, seconds))| row![time, steps, seconds.mean(), seconds.max()])
                .collect(),
        }
    }

    /// The time between blocks.
    #[must_use]
    pub fn block_times(&self) -> Table {
        let length = span_of(self.blocks.iter().map(|(time, _)| time), 120);
        let mut of: BTreeMap<OffsetDateTime, (u64, Mean, Option<u64>)> = BTreeMap::new();
        for (time, seen) in self.blocks.iter() {
            let (blocks, seconds, newest) = of.entry(bucket(time, length)).or_default();
            *blocks += 1;
            seconds.add_some(seen.seconds);
            *newest = Some(seen.block).max(*newest);
        }
        Table {
            name: "block_times",
            title: "Time between blocks",
            about: "how long the chain took from one block to the next, as this program saw them",
            sql: format!(
                "SELECT date_bin(INTERVAL '{length} seconds', time) AS time, count(*) AS blocks, avg(seconds) AS seconds, \
                 max(seconds) AS longest, max(block) AS newest FROM blocks{} GROUP BY 1 ORDER BY 1",
                self.sql(&self.blocks, false)
            ),
            columns: columns![
                time "Time" Time,
                blocks "Blocks" Count,
                seconds "Mean" Seconds,
                longest "Longest" Seconds,
                newest "Newest" Block,
            ],
            rows: of
                .into_iter()
                .map(|(time, (blocks, seconds, newest))| {
                    row![time, blocks, seconds.mean(), seconds.max(), newest]
                })
                .collect(),
        }
    }

    /// What the machine used.
    #[must_use]
    pub fn hardware(&self) -> Table {
        #[derive(Default)]
        struct Load {
            cpu: Mean,
            memory: Mean,
            own_cpu: Mean,
            own_memory: Mean,
            gpu: Mean,
            files: Mean,
            free: Option<u64>,
        }
        let length = span_of(self.hardware.iter().map(|(time, _)| time), 120);
        let mut of: BTreeMap<OffsetDateTime, Load> = BTreeMap::new();
        for (time, seen) in self.hardware.iter() {
            let load = of.entry(bucket(time, length)).or_default();
            load.cpu.add_some(seen.cpu_percent);
            load.memory
                .add_some(seen.memory_used_bytes.map(|bytes| bytes as f64));
            load.own_cpu.add_some(seen.process_cpu_percent);
            load.own_memory
                .add_some(seen.process_memory_bytes.map(|bytes| bytes as f64));
            load.files.add_some(seen.open_files.map(f64::from));
            for gpu in &seen.gpus {
                load.gpu.add_some(gpu.percent);
            }
            load.free = match (load.free, seen.disk_free_bytes) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        Table {
            name: "hardware",
            title: "Machine",
            about: "what the machine and this program used",
            sql: format!(
                "WITH h AS (SELECT *, date_bin(INTERVAL '{length} seconds', time) AS at FROM hardware{0}), g AS (SELECT at, \
                 avg(g['percent']) AS gpu_percent FROM (SELECT at, unnest(gpus) AS g FROM h) GROUP BY at), m AS (SELECT at, \
                 avg(cpu_percent) AS cpu_percent, avg(memory_used_bytes) AS memory_used, avg(process_cpu_percent) AS \
                 process_cpu_percent, avg(process_memory_bytes) AS process_memory, max(process_memory_bytes) AS \
                 most_process_memory, max(open_files) AS open_files, min(disk_free_bytes) AS disk_free FROM h GROUP BY at) SELECT \
                 m.at AS time, cpu_percent, memory_used, process_cpu_percent, process_memory, most_process_memory, open_files, \
                 disk_free, gpu_percent FROM m LEFT JOIN g ON m.at = g.at ORDER BY 1",
                self.sql(&self.hardware, false)
            ),
            columns: columns![
                time "Time" Time,
                cpu_percent "Processors" Percent,
                memory_used "Memory" Bytes,
                process_cpu_percent "This program" Percent,
                process_memory "Its memory" Bytes,
                most_process_memory "At most" Bytes,
                open_files "Open files" Count,
                disk_free "Free disk" Bytes,
                gpu_percent "GPU" Percent,
            ],
            rows: of
                .into_iter()
                .map(|(time, load)| {
                    row![
                        time,
                        load.cpu.mean(),
                        load.memory.mean(),
                        load.own_cpu.mean(),
                        load.own_memory.mean(),
                        load.own_memory.max(),
                        load.files.max(),
                        load.free,
                        load.gpu.mean(),
                    ]
                })
                .collect(),
        }
    }

    /// What the axon was asked, by route and answer.
    #[must_use]
    pub fn calls(&self) -> Table {
        #[derive(Default)]
        struct Calls {
            calls: u64,
            callers: std::collections::BTreeSet<Arc<str>>,
            bytes_in: u64,
            bytes_out: u64,
            weighed: f64,
            timed: u64,
            longest: Option<f64>,
        }
        /// Route, status, and why it was refused.
        type Answer = (Option<Arc<str>>, u16, Option<Arc<str>>);
        let mut of: BTreeMap<Answer, Calls> = BTreeMap::new();
        for (_, minute) in self.calls.iter() {
            let key = (minute.route.clone(), minute.status, minute.refusal.clone());
            let calls = of.entry(key).or_default();
            calls.calls += minute.calls;
            calls.callers.extend(minute.caller.clone());
            calls.bytes_in += minute.request_bytes;
            calls.bytes_out += minute.answer_bytes;
            if let Some(mean) = minute.seconds_mean {
                calls.weighed += mean * minute.calls as f64;
                calls.timed += minute.calls;
            }
            if let Some(max) = minute.seconds_max {
                calls.longest = Some(calls.longest.map_or(max, |longest| longest.max(max)));
            }
        }
        let mut of: Vec<_> = of.into_iter().collect();
        // What is null comes last, as in the query.
        let last = |name: &Option<Arc<str>>| (name.is_none(), name.clone());
        of.sort_by_key(|((route, status, refusal), calls)| {
            (Reverse(calls.calls), last(route), *status, last(refusal))
        });
        Table {
            name: "calls",
            title: "Requests to the axon",
            about: "what the axon was asked, and what it answered",
            sql: format!(
                "SELECT route, status, refusal, sum(calls) AS calls, count(DISTINCT caller) AS callers, sum(request_bytes) AS \
                 bytes_in, sum(answer_bytes) AS bytes_out, sum(seconds_mean * calls) / sum(calls) FILTER (WHERE seconds_mean IS \
                 NOT NULL) AS seconds, max(seconds_max) AS longest FROM axon_calls{} GROUP BY route, status, refusal ORDER BY \
                 calls DESC, route NULLS LAST, status, refusal NULLS LAST",
                self.sql(&self.calls, false)
            ),
            columns: columns![
                route "Route" Text,
                status "Status" Count,
                refusal "Refused for" Text,
                calls "Requests" Count,
                callers "Callers" Count,
                bytes_in "Received" Bytes,
                bytes_out "Sent" Bytes,
                seconds "Mean time" Seconds,
                longest "Longest" Seconds,
            ],
            rows: of
                .into_iter()
                .map(|((route, status, refusal), calls)| {
                    row![
                        route,
                        status,
                        refusal,
                        calls.calls,
                        calls.callers.len(),
                        calls.bytes_in,
                        calls.bytes_out,
                        (calls.timed > 0).then(|| calls.weighed / calls.timed as f64),
                        calls.longest,
                    ]
                })
                .collect(),
        }
    }
}

/// Seconds of a bucket, so that about so many cover the time.
pub(crate) fn span_of(mut times: impl DoubleEndedIterator<Item = OffsetDateTime>, buckets: i64) -> i64 {
    let span = match (times.next(), times.next_back()) {
        (Some(first), Some(last)) => (last - first).whole_seconds(),
        _ => 0,
    };
    round_seconds(span / buckets)
}
