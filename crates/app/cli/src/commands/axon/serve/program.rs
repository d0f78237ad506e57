//! A program that answers requests.

use assay_axon::{
    dendrite::SynapseFields,
    server::{Asked, Failure},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use std::{path::PathBuf, process::Stdio};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Semaphore,
    time::timeout,
};

/// Bytes of an answer. A program that writes on and on is stopped there.
const MOST_ANSWER: u64 = 16 * 1024 * 1024;
/// Programs at one time. More take the machine's memory; fewer let requests wait for programs that only wait themselves.
const AT_ONCE: usize = 32;

/// A program that answers requests, one run each.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    places: Semaphore,
}

/// What it reads, as one line of JSON.
#[derive(Serialize)]
struct Question<'a> {
    caller: &'a str,
    dialect: String,
    /// Seconds that it has.
    timeout: f64,
    fields: &'a SynapseFields,
}

impl Program {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            places: Semaphore::new(AT_ONCE),
        }
    }

    /// Runs it. What it writes to standard error goes to ours.
    pub(super) async fn answer(
        &self,
        caller: &str,
        asked: Asked<SynapseFields>,
    ) -> Result<SynapseFields, Failure> {
        match timeout(asked.time, self.run(caller, &asked)).await {
            Ok(answer) => answer,
            Err(_) => Err(failure("the program took too long")),
        }
    }

    async fn run(&self, caller: &str, asked: &Asked<SynapseFields>) -> Result<SynapseFields, Failure> {
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|_| failure("the miner is ending"))?;
        let mut question = serde_json::to_vec(&Question {
            caller,
            dialect: asked.caller.dialect.to_string(),
            timeout: asked.time.as_secs_f64(),
            fields: &asked.synapse,
        })
        .map_err(|_| failure("the question cannot be written"))?;
        question.push(b'\n');
        let mut child = Command::new(&self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // With the deadline, or the caller, it goes too.
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                tracing::error!(program = %self.path.display(), %error, "the program does not start");
                failure("the program does not start")
            })?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failure("the program cannot be spoken to"));
        };
        let writing = async move {
            // A program that does not read its question still answers.
            let _ = input.write_all(&question).await;
            drop(input);
        };
        let mut answer = Vec::new();
        let mut bounded = output.take(MOST_ANSWER + 1);
        let reading = bounded.read_to_end(&mut answer);
        let ((), read) = tokio::join!(writing, reading);
        read.map_err(|_| failure("the program's answer cannot be read"))?;
        if answer.len() as u64 > MOST_ANSWER {
            return Err(failure("the program's answer is too long"));
        }
        let status = child
            .wait()
            .await
            .map_err(|_| failure("the program cannot be waited for"))?;
        if !status.success() {
            tracing::warn!(program = %self.path.display(), %status, "the program failed");
            return Err(failure("the program failed"));
        }
        let fields: &RawValue =
            serde_json::from_slice(&answer).map_err(|_| failure("the program's answer is no JSON"))?;
        SynapseFields::of(&fields).map_err(|_| failure("the program's answer is no JSON object"))
    }
}

fn failure(message: &str) -> Failure {
    Failure {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: message.to_owned(),
    }
}
