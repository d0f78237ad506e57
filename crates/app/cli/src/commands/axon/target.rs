//! Whom to call: an address and a hotkey, said outright or looked up on chain.

use crate::{
    commands::on_chain::{chain_failure, connect},
    context::Context,
};
use assay_axon::Target;
use assay_chain::{AccountId, Metagraph, NetUid, Neuron, Uid};
use miette::miette;
use std::net::SocketAddr;

/// Whom to call.
#[derive(Debug, clap::Args)]
pub(super) struct TargetArgs {
    /// The neuron: HOTKEY@IP:PORT, or with --netuid its uid or hotkey
    #[arg(value_name = "NEURON")]
    neuron: String,
    /// Look the neuron up in this subnet
    #[arg(long, value_name = "N")]
    netuid: Option<NetUid>,
    /// Call it there, whatever address the chain has
    #[arg(long, value_name = "IP:PORT", requires = "netuid")]
    address: Option<SocketAddr>,
}

impl TargetArgs {
    pub(super) async fn find(&self, context: &Context) -> miette::Result<Target> {
        let Some(netuid) = self.netuid else {
            return self.said();
        };
        let client = connect(context).await?;
        let metagraph = client.metagraph(netuid).await.map_err(chain_failure)?;
        let neuron = self.neuron_of(&metagraph)?;
        let address = match (self.address, neuron.axon) {
            (Some(address), _) => address,
            (None, Some(axon)) => axon.address,
            (None, None) => {
                return Err(miette!(
                    help = "it does not serve; if you know where it listens, say so with --address IP:PORT",
                    "uid {} of subnet {netuid} ({}) has published no address",
                    neuron.uid,
                    neuron.hotkey
                ));
            }
        };
        Ok(Target {
            hotkey: neuron.hotkey,
            address,
        })
    }

    fn said(&self) -> miette::Result<Target> {
        let wrong = || {
            miette!(
                help = "write HOTKEY@IP:PORT, or give --netuid N and a uid or a hotkey",
                "\"{}\" does not say whom to call",
                self.neuron
            )
        };
        let (hotkey, address) = self.neuron.split_once('@').ok_or_else(wrong)?;
        Ok(Target {
            hotkey: hotkey.parse().map_err(|_| wrong())?,
            address: address.parse().map_err(|_| wrong())?,
        })
    }

    fn neuron_of<'a>(&self, metagraph: &'a Metagraph) -> miette::Result<&'a Neuron> {
        let found = match (self.neuron.parse::<u16>(), self.neuron.parse::<AccountId>()) {
            (Ok(uid), _) => metagraph.neurons.iter().find(|neuron| neuron.uid == Uid(uid)),
            (_, Ok(hotkey)) => metagraph.neurons.iter().find(|neuron| neuron.hotkey == hotkey),
            _ => {
                return Err(miette!(
                    help = "with --netuid, give a uid such as 7 or a hotkey's SS58 address",
                    "\"{}\" is neither a uid nor a hotkey",
                    self.neuron
                ));
            }
        };
        found.ok_or_else(|| {
            miette!(
                help = format!(
                    "`assay subnet metagraph --netuid {}` lists who is there",
                    metagraph.netuid
                ),
                "subnet {} has no neuron {}",
                metagraph.netuid,
                self.neuron
            )
        })
    }
}
