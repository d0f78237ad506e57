//! `assay doctor`: what keeps a neuron on this machine from working, and what to do about it.

use super::{
    findings,
    on_chain::{account, chain_failure, connect},
    own_axon,
    wallet::key_failure,
};
use crate::context::Context;
use assay_axon::Target;
use assay_chain::{ChainClient, NetUid};
use assay_keys::{AccountId, KeyRole};
use assay_neuron::{
    Circumstances,
    doctor::{AxonReading, Checkup, ClockReading, Examination, HomeReading, KeyFileReading, Role, examine},
};
use miette::miette;
use serde::Serialize;
use std::{net::SocketAddr, path::PathBuf};

/// Find out what keeps a miner or a validator from working, and what to do about it
///
/// Looks at this machine (clock, disk, key files), the chain's nodes, the hotkey's place in the subnet, and whether the
/// axon can be reached where the chain says. Changes nothing. Ends with exit code 0 when it works, and 1 when not.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// What the machine is to do
    #[arg(long, value_enum, value_name = "ROLE", default_value_t = RoleName::Validator)]
    role: RoleName,
    /// Where the axon is to be reached, instead of where the chain says
    #[arg(long, value_name = "IP:PORT")]
    axon: Option<SocketAddr>,
    /// Folder of the neuron's state
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// The version key that would be sent, instead of the one that the subnet asks for
    #[arg(long, value_name = "KEY")]
    version_key: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RoleName {
    Miner,
    Validator,
}

#[derive(Serialize)]
struct Answer {
    network: String,
    netuid: NetUid,
    hotkey: AccountId,
    #[serde(flatten)]
    checkup: Checkup,
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    let answer = context.block_on(look(&args, context))?;
    context.output().data(&answer, |answer| {
        let state = if answer.checkup.works {
            "works"
        } else {
            "does not work"
        };
        let head = format!(
            "{} as a {} in subnet {} on {} {state}",
            answer.hotkey,
            match args.role {
                RoleName::Miner => "miner",
                RoleName::Validator => "validator",
            },
            answer.netuid,
            answer.network
        );
        let lines = findings::lines(&answer.checkup.findings);
        std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
    })?;
    if answer.checkup.works {
        return Ok(());
    }
    Err(miette!(
        help = "the lines marked NO say what to do, the first one first",
        "it does not work like this"
    ))
}

async fn look(args: &Args, context: &Context) -> miette::Result<Answer> {
    let hotkey = account(context, KeyRole::Hotkey)?;
    let client = connect(context).await?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (metagraph, hyperparameters, epochs) = tokio::try_join!(
        snapshot.metagraph(args.netuid),
        snapshot.hyperparameters(args.netuid),
        snapshot.epoch_schedule(args.netuid),
    )
    .map_err(chain_failure)?;
    let published = metagraph
        .by_hotkey(&hotkey)
        .and_then(|neuron| neuron.axon)
        .map(|axon| axon.address);
    let axon = axon(args.axon, published, hotkey).await;
    let clock = clock(&client, context).await;
    let wallet = context.wallet();
    let key_files: Vec<_> = wallet
        .secret_keyfile(KeyRole::Hotkey)
        .map_err(key_failure)
        .map(|file| KeyFileReading::take(file.path()))
        .into_iter()
        .collect();
    let home = args.home.as_ref().map(HomeReading::take);
    let nodes = client.endpoints();
    let checkup = examine(&Examination {
        role: match args.role {
            RoleName::Miner => Role::Miner,
            RoleName::Validator => Role::Validator,
        },
        circumstances: Circumstances {
            metagraph: &metagraph,
            hyperparameters: &hyperparameters,
            epochs: &epochs,
            block_time: client.block_time().map_err(chain_failure)?,
            hotkey,
            version_key: args.version_key,
        },
        clock,
        nodes: &nodes,
        axon: axon.as_ref(),
        key_files: &key_files,
        home: home.as_ref(),
    });
    Ok(Answer {
        network: client.endpoint().to_string(),
        netuid: args.netuid,
        hotkey,
        checkup,
    })
}

/// The axon as a stranger finds it; nothing where none is published and none is wanted.
async fn axon(
    wanted: Option<SocketAddr>,
    published: Option<SocketAddr>,
    hotkey: AccountId,
) -> Option<AxonReading> {
    let address = wanted.or(published)?;
    Some(AxonReading {
        wanted,
        reached: Some(own_axon::look(Target { hotkey, address }).await),
    })
}

/// A chain that does not tell its time leaves the clock unjudged.
async fn clock(client: &ChainClient, context: &Context) -> Option<ClockReading> {
    match ClockReading::take(client).await {
        Ok(reading) => Some(reading),
        Err(error) => {
            context
                .output()
                .warn(&format!("the clock is not compared with the chain's: {error}"));
            None
        }
    }
}
