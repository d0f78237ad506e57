//! The author's scorer, called again and again.

use super::{Context, steps::Round};
use crate::{Shutdown, TaskHandle};
use assay_chain::Block;
use futures::future::BoxFuture;
use std::{error::Error, future::Future, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, sleep_until};

/// How often a task that only waits gives a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// When the next round begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So many blocks after the last one began, at once when it took longer. While the chain stands still none begins.
    Blocks(u64),
    /// So long after the last one began, at once when it took longer.
    Time(Duration),
}

impl Default for Pace {
    /// One round in each block.
    fn default() -> Self {
        Self::Blocks(1)
    }
}

/// What an author's scorer fails with.
pub(super) type ScorerError = Box<dyn Error + Send + Sync>;

/// One round of the author's.
pub(super) type Scorer = Arc<dyn Fn(Context) -> BoxFuture<'static, Result<(), ScorerError>> + Send + Sync>;

/// A round that failed.
#[derive(Debug, thiserror::Error)]
#[error("a round failed: {0}")]
pub(super) struct RoundFailed(#[source] ScorerError);

/// Runs round after round until the shutdown.
pub(super) async fn rounds(
    context: Context,
    scorer: Scorer,
    pace: Pace,
    patience: Duration,
) -> Result<(), RoundFailed> {
    let shutdown = context.shutdown().clone();
    loop {
        let began = Instant::now();
        let Some(metagraph) = shutdown.unless_begun(first(&context)).await else {
            return Ok(());
        };
        let Some(block) = metagraph else { return Ok(()) };
        context.alive();
        let round = Round::begin(&context.desk, block);
        let scoring = scorer(context.clone());
        match with_patience(&shutdown, patience, scoring).await {
            Some(Ok(())) => round.end(None),
            Some(Err(error)) => {
                round.end(Some(&error.to_string()));
                return Err(RoundFailed(error));
            }
            None => {
                tracing::warn!("the last round was cut off at the end");
                return Ok(());
            }
        }
        context.alive();
        let next = async {
            match pace {
                Pace::Time(time) => {
                    sleep_until(began + time).await;
                    true
                }
                Pace::Blocks(blocks) => {
                    let next = Block(block.0.saturating_add(blocks));
                    context.desk.reader.at_or_after(next).await.is_ok()
                }
            }
        };
        let waited = shutdown.unless_begun(alive_while(&context.handle, next)).await;
        if waited != Some(true) {
            return Ok(());
        }
    }
}

/// The block of the newest metagraph; nothing when none is read any more.
async fn first(context: &Context) -> Option<Block> {
    let metagraph = alive_while(&context.handle, context.metagraph()).await;
    metagraph.ok().map(|metagraph| metagraph.block.number)
}

/// Gives signs of life while it waits for something that is not the author's.
pub(super) async fn alive_while<T>(handle: &TaskHandle, waiting: impl Future<Output = T>) -> T {
    tokio::pin!(waiting);
    loop {
        tokio::select! {
            biased;
            done = &mut waiting => return done,
            () = sleep(SIGN_OF_LIFE) => handle.alive(),
        }
    }
}

/// Does the work; when the shutdown begins it has so long to come to its end. Nothing when it did not.
async fn with_patience<T>(
    shutdown: &Shutdown,
    patience: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let too_late = async {
        shutdown.begun().await;
        sleep(patience).await;
    };
    tokio::select! {
        biased;
        done = work => Some(done),
        () = too_late => None,
    }
}
