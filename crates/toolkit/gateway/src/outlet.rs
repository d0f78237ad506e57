//! Finished exchanges on their way to scoring, which never slows an answer.

use crate::{exchange::Exchange, stats::GatewayStats};
use futures::{FutureExt, future::BoxFuture};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// Why an exchange was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exchange was not taken: {reason}")]
pub struct SinkError {
    /// Why, without what was said.
    pub reason: String,
}

/// Takes finished exchanges, such as the queue of organic samples.
pub trait ExchangeSink: Send + Sync + 'static {
    /// Takes one. They come one after the other; while this waits, they gather in a bounded queue, and those for which
    /// there is no room are counted and dropped.
    fn take(&self, exchange: Exchange) -> BoxFuture<'_, Result<(), SinkError>>;
}

/// The gateway's end of the queue.
#[derive(Clone, Debug)]
pub(crate) struct Outlet {
    queue: mpsc::Sender<Exchange>,
    stats: Arc<GatewayStats>,
}

impl Outlet {
    pub(crate) fn new(room: usize, stats: Arc<GatewayStats>) -> (Self, mpsc::Receiver<Exchange>) {
        let (queue, exchanges) = mpsc::channel(room.max(1));
        (Self { queue, stats }, exchanges)
    }

    /// Hands an exchange over, or drops it where there is no room.
    pub(crate) fn give(&self, exchange: Exchange) {
        if self.queue.try_send(exchange).is_err() {
            self.stats.exchange_dropped();
        }
    }
}

/// Gives exchanges to the sink. Once no more are taken, it ends with the last of those that wait.
pub(crate) async fn deliver(
    mut exchanges: mpsc::Receiver<Exchange>,
    sink: Arc<dyn ExchangeSink>,
    stats: Arc<GatewayStats>,
    patience: Duration,
    closed: CancellationToken,
) {
    loop {
        let next = tokio::select! {
            next = exchanges.recv() => next,
            () = closed.cancelled(), if !exchanges.is_closed() => {
                exchanges.close();
                continue;
            }
        };
        let Some(exchange) = next else { return };
        let id = exchange.id.clone();
        let taking = AssertUnwindSafe(async { sink.take(exchange).await }).catch_unwind();
        match timeout(patience, taking).await {
            Ok(Ok(Ok(()))) => stats.exchange_taken(),
            Ok(Ok(Err(error))) => {
                tracing::warn!(exchange = %id, %error, "an exchange is not scored");
                stats.exchange_refused();
            }
            Ok(Err(_panic)) => {
                tracing::error!(exchange = %id, "the sink of exchanges panicked");
                stats.exchange_refused();
            }
            Err(_) => {
                tracing::warn!(exchange = %id, ?patience, "the sink of exchanges took too long");
                stats.exchange_refused();
            }
        }
    }
}

/// Waits for the last exchanges to be taken.
pub(crate) async fn drain(mut delivering: tokio::task::JoinHandle<()>, until: Instant) {
    if timeout_at(until, &mut delivering).await.is_err() {
        tracing::warn!("exchanges are left that nobody took in time");
        delivering.abort();
    }
}
