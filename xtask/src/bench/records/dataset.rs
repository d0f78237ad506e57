//! A dataset of a million recorded events, beside a pandas script that makes the same of the same Parquet files. The two
//! must come out equal, byte for byte, or there is nothing to compare.

use super::super::json_line;
use crate::{error::TaskError, process, python, repository};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{io, path::Path, process::Command};

/// Events that are made up.
const EVENTS: &str = "1000000";

/// Turns of each program, one after the other's. One may fall into a busy moment.
const TURNS: usize = 2;

#[derive(Clone, Copy, Debug, Deserialize)]
struct Measured {
    events: u64,
    rows: u64,
    seconds: f64,
    cpu_seconds: f64,
    peak_mib: f64,
}

impl Measured {
    /// The better of two turns, each figure by itself.
    fn better(self, other: Self) -> Self {
        Self {
            seconds: self.seconds.min(other.seconds),
            cpu_seconds: self.cpu_seconds.min(other.cpu_seconds),
            peak_mib: self.peak_mib.min(other.peak_mib),
            ..self
        }
    }
}

/// Measures and prints the table.
pub(super) fn run() -> Result<(), TaskError> {
    let interpreter = python::prepare("columnar")?;
    let script = repository::root().join("benches").join("dataset_pandas.py");
    let folder = tempfile::tempdir()?;
    let (records, ours, theirs) = (
        folder.path().join("records"),
        folder.path().join("dataset"),
        folder.path().join("theirs.jsonl"),
    );
    process::output(bench().arg("make").arg(&records).arg(EVENTS))?;
    let mut best: Option<(Measured, Measured)> = None;
    for _ in 0..TURNS {
        if ours.exists() {
            fs_err::remove_dir_all(&ours)?;
        }
        let made = process::output(bench().arg("build").arg(&records).arg(&ours))?;
        let made: Measured = json_line(&made, "the benchmark of datasets")?;
        let other = process::output(Command::new(&interpreter).arg(&script).arg(&records).arg(&theirs))?;
        let other: Measured = json_line(&other, "the benchmark of datasets in pandas")?;
        let same = digest(&ours.join("data/train-00000-of-00001.jsonl"))? == digest(&theirs)?;
        if !same || made.events != other.events {
            return Err(TaskError::UnexpectedOutput {
                what: "a benchmark of datasets",
                detail: format!("the two differ: {made:?}, {other:?}"),
            });
        }
        best = Some(match best {
            Some((one, two)) => (one.better(made), two.better(other)),
            None => (made, other),
        });
    }
    let Some((ours, theirs)) = best else { return Ok(()) };
    println!(
        "a dataset of {} events, {} rows, the same bytes from both; best of {TURNS} turns; goal 5x the speed, a tenth of \
         the memory",
        ours.events, ours.rows
    );
    println!();
    println!("{:>10} {:>10} {:>10} {:>10}", "", "ours", "pandas", "ratio");
    for (what, ours, theirs) in [
        ("seconds", ours.seconds, theirs.seconds),
        ("CPU s", ours.cpu_seconds, theirs.cpu_seconds),
        ("peak MiB", ours.peak_mib, theirs.peak_mib),
    ] {
        println!("{what:>10} {ours:>10.1} {theirs:>10.1} {:>9.1}x", theirs / ours);
    }
    Ok(())
}

fn bench() -> Command {
    let mut bench = process::cargo();
    bench.args([
        "bench",
        "--quiet",
        "--package",
        "assay-records",
        "--bench",
        "dataset",
        "--",
    ]);
    bench
}

fn digest(path: &Path) -> Result<Vec<u8>, TaskError> {
    let mut hash = Sha256::new();
    io::copy(&mut fs_err::File::open(path)?, &mut hash)?;
    Ok(hash.finalize().to_vec())
}
