//! The embedded chain: running it, and what can be done to one that runs.

mod fork;
mod money;
mod node;
mod serve;
mod snapshots;
mod spec;
mod time;
mod why;

use crate::context::Context;

/// Run the embedded chain, or do something to one that runs
///
/// Without a subcommand it runs a chain until somebody stops it. The subcommands talk to a running one: the one on
/// ws://127.0.0.1:9944 unless -n names another.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(flatten)]
    serve: serve::Args,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What can be done to a devnet.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print a spec with every field, commented, for `assay devnet --spec FILE`
    Spec,
    /// Make blocks now
    Advance(time::Advance),
    /// Make blocks until a subnet's next epoch has run
    Epoch(time::Epoch),
    /// Move the chain's clock forward, and make a block
    Warp(time::Warp),
    /// Stop making blocks
    Freeze,
    /// Make blocks again, as before the freeze
    Resume,
    Faucet(money::Faucet),
    /// Keep the whole chain under a name
    Snapshot(snapshots::Name),
    /// Make the chain what it was at a snapshot
    Restore(snapshots::Name),
    Fork(fork::Args),
    Why(why::Args),
}

impl Command {
    /// What it is called, when it changes something.
    fn changes(&self) -> Option<&'static str> {
        match self {
            Self::Spec | Self::Why(_) => None,
            Self::Advance(_) => Some("assay devnet advance"),
            Self::Epoch(_) => Some("assay devnet epoch"),
            Self::Warp(_) => Some("assay devnet warp"),
            Self::Freeze => Some("assay devnet freeze"),
            Self::Resume => Some("assay devnet resume"),
            Self::Faucet(_) => Some("assay devnet faucet"),
            Self::Snapshot(_) => Some("assay devnet snapshot"),
            Self::Restore(_) => Some("assay devnet restore"),
            Self::Fork(_) => Some("assay devnet fork"),
        }
    }
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    let Some(command) = args.command else {
        context.refuse_dry_run("assay devnet")?;
        return serve::run(args.serve, context);
    };
    if let Some(name) = command.changes() {
        context.refuse_dry_run(name)?;
    }
    match command {
        Command::Spec => spec::print(context),
        Command::Fork(args) => fork::run(args, context),
        Command::Why(args) => why::run(args, context),
        Command::Advance(args) => context.block_on(time::advance(args, context)),
        Command::Epoch(args) => context.block_on(time::epoch(args, context)),
        Command::Warp(args) => context.block_on(time::warp(args, context)),
        Command::Freeze => context.block_on(time::freeze(context)),
        Command::Resume => context.block_on(time::resume(context)),
        Command::Faucet(args) => context.block_on(money::faucet(args, context)),
        Command::Snapshot(args) => context.block_on(snapshots::take(args, context)),
        Command::Restore(args) => context.block_on(snapshots::restore(args, context)),
    }
}
