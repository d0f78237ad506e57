//! An axon's sockets: bounded connections, heads that must come in time, and an end that loses no answer.

use super::{
    Access, AxonConfig, Everybody, Rates, Route, WorkQueue,
    patient::{Pace, Patient},
    ping,
    service::{Origin, Service},
};
use crate::{ReplayLimits, ReplayStore, RequestUuid, UnixNanos, replay::NewestNonces};
use assay_keys::Pair;
use http::header::CONNECTION;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use indexmap::IndexMap;
use std::{
    collections::HashMap,
    convert::Infallible,
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinHandle, JoinSet},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// After an error of the system's, such as no free file. Trying at once would only burn the processor.
const PAUSE: Duration = Duration::from_millis(50);

/// An address that cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}: {source}; is another axon running, or the port taken?")]
pub struct BindError {
    /// Which.
    pub address: SocketAddr,
    /// What the system says.
    pub source: io::Error,
}

/// An axon that listens. It ends with [`Axon::stop`]; dropped, it ends at once.
#[derive(Debug)]
pub struct Axon {
    addresses: Vec<SocketAddr>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// What tells an axon the time.
pub(super) type Clock = Arc<dyn Fn() -> UnixNanos + Send + Sync>;

/// Dendrites whose newest nonce is kept in the manner of bittensor: some 10 MB. Fewer would forget honest ones in a rush.
const NEWEST_NONCES: usize = 1 << 16;

/// An axon before it listens.
pub struct AxonBuilder {
    pair: Pair,
    config: AxonConfig,
    access: Arc<dyn Access>,
    routes: IndexMap<String, Route>,
    replay: ReplayStore,
    clock: Clock,
}

impl Axon {
    /// An axon that answers for this hotkey, so far only a [`Ping`](super::Ping), and to everybody who proves who they
    /// are.
    #[must_use]
    pub fn build(pair: Pair, config: AxonConfig) -> AxonBuilder {
        let ping = ping::route();
        AxonBuilder {
            pair,
            config,
            access: Arc::new(Everybody),
            routes: IndexMap::from([(ping.class.name.clone(), ping)]),
            replay: ReplayStore::in_memory(ReplayLimits::default()),
            clock: Arc::new(UnixNanos::now),
        }
    }

    /// Where it listens, with the ports that the system chose for 0.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Takes no more requests and waits for the answers under way, within the drain time.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // It ends by itself, and a panic in it has been told.
        let _ = (&mut self.serving).await;
    }
}

impl AxonBuilder {
    /// Asks these rules.
    #[must_use]
    pub fn access(mut self, access: impl Access) -> Self {
        self.access = Arc::new(access);
        self
    }

    /// Answers this route; a second of the same name takes the place of the first.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.routes.insert(route.class.name.clone(), route);
        self
    }

    /// Remembers requests in this store, rather than only until the process ends.
    #[must_use]
    pub fn replay(mut self, store: ReplayStore) -> Self {
        self.replay = store;
        self
    }

    /// Judges the age of requests by this clock, rather than the system's.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> UnixNanos + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(now);
        self
    }

    /// Listens at these addresses, IPv4 or IPv6.
    ///
    /// # Errors
    /// [`BindError`] for the first address that cannot be had; then none is listened at.
    pub async fn listen(self, addresses: &[SocketAddr]) -> Result<Axon, BindError> {
        let mut listeners = Vec::new();
        for &address in addresses {
            let bound = TcpListener::bind(address).await;
            listeners.push(bound.map_err(|source| BindError { address, source })?);
        }
        let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok());
        let addresses = addresses.collect();
        let (config, stop) = (self.config, CancellationToken::new());
        let service = Arc::new(Service {
            own: self.pair.account(),
            pair: self.pair,
            routes: self.routes,
            access: self.access,
            replay: Mutex::new(self.replay),
            newest: Mutex::new(NewestNonces::new(NEWEST_NONCES)),
            uuid: RequestUuid::random(),
            clock: self.clock,
            origins: Mutex::new(Rates::new(config.rates.address, config.rates.room)),
            callers: Mutex::new(Rates::new(config.rates.caller, config.rates.room)),
            queue: WorkQueue::new(config.queue),
            unproven: semaphore(config.connections.unproven_bytes),
            streams: TaskTracker::new(),
            observers: config.observers.clone().into(),
            ended: CancellationToken::new(),
            config,
        });
        let serving = tokio::spawn(serve(service, listeners, stop.clone()));
        Ok(Axon {
            addresses,
            stop,
            serving,
        })
    }
}

