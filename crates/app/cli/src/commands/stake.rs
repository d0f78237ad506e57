//! Stake of hotkeys.

use crate::context::Context;

/// Stake of hotkeys.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(command: Command, _context: &Context) -> miette::Result<()> {
    match command {}
}
