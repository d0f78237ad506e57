//! A validator's weights: setting them, committing to them and revealing them, looking at what the chain holds, and what
//! became of each attempt.

mod commit;
mod hidden;
mod history;
mod prepare;
mod reveal;
mod set;
mod show;
mod weight;
mod window;

pub(crate) use weight::{Weight, by_hotkey_or_uid};

use crate::{
    chain::{chain_failure, mark},
    configuration::expand_home,
    context::Context,
    hinted::hinted,
};
use assay_chain::{AccountId, ChainClient, NetUid};
use assay_neuron::{SetWeightsError, WeightHistory};
use miette::IntoDiagnostic;
use std::path::{Path, PathBuf};

/// Set and follow a validator's weights
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Set(set::Args),
    Commit(commit::Args),
    Reveal(reveal::Args),
    /// Show the weights that the chain holds
    Show(show::Args),
    History(history::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    context.block_on(async {
        match command {
            Command::Set(args) => set::run(args, context).await,
            Command::Commit(args) => commit::run(args, context).await,
            Command::Reveal(args) => reveal::run(args, context).await,
            Command::Show(args) => show::run(args, context).await,
            Command::History(args) => history::run(args, context).await,
        }
    })
}

fn failure(error: SetWeightsError) -> miette::Report {
    let hint = error.hint();
    hinted(error, hint)
}

/// Where histories and what hash commits hide are kept.
fn folder() -> PathBuf {
    expand_home(Path::new("~/.assay/weights"))
}

/// The history of a hotkey in a subnet: the file given, or the usual one for this chain.
async fn history_file(
    client: &ChainClient,
    netuid: NetUid,
    hotkey: &AccountId,
    given: Option<&Path>,
) -> miette::Result<PathBuf> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    let usual = folder().join(format!("{}-{netuid}-{hotkey}.jsonl", mark(client)));
    // Earlier versions did not name the chain.
    let earlier = folder().join(format!("{netuid}-{hotkey}.jsonl"));
    if !usual.exists() && earlier.exists() && is_of(client, &earlier).await? {
        fs_err::rename(&earlier, &usual).into_diagnostic()?;
    }
    Ok(usual)
}

/// Whether a history is of this chain: its newest attempt was made at a block that this chain has. One without any such
/// attempt can be of every chain.
pub(crate) async fn is_of(client: &ChainClient, history: &Path) -> miette::Result<bool> {
    let attempts = WeightHistory::look(history).map_err(|error| hinted(error, None))?;
    let Some(start) = attempts.into_iter().rev().find_map(|attempt| attempt.start) else {
        return Ok(true);
    };
    let known = client
        .block_hash(start.block.number)
        .await
        .map_err(chain_failure)?;
    Ok(known == Some(start.block.hash))
}
