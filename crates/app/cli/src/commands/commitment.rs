//! Commitments of hotkeys on chain.

use crate::context::Context;

/// Commitments of hotkeys on chain.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(command: Command, _context: &Context) -> miette::Result<()> {
    match command {}
}
