//! `assay weights history`

use super::history_file;
use crate::{
    commands::on_chain::{account, connect, hinted},
    context::Context,
    output,
};
use assay_chain::NetUid;
use assay_keys::KeyRole;
use assay_neuron::{Attempt, AttemptStage, WeightHistory};
use comfy_table::Table;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

/// Show every attempt to set weights and what became of it
///
/// Each chain has a history of its own, so the network is asked which chain it is; with --history nobody is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// File of the history, instead of the usual one in ~/.assay/weights
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Only the newest so many
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    last: usize,
    /// Go on and tell every further step as it comes, until interrupted
    #[arg(long)]
    follow: bool,
}

/// How often the file is looked at. Blocks take seconds; a file of some kilobytes costs nothing.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let path = match &args.history {
        Some(path) => path.clone(),
        None => {
            let hotkey = account(context, KeyRole::Hotkey)?;
            history_file(&connect(context).await?, args.netuid, &hotkey, None).await?
        }
    };
    if args.follow {
        return follow(&path, args.last, context).await;
    }
    let mut attempts = WeightHistory::look(&path).map_err(|error| hinted(error, None))?;
    attempts.drain(..attempts.len().saturating_sub(args.last));
    context.output().data(&attempts, |attempts| {
        if attempts.is_empty() {
            format!("no attempts in {}", path.display())
        } else {
            table(attempts).to_string()
        }
    })
}

/// A step as it is told under `--json`, one a line.
#[derive(Serialize)]
struct Step<'a> {
    attempt: u64,
    at_ms: u64,
    #[serde(flatten)]
    stage: &'a AttemptStage,
}

/// Tells the steps that are there and every one that comes, whoever sets the weights.
async fn follow(path: &Path, last: usize, context: &Context) -> miette::Result<()> {
    let output = context.output();
    output.say(&format!("following {}; Ctrl-C ends it", path.display()));
    let mut told: BTreeMap<u64, usize> = BTreeMap::new();
    let mut is_first = true;
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        let attempts = WeightHistory::look(path).map_err(|error| hinted(error, None))?;
        let skipped = if is_first {
            attempts.len().saturating_sub(last)
        } else {
            0
        };
        for (place, attempt) in attempts.iter().enumerate() {
            let seen = told.entry(attempt.number).or_default();
            for record in attempt.stages.iter().skip(*seen).filter(|_| place >= skipped) {
                if output.is_json() {
                    output.json(&Step {
                        attempt: attempt.number,
                        at_ms: record.at_ms,
                        stage: &record.stage,
                    })?;
                } else {
                    output.text(&format!("attempt {}: {}", attempt.number, words(&record.stage)))?;
                }
            }
            *seen = attempt.stages.len();
        }
        is_first = false;
        tokio::select! {
            _ = &mut interrupted => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

pub(super) fn words(stage: &AttemptStage) -> String {
    match stage {
        AttemptStage::Refused { reason } => format!("refused before it was sent: {reason}"),
        AttemptStage::Sealed { plan, .. } => {
            format!("encrypted, to be revealed in block {}", plan.reveal_block)
        }
        AttemptStage::Submitted { hash, valid_until } => {
            format!("sent as {hash}, valid until block {valid_until}")
        }
        AttemptStage::InBlock { block } => format!("in {block}"),
        AttemptStage::Reorged { from } => format!("{from} was dropped by a reorganisation; it goes on"),
        AttemptStage::Finalized { block } => format!("final in {block}"),
        AttemptStage::Committed { commit } => {
            format!("committed, to be revealed in block {}", commit.reveal_block)
        }
        AttemptStage::Revealed { block } => format!("revealed in {block}"),
        AttemptStage::Applied { block } => format!("applied: the chain shows it at {block}"),
        AttemptStage::Failed { reason, .. } => format!("failed: {reason}"),
        other => format!("{other:?}"),
    }
}

fn table(attempts: &[Attempt]) -> Table {
    let mut table = output::table([
        "attempt",
        "checked at",
        "entries",
        "submitted",
        "included",
        "finalized",
        "revealed",
        "applied",
        "end",
    ]);
    for attempt in attempts {
        let reached = |wanted: fn(&AttemptStage) -> Option<String>| {
            attempt
                .stages
                .iter()
                .find_map(|record| wanted(&record.stage))
                .unwrap_or_default()
        };
        let entries = attempt
            .start
            .as_ref()
            .map_or_else(String::new, |start| start.entries.len().to_string());
        let checked = attempt
            .start
            .as_ref()
            .map_or_else(String::new, |start| start.block.number.to_string());
        table.add_row([
            attempt.number.to_string(),
            checked,
            entries,
            reached(|stage| matches!(stage, AttemptStage::Submitted { .. }).then(|| "yes".to_owned())),
            reached(|stage| match stage {
                AttemptStage::InBlock { block } => Some(block.number.to_string()),
                _ => None,
            }),
            reached(|stage| match stage {
                AttemptStage::Finalized { block } => Some(block.number.to_string()),
                _ => None,
            }),
            reached(|stage| match stage {
                AttemptStage::Revealed { block } => Some(block.number.to_string()),
                _ => None,
            }),
            reached(|stage| match stage {
                AttemptStage::Applied { block } => Some(block.number.to_string()),
                _ => None,
            }),
            end(attempt),
        ]);
    }
    table
}

fn end(attempt: &Attempt) -> String {
    match attempt.stage() {
        Some(AttemptStage::Applied { .. }) => "applied".to_owned(),
        Some(AttemptStage::Committed { commit }) => {
            format!("committed, to be revealed in block {}", commit.reveal_block)
        }
        Some(AttemptStage::Refused { reason }) => format!("refused: {reason}"),
        Some(AttemptStage::Failed { reason, .. }) => format!("failed: {reason}"),
        _ => "not known".to_owned(),
    }
}
