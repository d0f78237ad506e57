//! Formatting, clippy and, where `cargo deny` is installed, the supply chain.

use crate::{error::TaskError, process};

pub(crate) fn run() -> Result<(), TaskError> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
    process::run(process::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ]))?;
    if process::exists("cargo-deny") {
        process::run(process::cargo().args(["deny", "--offline", "check", "bans", "licenses", "sources"]))?;
    } else {
        eprintln!("note: cargo-deny is not installed; licences and sources were not checked");
    }
    Ok(())
}
