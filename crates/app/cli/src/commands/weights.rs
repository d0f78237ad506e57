//! Weights of validators.

use crate::context::Context;

/// Weights of validators.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(command: Command, _context: &Context) -> miette::Result<()> {
    match command {}
}
