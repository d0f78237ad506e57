//! The row that `assay weights set` and `assay weights commit` are about, checked as the chain would check it.

use super::{Weight, by_hotkey_or_uid, failure};
use crate::{
    commands::on_chain::{account, chain_failure, connect},
    context::Context,
    output,
};
use assay_chain::{AccountId, ChainClient, NetUid, Zeros};
use assay_keys::KeyRole;
use assay_neuron::{AttemptStart, PlannedWeights, plan_weights};
use comfy_table::Table;

/// A row as it is typed.
#[derive(Debug, clap::Args)]
pub(super) struct RowArgs {
    /// Weights as UID=VALUE or HOTKEY=VALUE
    #[arg(required = true, value_name = "WHO=VALUE")]
    weights: Vec<Weight>,
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    pub(super) netuid: NetUid,
    /// Version key to send; subnets refuse keys below theirs
    #[arg(long, value_name = "KEY", default_value_t = 0)]
    pub(super) version_key: u64,
    /// Leave neurons that are not named out of the row instead of giving them 0
    #[arg(long)]
    drop_zeros: bool,
}

/// A row that the chain would take, and from whom.
pub(super) struct Prepared {
    pub(super) client: ChainClient,
    pub(super) hotkey: AccountId,
    pub(super) scores: Vec<(AccountId, f64)>,
    pub(super) zeros: Zeros,
    pub(super) planned: PlannedWeights,
}

/// Connects, matches the row with the neurons, and runs the chain's checks. Warnings are told.
pub(super) async fn prepare(args: &RowArgs, context: &Context) -> miette::Result<Prepared> {
    let netuid = args.netuid;
    let zeros = if args.drop_zeros {
        Zeros::Dropped
    } else {
        Zeros::Explicit
    };
    let client = connect(context).await?;
    let hotkey = account(context, KeyRole::Hotkey)?;
    let metagraph = client.metagraph(netuid).await.map_err(chain_failure)?;
    let hotkeys: Vec<_> = metagraph.neurons.iter().map(|neuron| neuron.hotkey).collect();
    let scores = args
        .weights
        .iter()
        .map(|weight| {
            // The chain knows hotkeys; a uid means who has it now.
            let (uid, value) = by_hotkey_or_uid(weight, &hotkeys, netuid)?;
            Ok((hotkeys[usize::from(uid.0)], value))
        })
        .collect::<miette::Result<Vec<_>>>()?;
    let planned = plan_weights(&client, netuid, hotkey, args.version_key, zeros, &scores)
        .await
        .map_err(failure)?;
    for warning in &planned.warnings {
        context.output().say(&format!("note: {warning}"));
    }
    Ok(Prepared {
        client,
        hotkey,
        scores,
        zeros,
        planned,
    })
}

/// The entries of a row that are not 0.
pub(super) fn table(start: &AttemptStart) -> Table {
    let mut table = output::table(["uid", "hotkey", "weight", "of the largest"]);
    for entry in start.entries.iter().filter(|entry| entry.value > 0) {
        let share = f64::from(entry.value) / 65535.0;
        table.add_row([
            entry.uid.to_string(),
            entry.hotkey.to_string(),
            entry.value.to_string(),
            format!("{share:.4}"),
        ]);
    }
    table
}
