//! What is logged of an iteration.

use crate::{Privacy, SampleId, Stage, StageError};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};
use std::time::Duration;

/// How long each stage took, by the monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Choosing the sample.
    pub sample: Duration,
    /// Reference and query, side by side.
    pub responses: Duration,
    /// Judging.
    pub rewards: Duration,
    /// Applying.
    pub weights: Duration,
    /// From the start to the end of applying. What the next wait is shortened by; a log hook may change it.
    pub total: Duration,
}

/// The log record of one iteration. As JSON it has the original's keys, seconds as numbers.
///
/// Of an organic sample it holds no text but what is declared to be public: see [`insert`](Self::insert) and
/// [`label`](Self::label).
#[derive(Clone, Debug, PartialEq)]
pub struct LogRecord {
    /// Durations.
    pub times: StageTimes,
    /// Samples in the queue after this one was taken out.
    pub queue_size: usize,
    /// Whether a user asked.
    pub is_organic: bool,
    /// Which sample; nothing when none could be had.
    pub sample_id: Option<SampleId>,
    /// The how-manieth try, from 1.
    pub attempt: u32,
    /// Where it failed, or `log` when it got through.
    pub stage: Stage,
    /// What went wrong.
    pub error: Option<String>,
    privacy: Privacy,
    extras: Map<String, Value>,
    withheld: Vec<String>,
}

/// Names that the record has itself.
const RESERVED: [&str; 13] = [
    "organic_time_sample",
    "organic_time_responses",
    "organic_time_rewards",
    "organic_time_weights",
    "organic_time_total",
    "organic_queue_size",
    "organic_queue_len",
    "is_organic_sample",
    "sample_id",
    "attempt",
    "stage",
    "error",
    "withheld",
];

impl LogRecord {
    pub(crate) fn new(privacy: Privacy) -> Self {
        Self {
            times: StageTimes::default(),
            queue_size: 0,
            is_organic: false,
            sample_id: None,
            attempt: 0,
            stage: Stage::Sample,
            error: None,
            privacy,
            extras: Map::new(),
            withheld: Vec::new(),
        }
    }

    pub(crate) fn fail(&mut self, error: &StageError) {
        self.stage = error.stage;
        self.error = Some(if self.is_private() {
            error.public_text()
        } else {
            error.private_text()
        });
    }

    /// Whether texts are withheld.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.is_organic && self.privacy == Privacy::Withhold
    }

    /// Adds a value. Of an organic sample, one that holds any text is withheld, and only its key is told: what a user
    /// wrote, a miner answered or a model referred to is text. The record's own keys cannot be changed.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        if self.is_private() && holds_text(&value) {
            self.withheld.push(key);
        } else {
            self.set(key, value);
        }
    }

    /// Adds a text that was there before any user wrote: the name of a task or model, an address.
    pub fn label(&mut self, key: impl Into<String>, text: &'static str) {
        self.set(key.into(), text.into());
    }

    /// What hooks added.
    #[must_use]
    pub const fn extras(&self) -> &Map<String, Value> {
        &self.extras
    }

    /// Keys whose values were withheld.
    #[must_use]
    pub fn withheld(&self) -> &[String] {
        &self.withheld
    }

    fn set(&mut self, key: String, value: Value) {
        if !RESERVED.contains(&key.as_str()) {
            self.extras.insert(key, value);
        }
    }
}

/// Keys of objects are texts too: a hook may count the words of a prompt.
fn holds_text(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(_) => true,
        Value::Array(values) => values.iter().any(holds_text),
        Value::Object(fields) => !fields.is_empty(),
    }
}

impl Serialize for LogRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let times = &self.times;
        let mut map = serializer.serialize_map(None)?;
        for (key, time) in [
            ("organic_time_sample", times.sample),
            ("organic_time_responses", times.responses),
            ("organic_time_rewards", times.rewards),
            ("organic_time_weights", times.weights),
            ("organic_time_total", times.total),
        ] {
            map.serialize_entry(key, &time.as_secs_f64())?;
        }
        map.serialize_entry("organic_queue_size", &self.queue_size)?;
        map.serialize_entry("organic_queue_len", &self.queue_size)?;
        map.serialize_entry("is_organic_sample", &self.is_organic)?;
        map.serialize_entry("sample_id", &self.sample_id)?;
        map.serialize_entry("attempt", &self.attempt)?;
        map.serialize_entry("stage", self.stage.name())?;
        map.serialize_entry("error", &self.error)?;
        if !self.withheld.is_empty() {
            map.serialize_entry("withheld", &self.withheld)?;
        }
        for (key, value) in &self.extras {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
