//! `assay dashboard`: pages about any chain, and about what was recorded.

use super::records_folders::RecordsFolders;
use crate::{context::Context, hinted::hinted};
use assay_chain::{ChainClient, ChainError, ConnectOptions, Endpoints};
use assay_dashboard::{Chain, Dashboard, DashboardConfig, DashboardError};
use miette::IntoDiagnostic;
use serde::Serialize;
use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Between two tries to reach the chain. Shorter presses a node that is down; longer leaves the page empty after it
/// has come up.
const PAUSE: Duration = Duration::from_secs(3);

/// Show what is on a chain, or what was recorded, as web pages
///
/// Blocks, accounts, subnets and neurons of the network; with --records or --home also what was recorded: miners, epochs,
/// weights, rounds, requests, prompts and the machine. Records alone are shown where no --network is named.
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
    #[command(flatten)]
    folders: RecordsFolders,
}

/// What a program that started the dashboard needs to know.
#[derive(Debug, Serialize)]
struct Listening {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    records: Vec<PathBuf>,
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    let records = if args.folders.are_named() {
        args.folders.find()?
    } else {
        Vec::new()
    };
    let endpoint = match (context.chosen_network(), records.is_empty()) {
        // Who looks at records need not have a chain.
        (None, false) => None,
        _ => Some(
            context
                .network()
                .parse()
                .map_err(|error| crate::chain::chain_failure(ChainError::Endpoint(error)))?,
        ),
    };
    context.block_on(serve(args, endpoint, records, context))
}

async fn serve(
    args: Args,
    endpoint: Option<Endpoints>,
    records: Vec<PathBuf>,
    context: &Context,
) -> miette::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let config = DashboardConfig {
        listen: SocketAddr::new(args.host, args.port),
        allowed_hosts: args.allow_host,
    };
    let (dashboard, connecting) = match &endpoint {
        None => (Dashboard::bind_to_records(config, records.clone()).await, None),
        Some(endpoint) => {
            let (chain, watched) = watch::channel(Chain::Connecting {
                endpoint: endpoint.to_string(),
                trouble: None,
            });
            let bound = Dashboard::bind_to_chain(config, watched).await;
            let bound = bound.map(|dashboard| dashboard.with_records(records.clone()));
            (bound, Some(connect(endpoint.clone(), chain)))
        }
    };
    let dashboard = dashboard.map_err(not_started)?;
    let listening = Listening {
        url: dashboard.url(),
        endpoint: endpoint.as_ref().map(ToString::to_string),
        records,
    };
    context.output().data(&listening, |listening| {
        let records = listening
            .records
            .iter()
            .map(|folder| folder.display().to_string());
        let shown: Vec<String> = listening.endpoint.iter().cloned().chain(records).collect();
        format!("{} shows {}", listening.url, shown.join(", "))
    })?;
    let connecting = connecting.map(tokio::spawn);
    dashboard
        .serve(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await;
    if let Some(connecting) = connecting {
        connecting.abort();
    }
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
