//! Miners of the subnets.

use crate::context::Context;

/// Miners of the subnets.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(command: Command, _context: &Context) -> miette::Result<()> {
    match command {}
}
