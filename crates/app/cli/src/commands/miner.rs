//! Miners of the subnets.

mod answering;
mod chat;
mod datasets;
mod prompting;

use crate::context::Context;

/// Mine on a subnet
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Publish a dataset and commit to it on chain
    Datasets(datasets::Args),
    Chat(chat::Args),
    Prompting(prompting::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Datasets(args) => context.block_on(datasets::run(args, context)),
        Command::Chat(args) => context.block_on(chat::run(args, context)),
        Command::Prompting(args) => context.block_on(prompting::run(args, context)),
    }
}
