//! The gateway's sockets, and its end, which loses no answer.

use crate::{
    backend::Backend,
    clock::unix_seconds,
    keys::{KeyRing, KeyStore, KeyStoreError, Ledger, LedgerError},
    outlet::{self, ExchangeSink, Outlet},
    server::{self, Access, Gate, GatewayConfig, Shared},
    stats::GatewayStats,
};
use assay_axon::server::Patient;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, timeout},
};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

/// Bytes of a request's head. Clients send some two thousand, the keys and tracing headers of proxies included.
const HEAD_BYTES: usize = 32 * 1024;
/// Pause after the system refused a connection, for want of free files in practice. Without it the loop would only burn
/// the processor; much longer and users notice.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often keys are looked at again and quotas written down. More seldom, and a revoked key opens for longer and a
/// crash forgets more; more often, and the disk is written to all the time.
const UPKEEP: Duration = Duration::from_secs(1);
/// How long a chat that is cut off may take to tell its user so.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a gateway does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The address cannot be had.
    #[error("the gateway cannot listen on {listen}: {source}; is another one running, or the port taken?")]
    Listen {
        /// Which.
        listen: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Without keys, and open to a network.
    #[error(
        "without API keys a gateway listens on this machine only, and {listen} can be reached from others: make keys, or \
         listen on 127.0.0.1"
    )]
    Open {
        /// Where.
        listen: SocketAddr,
    },
    /// There is nothing to offer.
    #[error("a gateway needs the name of at least one model")]
    NoModel,
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// Quotas cannot be counted.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A gateway that listens.
#[derive(Debug)]
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    delivering: JoinHandle<()>,
    /// No more exchanges come.
    closed: CancellationToken,
}

impl Gateway {
    /// Listens. Questions go to the backend, finished exchanges to the sink.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn bind(
        config: GatewayConfig,
        backend: Arc<dyn Backend>,
        sink: Arc<dyn ExchangeSink>,
    ) -> Result<Self, GatewayError> {
        let listen = config.listen;
        if config.models.is_empty() {
            return Err(GatewayError::NoModel);
        }
        let gate = match &config.access {
            Access::LoopbackWithoutKeys if !listen.ip().is_loopback() => {
                return Err(GatewayError::Open { listen });
            }
            Access::LoopbackWithoutKeys => Gate::Loopback,
            Access::Keys { folder } => {
                let ring = KeyRing::open(KeyStore::at(folder))?;
                if ring.len() == 0 {
                    tracing::warn!(folder = %folder.display(), "there is no API key yet, so nobody can ask");
                }
                let ledger = Arc::new(Ledger::open(folder, config.clock.clone())?);
                Gate::Keys { ring, ledger }
            }
        };
        let failed = |source| GatewayError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stats = Arc::new(GatewayStats::default());
        let (outlet, exchanges) = Outlet::new(config.exchanges, stats.clone());
        let closed = CancellationToken::new();
        let delivering = outlet::deliver(exchanges, sink, stats.clone(), config.times.sink, closed.clone());
        let shared = Arc::new(Shared {
            gate,
            backend,
            outlet,
            stats,
            places: Arc::new(Semaphore::new(
                config.limits.chats.clamp(1, Semaphore::MAX_PERMITS),
            )),
            chats: TaskTracker::new(),
            end: CancellationToken::new(),
            since: unix_seconds(config.clock.now()),
            config,
        });
        Ok(Self {
            listener,
            address,
            shared,
            delivering: tokio::spawn(delivering),
            closed,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What it counts, also while it serves.
    #[must_use]
    pub fn stats(&self) -> Arc<GatewayStats> {
        self.shared.stats.clone()
    }

    /// Serves until `stop` is ready. Then it takes no more requests, lets the chats under way end within the drain time,
    /// gives the last exchanges to the sink, and writes down what was used of quotas.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) {
        let Self {
            listener,
            address: _,
            shared,
            delivering,
            closed,
        } = self;
        let cut = CancellationToken::new();
        // Dropped in its middle, it ends everything.
        let (_end, _cut) = (shared.end.clone().drop_guard(), cut.clone().drop_guard());
        let upkeep = AbortOnDropHandle::new(tokio::spawn(keep_up(shared.clone())));
        let graceful = GracefulShutdown::new();
        accept(&listener, &shared, &graceful, &cut, stop).await;
        drop(listener);

        let drain = shared.config.times.drain;
        shared.chats.close();
        let mut answered = pin!(graceful.shutdown());
        let all = async {
            answered.as_mut().await;
            shared.chats.wait().await;
        };
        if timeout(drain, all).await.is_err() {
            tracing::warn!("chats under way are cut off at the gateway's end");
            // Each ends at once, and tells its user so.
            shared.end.cancel();
            if timeout(LAST_WORDS, shared.chats.wait()).await.is_err() {
                tracing::error!("a chat does not end");
            }
            // What is left then is a user who does not read.
            let _ = timeout(LAST_WORDS, answered).await;
        }
        cut.cancel();
        drop(upkeep);
        if let Gate::Keys { ledger, .. } = &shared.gate
            && let Err(error) = ledger.close()
        {
            tracing::error!(%error, "what was used of quotas is forgotten");
        }
        closed.cancel();
        outlet::drain(delivering, Instant::now() + drain).await;
    }
}

async fn accept(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    graceful: &GracefulShutdown,
    cut: &CancellationToken,
    stop: impl Future<Output = ()> + Send,
) {
    let most = shared.config.limits.connections.clamp(1, Semaphore::MAX_PERMITS);
    let connections = Arc::new(Semaphore::new(most));
    let service = TowerToHyperService::new(server::router(shared.clone()));
    tokio::pin!(stop);
    loop {
        // The place first: beyond the limit, connections wait in the system's queue.
        let arrival = async {
            let place = connections.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, arrived) = tokio::select! {
            arrived = arrival => arrived,
            () = &mut stop => return,
        };
        let stream = match arrived {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the gateway could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = graceful.watch(connection(stream, service.clone(), shared));
        let cut = cut.clone();
        tokio::spawn(async move {
            if let Some(Err(error)) = cut.run_until_cancelled(connection).await {
                tracing::trace!(%error, "a connection to the gateway ended early");
            }
            drop(place);
        });
    }
}

fn connection(
    stream: TcpStream,
    service: TowerToHyperService<axum::Router>,
    shared: &Shared,
) -> http1::Connection<TokioIo<Patient>, TowerToHyperService<axum::Router>> {
    // Pieces of an answer are small and should leave at once. Without it they only come later.
    let _ = stream.set_nodelay(true);
    let times = shared.config.times;
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(times.head)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Patient::new(stream, times.write)), service)
}

/// Sees to it that changes of keys are noticed, and that what was used is written down.
async fn keep_up(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let shared = shared.clone();
        let kept = tokio::task::spawn_blocking(move || {
            if let Gate::Keys { ring, .. } = &shared.gate
                && let Err(error) = ring.refresh()
            {
                tracing::error!(%error, "the API keys stay as they were");
            }
            flush(&shared);
        });
        if let Err(error) = kept.await {
            tracing::error!(%error, "the upkeep of keys failed");
        }
    }
}

fn flush(shared: &Shared) {
    if let Gate::Keys { ledger, .. } = &shared.gate
        && let Err(error) = ledger.flush()
    {
        tracing::error!(%error, "what was used of quotas is only in memory");
    }
}
