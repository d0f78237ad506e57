//! The exporter through what it writes and sends: to folders, and to a server that fails in all ways.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod confidential;
mod kill;
mod live;
mod official;
mod run_file;
mod stand_in;
mod to_folders;

use assay_records::{
    Log, LogConfig,
    streams::{Forward, Gpu, Hardware, MinerReward, OrganicIteration, PromptingStep, WeightStep},
};
use assay_wandb::{About, Begin, Exporter, Mode, Server, Timing, WandbConfig, WandbError};
use secrecy::SecretString;
use serde_json::{Value, json};
use stand_in::{KEY, StandIn};
use std::{path::Path, time::Duration};
use tempfile::TempDir;
use time::{OffsetDateTime, macros::datetime};
use tokio::{sync::oneshot, task::JoinHandle};

const HOTKEY: &str = "5F3sa2TJAWMqDhXG6jhV4N8ko9SxwGy8TpaNS1repo5EYjQX";

/// The log begins here.
const NOON: OffsetDateTime = datetime!(2026-11-29 12:00:00 UTC);

/// A validator's log and an exporter's folder.
struct Scene {
    home: TempDir,
    log: Log,
}

impl Scene {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let log = Log::open(LogConfig::new(home.path().join("records"), HOTKEY)).unwrap();
        Self { home, log }
    }

    fn config(&self, mode: Mode) -> WandbConfig {
        config_in(self.home.path(), mode)
    }

    fn live(&self, server: &StandIn) -> WandbConfig {
        self.config(Mode::Online(Server {
            base_url: server.url(),
            key: SecretString::from(KEY),
        }))
    }

    /// Steps of a validator, one a minute.
    fn steps(&self, steps: std::ops::Range<u64>) {
        for step in steps {
            let minutes = i64::try_from(step).unwrap();
            self.log
                .record(NOON + time::Duration::minutes(minutes), &prompting_step(step))
                .unwrap();
        }
        self.log.flush().unwrap();
    }

    /// One event of each of some streams.
    fn one_of_each(&self) {
        self.steps(0..1);
        let later = |seconds| NOON + time::Duration::seconds(seconds);
        let forward = Forward {
            system: "prompting".to_owned(),
            netuid: Some(1),
            step: 0,
            block: Some(4_100_000),
            seconds: Some(11.5),
            asked: 3,
            answered: 2,
            failed: None,
        };
        self.log.record(later(1), &forward).unwrap();
        let weights = WeightStep {
            netuid: Some(1),
            stage: "planned".to_owned(),
            uids: vec![4, 7],
            values: vec![65_535, 21_845],
            ..WeightStep::default()
        };
        self.log.record(later(2), &weights).unwrap();
        self.log.record(later(3), &hardware()).unwrap();
        self.log
            .record(later(4), &organic("a user's question", false))
            .unwrap();
        self.log.flush().unwrap();
    }
}

fn config_in(home: &Path, mode: Mode) -> WandbConfig {
    WandbConfig {
        mode,
        entity: Some("opentensor-dev".to_owned()),
        about: About {
            version: "1.2.0".to_owned(),
            hotkey: Some(HOTKEY.to_owned()),
            netuid: Some(1),
            system: Some("prompting".to_owned()),
        },
        begin: Begin::Everything,
        timing: Timing {
            poll: Duration::from_millis(5),
            heartbeat: Duration::from_millis(20),
            retry_first: Duration::from_millis(1),
            retry_most: Duration::from_millis(20),
            ..Timing::default()
        },
        ..WandbConfig::new("openvalidators", home.join("records"), home.join("wandb"))
    }
}

fn prompting_step(step: u64) -> PromptingStep {
    PromptingStep {
        name: "augment".to_owned(),
        step,
        block: Some(4_100_000 + step),
        prompt: "Summarise \"this\"\nin ä line.".to_owned(),
        uids: vec![4, 7, 9],
        completions: vec!["One.".to_owned(), "Two.".to_owned(), String::new()],
        rewards: vec![Some(0.25), Some(0.5), None],
        best: Some("Two.".to_owned()),
        step_length: Some(11.5),
        ..PromptingStep::default()
    }
}

fn hardware() -> Hardware {
    Hardware {
        cpu_percent: Some(12.5),
        memory_used_bytes: Some(3_000),
        memory_total_bytes: Some(4_000),
        gpus: vec![Gpu {
            name: "H200".to_owned(),
            percent: Some(97.0),
            ..Gpu::default()
        }],
        ..Hardware::default()
    }
}

fn organic(prompt: &str, is_private: bool) -> OrganicIteration {
    OrganicIteration {
        is_organic: true,
        is_private,
        stage: "log".to_owned(),
        prompt: Some(prompt.to_owned()),
        reference: Some("what we answered".to_owned()),
        rewards: vec![MinerReward {
            hotkey: HOTKEY.to_owned(),
            uid: Some(4),
            outcome: "answered".to_owned(),
            reward: Some(0.75),
            completion: Some("what a miner answered".to_owned()),
            seconds: Some(1.5),
        }],
        ..OrganicIteration::default()
    }
}

/// An exporter that runs.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), WandbError>>,
}

impl Running {
    fn start(config: WandbConfig) -> Self {
        let exporter = Exporter::open(config).unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(exporter.run_until(async {
            let _ = stopped.await;
        }));
        Self { stop, task }
    }

    async fn stop(self) -> Result<(), WandbError> {
        self.stop.send(()).unwrap();
        self.task.await.unwrap()
    }
}

/// The steps of a run's history.
fn steps_of(history: &[serde_json::Map<String, Value>]) -> Vec<u64> {
    history
        .iter()
        .filter_map(|row| row.get("step").and_then(Value::as_u64))
        .collect()
}

/// What the first step of a validator becomes.
fn first_line() -> Value {
    json!({
        "_step": 0, "_runtime": 0.0, "_timestamp": 1_795_953_600.0,
        "name": "augment", "step": 0, "block": 4_100_000, "prompt": "Summarise \"this\"\nin ä line.",
        "uids": [4, 7, 9], "hotkeys": [], "completions": ["One.", "Two.", ""], "completion_times": [],
        "completion_status_codes": [], "completion_status_messages": [], "chosen_by": [], "gating_scorings": [],
        "rewards": [0.25, 0.5, null], "best": "Two.", "step_length": 11.5,
    })
}
