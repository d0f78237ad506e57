//! A subnet of a synapse, a miner and a scorer: whoever sends texts back reversed is paid in full.

#![allow(dead_code, reason = "each test binary uses its share; one uses all")]

use assay_axon::{
    Outcome,
    server::{Asked, Failure, Route, Synapse},
    synapse::{Field, FieldType, PythonValue},
};
use assay_chain::{Budget, ConnectOptions, NetUid, Pair};
use assay_neuron::{AxonPlace, Context, Exit, Miner, NeuronConfig, NeuronError, RestartPolicy, Shutdown};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    error::Error,
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};
use tokio::task::JoinHandle;

#[derive(Serialize, Deserialize)]
pub(crate) struct Echo {
    pub(crate) text: String,
    pub(crate) reply: Option<String>,
}

impl Synapse for Echo {
    const NAME: &'static str = "Echo";
    const HASHED: &'static [&'static str] = &["text"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("text", FieldType::Str),
            Field::with_default("reply", FieldType::optional(FieldType::Str), PythonValue::None),
        ]
    }
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

async fn good(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(reversed(&echo.text));
    Ok(echo)
}

async fn poor(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(echo.text.clone());
    Ok(echo)
}

/// What a wrong answer is worth.
pub(crate) const POOR: f64 = 0.25;

/// One round: everybody is asked the same.
pub(crate) async fn score(context: Context) -> Result<(), Box<dyn Error + Send + Sync>> {
    let metagraph = context.metagraph().await?;
    let Ok(miners) = context.choose(&metagraph, 16, &BTreeSet::new()) else {
        return Ok(());
    };
    let echo = Echo {
        text: "abc".to_owned(),
        reply: None,
    };
    for reply in context.ask(&miners, &echo, Duration::from_secs(10)).await? {
        let reward = match reply.outcome {
            Outcome::Answered(echo) if echo.reply == Some(reversed(&echo.text)) => 1.0,
            Outcome::Answered(_) => POOR,
            Outcome::OwnFault(_) => continue,
            _ => 0.0,
        };
        context.reward(reply.miner.target.hotkey, reward)?;
    }
    Ok(())
}

/// A neuron on a chain whose blocks take fractions of a second, with patience to match.
pub(crate) fn config(url: &str, netuid: NetUid, hotkey: Pair, home: &Path) -> NeuronConfig {
    let mut config = NeuronConfig::new(
        url.parse::<assay_chain::Endpoints>().unwrap(),
        netuid,
        hotkey,
        home,
    );
    config.connect = ConnectOptions::default()
        .with_deadline(Duration::from_secs(3))
        .with_stale_after(Duration::from_secs(3))
        .with_inclusion_deadline(Duration::from_secs(10))
        .with_finality_deadline(Duration::from_secs(10))
        .with_mortality(16)
        .with_budget(Budget::Unlimited);
    config.sync_every = 1;
    config.checkpoint_every = Duration::from_millis(200);
    config.restarts = RestartPolicy {
        restarts: 100,
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(500),
        ..RestartPolicy::default()
    };
    config
}

/// An address of this machine that the chain takes, and that nobody uses.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    listener.local_addr().unwrap()
}

pub(crate) enum Skill {
    Good,
    Poor,
}

pub(crate) type Running = JoinHandle<Result<Exit, NeuronError>>;

/// Starts a miner.
pub(crate) fn mine(config: NeuronConfig, skill: Skill, shutdown: &Shutdown) -> Running {
    let address = free_address();
    let config = config.with_axon(AxonPlace::listening([address]).published_at(address));
    let route = match skill {
        Skill::Good => Route::new(good),
        Skill::Poor => Route::new(poor),
    };
    tokio::spawn(Miner::new(config).route(route).run_until(shutdown.clone()))
}
