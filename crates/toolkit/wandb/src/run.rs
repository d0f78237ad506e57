//! A run: what it has taken so far, and how an event becomes a line of it. Pure; the clock is the events' own.

use crate::{config::Rotation, hardware, redact::Redactor};
use assay_records::Row;
use rand::{Rng, distr::Uniform};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// The stream whose columns keep their names: those are the seed's own, which its analyses ask for.
const UNPREFIXED: &str = "prompting_steps";

/// Longest text that the summary holds: it is shown in a table of runs, and sent whole each time.
const SUMMARY_TEXT: usize = 256;

/// A line of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// Something that happened.
    History(Map<String, Value>),
    /// What the machine used.
    System(SystemLine),
}

/// What the machine used at a moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SystemLine {
    /// When.
    pub(crate) time: OffsetDateTime,
    /// Seconds since the run began.
    pub(crate) runtime: f64,
    /// The names do not begin with `system.`.
    pub(crate) metrics: Map<String, Value>,
}

/// A run and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Its name in addresses.
    pub(crate) id: String,
    /// The time of its first event.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) began: OffsetDateTime,
    /// Lines of its history, which is also the next line's `_step`.
    pub(crate) lines: u64,
    /// Lines of its history that the server holds: fewer than `lines` when it lost the run.
    pub(crate) sent: u64,
    /// Lines of system metrics.
    pub(crate) system_lines: u64,
    /// The last value of each key.
    pub(crate) summary: Map<String, Value>,
    /// By what counts them: the last step, and how many steps there were.
    steps: BTreeMap<String, (u64, u64)>,
    /// Where the server put it; `None` until it was told of the run.
    pub(crate) home: Option<Home>,
    /// Bytes of the run's file, when it is written offline.
    pub(crate) file_bytes: u64,
    /// Records in that file.
    pub(crate) file_records: i64,
}

/// Where a run is on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Home {
    pub(crate) entity: String,
    pub(crate) project: String,
    /// The name that people see.
    pub(crate) display_name: String,
}

impl Run {
    pub(crate) fn new(began: OffsetDateTime, randomness: &mut impl Rng) -> Self {
        Self {
            id: new_id(randomness),
            began,
            lines: 0,
            sent: 0,
            system_lines: 0,
            summary: Map::new(),
            steps: BTreeMap::new(),
            home: None,
            file_bytes: 0,
            file_records: 0,
        }
    }

    /// Whether the event belongs to this run, or to the next.
    pub(crate) fn takes(&self, row: &Row, rotation: Rotation) -> bool {
        if self.lines >= rotation.lines {
            return false;
        }
        let Some((counter, step)) = step_of(row) else {
            return true;
        };
        match self.steps.get(&counter) {
            Some((last, count)) => step == *last || *count < rotation.steps,
            None => true,
        }
    }

    /// Makes a line of the event.
    pub(crate) fn add(&mut self, row: &Row, redactor: &Redactor) -> Line {
        let time = row.stamp.time;
        let runtime = (time - self.began).as_seconds_f64().max(0.0);
        if let Some((counter, step)) = step_of(row) {
            let seen = self.steps.entry(counter).or_insert((step, 1));
            if seen.0 != step {
                *seen = (step, seen.1 + 1);
            }
        }
        if row.stream == hardware::STREAM {
            self.system_lines += 1;
            return Line::System(SystemLine {
                time,
                runtime,
                metrics: hardware::metrics(&row.fields),
            });
        }
        let mut line = named(&row.stream, redactor.event(&row.fields));
        if let Some(weights) = set_weights(&row.fields) {
            line.insert("set_weights".to_owned(), weights);
        }
        line.insert("_step".to_owned(), self.lines.into());
        line.insert("_runtime".to_owned(), runtime.into());
        line.insert("_timestamp".to_owned(), seconds(time).into());
        self.lines += 1;
        self.sent += 1;
        self.sum_up(&line);
        Line::History(line)
    }

    fn sum_up(&mut self, line: &Map<String, Value>) {
        for (name, value) in line {
            let fits = match value {
                Value::String(text) => text.len() <= SUMMARY_TEXT,
                Value::Number(_) | Value::Bool(_) => true,
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            };
            if fits {
                self.summary.insert(name.clone(), value.clone());
            }
        }
        if let Some(runtime) = line.get("_runtime").and_then(Value::as_f64) {
            self.summary
                .insert("_wandb".to_owned(), json!({ "runtime": runtime as u64 }));
        }
    }

    /// The server does not have the run's lines any more: those to come are its first.
    pub(crate) fn begin_files_anew(&mut self) {
        self.sent = 0;
        self.system_lines = 0;
    }

    /// Seconds that it lasted.
    pub(crate) fn runtime(&self) -> f64 {
        self.summary
            .get("_runtime")
            .and_then(Value::as_f64)
            .unwrap_or(0.0)
    }
}

/// Seconds since 1970.
pub(crate) fn seconds(time: OffsetDateTime) -> f64 {
    (time - OffsetDateTime::UNIX_EPOCH).as_seconds_f64()
}

/// Eight lower-case letters and digits, as the official client makes them.
fn new_id(randomness: &mut impl Rng) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let Ok(places) = Uniform::new(0, LETTERS.len()) else {
        return String::new();
    };
    (0..8)
        .filter_map(|_| LETTERS.get(randomness.sample(places)))
        .map(|letter| char::from(*letter))
        .collect()
}

/// The validator's step that an event is of, and what counts it: two systems that write one log count each by itself.
fn step_of(row: &Row) -> Option<(String, u64)> {
    let step = row.fields.get("step")?.as_u64()?;
    let system = row
        .fields
        .get("system")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Some((format!("{}/{system}", row.stream), step))
}

/// Columns of different streams have the same names, so they carry their stream's.
fn named(stream: &str, fields: Map<String, Value>) -> Map<String, Value> {
    if stream == UNPREFIXED {
        return fields;
    }
    fields
        .into_iter()
        .map(|(name, value)| (format!("{stream}/{name}"), value))
        .collect()
}

/// A row of weights as the seed logged it: pairs of a uid and its share.
fn set_weights(fields: &Map<String, Value>) -> Option<Value> {
    let uids = fields.get("uids")?.as_array()?;
    let values = fields.get("values")?.as_array()?;
    let sum: f64 = values.iter().filter_map(Value::as_f64).sum();
    if uids.len() != values.len() || sum <= 0.0 {
        return None;
    }
    let pairs = uids
        .iter()
        .zip(values)
        .map(|(uid, value)| Some(json!([uid, value.as_f64()? / sum])));
    pairs.collect::<Option<Vec<Value>>>().map(Value::Array)
}
