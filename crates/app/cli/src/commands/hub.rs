//! The embedded hub, and uploads to and downloads from any hub.

mod download;
pub(crate) mod error;
pub(crate) mod place;
mod progress;
mod serve;
mod upload;

use crate::context::Context;

/// The embedded hub, and uploads to and downloads from any hub.
///
/// A hub is found by HF_ENDPOINT and entered with HF_TOKEN, as by every other client of one.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Serve a hub from a folder, until interrupted
    Serve(serve::Args),
    /// Upload files and folders in one commit
    Upload(upload::Args),
    /// Download a repository, or files of it, at one commit
    Download(download::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Serve(args) => serve::run(args, context),
        Command::Upload(args) => upload::run(args, context),
        Command::Download(args) => download::run(args, context),
    }
}
