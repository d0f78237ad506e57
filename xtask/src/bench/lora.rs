//! The speed of the LoRA trainer beside PyTorch's, fp32, on this machine.
//!
//! The two programs run by turns, so that a busy neighbour disturbs both. The best step says what the machine can do;
//! processor seconds a step are what remains comparable when it is busy. PyTorch waits by spinning, so that its
//! processor seconds grow when cores are taken away from it: on a busy machine look at the best steps.

use super::json_line;
use crate::{error::TaskError, process, python, repository};
use serde::Deserialize;
use std::process::Command;

/// Turns of each program. One turn may fall into a busy moment as a whole.
const TURNS: usize = 3;
/// Measured steps a turn; each program adds two of its own to warm up.
const STEPS: &str = "8";

/// The line that each program prints.
#[derive(Debug, Clone, Deserialize)]
struct Measured {
    tokens: f64,
    best_seconds: f64,
    /// Absent where the system does not tell.
    cpu_seconds: Option<f64>,
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

    fn tokens_per_second(&self) -> f64 {
        self.tokens / self.best_seconds
    }
}

/// Measures training and evaluation and prints the table.
pub(crate) fn run() -> Result<(), TaskError> {
    let interpreter = python::prepare("train")?;
    let script = repository::root().join("benches").join("lora_torch.py");
    println!("a step: 8 rows of 256 tokens, every token a target, fp32, rank 16 on all linear maps");
    println!("best step of {TURNS} turns of {STEPS} steps each, the two programs by turns");
    println!();
    println!(
        "{:>6} {:>18} {:>10} {:>14} {:>12}",
        "mode", "program", "tokens/s", "best step (s)", "CPU s/step"
    );
    for mode in ["train", "eval"] {
        let mut turns: Vec<[Measured; 2]> = Vec::new();
        for _ in 0..TURNS {
            let ours = process::output(process::cargo().args([
                "bench",
                "--quiet",
                "--package",
                "assay-models",
                "--bench",
                "lora",
                "--",
                "--steps",
                STEPS,
                "--mode",
                mode,
            ]))?;
            let theirs = process::output(
                Command::new(&interpreter)
                    .arg(&script)
                    .args(["--steps", STEPS, "--mode", mode]),
            )?;
            turns.push([
                json_line::<Measured>(&ours, "our LoRA benchmark")?,
                json_line::<Measured>(&theirs, "PyTorch's script")?,
            ]);
        }
        let best = turns
            .into_iter()
            .reduce(|[a, b], [c, d]| [a.better(c), b.better(d)]);
        let Some([ours, theirs]) = best else { continue };
        let version = theirs.version.clone().unwrap_or_default();
        for (program, measured) in [("assay".to_owned(), &ours), (format!("torch {version}"), &theirs)] {
            let cpu = measured
                .cpu_seconds
                .map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.3}"));
            println!(
                "{mode:>6} {program:>18} {:>10.0} {:>14.3} {cpu:>12}",
                measured.tokens_per_second(),
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
            "{mode:>6} ratio: {:.2}x by best step{by_cpu}",
            ours.tokens_per_second() / theirs.tokens_per_second()
        );
    }
    Ok(())
}
