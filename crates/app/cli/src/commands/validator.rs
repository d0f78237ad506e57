//! Validators of the subnets.

mod chat;
pub(super) mod competition;
mod datasets;
mod people;
pub(crate) mod prompting;
pub(super) mod telling;

use crate::context::Context;

/// Exit code of settings that cannot be, after the system's `sysexits.h`.
pub(crate) const MISCONFIGURED: u8 = 78;

/// Validate on a subnet
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Train on miners' datasets, compare the losses, and set weights
    Datasets(datasets::Args),
    Chat(chat::Args),
    Prompting(Box<prompting::Args>),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Datasets(args) => context.block_on(datasets::run(args, context)),
        Command::Chat(args) => context.block_on(chat::run(args, context)),
        Command::Prompting(args) => context.block_on(prompting::run(*args, context)),
    }
}
