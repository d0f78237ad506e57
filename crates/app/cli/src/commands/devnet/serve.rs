//! `assay devnet`: the embedded chain until somebody stops it.

use super::spec;
use crate::{configuration::expand_home, context::Context};
use assay_devnet::{
    BlockProduction, CHAIN_NAME, CommitReveal, DEFAULT_PORT, DevelopmentAccount, Devnet, DevnetConfig,
    Genesis, History, SIMPLIFICATIONS, Spec, SpecWallet, Storage, development_accounts,
};
use miette::{IntoDiagnostic, WrapErr};
use serde::Serialize;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};

/// Run the embedded chain.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Folder of the chain, which goes on where it stopped
    #[arg(
        long,
        value_name = "DIR",
        default_value = "~/.assay/devnet",
        alias = "data-dir"
    )]
    home: PathBuf,
    /// Keep the chain in memory; it is gone when the devnet stops
    #[arg(long, conflicts_with = "home")]
    ephemeral: bool,
    /// Begin with what this file describes: subnets, wallets, stakes, neurons, weights; `assay devnet spec` prints one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "restore"])]
    spec: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port for WebSocket and HTTP; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    port: u16,
    #[command(flatten)]
    blocks: BlockArgs,
    /// Number that makes this chain differ from others; equal seeds give equal chains
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// New subnets demand committed weights. `own` gives the chain a beacon of its own, whose key `devnet_beacon` tells;
    /// `public` waits for pulses of the public beacon, to which stock clients encrypt
    #[arg(long, value_name = "BEACON", num_args = 0..=1, default_missing_value = "own")]
    commit_reveal: Option<RevealBeacon>,
    /// Keep every state for ever, not only those of the last 2400 blocks
    #[arg(long)]
    archive: bool,
    /// Keep the last final block this far behind the newest one
    #[arg(long, value_name = "BLOCKS", default_value_t = 0)]
    finality_lag: u32,
    /// Let clients make things go wrong: lost transactions, silence, cut sockets, refusals
    #[arg(long)]
    faults: bool,
    /// Begin from this snapshot
    #[arg(long, value_name = "FILE")]
    restore: Option<PathBuf>,
    /// Write a snapshot to this file when the devnet stops
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
}

/// When blocks are made.
#[derive(Debug, clap::Args)]
pub(super) struct BlockArgs {
    /// Time between blocks, 50ms to 12s; a chain that exists goes on at its own by default
    #[arg(long, value_name = "TIME", value_parser = parse_time, group = "blocks")]
    block_time: Option<Duration>,
    /// Make blocks only when asked: `assay devnet advance`
    #[arg(long, group = "blocks")]
    manual: bool,
    /// Make a block when a transaction is there, and when asked
    #[arg(long, group = "blocks")]
    on_demand: bool,
}

/// Whose rounds open timelocked commits.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RevealBeacon {
    Own,
    Public,
}

impl From<RevealBeacon> for CommitReveal {
    fn from(beacon: RevealBeacon) -> Self {
        match beacon {
            RevealBeacon::Own => Self::OwnBeacon,
            RevealBeacon::Public => Self::PublicBeacon,
        }
    }
}

impl Args {
    /// A chain that begins from a snapshot.
    pub(super) fn fork(file: PathBuf, home: Option<PathBuf>, port: u16, blocks: BlockArgs) -> Self {
        Self {
            ephemeral: home.is_none(),
            home: home.unwrap_or_default(),
            spec: None,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port,
            blocks,
            seed: None,
            commit_reveal: None,
            archive: false,
            finality_lag: 0,
            faults: false,
            restore: Some(file),
            snapshot: None,
        }
    }
}

