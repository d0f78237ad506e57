//! `cargo xtask ballista`: the analyses' queries on a cluster. Not in the suite, because the cluster's programs take a quarter
//! of an hour to build.

use crate::{error::TaskError, process, repository};

/// The version that is built on the SQL engine that we have.
const VERSION: &str = "55.0.0";

const SERVERS: [&str; 2] = ["ballista-scheduler", "ballista-executor"];
const CLIENT: &str = "ballista-cli";

pub(crate) fn run() -> Result<(), TaskError> {
    let folder = repository::cache().join(format!("ballista-{VERSION}"));
    let programs = folder.join("bin");
    let install = || {
        let mut command = process::cargo();
        command
            .args(["install", "--locked", "--debug", "--version", VERSION, "--root"])
            .arg(&folder)
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        command
    };
    for server in SERVERS {
        if !programs.join(server).is_file() {
            process::run(install().arg(server))?;
        }
    }
    if !programs.join(CLIENT).is_file() {
        process::run(install().args([CLIENT, "--no-default-features", "--features", "cli"]))?;
    }
    let mut test = process::cargo();
    test.args(["test", "--locked"])
        .args(process::WORKSPACE)
        .args(["--test", "ballista", "--", "--nocapture", "--include-ignored"])
        .env("ASSAY_BALLISTA", &programs);
    process::run(&mut test)
}
