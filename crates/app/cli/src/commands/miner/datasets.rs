//! `assay miner datasets`: publishes a dataset to any hub and commits to it on any chain.

use crate::{
    chain,
    commands::{
        validator::{competition::CompetitionArgs, telling::Telling},
        wallet::unlock,
    },
    context::Context,
    hinted::hinted,
};
use assay_datasets::{DatasetEvent, EventSink, Miner, MinerConfig, MinerError, Publish};
use assay_hub::{RepoId, Visibility};
use assay_keys::KeyRole;
use assay_neuron::Shutdown;
use miette::IntoDiagnostic;
use std::{path::PathBuf, time::Duration};
use tokio::sync::broadcast::{self, error::RecvError};

/// Exit code of a process that was asked twice to end, as shells give it for an interrupt.
const INTERRUPTED: i32 = 130;
/// A miner tells a dozen events.
const EVENTS: usize = 256;

/// Publish a dataset and commit to it on chain
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    competition: CompetitionArgs,
    /// Dataset repository to publish to, OWNER/NAME; made if it does not exist
    #[arg(long, value_name = "REPO", alias = "hf_repo_id")]
    hf_repo_id: RepoId,
    /// The dataset, JSON lines
    #[arg(long, value_name = "FILE", alias = "dataset_path")]
    dataset_path: PathBuf,
    /// Make a new repository private; validators then need a token that may read it
    #[arg(long)]
    private: bool,
}

pub(crate) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let hotkey = unlock(context, KeyRole::Hotkey)?;
    let account = hotkey.account();
    let chain = chain::connect(context).await?;
    let home = args.competition.home("miners", &account, &chain).await?;
    let (base_model, recipe) = args.competition.rules(&home, context)?;
    let config = MinerConfig {
        netuid: args.competition.netuid,
        competition: args.competition.competition.clone(),
        dataset: args.dataset_path,
        repo: args.hf_repo_id,
        visibility: if args.private {
            Visibility::Private
        } else {
            Visibility::Public
        },
        recipe,
        base_model,
        home,
        first_pause: Duration::from_secs(2),
        longest_pause: Duration::from_secs(120),
    };
    let hub = args.competition.hub()?;
    let shutdown = Shutdown::new();
    shutdown.begin_at_signals(INTERRUPTED).into_diagnostic()?;
    let (sender, events) = broadcast::channel(EVENTS);
    let sink = EventSink::new(account, sender);
    let how = if context.dry_run() {
        Publish::DryRun
    } else {
        Publish::Everything
    };
    let miner = Miner::new(chain, hub, hotkey, config, sink).run(how, shutdown.token().clone());
    let (published, told) = tokio::join!(miner, tell(events, context));
    told?;
    let published = published.map_err(failure)?;
    context.output().data(&published, |done| match &done.commitment {
        Some(commitment) => commitment.clone(),
        None => format!(
            "{} rows could be published to {}; nothing was changed",
            done.rows, done.repo
        ),
    })
}

/// Tells what happens until the miner ends. Under `--json` only the result is data.
async fn tell(mut events: broadcast::Receiver<DatasetEvent>, context: &Context) -> miette::Result<()> {
    let telling = Telling::new(context.output());
    loop {
        match events.recv().await {
            Ok(event) if !context.output().is_json() => telling.tell(&event)?,
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

fn failure(error: MinerError) -> miette::Report {
    let hint = match &error {
        MinerError::TooLong(_) => Some("choose a shorter name for the repository".to_owned()),
        MinerError::Dataset { .. } => {
            Some("one JSON object a line, \"conversations\" of user and assistant in turn".to_owned())
        }
        MinerError::Registration(e) => e.hint(),
        MinerError::Hub(_) | MinerError::UploadRefused { .. } => {
            Some("HF_TOKEN must be a token that may write to the repository's owner".to_owned())
        }
        MinerError::Chain(e) => e.hint().map(Into::into),
        _ => None,
    };
    hinted(error, hint)
}
