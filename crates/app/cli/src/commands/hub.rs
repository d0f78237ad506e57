//! The embedded hub and its client.

use crate::context::Context;

/// The embedded hub and its client.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(command: Command, _context: &Context) -> miette::Result<()> {
    match command {}
}