impl Drop for Axon {
    fn drop(&mut self) {
        self.stop.cancel();
        // Connections end with the task that holds them.
        self.serving.abort();
    }
}

/// With as many permits as there can be, at most.
fn semaphore(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

impl fmt::Debug for AxonBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AxonBuilder")
            .field("hotkey", &self.pair.account())
            .field("routes", &self.routes.values())
            .finish_non_exhaustive()
    }
}

async fn serve(service: Arc<Service>, listeners: Vec<TcpListener>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let limits = service.config.connections;
    // One that waits for a connection holds its place already.
    let room = semaphore(limits.overall.max(1).saturating_add(listeners.len()));
    let open = Open::default();
    let _ended = service.ended.clone().drop_guard();
    let mut connections = JoinSet::new();
    let mut accepting = JoinSet::new();
    let (taken, mut streams) = tokio::sync::mpsc::channel(1);
    for listener in listeners {
        accepting.spawn(accept(listener, room.clone(), taken.clone()));
    }
    drop(taken);
    loop {
        while connections.try_join_next().is_some() {}
        let next = stop.run_until_cancelled(streams.recv()).await;
        let Some(Some((stream, peer, permit))) = next else {
            break;
        };
        let Some(counted) = open.count(Origin::of(peer.ip()), limits.per_address) else {
            tracing::debug!(%peer, "too many connections from one address");
            continue;
        };
        let answering = service.clone();
        let unread = Arc::new(AtomicBool::new(false));
        let pace = Pace {
            patience: limits.write_time,
            bytes_per_second: limits.write_rate,
        };
        let stream = Patient::paced(stream, pace, unread.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(limits.head_bytes.max(8_192))
            .serve_connection(
                TokioIo::new(stream),
                service_fn(move |request| {
                    let (service, unread) = (answering.clone(), unread.clone());
                    async move {
                        let response = service.respond(peer, request).await;
                        // It ends the connection for what is left in it.
                        if response.headers().contains_key(CONNECTION) {
                            unread.store(true, Ordering::Relaxed);
                        }
                        Ok::<_, Infallible>(response)
                    }
                }),
            );
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // Peers break off as they like.
            if let Err(error) = connection.await {
                tracing::trace!(%peer, %error, "a connection ended");
            }
            drop((counted, permit));
        });
    }
    accepting.shutdown().await;
    if tokio::time::timeout(limits.drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("answers under way are cut off at the axon's end");
    }
    connections.shutdown().await;
    service.ended.cancel();
    service.streams.close();
    service.streams.wait().await;
}

/// Takes connections while there is room for more; the others wait in the system's queue.
async fn accept(
    listener: TcpListener,
    room: Arc<Semaphore>,
    taken: tokio::sync::mpsc::Sender<(TcpStream, SocketAddr, OwnedSemaphorePermit)>,
) {
    loop {
        // The semaphore is never closed.
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are short, and waiting for more to send with them would only delay them.
                let _ = stream.set_nodelay(true);
                if taken.send((stream, peer, permit)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Open connections by where they come from.
#[derive(Clone, Debug, Default)]
struct Open(Arc<Mutex<HashMap<Origin, usize>>>);

/// A connection that is counted until it is dropped.
struct Counted {
    open: Open,
    origin: Origin,
}

impl Open {
    fn count(&self, origin: Origin, most: usize) -> Option<Counted> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(origin).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Counted {
            open: self.clone(),
            origin,
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.origin) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.origin);
            }
        }
    }
}
