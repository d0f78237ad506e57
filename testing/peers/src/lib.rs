//! Runs the real Python and JavaScript packages that the conformance tests compare with.
//!
//! `cargo xtask test` builds one virtual environment for each folder of `conformance/` and names its interpreter in
//! an environment variable, `ASSAY_PYTHON_<NAME>`. A test asks for the environment by name and runs a script in it:
//!
//! ```no_run
//! use assay_peers::Python;
//! use std::time::Duration;
//!
//! let lines = Python::venv("sdk11")
//!     .script("conformance/sdk11/read_head.py")
//!     .arg("ws://127.0.0.1:9944")
//!     .timeout(Duration::from_secs(60))
//!     .run();
//! assert_eq!(lines[0]["ok"], true);
//! ```
//!
//! JavaScript packages lie in a folder of modules that `ASSAY_NODE_<NAME>` names, see [`NodeJs`].
//!
//! A script that fails, or outlives its time, fails the test with everything that it printed.

use serde_json::Value;
use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// A prepared virtual environment.
#[derive(Clone, Debug)]
pub struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// The environment declared by `conformance/<name>/requirements.txt`.
    ///
    /// # Panics
    ///
    /// When the environment was not prepared: conformance tests run through `cargo xtask test`.
    #[must_use]
    pub fn venv(name: &str) -> Self {
        let variable = format!("ASSAY_PYTHON_{}", name.to_uppercase());
        let Some(interpreter) = std::env::var_os(&variable) else {
            panic!(
                "{variable} is not set: run the conformance tests with `cargo xtask test`, \
                 or set it to what `cargo xtask venv {name}` prints"
            );
        };
        Self {
            interpreter: interpreter.into(),
        }
    }

    /// A run of the script at `path`, relative to the root of the repository.
    #[must_use]
    pub fn script(&self, path: impl AsRef<Path>) -> Script {
        let mut command = Command::new(&self.interpreter);
        command
            .arg(repository_root().join(path))
            .current_dir(repository_root())
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Script {
            command,
            timeout: Duration::from_secs(120),
        }
    }

    /// A run of a program that the environment's packages install beside the interpreter, such as `btcli`.
    #[must_use]
    pub fn program(&self, name: &str) -> Script {
        let mut command = Command::new(self.interpreter.with_file_name(name));
        command
            .current_dir(repository_root())
            .env("PYTHONUNBUFFERED", "1");
        Script {
            command,
            timeout: Duration::from_secs(120),
        }
    }
}

/// A prepared folder of JavaScript packages.
#[derive(Clone, Debug)]
pub struct NodeJs {
    modules: PathBuf,
}

impl NodeJs {
    /// The packages declared by `conformance/<name>/package.json`.
    ///
    /// # Panics
    ///
    /// When they were not prepared: conformance tests run through `cargo xtask test`.
    #[must_use]
    pub fn modules(name: &str) -> Self {
        let variable = format!("ASSAY_NODE_{}", name.to_uppercase());
        let Some(modules) = std::env::var_os(&variable) else {
            panic!("{variable} is not set: run the conformance tests with `cargo xtask test`");
        };
        Self {
            modules: modules.into(),
        }
    }

    /// A run of the script at `path`, relative to the root of the repository. It is a CommonJS script: what it
    /// requires is found among the packages.
    #[must_use]
    pub fn script(&self, path: impl AsRef<Path>) -> Script {
        let mut command = Command::new("node");
        command
            .arg(repository_root().join(path))
            .current_dir(repository_root())
            .env("NODE_PATH", &self.modules);
        Script {
            command,
            timeout: Duration::from_secs(120),
        }
    }
}

/// A script about to run.
#[derive(Debug)]
pub struct Script {
    command: Command,
    timeout: Duration,
}

