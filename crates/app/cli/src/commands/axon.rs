//! Axons: calling one from the shell.

mod call;
mod hashed_fields;
mod target;

use crate::context::Context;

/// Serve an axon, and call the axons of others
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Call(call::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    context.block_on(async {
        match command {
            Command::Call(args) => call::run(args, context).await,
        }
    })
}
