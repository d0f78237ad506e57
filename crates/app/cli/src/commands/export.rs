//! `assay export`: what was recorded, to where others keep such things.

mod storage;
mod wandb;

use crate::context::Context;
use miette::IntoDiagnostic;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Wandb(wandb::Args),
    Storage(storage::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Wandb(args) => wandb::run(args, context),
        Command::Storage(args) => storage::run(args, context),
    }
}

/// Cancels when the process is told to end.
fn stop_signals(stop: &CancellationToken) -> miette::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
