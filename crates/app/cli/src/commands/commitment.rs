//! Commitments: small texts that neurons write on chain.

mod get;
mod list;
mod set;

use crate::context::Context;
use assay_chain::Commitment;

/// Write and read commitments on chain
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Set(set::Args),
    /// Show one hotkey's commitment
    Get(get::Args),
    /// List all commitments of a subnet
    List(list::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    context.block_on(async {
        match command {
            Command::Set(args) => set::run(args, context).await,
            Command::Get(args) => get::run(args, context).await,
            Command::List(args) => list::run(args, context).await,
        }
    })
}

/// A commitment for people: its text, or its bytes where it is none.
fn content(commitment: &Commitment) -> String {
    commitment.text().unwrap_or_else(|| {
        let bytes = commitment.bytes();
        if bytes.is_empty() {
            format!("{:?}", commitment.fields)
        } else {
            format!("0x{}", hex::encode(bytes))
        }
    })
}
