//! Language models and LoRA.

use crate::context::Context;

/// Language models and LoRA.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(command: Command, _context: &Context) -> miette::Result<()> {
    match command {}
}
