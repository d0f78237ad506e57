//! A validator's weights: setting them, looking at what the chain holds, and what became of each attempt.

mod history;
mod set;
mod show;
mod weight;

pub(crate) use weight::{Weight, by_hotkey_or_uid};

use crate::{commands::on_chain::account, configuration::expand_home, context::Context};
use assay_chain::{AccountId, NetUid};
use assay_keys::KeyRole;
use std::path::{Path, PathBuf};

/// Set and follow a validator's weights
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Set the weights of the wallet's hotkey
    Set(set::Args),
    /// Show the weights that the chain holds
    Show(show::Args),
    /// Show every attempt to set weights and what became of it
    History(history::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Set(args) => context.block_on(set::run(args, context)),
        Command::Show(args) => context.block_on(show::run(args, context)),
        Command::History(args) => history::run(&args, context),
    }
}

/// The history of the wallet's hotkey in a subnet: the file given, or the usual one.
fn history_file(context: &Context, netuid: NetUid, given: Option<&Path>) -> miette::Result<PathBuf> {
    Ok(match given {
        Some(path) => path.to_owned(),
        None => usual_history_file(netuid, &account(context, KeyRole::Hotkey)?),
    })
}

fn usual_history_file(netuid: NetUid, hotkey: &AccountId) -> PathBuf {
    expand_home(Path::new("~/.assay/weights")).join(format!("{netuid}-{hotkey}.jsonl"))
}
