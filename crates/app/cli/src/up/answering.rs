//! What runs have in common whose miners are asked and whose answers are scored.

mod epochs;
mod stage;
mod summary;
mod view;

pub(super) use epochs::{Epochs, Pace, PaidEpoch, Standing, System, short};
pub(super) use stage::{Neurons, Stage};
pub(super) use summary::{ChainSummary, Earned};
pub(super) use view::{View, validator};

use super::{home::Home, records::Records};
use assay_axon::server::Route;
use assay_chain::{AxonAnnouncement, Endpoints};
use assay_localnet::{Account, LocalSubnet};
use assay_neuron::{AccessRules, AxonPlace, Callers, Exit, Miner, NeuronConfig};
use miette::{IntoDiagnostic, miette};
use std::{net::SocketAddr, path::Path};

/// A neuron of the run, with its state in this folder of it.
pub(super) fn neuron(
    home: &Home,
    subnet: &LocalSubnet,
    account: &Account,
    records: &Records,
    folder: &Path,
) -> miette::Result<NeuronConfig> {
    let network: Endpoints = subnet.devnet.url().parse().into_diagnostic()?;
    let mut config = NeuronConfig::new(
        network,
        subnet.netuid,
        account.hotkey.clone(),
        home.folder().join(folder).join(&account.name),
    );
    // The chain is this machine's: it may be looked at in every block.
    config.sync_every = 1;
    config.records = records.of_neuron(&account.hotkey.account());
    Ok(config)
}

/// A miner of the run.
pub(super) fn miner(
    home: &Home,
    subnet: &LocalSubnet,
    account: &Account,
    records: &Records,
    address: SocketAddr,
    routes: impl IntoIterator<Item = Route>,
) -> miette::Result<Miner> {
    let mut place = AxonPlace::listening([address]).published_at(address);
    // Before the first epoch nobody has a permit.
    place.access = AccessRules {
        callers: Callers::Registered,
        ..AccessRules::default()
    };
    let config = neuron(home, subnet, account, records, Path::new("miners"))?.with_axon(place);
    Ok(routes.into_iter().fold(Miner::new(config), Miner::route))
}

/// Publishes an address at which nobody listens.
pub(super) async fn announce(
    subnet: &LocalSubnet,
    account: &Account,
    address: SocketAddr,
) -> miette::Result<()> {
    let axon = AxonAnnouncement {
        address,
        version: 1,
        protocol: 4,
    };
    let receipt = subnet
        .chain
        .serve_axon(&account.hotkey, subnet.netuid, axon)
        .await
        .into_diagnostic()?;
    receipt.in_block().await.into_diagnostic()?;
    Ok(())
}

/// A neuron's end.
pub(super) type Ended = (String, miette::Result<Exit>);

/// A neuron has ended before the run did.
pub(super) fn untimely((name, result): Ended) -> miette::Report {
    match result {
        Ok(exit) => miette!("{name} has ended without being told to: {exit}"),
        Err(error) => error.wrap_err(format!("{name} has ended")),
    }
}
