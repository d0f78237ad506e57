//! `assay weights history`

use super::history_file;
use crate::{commands::on_chain::hinted, context::Context, output};
use assay_chain::NetUid;
use assay_neuron::{Attempt, AttemptStage, WeightHistory};
use comfy_table::Table;
use std::path::PathBuf;

/// Show every attempt to set weights and what became of it
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
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let path = history_file(context, args.netuid, args.history.as_deref())?;
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
