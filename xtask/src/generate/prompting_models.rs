//! The models in `assets/prompting`: the demonstration's judges and its miners' model, and the texts that forwards begin
//! with.
//!
//! Training takes some seventy minutes of processor time. The result is the same with one version of PyTorch on processors of
//! one kind; another kind rounds differently, which is why no check compares it.

use crate::{error::TaskError, process, python, repository};
use std::process::Command;

/// Paragraphs to begin with. Fewer, and a run of some hours begins twice with the same.
const CONTEXTS: usize = 600;

/// Makes the prompts and texts, then the models of these roles, or of all.
pub(crate) fn make(roles: &[String]) -> Result<(), TaskError> {
    let folder = repository::root().join("assets").join("prompting");
    let maker = folder.join("make");
    let prompts = process::output(process::cargo().args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "assay-prompting",
        "--example",
        "prompts",
    ]))?;
    fs_err::write(maker.join("prompts.json"), prompts)?;
    let interpreter = python::prepare("train")?;
    let python = |script: &str| {
        let mut command = Command::new(&interpreter);
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(maker.join(script));
        command
    };
    let contexts = process::output(python("world.py").args(["contexts", &CONTEXTS.to_string()]))?;
    fs_err::write(folder.join("contexts.jsonl"), contexts)?;
    process::run(python("train.py").arg(&folder).args(roles))
}
