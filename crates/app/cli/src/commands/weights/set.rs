//! `assay weights set`

use super::{Weight, by_hotkey_or_uid, history_file};
use crate::{
    commands::{
        on_chain::{account, chain_failure, connect, hinted},
        wallet::unlock,
    },
    context::Context,
    output,
};
use assay_chain::{NetUid, RevealPlan, Zeros};
use assay_keys::KeyRole;
use assay_neuron::{AttemptStart, SetWeightsError, WeightSetter, WeightSetterConfig, plan_weights};
use comfy_table::Table;
use serde::Serialize;
use std::path::PathBuf;

/// Set the weights of the wallet's hotkey
///
/// Checks first what the chain would check, and names what stands in the way. Where the subnet takes only committed
/// weights they are encrypted, committed, and followed until the chain reveals them, an epoch or more later; when this
/// is cut off, the next `weights set` goes on with it. Values are of any scale; the largest
/// becomes 65535. Neurons that are not named get an explicit 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Weights as UID=VALUE or HOTKEY=VALUE
    #[arg(required = true, value_name = "WHO=VALUE")]
    weights: Vec<Weight>,
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Version key to send; subnets refuse keys below theirs
    #[arg(long, value_name = "KEY", default_value_t = 0)]
    version_key: u64,
    /// Leave neurons that are not named out of the row instead of giving them 0
    #[arg(long)]
    drop_zeros: bool,
    /// File of the history, instead of the usual one in ~/.assay/weights
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    dry_run: bool,
    #[serde(flatten)]
    start: AttemptStart,
    /// When the chain reveals it, where weights are committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reveal: Option<RevealPlan>,
    attempt: Option<u64>,
    included: Option<assay_chain::Included>,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let output = context.output();
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
        output.say(&format!("note: {warning}"));
    }
    let reveal = planned.reveal;
    if context.dry_run() {
        let answer = Answer {
            dry_run: true,
            start: planned.start,
            reveal,
            attempt: None,
            included: None,
        };
        return output.data(&answer, |answer| match &answer.reveal {
            None => format!("would set in subnet {netuid}\n{}", table(&answer.start)),
            Some(reveal) => format!(
                "would commit in subnet {netuid}, to be revealed in block {}\n{}",
                reveal.reveal_block,
                table(&answer.start)
            ),
        });
    }
    output.say(&table(&planned.start).to_string());
    context.confirm(&format!(
        "Set these weights in subnet {netuid} on {}?",
        client.endpoint()
    ))?;
    let config = WeightSetterConfig {
        version_key: args.version_key,
        zeros,
        history: history_file(context, netuid, args.history.as_deref())?,
    };
    let pair = unlock(context, KeyRole::Hotkey)?;
    let setter = WeightSetter::new(client, pair, netuid, config).map_err(|error| hinted(error, None))?;
    let sent = setter.submit(&scores).await.map_err(failure)?;
    if let Some(commit) = &sent.commit {
        output.say(&format!(
            "committed in {}; waiting for block {}, in which the chain reveals it",
            commit.block, commit.reveal_block
        ));
    }
    let applied = setter.settle(sent).await.map_err(failure)?;
    let start = setter
        .history()
        .await
        .into_iter()
        .rev()
        .find(|attempt| attempt.number == applied.attempt);
    let answer = Answer {
        dry_run: false,
        start: start.and_then(|attempt| attempt.start).unwrap_or(planned.start),
        reveal,
        attempt: Some(applied.attempt),
        included: Some(applied.included),
    };
    output.data(&answer, |answer| {
        let block = answer
            .included
            .as_ref()
            .map_or_else(String::new, |included| format!(" in {}", included.block));
        match answer.reveal {
            None => format!("submitted, included, finalized and applied{block}"),
            Some(_) => format!("committed{block}, revealed and applied in {}", applied.applied),
        }
    })
}

fn failure(error: SetWeightsError) -> miette::Report {
    let hint = error.hint();
    hinted(error, hint)
}

fn table(start: &AttemptStart) -> Table {
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
