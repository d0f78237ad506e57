//! Subnets, metagraphs, registration.

use crate::context::Context;

/// Subnets, metagraphs, registration.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(command: Command, _context: &Context) -> miette::Result<()> {
    match command {}
}
