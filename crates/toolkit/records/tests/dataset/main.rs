//! Datasets from recorded events: from the files of a log, and from those of the original validators.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod damage;
mod files;
mod filters;
mod original;
mod repetitions;

use assay_records::{
    Log, LogConfig,
    dataset::{BuildPlan, Report, Source, build},
    streams::PromptingStep,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime, macros::datetime};

const NOON: OffsetDateTime = datetime!(2026-11-29 12:00:00 UTC);

/// A folder of records, and where the datasets go.
struct Bench {
    folder: TempDir,
    log: Option<Log>,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let log = Log::open(LogConfig::new(folder.path().join("records"), "5Fsource")).unwrap();
        Self {
            folder,
            log: Some(log),
        }
    }

    /// A bench with these steps, a minute apart.
    fn with(steps: impl IntoIterator<Item = PromptingStep>) -> Self {
        let bench = Self::new();
        for (minute, step) in (0..).zip(steps) {
            bench
                .log()
                .record(NOON + Duration::minutes(minute), &step)
                .unwrap();
        }
        bench.log().flush().unwrap();
        bench
    }

    fn log(&self) -> &Log {
        self.log.as_ref().unwrap()
    }

    fn records(&self) -> PathBuf {
        self.folder.path().join("records")
    }

    fn dataset(&self) -> PathBuf {
        self.folder.path().join("dataset")
    }

    fn plan(&self) -> BuildPlan {
        BuildPlan::new([Source::Records(self.records())])
    }

    /// Builds, and reads what was written as lines of JSON.
    fn rows(&self, plan: &BuildPlan) -> (Report, Vec<Value>) {
        let target = TempDir::new_in(self.folder.path()).unwrap();
        let report = build(plan, target.path()).unwrap();
        let rows = lines(target.path(), &report);
        assert_eq!(rows.len() as u64, report.rows());
        (report, rows)
    }
}

fn lines(dataset: &Path, report: &Report) -> Vec<Value> {
    let files = report.splits.iter().flat_map(|split| &split.files);
    files
        .flat_map(|file| {
            let text = fs_err::read_to_string(dataset.join(&file.path)).unwrap();
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect::<Vec<Value>>()
        })
        .collect()
}

/// A step with answers and their rewards.
fn step(name: &str, prompt: &str, answers: &[(&str, Option<f64>)]) -> PromptingStep {
    let best = answers
        .iter()
        .max_by(|one, other| one.1.unwrap_or(-1.0).total_cmp(&other.1.unwrap_or(-1.0)));
    PromptingStep {
        name: name.to_owned(),
        prompt: prompt.to_owned(),
        completions: answers.iter().map(|(text, _)| (*text).to_owned()).collect(),
        rewards: answers.iter().map(|(_, reward)| *reward).collect(),
        best: best.map(|(text, _)| (*text).to_owned()),
        ..PromptingStep::default()
    }
}

/// What was taken, as pairs of prompt and completion; of chats too.
fn pairs(rows: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| match row.get("messages") {
            Some(messages) => (text(&messages[0]["content"]), text(&messages[1]["content"])),
            None => (text(&row["prompt"]), text(&row["completion"])),
        })
        .collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(one, other)| ((*one).to_owned(), (*other).to_owned()))
        .collect()
}
