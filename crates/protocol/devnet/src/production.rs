//! Makes blocks when it is time.

use crate::{BlockProduction, DevnetError, MAX_BLOCK_TIME, MIN_BLOCK_TIME, chain::Chain, threads::Pool};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at},
};

/// Makes the blocks of a chain, on one thread that stays: each thread of its own would pay for its start and its stack
/// at every block, and leave its share of the allocator's memory behind.
#[derive(Debug)]
pub(crate) struct Producer {
    chain: Arc<Chain>,
    maker: Pool,
}

impl Producer {
    pub(crate) fn start(chain: Arc<Chain>) -> Result<Self, DevnetError> {
        Ok(Self {
            chain,
            maker: Pool::start(1)?,
        })
    }

    /// Makes blocks at the pace last told, until the sender is gone or the chain is stopping.
    pub(crate) async fn run(self, mut paces: watch::Receiver<BlockProduction>) {
        loop {
            let pace = *paces.borrow_and_update();
            // After the update is taken note of: whoever stops the chain says so first and then wakes this task, and one
            // of the two is seen.
            if self.chain.is_stopping() {
                return;
            }
            let goes_on = match pace {
                BlockProduction::Manual => paces.changed().await.is_ok(),
                BlockProduction::OnDemand => self.on_demand(&mut paces).await,
                BlockProduction::Every(interval) => self.on_time(&mut paces, interval).await,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Returns whether to go on with another pace.
    async fn on_time(&self, paces: &mut watch::Receiver<BlockProduction>, every: Duration) -> bool {
        let mut ticks = interval_at(Instant::now() + every, every);
        // After a stall (a laptop that slept) one block follows, not one for every tick that was missed.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = paces.changed() => return changed.is_ok(),
                _ = ticks.tick() => if !self.seal().await { return false },
            }
        }
    }

    async fn on_demand(&self, paces: &mut watch::Receiver<BlockProduction>) -> bool {
        loop {
            if self.chain.has_ready() {
                if !self.seal().await {
                    return false;
                }
                if self.chain.has_ready() {
                    // Left over from a full block; or the block failed, which must not become a busy loop.
                    tokio::time::sleep(MIN_BLOCK_TIME).await;
                }
                continue;
            }
            tokio::select! {
                changed = paces.changed() => return changed.is_ok(),
                () = self.chain.ready() => {}
            }
        }
    }

    /// Makes a block. A failure is logged and the next tick tries again. Returns whether to go on.
    async fn seal(&self) -> bool {
        let chain = self.chain.clone();
        match self.maker.run(move || chain.seal()).await.flatten() {
            Ok(_) => true,
            Err(DevnetError::Stopping) => false,
            Err(error) => {
                tracing::error!(%error, "no block was made");
                true
            }
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
