//! Sentence embeddings with the real all-MiniLM-L6-v2, beside sentence-transformers.

use crate::bench::{
    json_line,
    turns::{Measured, best_of},
};
use crate::{error::TaskError, process, python, repository};
use serde::Deserialize;
use std::process::Command;

/// Turns of each program. One turn may fall into a busy moment as a whole.
const TURNS: usize = 3;
/// Measured rounds a turn; each program adds one of its own to warm up.
const ROUNDS: &str = "5";
/// Sums of all vectors' absolute values may differ by this part: more means that the two do not compute the same.
const SAME: f64 = 1e-4;

#[derive(Debug, Deserialize)]
struct Place {
    folder: String,
}

/// Measures the embeddings and prints the table.
pub(super) fn run() -> Result<(), TaskError> {
    let interpreter = python::prepare("train")?;
    let script = repository::root().join("benches").join("embeddings_torch.py");
    let place = process::output(Command::new(&interpreter).arg(&script).arg("--where"))?;
    let place: Place = json_line(&place, "the embeddings script")?;
    println!("embeddings: all-MiniLM-L6-v2, 256 texts of 4 to 90 words, f32, all cores");
    println!("best round of {TURNS} turns of {ROUNDS} rounds each, the two programs by turns");
    println!();
    let [ours, theirs] = best_of(TURNS, || {
        let ours = process::output(process::cargo().args([
            "bench",
            "--quiet",
            "--package",
            "assay-models",
            "--bench",
            "encoder",
            "--",
            "--rounds",
            ROUNDS,
            "--model",
            &place.folder,
        ]))?;
        let theirs = process::output(Command::new(&interpreter).arg(&script).args(["--rounds", ROUNDS]))?;
        Ok([
            Measured::of(&ours, "our encoder benchmark")?,
            Measured::of(&theirs, "the embeddings script")?,
        ])
    })?;
    let sums = [&ours, &theirs].map(|measured| measured.checksum.unwrap_or(f64::NAN));
    let is_same = (sums[0] - sums[1]).abs() <= SAME * sums[1];
    if !is_same {
        return Err(TaskError::UnexpectedOutput {
            what: "embeddings",
            detail: format!(
                "the two programs compute different vectors: sums {} and {}",
                sums[0], sums[1]
            ),
        });
    }
    println!(
        "{:>42} {:>10} {:>15} {:>12}",
        "program", "texts/s", "best round (s)", "CPU s/round"
    );
    for (program, measured) in [
        ("assay", &ours),
        (theirs.version.as_deref().unwrap_or("theirs"), &theirs),
    ] {
        println!(
            "{program:>42} {:>10.1} {:>15.3} {:>12}",
            measured.per_second(),
            measured.best_seconds,
            measured.cpu(1.0, 3)
        );
    }
    println!("ratio: {}", ours.ratio_to(&theirs, "round"));
    Ok(())
}
