//! Gateways: the keys with which people ask.

pub(super) mod key;

use crate::context::Context;

/// Make and revoke the keys with which people ask through a gateway
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Key(key::Command),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Key(command) => key::run(command, context),
    }
}
