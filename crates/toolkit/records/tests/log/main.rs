//! The event log through its files: what is recorded comes back, whatever happens in between.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod damage;
mod follow;
mod full_disk;
mod kill;
mod rolling;
mod shape;

use assay_records::{Day, Event, Log, LogConfig, Stream, read};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use time::{OffsetDateTime, macros::datetime};

/// A question and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Question {
    /// Counts up.
    number: u64,
    /// What was asked.
    text: String,
    /// The answers' scores, of those that had one.
    scores: Vec<Option<f64>>,
}

impl Stream for Question {
    const NAME: &'static str = "questions";
    const VERSION: u32 = 1;
}

fn question(number: u64) -> Question {
    Question {
        number,
        text: format!("What is {number} times \"two\"?\nSay so in ä word."),
        scores: vec![Some(0.1 * number as f64), None],
    }
}

const NOON: OffsetDateTime = datetime!(2026-11-29 12:00:00 UTC);

fn config(folder: &Path) -> LogConfig {
    LogConfig::new(folder, "5Fsource")
}

fn record(log: &Log, numbers: std::ops::Range<u64>) {
    for number in numbers {
        log.record(NOON, &question(number)).unwrap();
    }
}

fn events(folder: &Path) -> Vec<Event<Question>> {
    read(folder, ..).unwrap().collect::<Result<_, _>>().unwrap()
}

fn numbers(folder: &Path) -> Vec<u64> {
    events(folder).iter().map(|event| event.event.number).collect()
}

/// Files of the table with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_recorded_comes_back_from_lines_and_from_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    let midnight = datetime!(2026-11-30 00:00:00.000001 UTC);
    log.record(NOON, &question(0)).unwrap();
    log.record(midnight, &question(1)).unwrap();
    log.record(NOON, &question(2)).unwrap();
    log.flush().unwrap();
    let by_day = events(folder.path());
    assert_eq!(
        by_day
            .iter()
            .map(|event| (event.stamp.seq, event.stamp.time, event.event.clone()))
            .collect::<Vec<_>>(),
        [
            (0, NOON, question(0)),
            (2, NOON, question(2)),
            (1, midnight, question(1)),
        ]
    );
    assert!(by_day.iter().all(|event| event.stamp.source == "5Fsource"));
    let second_day: Day = "2026-11-30".parse().unwrap();
    let later: Vec<_> = read::<Question>(folder.path(), second_day..)
        .unwrap()
        .map(|event| event.unwrap().event.number)
        .collect();
    assert_eq!(later, [1]);

    log.roll().unwrap();
    assert_eq!(files(folder.path(), "jsonl"), Vec::<PathBuf>::new());
    assert_eq!(files(folder.path(), "parquet").len(), 2);
    assert_eq!(events(folder.path()), by_day);
}

#[test]
fn numbers_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for start in 0..3 {
        let log = Log::open(config(folder.path())).unwrap();
        record(&log, start * 10..start * 10 + 10);
    }
    let events = events(folder.path());
    assert_eq!(events.len(), 30);
    assert!(
        events
            .iter()
            .enumerate()
            .all(|(place, event)| event.stamp.seq == place as u64 && event.event.number == place as u64)
    );
}

#[test]
fn one_folder_is_written_by_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    let refused = Log::open(config(folder.path())).unwrap_err();
    assert!(refused.to_string().contains("another process"), "{refused}");
    drop(log);
    Log::open(config(folder.path())).unwrap();
}

#[test]
fn secrets_are_struck_out_wherever_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "hf_\"quoted\"_token";
    let log = Log::open(LogConfig {
        secrets: vec![secret.to_owned().into(), "short".to_owned().into()],
        ..config(folder.path())
    })
    .unwrap();
    let told = Question {
        text: format!("my key is {secret}, and short stays"),
        ..question(1)
    };
    log.record(NOON, &told).unwrap();
    log.flush().unwrap();
    let lines = fs_err::read_to_string(&files(folder.path(), "jsonl")[0]).unwrap();
    assert!(!lines.contains("quoted"), "{lines}");
    assert_eq!(
        events(folder.path())[0].event.text,
        "my key is ***, and short stays"
    );
}

#[test]
fn an_event_that_would_fill_the_disk_is_refused_alone() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    let huge = Question {
        text: "x".repeat(5 * 1024 * 1024),
        ..question(0)
    };
    let refused = log.record(NOON, &huge).unwrap_err().to_string();
    assert!(
        refused.contains("questions") && refused.contains("4194304"),
        "{refused}"
    );
    record(&log, 1..2);
    log.flush().unwrap();
    assert_eq!(numbers(folder.path()), [1]);
}

#[test]
fn several_sources_write_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(config(folder.path())).unwrap();
    let other = log.as_source("5Fo\"ther");
    log.record(NOON, &question(0)).unwrap();
    other.record(NOON, &question(1)).unwrap();
    // The log lives as long as one of them, and what it wrote stands under its own name.
    drop(log);
    other.record(NOON, &question(2)).unwrap();
    other.flush().unwrap();
    let told: Vec<_> = events(folder.path())
        .into_iter()
        .map(|event| (event.stamp.seq, event.stamp.source, event.event.number))
        .collect();
    assert_eq!(
        told,
        [
            (0, "5Fsource".to_owned(), 0),
            (1, "5Fo\"ther".to_owned(), 1),
            (2, "5Fo\"ther".to_owned(), 2),
        ]
    );
}
