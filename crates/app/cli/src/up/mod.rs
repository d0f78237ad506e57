//! `assay up`: a whole subnet on this machine.

mod answering;
mod board;
mod cast;
mod competition;
mod datasets;
mod evaluations;
mod history;
mod home;
mod iterations;
mod organic;
mod participants;
mod prompting;
mod records;
mod results;
mod summary;
mod terminal;
mod view;

pub(crate) use cast::unpack_base_model;
pub(crate) use evaluations::Evaluations;
pub(crate) use iterations::{RecordedTexts, iteration};

use crate::{configuration::expand_home, context::Context};
use assay_prompting::Routing;
use miette::{IntoDiagnostic, WrapErr};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

/// Run a whole subnet on this machine: chain, hub, miners, validators, dashboard.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The system to run
    #[arg(value_enum, default_value = "datasets")]
    system: System,
    /// Miners of the demonstration; with --dataset there is one miner a file
    /// [default: 5, organic: 4, prompting: 8, with --gating 14]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    miners: Option<u16>,
    /// Validators
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    validators: u16,
    /// End after so many epochs; without it, run until stopped
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    epochs: Option<u64>,
    /// A miner's data, JSON lines; again for each further miner
    #[arg(long, value_name = "FILE")]
    dataset: Vec<PathBuf>,
    /// The rows that adapters are measured on
    #[arg(long, value_name = "FILE")]
    eval: Option<PathBuf>,
    /// Folder of the base model, in the Hugging Face layout, instead of the small one that is shipped
    #[arg(long, value_name = "DIR")]
    base_model: Option<PathBuf>,
    /// Folder for everything the run keeps
    #[arg(long, value_name = "DIR", default_value = "~/.assay", env = "ASSAY_HOME")]
    home: PathBuf,
    /// Port of the dashboard; 0 for any
    #[arg(long, value_name = "PORT", default_value_t = 8420)]
    port: u16,
    /// Port of the chain's node; 0 for any
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    chain_port: u16,
    /// Port of the gateway where people ask (organic); 0 for any
    #[arg(long, value_name = "PORT", default_value_t = 8421)]
    gateway_port: u16,
    /// People that the demonstration has of its own, who ask all the time (organic)
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=64))]
    users: u16,
    /// The profile that validators judge by (prompting): seed, stack or tasks
    #[arg(long, value_name = "NAME", default_value = "stack")]
    profile: assay_prompting::Profile,
    /// Ask five miners at a time, chosen by what the gating model expects of them; some are specialists then (prompting)
    #[arg(long)]
    gating: bool,
    /// In every round, also ask miners to run the good ones' model, and check who does (prompting)
    #[arg(long)]
    inference: bool,
    /// Seconds between blocks, 0.05 to 12
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    block_time: Duration,
}

/// What can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum System {
    /// Miners publish datasets; validators train on them and pay the better data
    Datasets,
    /// People ask through a gateway; miners answer, and the better answers are paid
    Organic,
    /// Validators ask; reward models and filters judge the answers, and the better ones are paid
    Prompting,
}

impl System {
    fn name(self) -> &'static str {
        match self {
            Self::Datasets => "datasets",
            Self::Organic => "organic",
            Self::Prompting => "prompting",
        }
    }

    /// Miners of the demonstration. A gating model has more to choose from: there are specialists.
    fn usual_miners(self, gating: bool) -> usize {
        match (self, gating) {
            (Self::Datasets, _) => 5,
            (Self::Organic, _) => 4,
            (Self::Prompting, false) => 8,
            (Self::Prompting, true) => 14,
        }
    }
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    context.refuse_dry_run("assay up")?;
    if args.system != System::Datasets && (!args.dataset.is_empty() || args.eval.is_some()) {
        return Err(miette::miette!(
            help = "leave them out, or run `assay up datasets`",
            "--dataset and --eval are for the datasets system"
        ));
    }
    let inputs = home::Inputs {
        system: args.system.name().to_owned(),
        miners: match (args.miners, args.dataset.len()) {
            (Some(miners), 0) => miners.into(),
            (None, 0) => args.system.usual_miners(args.gating),
            (_, files) => files,
        },
        validators: args.validators.into(),
        datasets: args
            .dataset
            .iter()
            .map(|path| existing(path, "dataset"))
            .collect::<miette::Result<_>>()?,
        eval: args
            .eval
            .as_deref()
            .map(|path| existing(path, "evaluation file"))
            .transpose()?,
        base_model: args
            .base_model
            .as_deref()
            .map(|path| existing(path, "base model"))
            .transpose()?,
    };
    let root = expand_home(&args.home);
    fs_err::create_dir_all(&root).into_diagnostic()?;
    let home = home::Home::open(&root, inputs)?;
    let plan = datasets::Plan {
        epochs: args.epochs,
        dashboard: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
        chain: SocketAddr::from((Ipv4Addr::LOCALHOST, args.chain_port)),
        block_time: args.block_time,
    };
    match args.system {
        System::Datasets => context.block_on(datasets::run(home, plan, context.output())),
        System::Organic => {
            let traffic = organic::Traffic {
                gateway: SocketAddr::from((Ipv4Addr::LOCALHOST, args.gateway_port)),
                users: args.users,
            };
            context.block_on(organic::run(home, plan, traffic, context.output()))
        }
        System::Prompting => {
            let judging = prompting::Judging {
                profile: args.profile,
                routing: if args.gating {
                    Routing::Gating
                } else {
                    Routing::Random
                },
                inference: if args.inference {
                    prompting::Inference::Asked
                } else {
                    prompting::Inference::NotAsked
                },
            };
            context.block_on(prompting::run(home, plan, judging, context.output()))
        }
    }
}

/// The absolute path of something that must be there.
fn existing(path: &Path, what: &str) -> miette::Result<PathBuf> {
    fs_err::canonicalize(path)
        .into_diagnostic()
        .wrap_err_with(|| format!("the {what} cannot be read"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "not a number of seconds".to_owned())
}
