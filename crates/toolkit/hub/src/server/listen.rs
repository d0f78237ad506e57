//! The listening socket: so many connections, headers within a time, and an end that lets requests finish.

use super::config::ServerLimits;
use axum::{Router, body::Body};
use futures::FutureExt as _;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Longest wait for the head of a request, also between two requests of one connection. Shorter would cut clients
/// that pause while they read a file; much longer and idle connections use up those that are allowed.
const HEAD_DEADLINE: Duration = Duration::from_secs(75);

/// Time that requests get to finish once the server is told to stop.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Pause after the system refused a connection, for want of file handles in practice.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The address a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A running accept loop. Dropping it ends everything at once.
#[derive(Debug)]
pub(crate) struct Listening {
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Listening {
    pub(crate) fn start(listener: TcpListener, router: Router, limits: ServerLimits) -> Self {
        let cancel = CancellationToken::new();
        let task = tokio::spawn(accept(listener, router, limits, cancel.clone()));
        Self { cancel, task }
    }

    pub(crate) async fn stop(mut self) {
        self.cancel.cancel();
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "the hub's accept loop failed");
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, router: Router, limits: ServerLimits, cancel: CancellationToken) {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE);
    http.http2().timer(TokioTimer::new());
    let http = Arc::new(http);
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(limits.connections));
    // Connections end with this set, so that an aborted server leaves none behind.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let arrival = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, arrived) = tokio::select! {
            arrival = arrival => arrival,
            () = cancel.cancelled() => break,
        };
        while connections.join_next().now_or_never().flatten().is_some() {}
        let (stream, peer) = match arrived {
            Ok(arrived) => arrived,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "small answers may be delayed");
        }
        let router = router.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request.map(Body::new))
        });
        let connection = http
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "a connection broke off");
            }
            drop(slot);
        });
    }
    if tokio::time::timeout(STOP_GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were still under way and were cut off");
    }
}
