//! Sentence embeddings with the real all-MiniLM-L6-v2, beside sentence-transformers.

use crate::bench::json_line;
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

/// The line that each program prints.
#[derive(Debug, Clone, Deserialize)]
struct Measured {
    texts: f64,
    best_seconds: f64,
    /// Absent where the system does not tell.
    cpu_seconds: Option<f64>,
    checksum: f64,
    version: Option<String>,
}

impl Measured {
    /// The better of two turns, each figure by itself.
    fn better(self, other: Self) -> Self {
        Self {
            best_seconds: self.best_seconds.min(other.best_seconds),
            cpu_seconds: self.cpu_seconds.zip(other.cpu_seconds).map(|(a, b)| a.min(b)),
            ..self
        }
    }

    fn texts_per_second(&self) -> f64 {
        self.texts / self.best_seconds
    }
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
    let mut turns: Vec<[Measured; 2]> = Vec::new();
    for _ in 0..TURNS {
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
        turns.push([
            json_line::<Measured>(&ours, "our encoder benchmark")?,
            json_line::<Measured>(&theirs, "the embeddings script")?,
        ]);
    }
    let best = turns
        .into_iter()
        .reduce(|[a, b], [c, d]| [a.better(c), b.better(d)]);
    let Some([ours, theirs]) = best else {
        return Ok(());
    };
    if (ours.checksum - theirs.checksum).abs() > SAME * theirs.checksum {
        return Err(TaskError::UnexpectedOutput {
            what: "embeddings",
            detail: format!(
                "the two programs compute different vectors: sums {} and {}",
                ours.checksum, theirs.checksum
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
        let cpu = measured
            .cpu_seconds
            .map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.3}"));
        println!(
            "{program:>42} {:>10.1} {:>15.3} {cpu:>12}",
            measured.texts_per_second(),
            measured.best_seconds
        );
    }
    let by_cpu = ours
        .cpu_seconds
        .zip(theirs.cpu_seconds)
        .map_or_else(String::new, |(ours, theirs)| {
            format!(", {:.2}x by processor seconds", theirs / ours)
        });
    println!(
        "ratio: {:.2}x by best round{by_cpu}",
        ours.texts_per_second() / theirs.texts_per_second()
    );
    Ok(())
}
