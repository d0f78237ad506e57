//! Axons: serving one, calling one, and finding out why it cannot be called.

mod call;
mod declared_field;
mod hashed_fields;
mod probe;
mod serve;
mod target;

use crate::context::Context;

/// Serve an axon, and call the axons of others
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Serve(serve::Args),
    Call(call::Args),
    Probe(probe::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    context.block_on(async {
        match command {
            Command::Serve(args) => serve::run(args, context).await,
            Command::Call(args) => call::run(args, context).await,
            Command::Probe(args) => probe::run(args, context).await,
        }
    })
}
