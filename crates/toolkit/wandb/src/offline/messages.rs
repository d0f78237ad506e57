//! The records of a run's file, as far as we write them. Names and numbers of the fields are the official client's; what
//! is missing here it takes as not set.

use crate::{
    config::WandbConfig,
    run::{Run, SystemLine},
};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// The oldest reader that takes these records, by the number that the official client writes.
const MIN_CONSUMER: &str = "0.70.0";

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Record {
    /// Counts the file's records from 1.
    #[prost(int64, tag = "1")]
    number: i64,
    #[prost(oneof = "Kind", tags = "2, 3, 7, 17, 18, 21")]
    kind: Option<Kind>,
    #[prost(message, optional, tag = "200")]
    info: Option<RecordInfo>,
}

impl Record {
    pub(super) fn new(number: i64, run: &str, kind: Kind) -> Self {
        Self {
            number,
            kind: Some(kind),
            info: Some(RecordInfo {
                stream: run.to_owned(),
            }),
        }
    }
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Kind {
    #[prost(message, tag = "2")]
    History(History),
    #[prost(message, tag = "3")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    Stats(Stats),
    #[prost(message, tag = "17")]
    Run(Begun),
    #[prost(message, tag = "18")]
    Exit(Exit),
    #[prost(message, tag = "21")]
    Header(Header),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RecordInfo {
    #[prost(string, tag = "1")]
    stream: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Header {
    #[prost(message, optional, tag = "1")]
    version: Option<Version>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Version {
    #[prost(string, tag = "1")]
    producer: String,
    #[prost(string, tag = "2")]
    min_consumer: String,
}

/// A run begins.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Begun {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    entity: String,
    #[prost(string, tag = "3")]
    project: String,
    #[prost(message, optional, tag = "4")]
    config: Option<Settings>,
    #[prost(string, tag = "8")]
    display_name: String,
    #[prost(string, tag = "9")]
    notes: String,
    #[prost(string, repeated, tag = "10")]
    tags: Vec<String>,
    #[prost(message, optional, tag = "17")]
    start_time: Option<Moment>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Settings {
    #[prost(message, repeated, tag = "1")]
    update: Vec<NamedValue>,
}

/// A line of history.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct History {
    #[prost(message, repeated, tag = "1")]
    items: Vec<NestedValue>,
    #[prost(message, optional, tag = "2")]
    step: Option<Step>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Step {
    #[prost(int64, tag = "1")]
    number: i64,
}

/// What changed of the summary.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub(super) update: Vec<NestedValue>,
}

/// System metrics; the kind that is not set is the machine's.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Stats {
    #[prost(message, optional, tag = "2")]
    time: Option<Moment>,
    #[prost(message, repeated, tag = "3")]
    items: Vec<NamedValue>,
}

/// A run ends. Its code is 0, which is not written.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Exit {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(int32, tag = "2")]
    runtime: i32,
}

/// A value under one name.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct NamedValue {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "16")]
    json: String,
}

/// A value under a path of names. Older readers take the path only, even where it is one name.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct NestedValue {
    #[prost(string, repeated, tag = "2")]
    path: Vec<String>,
    #[prost(string, tag = "16")]
    json: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Moment {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

pub(super) fn header() -> Header {
    Header {
        version: Some(Version {
            producer: concat!("assay-", env!("CARGO_PKG_VERSION")).to_owned(),
            min_consumer: MIN_CONSUMER.to_owned(),
        }),
    }
}

pub(super) fn begun(run: &Run, config: &WandbConfig, settings: &Map<String, Value>) -> Begun {
    Begun {
        id: run.id.clone(),
        entity: config.entity.clone().unwrap_or_default(),
        project: config.project.clone(),
        config: Some(Settings {
            update: settings.iter().map(named).collect(),
        }),
        display_name: config.name.clone().unwrap_or_default(),
        notes: config.notes.clone().unwrap_or_default(),
        tags: config.all_tags(),
        start_time: Some(moment(run.began)),
    }
}

pub(super) fn history(line: &Map<String, Value>) -> History {
    History {
        items: line.iter().map(nested).collect(),
        step: line
            .get("_step")
            .and_then(Value::as_i64)
            .map(|number| Step { number }),
    }
}

pub(super) fn stats(line: &SystemLine) -> Stats {
    Stats {
        time: Some(moment(line.time)),
        items: line.metrics.iter().map(named).collect(),
    }
}

/// What changed from one summary to the next.
pub(super) fn summary(before: &Map<String, Value>, after: &Map<String, Value>) -> Summary {
    Summary {
        update: after
            .iter()
            .filter(|(name, value)| before.get(*name) != Some(*value))
            .map(nested)
            .collect(),
    }
}

pub(super) fn exit(run: &Run) -> Exit {
    Exit {
        code: 0,
        // Saturates.
        runtime: run.runtime() as i32,
    }
}

fn named((name, value): (&String, &Value)) -> NamedValue {
    NamedValue {
        name: name.clone(),
        json: value.to_string(),
    }
}

fn nested((name, value): (&String, &Value)) -> NestedValue {
    NestedValue {
        path: vec![name.clone()],
        json: value.to_string(),
    }
}

fn moment(time: OffsetDateTime) -> Moment {
    Moment {
        seconds: time.unix_timestamp(),
        nanos: i32::try_from(time.nanosecond()).unwrap_or(0),
    }
}
