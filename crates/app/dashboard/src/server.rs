//! The server: sockets, deadlines and limits around the routes.

use crate::drawing::{Around, Drawing, Publisher, keep_drawn};
use crate::error::DashboardError;
use crate::explorer::{self, Chain, Explorer};
use crate::frame::Places;
use crate::host::AllowedHosts;
use crate::live::MOST_STREAMS;
use crate::records::{self, Links, Records};
use crate::routes::{self, Shared};
use crate::state::DashboardState;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Connections at the same time: the streams, and as many again for pages that are just being opened.
const MOST_CONNECTIONS: usize = 2 * MOST_STREAMS;
/// A request's head has to arrive within this. Whoever connects and says nothing does not hold a place for ever.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of a request's head. A browser sends about one thousand.
const HEAD_BYTES: usize = 16 * 1024;
/// How long open connections may finish after the stop. The streams end at once; the rest is an answer on its way.
const STOP_DEADLINE: Duration = Duration::from_secs(3);
/// Pause after a failed accept. It fails when the process has no file handles left; without a pause the loop would
/// only burn what the others need to give theirs back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// How the dashboard serves.
#[derive(Debug, Clone)]
pub struct DashboardConfig {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Names under which the page may be opened besides `localhost` and addresses written as numbers.
    pub allowed_hosts: Vec<String>,
}

impl DashboardConfig {
    /// The port that Assay uses.
    pub const PORT: u16 = 8420;
}

impl Default for DashboardConfig {
    /// This machine only, port 8420.
    fn default() -> DashboardConfig {
        DashboardConfig {
            listen: ([127, 0, 0, 1], DashboardConfig::PORT).into(),
            allowed_hosts: Vec::new(),
        }
    }
}

/// A dashboard that listens.
#[derive(Debug)]
pub struct Dashboard {
    listener: TcpListener,
    address: SocketAddr,
    state: Option<watch::Receiver<DashboardState>>,
    chain: Option<watch::Receiver<Chain>>,
    records: Vec<PathBuf>,
    allowed: AllowedHosts,
}

impl Dashboard {
    /// Listens, to show a run.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(
        config: DashboardConfig,
        state: watch::Receiver<DashboardState>,
    ) -> Result<Dashboard, DashboardError> {
        Dashboard::listen(config, Some(state), None).await
    }

    /// Listens, to show a chain and nothing else.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind_to_chain(
        config: DashboardConfig,
        chain: watch::Receiver<Chain>,
    ) -> Result<Dashboard, DashboardError> {
        Dashboard::listen(config, None, Some(chain)).await
    }

    /// The same with pages about the chain.
    #[must_use]
    pub fn with_chain(self, chain: watch::Receiver<Chain>) -> Dashboard {
        Dashboard {
            chain: Some(chain),
            ..self
        }
    }

    /// Listens, to show what was recorded in these folders.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind_to_records(
        config: DashboardConfig,
        folders: Vec<PathBuf>,
    ) -> Result<Dashboard, DashboardError> {
        let dashboard = Dashboard::listen(config, None, None).await?;
        Ok(dashboard.with_records(folders))
    }

    /// The same with pages about what was recorded in these folders, which need not be there yet.
    #[must_use]
    pub fn with_records(self, folders: Vec<PathBuf>) -> Dashboard {
        Dashboard {
            records: folders,
            ..self
        }
    }

    async fn listen(
        config: DashboardConfig,
        state: Option<watch::Receiver<DashboardState>>,
        chain: Option<watch::Receiver<Chain>>,
    ) -> Result<Dashboard, DashboardError> {
        let refused = |source| DashboardError::Listen {
            listen: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let allowed = AllowedHosts::new(&config.allowed_hosts);
        Ok(Dashboard {
            listener,
            address,
            state,
            chain,
            records: Vec::new(),
            allowed,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The page's address for a browser on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv6() {
                std::net::Ipv6Addr::LOCALHOST.into()
            } else {
                std::net::Ipv4Addr::LOCALHOST.into()
            });
        }
        format!("http://{address}/")
    }

    /// Serves until `stop` is ready, then ends every connection and returns.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) {
        let stopping = CancellationToken::new();
        let (pages, tasks) = pages(self.state, self.chain, &self.records, &stopping);
        let service = TowerToHyperService::new(routes::checked(pages, self.allowed));

        let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let graceful = GracefulShutdown::new();
        tokio::pin!(stop);
        loop {
            // The place first: beyond the limit, connections wait in the system's queue.
            let accepted = tokio::select! {
                accepted = async {
                    let place = Arc::clone(&connections).acquire_owned().await;
                    (place, self.listener.accept().await)
                } => accepted,
                () = &mut stop => break,
            };
            let (Ok(place), accepted) = accepted else { break };
            let socket = match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    tracing::warn!(%error, "the dashboard could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let connection = graceful.watch(connection(socket, service.clone()));
            tokio::spawn(async move {
                let _place = place;
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the dashboard ended early");
                }
            });
        }

        stopping.cancel();
        if tokio::time::timeout(STOP_DEADLINE, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::debug!("connections to the dashboard were cut off");
        }
        for task in tasks {
            // It ends with the token; a panic in it has been reported by its own task.
            let _ = task.await;
        }
    }
}

