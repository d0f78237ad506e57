//! Debian packages that the tests use. On another system they are left to its owner, with a word about it.

use crate::{error::TaskError, process};
use std::process::Command;

/// Installs `packages`, unless `program` is there already.
pub(crate) fn ensure(program: &str, packages: &[&str]) -> Result<(), TaskError> {
    if process::exists(program) {
        return Ok(());
    }
    if !process::exists("apt-get") {
        eprintln!("note: `{program}` is missing and there is no apt-get; tests that need it will fail");
        return Ok(());
    }
    let update = process::run(Command::new("apt-get").args(["update", "-qq"]));
    if let Err(error) = update {
        eprintln!("note: the package lists could not be refreshed ({error}); trying with the old ones");
    }
    process::run(
        Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
