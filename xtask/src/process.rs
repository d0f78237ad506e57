//! Running other programs.

use crate::{error::TaskError, repository};
use std::process::Command;

/// The whole workspace as it is tested and documented: with what a newcomer's first build leaves out, the SQL engine and what runs
/// models on graphics cards, which runs on the cores here.
pub(crate) const WORKSPACE: [&str; 3] = ["--workspace", "--features", "assay-cli/full,assay-models/candle"];

/// `cargo` of the toolchain that runs us, in the root of the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository::root());
    // What `cargo xtask` says about this program. Build scripts that look at such variables (ring's) would take them for a
    // change, and the SQL engine would be built again whenever cargo was called by hand in between.
    for (name, _) in std::env::vars_os() {
        let is_ours = name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if is_ours {
            command.env_remove(name);
        }
    }
    command
}

/// Runs `command` to its end with our own standard streams.
pub(crate) fn run(command: &mut Command) -> Result<(), TaskError> {
    let shown = shown(command);
    eprintln!("$ {shown}");
    let status = command.status().map_err(|source| not_started(command, source))?;
    if status.success() {
        Ok(())
    } else {
        Err(TaskError::Failed {
            command: shown,
            status: status.to_string(),
        })
    }
}

/// Runs `command` and returns its standard output; its standard error is ours.
pub(crate) fn output(command: &mut Command) -> Result<String, TaskError> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|source| not_started(command, source))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(TaskError::Failed {
            command: shown(command),
            status: output.status.to_string(),
        })
    }
}

/// Whether `program --version` runs.
pub(crate) fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Whether `cargo NAME --version` runs.
pub(crate) fn exists_as_subcommand(name: &str) -> bool {
    cargo()
        .args([name, "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The error for a program that does not start.
pub(crate) fn not_started(command: &Command, source: std::io::Error) -> TaskError {
    TaskError::NotStarted {
        program: command.get_program().to_string_lossy().into_owned(),
        hint: "is it installed, and on the PATH?",
        source,
    }
}

fn shown(command: &Command) -> String {
    let mut shown = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}