/// The pages, and the tasks that keep them up to date until the stop.
fn pages(
    state: Option<watch::Receiver<DashboardState>>,
    chain: Option<watch::Receiver<Chain>>,
    folders: &[PathBuf],
    stop: &CancellationToken,
) -> (axum::Router, Vec<JoinHandle<()>>) {
    let streams = Arc::new(Semaphore::new(MOST_STREAMS));
    let explorer = chain.map(|chain| Arc::new(Explorer::new(chain)));
    let records = (!folders.is_empty()).then(|| Arc::new(Records::new(folders)));
    let mut pages = axum::Router::new();
    let mut tasks = Vec::new();
    if let Some(records) = &records {
        tasks.push(tokio::spawn(Arc::clone(records).follow(stop.clone())));
        pages = pages.merge(records::router(records::Shared {
            records: Arc::clone(records),
            run: state.clone(),
            explorer: explorer.clone(),
            streams: Arc::clone(&streams),
            stop: stop.clone(),
        }));
    }
    if let Some(explorer) = &explorer {
        tasks.push(tokio::spawn(Arc::clone(explorer).follow(stop.clone())));
        pages = pages.merge(explorer::router(explorer::Shared {
            explorer: Arc::clone(explorer),
            run: state.clone(),
            records: records.clone(),
            streams: Arc::clone(&streams),
            stop: stop.clone(),
        }));
    }
    let places = Places {
        run: state.is_some(),
        records: records.is_some(),
        chain: explorer.is_some(),
        ..Places::default()
    };
    match (state, explorer) {
        (Some(state), explorer) => {
            let links = if records.is_some() {
                Links::Pages
            } else {
                Links::None
            };
            let around = Around {
                publisher: Publisher::Alive,
                links,
            };
            let first = Drawing::of(&state.borrow().clone(), around);
            let (sender, drawing) = watch::channel(Arc::new(first));
            tasks.push(tokio::spawn(keep_drawn(
                state.clone(),
                sender,
                links,
                stop.clone(),
            )));
            pages = pages.merge(routes::of_run(Shared {
                state,
                drawing,
                explorer,
                records,
                streams,
                stop: stop.clone(),
            }));
        }
        (None, Some(explorer)) => {
            pages = pages
                .merge(routes::of_chain_alone(explorer))
                .merge(routes::start(places));
        }
        (None, None) => pages = pages.merge(routes::start(places)),
    }
    (pages, tasks)
}

fn connection(
    socket: TcpStream,
    service: TowerToHyperService<axum::Router>,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<axum::Router>> {
    // Small events should leave at once. Without it they only come later.
    let _ = socket.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(socket), service)
}
