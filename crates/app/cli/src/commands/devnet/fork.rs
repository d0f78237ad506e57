//! `assay devnet fork`: another devnet that begins where a snapshot ends.

use super::serve;
use crate::context::Context;
use miette::miette;
use std::path::PathBuf;

/// Run another devnet that begins from a snapshot's file
///
/// It goes its own way from there; the chain that the snapshot is of is not touched. It lives in memory unless --home
/// gives it a folder, and takes a free port unless --port gives one.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file that `assay devnet snapshot` or `assay devnet --snapshot` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Folder of the new chain; without one it lives in memory
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Port for WebSocket and HTTP; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    #[command(flatten)]
    blocks: serve::BlockArgs,
}

pub(super) fn run(args: Args, context: &Context) -> miette::Result<()> {
    if !args.file.is_file() {
        return Err(miette!(
            help = "`assay devnet snapshot NAME` keeps a running chain and prints the file's path",
            "there is no snapshot {}",
            args.file.display()
        ));
    }
    serve::run(
        serve::Args::fork(args.file, args.home, args.port, args.blocks),
        context,
    )
}
