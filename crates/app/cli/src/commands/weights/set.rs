//! `assay weights set`

use super::{
    failure, history_file,
    prepare::{Prepared, RowArgs, prepare, table},
};
use crate::{
    commands::{on_chain::hinted, wallet::unlock},
    context::Context,
};
use assay_chain::RevealPlan;
use assay_keys::KeyRole;
use assay_neuron::{AttemptStart, WeightSetter, WeightSetterConfig};
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
    #[command(flatten)]
    row: RowArgs,
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
    let netuid = args.row.netuid;
    let Prepared {
        client,
        hotkey,
        scores,
        zeros,
        planned,
    } = prepare(&args.row, context).await?;
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
        version_key: args.row.version_key,
        zeros,
        history: history_file(&client, netuid, &hotkey, args.history.as_deref()).await?,
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
