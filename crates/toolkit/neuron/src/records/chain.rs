//! The chain as a neuron sees it: each block, and every neuron of its subnet when an epoch has passed.

use super::Recorder;
use assay_chain::{Block, ChainClient, ChainError, Metagraph};
use assay_records::streams::{BlockSeen, EpochNeuron};
use futures::StreamExt;
use std::time::Duration;
use tokio::time::Instant;

/// Blocks between two looks at an epoch schedule that has not run out: its owner may have changed the tempo.
const LOOK_EVERY: u64 = 50;

/// Until a node that did not answer is asked again.
const PAUSE: Duration = Duration::from_secs(10);

/// A subnet's neurons after an epoch, by slot. `epoch` counts the subnet's epochs, where that is known.
pub fn epoch_neurons(metagraph: &Metagraph, epoch: Option<u64>) -> impl Iterator<Item = EpochNeuron> {
    metagraph.neurons.iter().map(move |neuron| EpochNeuron {
        netuid: metagraph.netuid.0,
        epoch,
        block: metagraph.block.number.0,
        uid: neuron.uid.0,
        hotkey: neuron.hotkey.to_string(),
        coldkey: neuron.coldkey.to_string(),
        is_validator: neuron.validator_permit,
        stake: Some(alpha(neuron.total_stake.0)),
        incentive: Some(share(neuron.incentive)),
        dividends: Some(share(neuron.dividends)),
        consensus: Some(share(neuron.consensus)),
        // Chains of today compute none.
        trust: None,
        validator_trust: neuron.validator_trust.map(share),
        emission: Some(alpha(neuron.emission.0)),
        weights_at: Some(neuron.last_update.0),
    })
}

/// Records until the chain turns out to be another, which ends the neuron by other hands.
pub(super) async fn follow(recorder: &Recorder, client: &ChainClient) {
    let mut blocks = loop {
        match client.blocks().await {
            Ok(blocks) => break blocks,
            Err(error) if !error.retry().is_possible() => return,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    };
    let mut newest: Option<(u64, Instant)> = None;
    let mut epochs = Epochs::default();
    while let Some(block) = blocks.next().await {
        let head = match block {
            Ok(block) => block.number,
            Err(ChainError::OtherChain { .. }) => return,
            Err(_) => continue,
        };
        let now = Instant::now();
        match newest {
            // Another block of the same height, or one behind: it was counted.
            Some((seen, _)) if head.0 <= seen => continue,
            Some((seen, then)) => recorder.record(&BlockSeen {
                block: head.0,
                // Of several blocks since the last nobody knows when each came.
                seconds: (seen + 1 == head.0).then(|| now.duration_since(then).as_secs_f64()),
                finalized: client.finalized_head().await.ok().map(|block| block.number.0),
            }),
            // It stood there before anybody looked; a process that was killed and starts again would count it twice.
            None => {}
        }
        newest = Some((head.0, now));
        if let Err(error) = epochs.look(recorder, client, head).await {
            tracing::debug!(%error, "the chain's epochs cannot be looked at just now");
        }
    }
}

/// The epochs that were seen.
#[derive(Debug, Default)]
struct Epochs {
    /// Block of the newest.
    last: Option<Block>,
    /// The next look.
    look_at: Block,
}

impl Epochs {
    /// Records an epoch that has passed since the last look. The first look only finds out where the chain is.
    async fn look(
        &mut self,
        recorder: &Recorder,
        client: &ChainClient,
        head: Block,
    ) -> Result<(), ChainError> {
        if head < self.look_at {
            return Ok(());
        }
        let snapshot = client.pin().await?;
        let schedule = snapshot.epoch_schedule(recorder.netuid()).await?;
        let has_passed = self.last.is_some_and(|last| last < schedule.last_epoch_block);
        if has_passed {
            let metagraph = snapshot.shared_metagraph(recorder.netuid()).await?;
            for neuron in epoch_neurons(&metagraph, schedule.epoch_index) {
                recorder.record(&neuron);
            }
        }
        self.last = Some(schedule.last_epoch_block);
        let block = schedule.block.number.0;
        let latest = Block(block.saturating_add(LOOK_EVERY));
        // One that is put off is late.
        let soonest = Block(block.saturating_add(1));
        self.look_at = schedule
            .next_epoch_block
            .map_or(latest, |next| next.clamp(soonest, latest));
        Ok(())
    }
}

/// A share of 65535 as one of 1.
fn share(part: u16) -> f64 {
    f64::from(part) / f64::from(u16::MAX)
}

/// Whole alpha of its smallest parts.
fn alpha(parts: u64) -> f64 {
    parts as f64 / 1e9
}
