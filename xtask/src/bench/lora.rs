//! The speed of the LoRA trainer beside PyTorch's, fp32, on this machine.
//!
//! The two programs run by turns, so that a busy neighbour disturbs both. The best step says what the machine can do;
//! processor seconds a step are what remains comparable when it is busy. PyTorch waits by spinning, so that its
//! processor seconds grow when cores are taken away from it: on a busy machine look at the best steps.

use super::turns::{Measured, best_of};
use crate::{error::TaskError, process, python, repository};
use std::process::Command;

/// Turns of each program. One turn may fall into a busy moment as a whole.
const TURNS: usize = 3;
/// Measured steps a turn; each program adds two of its own to warm up.
const STEPS: &str = "8";

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
        let [ours, theirs] = best_of(TURNS, || {
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
            Ok([
                Measured::of(&ours, "our LoRA benchmark")?,
                Measured::of(&theirs, "PyTorch's script")?,
            ])
        })?;
        let version = theirs.version.clone().unwrap_or_default();
        for (program, measured) in [("assay".to_owned(), &ours), (format!("torch {version}"), &theirs)] {
            println!(
                "{mode:>6} {program:>18} {:>10.0} {:>14.3} {:>12}",
                measured.per_second(),
                measured.best_seconds,
                measured.cpu(1.0, 3)
            );
        }
        println!("{mode:>6} ratio: {}", ours.ratio_to(&theirs, "step"));
    }
    Ok(())
}
