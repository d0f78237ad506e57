//! `assay validator datasets`: the validator of a dataset competition, on any chain and hub.

use super::{
    competition::{CompetitionArgs, hub_token},
    telling::Telling,
};
use crate::{
    chain,
    commands::{neuron::RecordsArgs, wallet::unlock},
    context::Context,
    hinted::hinted,
    up::Evaluations,
};
use assay_chain::{AccountId, NetUid};
use assay_datasets::{
    DatasetEvent, EventKind, EventSink, Patience, Profile, RoundSchedule, Validator, ValidatorConfig,
    ValidatorError, event::WeightsStage,
};
use assay_hub::{DownloadLimits, HubClient, RepoId, RepoPath, RepoType, Revision};
use assay_keys::KeyRole;
use assay_neuron::{Recorder, Shutdown};
use miette::{IntoDiagnostic, WrapErr, miette};
use serde::Serialize;
use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};
use tokio::sync::broadcast::{self, error::RecvError};

/// Exit code of a process that was asked twice to end, as shells give it for an interrupt.
const INTERRUPTED: i32 = 130;
/// Events kept for a slow terminal. A training step is one event; a round has hundreds.
const EVENTS: usize = 4096;
/// Most bytes of a file of held-out rows from a hub: the operator chose it, so this only guards against a mistake.
const HELD_OUT_BYTES: u64 = 1 << 30;
/// Longest download of the held-out rows.
const HELD_OUT_DEADLINE: Duration = Duration::from_secs(600);

/// Train on miners' datasets, compare the losses, and set weights
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    competition: CompetitionArgs,
    #[command(flatten)]
    records: RecordsArgs,
    /// Held-out rows that losses are measured on, JSON lines
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "eval_repo",
        conflicts_with = "eval_repo"
    )]
    eval: Option<PathBuf>,
    /// Held-out rows from the hub: a dataset repository at one commit, OWNER/NAME@COMMIT
    #[arg(long, value_name = "REPO@COMMIT", alias = "eval_repo")]
    eval_repo: Option<PinnedRepo>,
    /// The file of held-out rows in that repository
    #[arg(
        long,
        value_name = "PATH",
        default_value = "eval_data.jsonl",
        requires = "eval_repo"
    )]
    eval_path: String,
    /// Begin a round every so many blocks instead of at each epoch of the subnet
    #[arg(long, value_name = "BLOCKS", alias = "blocks_per_epoch")]
    blocks_per_epoch: Option<NonZeroU64>,
    /// Constants to score by
    #[arg(long, value_enum, default_value_t = ProfileName::Seed)]
    profile: ProfileName,
    /// Threads for training; losses do not depend on it [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Longest training and measuring of one dataset, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    job_limit: u64,
    /// End after so many rounds whose weights are final
    #[arg(long, value_name = "N")]
    rounds: Option<NonZeroU64>,
}

/// A profile by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ProfileName {
    /// The seed's constants, its weaknesses repaired
    Seed,
    /// The seed's constants and behaviour, failures paid included
    SeedExact,
}

/// `OWNER/NAME@COMMIT`.
#[derive(Clone, Debug)]
struct PinnedRepo {
    repo: RepoId,
    revision: Revision,
}

impl FromStr for PinnedRepo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (repo, revision) = text.split_once('@').ok_or("write it as OWNER/NAME@COMMIT")?;
        Ok(Self {
            repo: repo.parse().map_err(|e: assay_hub::RepoIdError| e.to_string())?,
            revision: revision
                .parse()
                .map_err(|e: assay_hub::RevisionError| e.to_string())?,
        })
    }
}

/// What would be done.
#[derive(Debug, Serialize)]
struct Plan {
    dry_run: bool,
    netuid: NetUid,
    hotkey: AccountId,
    /// Where its state would be kept.
    home: PathBuf,
}

