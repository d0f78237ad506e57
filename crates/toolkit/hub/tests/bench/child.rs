//! A part of a test that runs in a process of its own, so that it can be killed like one.
//!
//! The test binary starts itself again and runs one of its own tests there, which does the child's part when it finds
//! its folder in the environment, and nothing otherwise.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

const FOLDER: &str = "ASSAY_HUB_TEST_FOLDER";
const URL: &str = "ASSAY_HUB_TEST_URL";

/// What a child's line begins with; the test runner prints lines of its own.
const MARK: &str = "child says ";

/// A running child. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

/// Runs `test` of this binary in a process of its own.
pub(crate) fn start(test: &str, folder: &Path, url: &str) -> Running {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            test,
            "--include-ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FOLDER, folder)
        .env(URL, url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    Running { child, lines }
}

impl Running {
    /// The next thing the child says.
    pub(crate) fn hear(&mut self) -> String {
        loop {
            let line = self.lines.next().expect("the child ended early").unwrap();
            if let Some((_, said)) = line.split_once(MARK) {
                return said.to_owned();
            }
        }
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The child's folder and the address it was given, in the child; nothing in an ordinary run.
pub(crate) fn part() -> Option<(PathBuf, String)> {
    Some((std::env::var_os(FOLDER)?.into(), std::env::var(URL).ok()?))
}

/// Says something to the parent.
#[allow(clippy::print_stdout, reason = "standard output is how a child talks")]
pub(crate) fn say(text: impl std::fmt::Display) {
    println!("{MARK}{text}");
}
