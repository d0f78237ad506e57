//! Subnets: looking at them, creating and starting them, registering on them.

mod create;
mod hyperparams;
mod identity;
mod list;
mod metagraph;
mod register;
mod show;
mod start;

use crate::context::Context;
use assay_chain::NetUid;

/// Look at subnets, create them, register on them
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List all subnets
    List,
    Create(create::Args),
    /// Start a subnet: stake and emission flow from then on
    Start(OneSubnet),
    /// Show one subnet and when its epochs run
    Show(OneSubnet),
    /// List a subnet's neurons
    Metagraph(metagraph::Args),
    /// Show what a subnet asks of its neurons, or change it
    #[command(visible_alias = "hyperparameters")]
    Hyperparams(hyperparams::Args),
    Identity(identity::Args),
    Register(register::Args),
}

/// A subnet.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct OneSubnet {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    pub(crate) netuid: NetUid,
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    context.block_on(async {
        match command {
            Command::List => list::run(context).await,
            Command::Create(args) => create::run(args, context).await,
            Command::Start(args) => start::run(args, context).await,
            Command::Show(args) => show::run(args, context).await,
            Command::Metagraph(args) => metagraph::run(args, context).await,
            Command::Hyperparams(args) => hyperparams::run(args, context).await,
            Command::Identity(args) => identity::run(args, context).await,
            Command::Register(args) => register::run(args, context).await,
        }
    })
}
