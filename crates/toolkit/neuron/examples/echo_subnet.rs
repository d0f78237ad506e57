//! A whole subnet in a hundred lines: a synapse, a miner and a validator.
//!
//! ```text
//! cargo run --example echo_subnet -- miner     ws://127.0.0.1:9944 2 //Miner//hotkey 192.168.1.7:8091
//! cargo run --example echo_subnet -- validator ws://127.0.0.1:9944 2 //Validator//hotkey
//! ```
#![expect(clippy::print_stderr, reason = "an example tells how it ended")]

use assay_axon::{
    Outcome,
    server::{Asked, Failure, Route, Synapse},
    synapse::{Field, FieldType, PythonValue},
};
use assay_chain::{Endpoints, Pair};
use assay_keys::Scheme;
use assay_neuron::{AxonPlace, Context, Miner, NeuronConfig, Pace, Validator};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, error::Error, net::SocketAddr, process::ExitCode, time::Duration};

type Problem = Box<dyn Error + Send + Sync>;

/// What is asked, and what is to be filled in.
#[derive(Serialize, Deserialize)]
struct Echo {
    text: String,
    reply: Option<String>,
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

/// The miner's work.
async fn answer(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(reversed(&echo.text));
    Ok(echo)
}

/// One round of the validator.
async fn score(context: Context) -> Result<(), Problem> {
    let metagraph = context.metagraph().await?;
    let miners = match context.choose(&metagraph, 16, &BTreeSet::new()) {
        Ok(miners) => miners,
        Err(nobody) => {
            eprintln!("{nobody}");
            return Ok(());
        }
    };
    let echo = Echo {
        text: metagraph.block.hash.to_string(),
        reply: None,
    };
    for reply in context.ask(&miners, &echo, Duration::from_secs(12)).await? {
        let reward = match reply.outcome {
            Outcome::Answered(echo) if echo.reply == Some(reversed(&echo.text)) => 1.0,
            // What failed here must not cost the miner anything.
            Outcome::OwnFault(_) => continue,
            _ => 0.0,
        };
        context.reward(reply.miner.target.hotkey, reward)?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<ExitCode, Problem> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, network, netuid, hotkey, rest @ ..] = &arguments[..] else {
        return Err("miner|validator NETWORK NETUID HOTKEY [ADDRESS]".into());
    };
    let hotkey = Pair::from_uri(hotkey, Scheme::Sr25519)?;
    let home = std::env::temp_dir().join(hotkey.account().to_string());
    let config = NeuronConfig::new(network.parse::<Endpoints>()?, netuid.parse()?, hotkey, home);
    let ended = match (role.as_str(), rest) {
        ("miner", [address]) => {
            let address: SocketAddr = address.parse()?;
            let axon = AxonPlace::listening([address]).published_at(address);
            Miner::new(config.with_axon(axon))
                .route(Route::new(answer))
                .run()
                .await
        }
        ("validator", []) => {
            Validator::new(config)
                .pace(Pace::Blocks(5))
                .score(score)
                .run()
                .await
        }
        _ => return Err("miner NETWORK NETUID HOTKEY ADDRESS, or validator NETWORK NETUID HOTKEY".into()),
    };
    Ok(match ended {
        Ok(exit) => {
            eprintln!("{exit}");
            ExitCode::from(exit.code())
        }
        Err(error) => {
            eprintln!("{error}\nhint: {}", error.hint().unwrap_or_default());
            ExitCode::from(error.code())
        }
    })
}
