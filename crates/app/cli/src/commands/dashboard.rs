//! `assay dashboard`: pages about any chain.

use crate::{context::Context, hinted::hinted};
use assay_chain::{ChainClient, ChainError, ConnectOptions, Endpoints};
use assay_dashboard::{Chain, Dashboard, DashboardConfig, DashboardError};
use miette::IntoDiagnostic;
use serde::Serialize;
use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Between two tries to reach the chain. Shorter presses a node that is down; longer leaves the page empty after it
/// has come up.
const PAUSE: Duration = Duration::from_secs(3);

/// Show what is on a chain as web pages.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port of the pages; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = DashboardConfig::PORT)]
    port: u16,
    /// Address to listen on; others than this machine may look when it is not its own
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Another name under which the pages may be opened; again for more
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
}

/// What a program that started the dashboard needs to know.
#[derive(Debug, Serialize)]
struct Listening {
    url: String,
    endpoint: String,
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    let endpoint: Endpoints = context
        .network()
        .parse()
        .map_err(|error| crate::chain::chain_failure(ChainError::Endpoint(error)))?;
    context.block_on(serve(args, endpoint, context))
}

async fn serve(args: Args, endpoint: Endpoints, context: &Context) -> miette::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let (chain, watched) = watch::channel(Chain::Connecting {
        endpoint: endpoint.to_string(),
        trouble: None,
    });
    let config = DashboardConfig {
        listen: SocketAddr::new(args.host, args.port),
        allowed_hosts: args.allow_host,
    };
    let dashboard = Dashboard::bind_to_chain(config, watched)
        .await
        .map_err(not_started)?;
    let listening = Listening {
        url: dashboard.url(),
        endpoint: endpoint.to_string(),
    };
    context.output().data(&listening, |listening| {
        format!("{} shows {}", listening.url, listening.endpoint)
    })?;
    let connecting = tokio::spawn(connect(endpoint, chain));
    dashboard
        .serve(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await;
    connecting.abort();
    Ok(())
}

/// Why the dashboard does not start, with what to do where that is known.
pub(crate) fn not_started(error: DashboardError) -> miette::Report {
    let hint = match &error {
        DashboardError::Listen { source, .. } => match source.kind() {
            ErrorKind::AddrInUse => Some("choose another port with --port, or 0 for any"),
            ErrorKind::AddrNotAvailable => Some("listen on an address of this machine"),
            ErrorKind::PermissionDenied => Some("choose a port above 1023 with --port"),
            _ => None,
        },
        _ => None,
    };
    hinted(error, hint.map(str::to_owned))
}

/// Connects, however long it takes. The client itself comes back from what happens later.
async fn connect(endpoint: Endpoints, chain: watch::Sender<Chain>) {
    loop {
        match ChainClient::connect(endpoint.clone(), ConnectOptions::default()).await {
            Ok(client) => {
                chain.send_replace(Chain::Connected(client));
                // The pages are told of a chain for as long as somebody could name another.
                chain.closed().await;
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "the dashboard's chain");
                chain.send_replace(Chain::Connecting {
                    endpoint: endpoint.to_string(),
                    trouble: Some(error.to_string()),
                });
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
