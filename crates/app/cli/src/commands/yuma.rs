//! Yuma Consensus: recorded epochs run again, and the next epochs of a subnet looked at beforehand.

mod run;
mod simulate;

use crate::context::Context;

/// Replay Yuma Consensus, and look ahead
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Compute the epochs of yuma-vectors-1 files and compare them with what the files expect
    ///
    /// Stops at the first value that is not the recorded one, names it, and ends with exit code 1. An epoch for which
    /// a file records nothing is computed all the same; --json prints every output. JSON without any `schema` is
    /// passed over with a warning, so that a whole folder can be given.
    Run(run::Args),
    /// Tell what other weights would earn in a subnet's next epochs, and what a copier would
    ///
    /// The first epoch is the chain's own computation on what is on chain now. Later ones assume that every validator
    /// sets the same weights again, that stakes and registrations stay, and that the same is emitted.
    Simulate(simulate::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Run(args) => run::run(&args, context),
        Command::Simulate(args) => simulate::run(args, context),
    }
}