/// What is printed when the devnet answers.
#[derive(Debug, Serialize)]
struct Ready {
    url: String,
    http_url: String,
    chain: &'static str,
    genesis_hash: String,
    seed: u64,
    /// Milliseconds between blocks; absent when they are made on demand or by hand.
    block_time_ms: Option<u64>,
    block: u32,
    /// Whether new subnets demand committed weights, and whose rounds open timelocked ones.
    commit_reveal: CommitReveal,
    home: Option<PathBuf>,
    accounts: Vec<DevelopmentAccount>,
    /// The wallets of the spec.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wallets: Vec<SpecWallet>,
    /// The folder of those wallets; absent when they are kept nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet_path: Option<PathBuf>,
    simplified: &'static [&'static str],
}

pub(super) fn run(args: Args, context: &Context) -> miette::Result<()> {
    context.block_on(serve(args, context))
}

async fn serve(args: Args, context: &Context) -> miette::Result<()> {
    // Before anything can be interrupted.
    let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let home = (!args.ephemeral).then(|| expand_home(&args.home));
    let folder = home.as_ref().map(|home| home.join("chain"));
    let spec = args.spec.as_deref().map(spec::read).transpose()?;
    let devnet = Devnet::start(configuration(&args, spec.as_ref(), folder.as_deref()))
        .await
        .into_diagnostic()
        .wrap_err("the devnet does not start")?;
    let blocks = blocks(&args.blocks, spec.as_ref(), &devnet);
    devnet.set_block_production(blocks).into_diagnostic()?;
    let mut ready = ready(&devnet, blocks, folder);
    if let Some(spec) = spec {
        ready.wallet_path = home.map(|home| home.join("wallets"));
        if let Some(wallets) = &ready.wallet_path {
            spec::write_wallets(&spec.wallets, wallets)?;
        }
        ready.wallets = spec.wallets;
    }
    context.output().data(&ready, human)?;

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    context.output().say("stopping");
    let saved = match &args.snapshot {
        None => Ok(()),
        Some(path) => devnet.snapshot(path).await.map(|saved| {
            context.output().say(&format!(
                "snapshot of block {} in {}",
                saved.number,
                saved.path.display()
            ));
        }),
    };
    devnet.stop().await;
    saved.into_diagnostic().wrap_err("no snapshot was written")
}

fn configuration(args: &Args, spec: Option<&Spec>, folder: Option<&Path>) -> DevnetConfig {
    DevnetConfig {
        data: folder.map_or(Storage::Memory, |folder| Storage::Folder(folder.to_owned())),
        listen: SocketAddr::new(args.host, args.port),
        blocks: args
            .blocks
            .block_time
            .map_or(BlockProduction::Manual, BlockProduction::Every),
        genesis: wanted_genesis(args, spec),
        restore: args.restore.clone(),
        history: if args.archive {
            History::Archive
        } else {
            History::default()
        },
        finality_lag: args.finality_lag,
        faults: args.faults,
        ..DevnetConfig::default()
    }
}

/// The chain that the spec and the flags describe; none when they leave it to what the folder holds.
fn wanted_genesis(args: &Args, spec: Option<&Spec>) -> Option<Genesis> {
    let mut genesis = match (spec, args.seed, args.commit_reveal) {
        (None, None, None) => return None,
        (Some(spec), ..) => spec.genesis.clone(),
        (None, seed, _) => Genesis {
            seed: seed.unwrap_or_default(),
            ..Genesis::default()
        },
    };
    if let Some(beacon) = args.commit_reveal {
        genesis.commit_reveal = beacon.into();
    }
    Some(genesis)
}

/// What the flags say, then the spec; without either, the block time that the chain began with.
fn blocks(args: &BlockArgs, spec: Option<&Spec>, devnet: &Devnet) -> BlockProduction {
    if args.manual {
        BlockProduction::Manual
    } else if args.on_demand {
        BlockProduction::OnDemand
    } else {
        let slot = Duration::from_millis(devnet.genesis().slot_duration_ms);
        match (args.block_time, spec.and_then(|spec| spec.blocks)) {
            (Some(interval), _) => BlockProduction::Every(interval),
            (None, Some(blocks)) => blocks,
            (None, None) => BlockProduction::Every(slot),
        }
    }
}

