//! Weights from scores, in every epoch.

use super::{context::Desk, validator::WeightSettings};
use crate::{
    SetWeightsError, TaskHandle, WeightSetter,
    weight_processing::{WeightProcessingError, normalise, process},
};
use assay_chain::{
    AccountId, Block, ChainError, EpochSchedule, Hyperparameters, Metagraph, NetUid, Retry, Uid,
};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};

/// Blocks between two looks at an epoch schedule that has not run out: its owner may have changed the tempo.
const LOOK_EVERY: u64 = 50;

/// Blocks after a failure that only a change can mend, such as too little stake. Fewer press the chain; more lose an epoch
/// after the change.
const AFTER_REFUSAL: u64 = 10;

/// The weights that scores make, by hotkey: each as the slot shows it at this metagraph's block.
pub(super) fn weights(
    metagraph: &Metagraph,
    scores: &[(Uid, f64)],
    settings: &WeightSettings,
) -> Result<Vec<(AccountId, f64)>, WeightProcessingError> {
    let (uids, values): (Vec<Uid>, Vec<f64>) =
        scores.iter().map(|(uid, score)| (*uid, score.max(0.0))).unzip();
    let shares: Vec<_> = uids.into_iter().zip(normalise(&values)).collect();
    let row = process(&shares, metagraph.size(), &settings.limits)?;
    let of_slot = |(uid, weight)| Some((metagraph.neuron(uid)?.hotkey, weight));
    Ok(row.into_iter().filter_map(of_slot).collect())
}

/// Sends a row in each epoch until the shutdown. What the chain refuses is told by name and tried again when it can be
/// otherwise.
pub(super) async fn send(
    desk: Arc<Desk>,
    setter: Arc<WeightSetter>,
    settings: WeightSettings,
    handle: TaskHandle,
) -> Result<(), SetWeightsError> {
    let shutdown = handle.shutdown().clone();
    let sending = follow(&desk, &setter, &settings, &handle);
    shutdown.unless_begun(sending).await.unwrap_or(Ok(()))
}

async fn follow(
    desk: &Desk,
    setter: &WeightSetter,
    settings: &WeightSettings,
    handle: &TaskHandle,
) -> Result<(), SetWeightsError> {
    let mut blocks = loop {
        match desk.client.blocks().await {
            Ok(blocks) => break blocks,
            Err(error) => wait(&error).await?,
        }
    };
    let mut look_at = Block(0);
    while let Some(block) = blocks.next().await {
        handle.alive();
        let head = match block {
            Ok(block) => block.number,
            Err(error @ ChainError::OtherChain { .. }) => return Err(error.into()),
            Err(_) => continue,
        };
        if head < look_at {
            continue;
        }
        look_at = match turn(desk, setter, settings, head).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(netuid = %desk.netuid, %error, hint = error.hint(), "weights are not set");
                after(error, head).await?
            }
        };
    }
    Ok(())
}

/// Sends a row if one is due; the block of the next look.
async fn turn(
    desk: &Desk,
    setter: &WeightSetter,
    settings: &WeightSettings,
    head: Block,
) -> Result<Block, SetWeightsError> {
    let (epochs, rules) = rules(desk).await?;
    let last = last_row(setter, desk.netuid).await;
    let due = settings.schedule.due(&epochs, last, rules.weights_rate_limit);
    let latest_look = Block(head.0.saturating_add(LOOK_EVERY));
    let due = match due {
        Some(due) if due <= epochs.block.number => due,
        // A new epoch moves what is due, and the schedule is read again then.
        Some(due) => return Ok(due.min(latest_look)),
        None => return Ok(latest_look),
    };
    let metagraph = desk.reader.at_or_after(due).await;
    let Ok(metagraph) = metagraph else {
        return Ok(latest_look);
    };
    let scores = desk.book().view(&metagraph);
    let row = match weights(&metagraph, &scores, settings) {
        Ok(row) => row,
        Err(nothing) => {
            tracing::info!(netuid = %desk.netuid, %nothing, "there are no weights to set yet");
            return Ok(Block(head.0.saturating_add(1)));
        }
    };
    let sent = setter.submit(&row).await?;
    let block = sent.included.block.number;
    tracing::info!(netuid = %desk.netuid, attempt = sent.attempt, %block, entries = sent.row.entry_count(), "weights sent");
    Ok(Block(block.0.saturating_add(1)))
}

async fn rules(desk: &Desk) -> Result<(EpochSchedule, Hyperparameters), ChainError> {
    let snapshot = desk.client.pin().await?;
    tokio::try_join!(
        snapshot.epoch_schedule(desk.netuid),
        snapshot.hyperparameters(desk.netuid)
    )
}

/// The block of the last row that a final block took.
async fn last_row(setter: &WeightSetter, netuid: NetUid) -> Option<Block> {
    let history = setter.history().await;
    let of_subnet =
        |attempt: &&crate::Attempt| attempt.start.as_ref().is_some_and(|start| start.netuid == netuid);
    history
        .iter()
        .filter(of_subnet)
        .filter_map(crate::Attempt::taken_at)
        .max()
}

/// When to look again after a failure. Waits out what passes by itself; what no look can mend is given back.
async fn after(error: SetWeightsError, head: Block) -> Result<Block, SetWeightsError> {
    let blocks = match error.retry() {
        Retry::Now => 1,
        Retry::After(time) => {
            tokio::time::sleep(time).await;
            1
        }
        // Of a permit it says a hundred blocks; an epoch may end sooner.
        Retry::AfterBlocks(blocks) => blocks.clamp(1, LOOK_EVERY),
        Retry::Never => match error {
            SetWeightsError::History(_) | SetWeightsError::Chain(ChainError::OtherChain { .. }) => {
                return Err(error);
            }
            SetWeightsError::Chain(ChainError::StillPending { .. }) => 1,
            _ => AFTER_REFUSAL,
        },
    };
    Ok(Block(head.0.saturating_add(blocks)))
}

async fn wait(error: &ChainError) -> Result<(), ChainError> {
    if !error.retry().is_possible() {
        return Err(error.clone());
    }
    tracing::warn!(%error, "new blocks cannot be followed yet");
    tokio::time::sleep(Duration::from_secs(5)).await;
    Ok(())
}
