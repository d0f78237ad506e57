//! `assay miner chat`: answers people's chats, on any chain.

use crate::{
    commands::{
        chat::MindArgs,
        neuron::{self, NeuronArgs, Side},
        wallet::unlock,
    },
    context::Context,
};
use assay_keys::KeyRole;
use assay_neuron::{
    AccessRules, AxonPlace, Callers, Miner, NeuronConfig, NeuronError, Shutdown, WhenNotReached,
    check_axon_address, own_axon,
};
use std::net::SocketAddr;

/// Answer people's chats with a language model
///
/// Looks from outside whether its axon is reached, publishes the address on chain, and answers validators until it is asked
/// to stop. Ends with exit code 0 then, 69 when the chain is out of reach, 74 when files cannot be used, 77 when the hotkey
/// is not registered or no longer, 78 when the axon cannot listen or be published there, and 70 when it hangs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
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

pub(crate) async fn run(args: Args, context: &Context) -> miette::Result<()> {
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
    let config = args.neuron.config("chat", Side::Miner, hotkey, context).await?;
    if context.dry_run() {
        return neuron::plan(&config, Side::Miner, context).await;
    }
    let mut config = config.with_axon(place);
    let shutdown =
        Shutdown::at_signals(config.grace).map_err(|error| neuron::failure(NeuronError::System(error)))?;
    let mind = args.mind.mind(&config.home.join("base-model"), context)?;
    config.records = args
        .neuron
        .records("organic", &config, args.mind.secrets(), context);
    tell(&config, external, context);
    let exit = Miner::new(config)
        .route(assay_chat::route(mind))
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