fn ready(devnet: &Devnet, blocks: BlockProduction, home: Option<PathBuf>) -> Ready {
    let url = devnet.url();
    Ready {
        http_url: url.replacen("ws://", "http://", 1),
        url,
        chain: CHAIN_NAME,
        genesis_hash: format!("{:?}", devnet.genesis_hash()),
        seed: devnet.genesis().seed,
        block_time_ms: match blocks {
            BlockProduction::Every(interval) => u64::try_from(interval.as_millis()).ok(),
            BlockProduction::Manual | BlockProduction::OnDemand => None,
        },
        block: devnet.head().0,
        commit_reveal: devnet.genesis().commit_reveal,
        home,
        accounts: development_accounts(devnet.genesis()),
        wallets: Vec::new(),
        wallet_path: None,
        simplified: SIMPLIFICATIONS,
    }
}

fn human(ready: &Ready) -> String {
    let pace = ready
        .block_time_ms
        .map_or_else(|| "on request".to_owned(), |ms| format!("every {ms} ms"));
    let mut text = format!(
        "ready: {}\n  chain      {}, genesis {}, seed {}\n  blocks     {pace}, now at {}\n  weights    {}\n  kept in    {}\n  accounts\n",
        ready.url,
        ready.chain,
        ready.genesis_hash,
        ready.seed,
        ready.block,
        weights_rule(ready.commit_reveal),
        ready
            .home
            .as_ref()
            .map_or_else(|| "memory".to_owned(), |home| home.display().to_string()),
    );
    for account in &ready.accounts {
        text.push_str(&format!("    {:<10} {}\n", account.uri, account.address));
    }
    if !ready.wallets.is_empty() {
        let place = match &ready.wallet_path {
            Some(path) => format!("--wallet-path {}", path.display()),
            None => "kept nowhere; import them by their URIs".to_owned(),
        };
        text.push_str(&format!("  wallets      {place}\n"));
        let widest = ready.wallets.iter().map(|wallet| wallet.coldkey_uri.len()).max();
        let width = widest.unwrap_or_default().max(10);
        for wallet in &ready.wallets {
            let hotkeys: Vec<_> = wallet.hotkeys.iter().map(|hotkey| hotkey.uri.as_str()).collect();
            let hotkeys = hotkeys.join(" ");
            text.push_str(&format!("    {:<width$} {hotkeys}\n", wallet.coldkey_uri));
        }
    }
    text.push_str("  simpler than the public chain\n");
    for line in ready.simplified {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// How validators set weights on new subnets.
fn weights_rule(commit_reveal: CommitReveal) -> &'static str {
    match commit_reveal {
        CommitReveal::OwnBeacon => {
            "committed, then revealed; timelocks open with this chain's own beacon (devnet_beacon), so only clients that ask for it can commit so"
        }
        CommitReveal::PublicBeacon => {
            "committed, then revealed; timelocks open with pulses of the public beacon that somebody feeds (devnet_feedPulse)"
        }
        _ => "in the open; --commit-reveal begins a chain whose subnets demand commits",
    }
}

/// A time with its unit: `250ms`, `12s`.
fn parse_time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s').unwrap_or(""), 1000),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("{text} is no time: write it like 250ms or 12s"))?;
    let time = Duration::from_millis(number.saturating_mul(unit));
    if !(assay_devnet::MIN_BLOCK_TIME..=assay_devnet::MAX_BLOCK_TIME).contains(&time) {
        return Err(format!("{text} is outside 50ms to 12s"));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_and_bounds() {
        assert_eq!(parse_time("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_time("12s"), Ok(Duration::from_secs(12)));
        for wrong in [
            "",
            "s",
            "ms",
            "250",
            "1h",
            "-1s",
            "49ms",
            "13s",
            "99999999999999999999s",
        ] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