impl Script {
    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.command.arg(argument.into());
        self
    }

    /// Sets a variable of the script's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Ends the script, and fails the test, after this long. The default is two minutes.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs the script and returns the JSON values it printed, one a line. Other lines are passed over.
    ///
    /// # Panics
    ///
    /// When the script cannot start, exits with another code than 0, or outlives its time.
    #[must_use]
    pub fn run(self) -> Vec<Value> {
        self.output().lines().filter_map(printed_value).collect()
    }

    /// Runs the script and returns its standard output.
    ///
    /// # Panics
    ///
    /// As [`Script::run`].
    #[must_use]
    pub fn output(mut self) -> String {
        let started = Instant::now();
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{:?} does not start: {error}", self.command));
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if started.elapsed() > self.timeout => {
                    end(&mut child);
                    break None;
                }
                Ok(None) => thread::sleep(Duration::from_millis(20)),
                Err(error) => panic!("cannot wait for {:?}: {error}", self.command),
            }
        };
        let stdout = stdout.join().unwrap_or_default();
        let stderr = stderr.join().unwrap_or_default();
        match status {
            Some(status) if status.success() => stdout,
            Some(status) => panic!(
                "{:?} ended with {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
                self.command
            ),
            None => panic!(
                "{:?} was ended after {:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
                self.command, self.timeout
            ),
        }
    }
}

/// A script that runs beside a test, such as a server to be asked. It is told to end, by the end of its standard input,
/// when this is dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    said: Value,
}

impl Served {
    /// The first JSON value that it printed.
    #[must_use]
    pub fn said(&self) -> &Value {
        &self.said
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        /// Python needs a moment to end. A test that panics must not leave its servers behind either way.
        const GRACE: Duration = Duration::from_secs(2);
        drop(self.child.stdin.take());
        let until = Instant::now() + GRACE;
        while let Ok(None) = self.child.try_wait() {
            if Instant::now() > until {
                end(&mut self.child);
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Script {
    /// Starts the script and waits for the first JSON value that it prints, which says that it is ready. It runs on
    /// until what is returned is dropped.
    ///
    /// # Panics
    ///
    /// When the script cannot start, or ends or outlives its time before it is ready.
    #[must_use]
    pub fn serve(mut self) -> Served {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{:?} does not start: {error}", self.command));
        let stderr = drain(child.stderr.take());
        let (sender, first) = mpsc::channel();
        let stdout = child.stdout.take();
        thread::spawn(move || {
            // To its end, so that a script that prints much cannot block. Nobody takes more than the first.
            for line in stdout
                .into_iter()
                .flat_map(|stdout| BufReader::new(stdout).lines())
            {
                if let Some(value) = line.ok().as_deref().and_then(printed_value) {
                    let _ = sender.send(value);
                }
            }
        });
        match first.recv_timeout(self.timeout) {
            Ok(said) => Served { child, said },
            Err(_) => {
                end(&mut child);
                panic!(
                    "{:?} was not ready after {:?}\n--- stderr\n{}",
                    self.command,
                    self.timeout,
                    stderr.join().unwrap_or_default()
                )
            }
        }
    }
}

/// The JSON value that a line is. What a package's logging thread wrote between an object and its newline, which
/// Python writes one after the other, is passed over.
fn printed_value(line: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(line) {
        return Some(value);
    }
    let mut values = serde_json::Deserializer::from_str(line).into_iter::<Value>();
    values.next()?.ok().filter(Value::is_object)
}

/// The root of the repository that this crate was built in.
#[must_use]
pub fn repository_root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}

/// Reads a pipe to its end on a thread of its own, so that a script that prints much cannot block.
fn drain<R: Read + Send + 'static>(pipe: Option<R>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::printed_value;
    use serde_json::json;

    #[test]
    fn a_log_entry_between_an_object_and_its_newline_is_passed_over() {
        let step = json!({"step": "blocked", "success": false});
        for line in [
            r#"{"step": "blocked", "success": false}"#,
            r#"{"step": "blocked", "success": false}2026-11-29 16:35:00.1 | ERROR | refused"#,
        ] {
            assert_eq!(printed_value(line), Some(step.clone()), "{line}");
        }
        for line in ["", "2026-11-29 16:35:00.1 | ERROR | refused", "{", "{\"step\""] {
            assert_eq!(printed_value(line), None, "{line}");
        }
    }
}
