//! Formatting, clippy, the fuzz targets and, where `cargo deny` is installed, the supply chain.

use crate::{error::TaskError, process, repository};

pub(crate) fn run() -> Result<(), TaskError> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
    process::run(process::cargo().arg("clippy").args(process::WORKSPACE).args([
        "--all-targets",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ]))?;
    // Not in the workspace, so nothing else looks at it. Without the flag the client has no doors for the fuzzer.
    let fuzz = repository::root().join("fuzz");
    process::run(
        process::cargo()
            .args(["check", "--quiet", "--locked", "--bins", "--manifest-path"])
            .arg(fuzz.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", fuzz.join("target"))
            .env("RUSTFLAGS", "--cfg fuzzing"),
    )?;
    if process::exists("cargo-deny") {
        process::run(process::cargo().args(["deny", "--offline", "check", "bans", "licenses", "sources"]))?;
    } else {
        eprintln!("note: cargo-deny is not installed; licences and sources were not checked");
    }
    Ok(())
}
