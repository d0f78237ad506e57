//! `assay subnet metagraph`

use crate::{
    commands::on_chain::{chain_failure, connect, short},
    context::Context,
    output,
};
use assay_chain::{Block, BlockHash, Metagraph, NetUid};
use comfy_table::Table;
use miette::miette;

/// List a subnet's neurons
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Height or hash of the block to look at, instead of the newest
    #[arg(long, value_name = "BLOCK")]
    at: Option<String>,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let snapshot = match &args.at {
        None => client.pin().await,
        Some(text) => match (text.parse::<u64>(), text.parse::<BlockHash>()) {
            (Ok(number), _) => match client.block_hash(Block(number)).await.map_err(chain_failure)? {
                Some(hash) => client.at(hash).await,
                None => return Err(miette!("the chain has no block {number} yet")),
            },
            (_, Ok(hash)) => client.at(hash).await,
            _ => {
                return Err(miette!(
                    help = "give a height like 1200, or 0x and 64 hexadecimal digits",
                    "\"{text}\" is no block"
                ));
            }
        },
    };
    let metagraph = snapshot
        .map_err(chain_failure)?
        .metagraph(args.netuid)
        .await
        .map_err(chain_failure)?;
    context.output().data(&metagraph, |metagraph| {
        format!(
            "subnet {} at {}: {} of {} slots taken\n{}",
            metagraph.netuid,
            metagraph.block,
            metagraph.size(),
            metagraph.max_neurons,
            table(metagraph)
        )
    })
}

fn table(metagraph: &Metagraph) -> Table {
    let mut table = output::table([
        "uid",
        "hotkey",
        "stake",
        "trust",
        "consensus",
        "incentive",
        "dividends",
        "emission",
        "permit",
        "updated",
        "axon",
    ]);
    for neuron in &metagraph.neurons {
        table.add_row([
            neuron.uid.to_string(),
            short(&neuron.hotkey),
            neuron.total_stake.to_string(),
            neuron.validator_trust.map_or_else(String::new, share),
            share(neuron.consensus),
            share(neuron.incentive),
            share(neuron.dividends),
            neuron.emission.to_string(),
            if neuron.validator_permit { "validator" } else { "" }.to_owned(),
            neuron.last_update.to_string(),
            neuron
                .axon
                .map_or_else(String::new, |axon| axon.address.to_string()),
        ]);
    }
    table
}

/// A share of 65535 as a fraction of one.
fn share(part: u16) -> String {
    format!("{:.4}", f64::from(part) / 65535.0)
}
