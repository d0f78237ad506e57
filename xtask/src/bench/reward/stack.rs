//! The reward stack: one step of fifty answers, judged by three reward models and five masks, beside transformers.

use crate::{bench::json_line, error::TaskError, process, python, repository};
use serde::Deserialize;
use std::{collections::BTreeMap, process::Command};

/// Turns of each program. One turn may fall into a busy moment as a whole.
const TURNS: usize = 2;
/// Measured rounds a turn; each program adds one of its own to warm up.
const ROUNDS: &str = "2";
/// Answers that transformers is given at a time: one, as the originals do, and as many as suit it.
const BATCHES: [&str; 2] = ["1", "16"];
/// Sums of figures may differ by this part of them: more means that the programs do not compute the same.
const SAME: f64 = 1e-3;

/// The line that each program prints.
#[derive(Debug, Clone, Deserialize)]
struct Measured {
    texts: f64,
    best_seconds: f64,
    /// Absent where the system does not tell.
    cpu_seconds: Option<f64>,
    sums: BTreeMap<String, f64>,
    version: Option<String>,
    history_seconds: Option<f64>,
}

impl Measured {
    /// The better of two turns, each figure by itself.
    fn better(self, other: Self) -> Self {
        let least = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a.min(b));
        Self {
            best_seconds: self.best_seconds.min(other.best_seconds),
            cpu_seconds: least(self.cpu_seconds, other.cpu_seconds),
            history_seconds: least(self.history_seconds, other.history_seconds),
            ..self
        }
    }
}

/// Measures and prints the table.
pub(super) fn run() -> Result<(), TaskError> {
    let interpreter = python::prepare("train")?;
    let script = repository::root().join("benches").join("stack_torch.py");
    let folder = repository::target().join("bench-reward-stack");
    let theirs = || {
        let mut command = Command::new(&interpreter);
        command.arg(&script).arg(&folder);
        command
    };
    process::run(theirs().arg("--make"))?;
    println!(
        "a step: 50 answers of 20 to 90 words to a prompt of 190, judged by dpo, rlhf and reciprocate, and by all masks"
    );
    println!("models of the originals' families, 6 layers, width 384, random weights, f32, all cores");
    println!("best round of {TURNS} turns of {ROUNDS} rounds each, the programs by turns");
    println!();
    let mut best: Option<[Measured; 3]> = None;
    for _ in 0..TURNS {
        let ours = process::output(
            process::cargo()
                .args([
                    "bench",
                    "--quiet",
                    "--package",
                    "assay-prompting",
                    "--bench",
                    "stack",
                    "--",
                ])
                .args(["--rounds", ROUNDS, "--models"])
                .arg(&folder),
        )?;
        let ours = json_line::<Measured>(&ours, "our stack benchmark")?;
        let [single, batched] = BATCHES.map(|batch| {
            let said = process::output(theirs().args(["--rounds", ROUNDS, "--batch", batch]))?;
            json_line::<Measured>(&said, "the stack script")
        });
        let turn = [ours, single?, batched?];
        best = Some(match best.take() {
            None => turn,
            Some(best) => {
                let mut pairs = best.into_iter().zip(turn).map(|(a, b)| a.better(b));
                let mut next = || pairs.next();
                match (next(), next(), next()) {
                    (Some(ours), Some(single), Some(batched)) => [ours, single, batched],
                    _ => return Ok(()),
                }
            }
        });
    }
    let Some([ours, single, batched]) = best else {
        return Ok(());
    };
    for theirs in [&single, &batched] {
        compare(&ours.sums, &theirs.sums)?;
    }
    println!(
        "{:>58} {:>10} {:>15} {:>12}",
        "program", "answers/s", "best round (s)", "CPU ms/step"
    );
    for (program, measured) in [
        ("assay", &ours),
        (single.version.as_deref().unwrap_or("theirs"), &single),
        (batched.version.as_deref().unwrap_or("theirs"), &batched),
    ] {
        let cpu = measured
            .cpu_seconds
            .map_or_else(|| "-".to_owned(), |seconds| format!("{:.0}", seconds * 1e3));
        println!(
            "{program:>58} {:>10.1} {:>15.3} {cpu:>12}",
            measured.texts / measured.best_seconds,
            measured.best_seconds
        );
    }
    for (how, theirs) in [("one at a time", &single), ("16 at a time", &batched)] {
        let by_cpu = theirs
            .cpu_seconds
            .zip(ours.cpu_seconds)
            .map_or_else(String::new, |(theirs, ours)| {
                format!(", {:.2}x by processor seconds", theirs / ours)
            });
        println!(
            "ratio to transformers {how}: {:.2}x by best round{by_cpu}",
            theirs.best_seconds / ours.best_seconds
        );
    }
    if let Some(seconds) = ours.history_seconds {
        println!(
            "beside it, comparing the 50 answers with 15,500 remembered ones of 768 numbers: {:.0} ms",
            seconds * 1e3
        );
    }
    Ok(())
}

/// The programs must have computed the same.
fn compare(ours: &BTreeMap<String, f64>, theirs: &BTreeMap<String, f64>) -> Result<(), TaskError> {
    for (judge, theirs) in theirs {
        let ours = ours.get(judge).copied().unwrap_or(f64::NAN);
        let close = (ours - theirs).abs() <= SAME * theirs.abs().max(1.0);
        if !close {
            return Err(TaskError::UnexpectedOutput {
                what: "the reward stack",
                detail: format!("{judge} gives {ours} in all here and {theirs} there"),
            });
        }
    }
    Ok(())
}
