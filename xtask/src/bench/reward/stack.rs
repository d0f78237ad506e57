//! The reward stack: one step of fifty answers, judged by three reward models and five masks, beside transformers.

use crate::{
    bench::turns::{Measured, best_of},
    error::TaskError,
    process, python, repository,
};
use std::{collections::BTreeMap, process::Command};

/// Turns of each program. One turn may fall into a busy moment as a whole.
const TURNS: usize = 2;
/// Measured rounds a turn; each program adds one of its own to warm up.
const ROUNDS: &str = "2";
/// Answers that transformers is given at a time: one, as the originals do, and as many as suit it.
const BATCHES: [&str; 2] = ["1", "16"];
/// Sums of figures may differ by this part of them: more means that the programs do not compute the same.
const SAME: f64 = 1e-3;

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
    let [ours, single, batched] = best_of(TURNS, || {
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
        let ours = Measured::of(&ours, "our stack benchmark")?;
        let [single, batched] = BATCHES.map(|batch| {
            let said = process::output(theirs().args(["--rounds", ROUNDS, "--batch", batch]))?;
            Measured::of(&said, "the stack script")
        });
        Ok([ours, single?, batched?])
    })?;
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
        println!(
            "{program:>58} {:>10.1} {:>15.3} {:>12}",
            measured.per_second(),
            measured.best_seconds,
            measured.cpu(1e3, 0)
        );
    }
    for (how, theirs) in [("one at a time", &single), ("16 at a time", &batched)] {
        println!("ratio to transformers {how}: {}", ours.ratio_to(theirs, "round"));
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
