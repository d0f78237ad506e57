//! The event log beside what a Python validator does: a line of JSON an event. Ours is also made safe against a kill and
//! a power cut, and becomes Parquet. And datasets of it, beside pandas: see [`dataset`].

mod dataset;

use crate::{error::TaskError, process, repository};
use serde::Deserialize;
use std::process::Command;

/// Events in a second of one processor that the log is to take.
const GOAL: f64 = 100_000.0;

/// Turns of each program. One may fall into a busy moment.
const TURNS: usize = 3;

#[derive(Deserialize)]
struct Measured {
    events: String,
    bytes: u64,
    count: f64,
    seconds_to_record: f64,
    cpu_seconds: f64,
    waited: u64,
}

impl Measured {
    fn per_cpu_second(&self) -> f64 {
        self.count / self.cpu_seconds
    }
}

/// Measures and prints the table.
pub(crate) fn run() -> Result<(), TaskError> {
    let script = repository::root().join("benches").join("records_python.py");
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.extend(lines(&process::output(process::cargo().args([
            "bench",
            "--quiet",
            "--package",
            "assay-records",
            "--bench",
            "ingest",
        ]))?)?);
        peers.extend(lines(&process::output(Command::new("python3").arg(&script))?)?);
    }
    println!(
        "events in a second of processor time, the best of {TURNS} turns; goal for scores at least {GOAL}"
    );
    println!(
        "(ours with the disk forced every second and all of it rolled into Parquet; Python's only written)"
    );
    println!();
    println!(
        "{:>16} {:>6} {:>10} {:>12} {:>10} {:>7} {:>7}",
        "events", "bytes", "ours", "ours, taken", "Python", "ratio", "waits"
    );
    for kind in ["scores", "prompting steps"] {
        let (Some(ours), Some(peers)) = (best(&ours, kind), best(&peers, kind)) else {
            continue;
        };
        println!(
            "{kind:>16} {:>6} {:>10.0} {:>12.0} {:>10.0} {:>6.1}x {:>7}",
            ours.bytes,
            ours.per_cpu_second(),
            ours.count / ours.seconds_to_record,
            peers.per_cpu_second(),
            ours.per_cpu_second() / peers.per_cpu_second(),
            ours.waited,
        );
    }
    println!();
    dataset::run()
}

fn best<'a>(all: &'a [Measured], kind: &str) -> Option<&'a Measured> {
    all.iter()
        .filter(|measured| measured.events == kind)
        .min_by(|one, other| one.cpu_seconds.total_cmp(&other.cpu_seconds))
}

fn lines(output: &str) -> Result<Vec<Measured>, TaskError> {
    output
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| {
            serde_json::from_str(line).map_err(|source| TaskError::UnexpectedOutput {
                what: "a benchmark of records",
                detail: source.to_string(),
            })
        })
        .collect()
}