pub(crate) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let hotkey = unlock(context, KeyRole::Hotkey)?;
    let account = hotkey.account();
    let chain = chain::connect(context).await?;
    let home = args.competition.home("validators", &account, &chain).await?;
    let (base_model, recipe) = args.competition.rules(&home, context)?;
    let hub = args.competition.hub()?;
    let held_out = held_out(&args, &hub, &home).await?;
    let mut profile = match args.profile {
        ProfileName::Seed => Profile::seed(),
        ProfileName::SeedExact => Profile::seed_exact(),
    };
    profile.competition = args.competition.competition.clone();
    let config = ValidatorConfig {
        netuid: args.competition.netuid,
        profile,
        recipe,
        base_model,
        held_out,
        rounds: args
            .blocks_per_epoch
            .map_or(RoundSchedule::Epochs, RoundSchedule::Blocks),
        home: home.clone(),
        threads: args.threads,
        patience: Patience {
            job: Duration::from_secs(args.job_limit),
            ..Patience::default()
        },
    };
    if context.dry_run() {
        assay_neuron::registration::require(&chain, config.netuid, &account)
            .await
            .map_err(|error| {
                let hint = error.hint();
                hinted(error, hint)
            })?;
        let plan = Plan {
            dry_run: true,
            netuid: config.netuid,
            hotkey: account,
            home,
        };
        return context.output().data(&plan, |plan| {
            format!(
                "would validate in subnet {} as {} from {}",
                plan.netuid,
                plan.hotkey,
                plan.home.display()
            )
        });
    }
    context.output().say(&format!(
        "validator {account} in subnet {}, state in {}",
        config.netuid,
        home.display()
    ));

    let shutdown = Shutdown::new();
    shutdown.begin_at_signals(INTERRUPTED).into_diagnostic()?;
    let (sender, events) = broadcast::channel(EVENTS);
    let sink = EventSink::new(account, sender);
    let records = args.records.open(
        "datasets",
        &home,
        &account,
        hub_token().into_iter().collect(),
        context,
    );
    let recording = records.clone().map(|records| Recording {
        evaluations: Evaluations::after(&home.join("records"), config.netuid),
        recorder: Recorder::new(records, config.netuid, account),
    });
    let mut validator = Validator::new(chain, hub, hotkey, config, sink);
    if let Some(records) = records {
        validator = validator.recording(records);
    }
    let validator = validator.run(shutdown.token().clone());
    let telling = tell(events, recording, args.rounds, &shutdown, context);
    let (ended, told) = tokio::join!(validator, telling);
    told?;
    ended.map_err(failure)
}

/// What records the results of rounds.
#[derive(Debug)]
struct Recording {
    evaluations: Evaluations,
    recorder: Recorder,
}

impl Recording {
    fn hear(&mut self, event: &DatasetEvent) {
        for evaluation in self.evaluations.hear(event) {
            self.recorder.record(&evaluation);
        }
    }
}

/// Tells what happens until the validator ends, and ends it after the rounds asked for.
async fn tell(
    mut events: broadcast::Receiver<DatasetEvent>,
    mut recording: Option<Recording>,
    rounds: Option<NonZeroU64>,
    shutdown: &Shutdown,
    context: &Context,
) -> miette::Result<()> {
    let telling = Telling::new(context.output());
    let mut finished = 0;
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return Ok(()),
        };
        if let Some(recording) = &mut recording {
            recording.hear(&event);
        }
        telling.tell(&event)?;
        // Weights are final a moment before the round is marked as done; ending in between only means that the next
        // start finds it out from the chain.
        if matches!(
            event.kind,
            EventKind::Weights {
                stage: WeightsStage::Finalized { .. },
                ..
            }
        ) {
            finished += 1;
        }
        if rounds.is_some_and(|rounds| finished >= rounds.get())
            && matches!(event.kind, EventKind::Waiting { .. })
        {
            shutdown.begin();
        }
    }
}

/// The file of held-out rows, fetched from the hub where it is to come from there.
async fn held_out(args: &Args, hub: &HubClient, home: &Path) -> miette::Result<PathBuf> {
    if let Some(file) = &args.eval {
        return Ok(file.clone());
    }
    let pinned = args
        .eval_repo
        .as_ref()
        .ok_or_else(|| miette!("--eval or --eval-repo is needed"))?;
    let path: RepoPath = args.eval_path.parse().into_diagnostic().wrap_err("--eval-path")?;
    let place = home.join(format!("held-out-{}.jsonl", pinned.revision));
    if !place.is_file() {
        let limits = DownloadLimits {
            max_bytes: HELD_OUT_BYTES,
            deadline: HELD_OUT_DEADLINE,
        };
        hub.download(
            &pinned.repo,
            RepoType::Dataset,
            &pinned.revision,
            &path,
            &place,
            limits,
        )
        .await
        .into_diagnostic()
        .wrap_err("the held-out rows cannot be fetched")?;
    }
    Ok(place)
}

fn failure(error: ValidatorError) -> miette::Report {
    let hint = match &error {
        ValidatorError::Registration(e) => e.hint(),
        ValidatorError::Chain(e) => e.hint().map(Into::into),
        ValidatorError::HeldOut(_) => Some("held-out rows follow the same rules as miners' rows".to_owned()),
        _ => None,
    };
    hinted(error, hint)
}
