//! Makes blocks when it is time.

use crate::{BlockProduction, DevnetError, MAX_BLOCK_TIME, MIN_BLOCK_TIME, chain::Chain, threads};
use std::sync::Arc;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at},
};

/// Makes blocks at the pace last told, until the sender is gone or the chain is stopping.
pub(crate) async fn run(chain: Arc<Chain>, mut paces: watch::Receiver<BlockProduction>) {
    loop {
        let pace = *paces.borrow_and_update();
        // After the update is taken note of: whoever stops the chain says so first and then wakes this task, and one of
        // the two is seen.
        if chain.is_stopping() {
            return;
        }
        let goes_on = match pace {
            BlockProduction::Manual => paces.changed().await.is_ok(),
            BlockProduction::OnDemand => on_demand(&chain, &mut paces).await,
            BlockProduction::Every(interval) => on_time(&chain, &mut paces, interval).await,
        };
        if !goes_on {
            return;
        }
    }
}

/// Changes the pace.
pub(crate) fn set(pace: &watch::Sender<BlockProduction>, to: BlockProduction) -> Result<(), DevnetError> {
    if let BlockProduction::Every(interval) = to
        && !(MIN_BLOCK_TIME..=MAX_BLOCK_TIME).contains(&interval)
    {
        return Err(DevnetError::BlockTime(interval));
    }
    pace.send_replace(to);
    Ok(())
}

/// Returns whether to go on with another pace.
async fn on_time(
    chain: &Arc<Chain>,
    paces: &mut watch::Receiver<BlockProduction>,
    every: std::time::Duration,
) -> bool {
    let mut ticks = interval_at(Instant::now() + every, every);
    // After a stall (a laptop that slept) one block follows, not one for every tick that was missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            changed = paces.changed() => return changed.is_ok(),
            _ = ticks.tick() => if !seal(chain).await { return false },
        }
    }
}

async fn on_demand(chain: &Arc<Chain>, paces: &mut watch::Receiver<BlockProduction>) -> bool {
    loop {
        if chain.has_ready() {
            if !seal(chain).await {
                return false;
            }
            if chain.has_ready() {
                // Left over from a full block; or the block failed, which must not become a busy loop.
                tokio::time::sleep(MIN_BLOCK_TIME).await;
            }
            continue;
        }
        tokio::select! {
            changed = paces.changed() => return changed.is_ok(),
            () = chain.ready() => {}
        }
    }
}

/// Makes a block. A failure is logged and the next tick tries again. Returns whether to go on.
async fn seal(chain: &Arc<Chain>) -> bool {
    let chain = chain.clone();
    match threads::apart(move || chain.seal()).await {
        Ok(_) => true,
        Err(DevnetError::Stopping) => false,
        Err(error) => {
            tracing::error!(%error, "no block was made");
            true
        }
    }
}
