//! What a run has come to, for a person and for a program.

use super::{
    history::EpochRecord,
    results::{MinerLine, Status},
};
use crate::output;
use assay_chain::NetUid;
use assay_keys::AccountId;
use comfy_table::CellAlignment;
use serde::Serialize;
use std::path::PathBuf;

/// The document that `assay up --json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) schema: &'static str,
    pub(super) system: &'static str,
    pub(super) home: PathBuf,
    /// Whether an earlier run was continued.
    pub(super) continued: bool,
    pub(super) chain: ChainSummary,
    pub(super) competition: CompetitionSummary,
    pub(super) validators: Vec<ValidatorSummary>,
    /// Every epoch that is remembered, the oldest first.
    pub(super) epochs: Vec<EpochRecord>,
    /// The sums over all of them, the best paid miner first.
    pub(super) miners: Vec<MinerTotal>,
}

pub(super) const SCHEMA: &str = "assay-up-datasets-1";

#[derive(Debug, Serialize)]
pub(super) struct ChainSummary {
    pub(super) genesis: String,
    pub(super) netuid: NetUid,
    pub(super) block: u64,
    pub(super) tempo: u16,
}

#[derive(Debug, Serialize)]
pub(super) struct CompetitionSummary {
    pub(super) id: String,
    pub(super) recipe: String,
    pub(super) held_out: PathBuf,
    pub(super) base_model: PathBuf,
}

#[derive(Debug, Serialize)]
pub(super) struct ValidatorSummary {
    pub(super) name: String,
    pub(super) hotkey: AccountId,
    /// How far its newest weights are, in words.
    pub(super) weights: Option<String>,
}

/// A miner over all epochs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct MinerTotal {
    pub(super) name: String,
    pub(super) hotkey: AccountId,
    pub(super) dataset: String,
    /// What came of it in the newest epoch.
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) rows: Option<usize>,
    pub(super) loss: Option<f64>,
    pub(super) win_rate: Option<f64>,
    pub(super) weight: f64,
    pub(super) incentive: f64,
    /// Alpha that the newest epoch paid, in rao.
    pub(super) emission_rao: u64,
    /// Alpha that all epochs paid, in rao.
    pub(super) earned_rao: u64,
}

/// Adds up what each miner of the newest epoch has earned in all of them.
pub(super) fn totals(epochs: &[EpochRecord]) -> Vec<MinerTotal> {
    let Some(newest) = epochs.last() else {
        return Vec::new();
    };
    let mut totals: Vec<_> = newest.miners.iter().map(|line| total(line, epochs)).collect();
    totals.sort_by_key(|total| std::cmp::Reverse(total.earned_rao));
    totals
}

fn total(line: &MinerLine, epochs: &[EpochRecord]) -> MinerTotal {
    let earned_rao = epochs
        .iter()
        .flat_map(|epoch| &epoch.miners)
        .filter(|other| other.hotkey == line.hotkey)
        .map(|other| other.emission_rao)
        .sum();
    MinerTotal {
        name: line.name.clone(),
        hotkey: line.hotkey,
        dataset: line.dataset.clone(),
        status: line.status,
        reason: line.reason.clone(),
        rows: line.rows,
        loss: line.loss,
        win_rate: line.win_rate,
        weight: line.weight,
        incentive: line.incentive,
        emission_rao: line.emission_rao,
        earned_rao,
    }
}

/// The summary for a person: what each miner has earned, the best first.
pub(super) fn text(summary: &Summary) -> String {
    let Some(newest) = summary.epochs.last() else {
        return "no epoch was finished".to_owned();
    };
    let mut table = output::table(["miner", "dataset", "loss", "incentive", "earned", "status"]);
    for miner in &summary.miners {
        table.add_row([
            miner.name.clone(),
            miner.dataset.clone(),
            miner
                .loss
                .map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}")),
            format!("{:.4}", miner.incentive),
            format!("{:.4} alpha", miner.earned_rao as f64 / 1e9),
            miner
                .reason
                .clone()
                .unwrap_or_else(|| miner.status.words().to_owned()),
        ]);
    }
    for column in [2, 3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!(
        "subnet {} after {} epochs:\n{table}",
        summary.chain.netuid, newest.epoch
    )
}
