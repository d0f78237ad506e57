//! The embedded chain.

use crate::context::Context;

/// Run the embedded chain.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, _context: &Context) -> miette::Result<()> {
    Ok(())
}
