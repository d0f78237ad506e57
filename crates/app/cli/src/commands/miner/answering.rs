//! What miners have in common that answer with a language model.

use crate::{
    commands::{
        chat::MindArgs,
        neuron::{self, NeuronArgs, Side},
        wallet::unlock,
    },
    context::Context,
};
use assay_axon::server::Route;
use assay_keys::KeyRole;
use assay_minds::Mind;
use assay_neuron::{
    AccessRules, AxonPlace, Callers, Miner, NeuronConfig, NeuronError, Shutdown, WhenNotReached,
    check_axon_address, own_axon,
};
use std::{net::SocketAddr, sync::Arc};

/// Where a miner is, and what it answers with.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct AnsweringArgs {
    #[command(flatten)]
    neuron: NeuronArgs,
    /// Where the axon listens
    #[arg(long, value_name = "IP:PORT")]
    axon: SocketAddr,
    /// Where others reach it, if that is another address
    #[arg(long, value_name = "IP:PORT")]
    external: Option<SocketAddr>,
    /// Answer every neuron of the subnet, not only validators
    #[arg(long)]
    registered: bool,
    #[command(flatten)]
    mind: MindArgs,
}

/// A kind of miner that answers.
pub(super) struct Kind {
    /// Of its folder.
    pub(super) name: &'static str,
    /// Of its records.
    pub(super) system: &'static str,
    /// What its axon answers.
    pub(super) routes: Box<dyn FnOnce(Arc<dyn Mind>) -> Vec<Route> + Send>,
}

/// Answers until it is told to stop.
pub(super) async fn run(args: AnsweringArgs, kind: Kind, context: &Context) -> miette::Result<()> {
    let external = args.external.unwrap_or(args.axon);
    check_axon_address(external).map_err(|error| neuron::failure(error.into()))?;
    let hotkey = unlock(context, KeyRole::Hotkey)?;
    let account = hotkey.account();
    let mut place = AxonPlace::listening([args.axon]).published_at(external);
    place.access = AccessRules {
        callers: if args.registered {
            Callers::Registered
        } else {
            Callers::Validators
        },
        ..AccessRules::default()
    };
    let config = args
        .neuron
        .config(kind.name, Side::Miner, hotkey, context)
        .await?;
    if context.dry_run() {
        return neuron::plan(&config, Side::Miner, context).await;
    }
    let mut config = config.with_axon(place);
    let shutdown =
        Shutdown::at_signals(config.grace).map_err(|error| neuron::failure(NeuronError::System(error)))?;
    let mind = args.mind.mind(&config.home.join("base-model"), context)?;
    config.records = args
        .neuron
        .records(kind.system, &config, args.mind.secrets(), context);
    tell(&config, external, context);
    let miner = (kind.routes)(mind)
        .into_iter()
        .fold(Miner::new(config), Miner::route);
    let exit = miner
        .probe(own_axon(account), WhenNotReached::Warn)
        .run_until(shutdown)
        .await
        .map_err(neuron::failure)?;
    neuron::ended(&exit, context)
}

fn tell(config: &NeuronConfig, external: SocketAddr, context: &Context) {
    context.output().say(&format!(
        "miner {} in subnet {}, published at {external}, state in {}",
        config.hotkey.account(),
        config.netuid,
        config.home.display()
    ));
}
