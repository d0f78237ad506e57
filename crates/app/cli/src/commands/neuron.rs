//! What the commands that run a miner or a validator to its end have in common: its place on the chain and on disk, what
//! would be done, and how it ends.

use crate::{
    chain::{endpoints, mark},
    configuration::expand_home,
    context::Context,
    hinted::coded,
};
use assay_chain::{AccountId, ChainClient, ConnectOptions, NetUid, Pair};
use assay_neuron::{Exit, NeuronConfig, NeuronError, NeuronRecords, ServingError, registration};
use assay_records::{Log, LogConfig, Retention};
use miette::IntoDiagnostic;
use secrecy::SecretString;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Where a neuron works.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct NeuronArgs {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Folder for everything that must survive a restart [default: one below ~/.assay for each chain, subnet and hotkey].
    /// With it, the neuron also starts while the chain is out of reach, and waits five minutes for it
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    #[command(flatten)]
    records: RecordsArgs,
}

/// What a neuron records.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct RecordsArgs {
    /// Record nothing. Otherwise what the neuron does, and what it sees of the chain and the machine, is kept below its home
    /// for `assay query`
    #[arg(long)]
    no_records: bool,
    /// Gigabytes of records that are kept; the oldest go first
    #[arg(long, value_name = "GB", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    records_gb: u64,
    /// Days of records that are kept [default: as many as fit]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    records_days: Option<u32>,
}

impl RecordsArgs {
    /// The event log below a neuron's home; nothing where none is wanted, or none can be had, which is told. `secrets` are
    /// struck out, should any ever come near it.
    pub(crate) fn open(
        self,
        system: &str,
        home: &Path,
        hotkey: &AccountId,
        secrets: Vec<SecretString>,
        context: &Context,
    ) -> Option<NeuronRecords> {
        if self.no_records {
            return None;
        }
        let config = LogConfig {
            secrets,
            retention: Retention {
                days: self.records_days,
                bytes: Some(self.records_gb * 1_000_000_000),
            },
            ..LogConfig::new(home.join("records"), hotkey.to_string())
        };
        match Log::open(config) {
            Ok(log) => Some(NeuronRecords::new(log, system).with_chain()),
            Err(error) => {
                context
                    .output()
                    .warn(&format!("nothing is recorded, and the neuron goes on: {error}"));
                None
            }
        }
    }
}

/// What a neuron is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Miner,
    Validator,
}

impl Side {
    fn folder(self) -> &'static str {
        match self {
            Self::Miner => "miners",
            Self::Validator => "validators",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Miner => "mine",
            Self::Validator => "validate",
        }
    }
}

impl NeuronArgs {
    /// The usual settings, and the neuron's folder, made if it is not there.
    pub(crate) async fn config(
        &self,
        system: &str,
        side: Side,
        hotkey: Pair,
        context: &Context,
    ) -> miette::Result<NeuronConfig> {
        let network = endpoints(context)?;
        let home = match &self.home {
            Some(home) => expand_home(home),
            None => {
                let chain = ChainClient::connect(network.clone(), ConnectOptions::default())
                    .await
                    .map_err(|error| failure(error.into()))?;
                expand_home(Path::new("~/.assay"))
                    .join(side.folder())
                    .join(format!(
                        "{system}-{}-{}-{}",
                        mark(&chain),
                        self.netuid,
                        hotkey.account()
                    ))
            }
        };
        fs_err::create_dir_all(&home).into_diagnostic()?;
        Ok(NeuronConfig::new(network, self.netuid, hotkey, home))
    }

    /// Where the neuron of this configuration records what it does.
    pub(crate) fn records(
        &self,
        system: &str,
        config: &NeuronConfig,
        secrets: Vec<SecretString>,
        context: &Context,
    ) -> Option<NeuronRecords> {
        let hotkey = config.hotkey.account();
        self.records.open(system, &config.home, &hotkey, secrets, context)
    }
}

/// Says what would be done, after a look whether the hotkey may do it.
pub(crate) async fn plan(config: &NeuronConfig, side: Side, context: &Context) -> miette::Result<()> {
    #[derive(Serialize)]
    struct Plan<'a> {
        dry_run: bool,
        netuid: NetUid,
        hotkey: AccountId,
        /// Where its state would be kept.
        home: &'a Path,
    }
    let hotkey = config.hotkey.account();
    let chain = ChainClient::connect(config.network.clone(), config.connect.clone())
        .await
        .map_err(|error| failure(error.into()))?;
    registration::require(&chain, config.netuid, &hotkey)
        .await
        .map_err(|error| failure(error.into()))?;
    let plan = Plan {
        dry_run: true,
        netuid: config.netuid,
        hotkey,
        home: &config.home,
    };
    context.output().data(&plan, |plan| {
        format!(
            "would {} in subnet {} as {} from {}",
            side.verb(),
            plan.netuid,
            plan.hotkey,
            plan.home.display()
        )
    })
}

/// A neuron that did not start or has lost its slot, with its exit code.
pub(crate) fn failure(error: NeuronError) -> miette::Report {
    let (mut hint, code) = (error.hint(), error.code());
    if let (NeuronError::Serving(ServingError::Address { .. }), Some(hint)) = (&error, &mut hint) {
        // Every command that publishes an address has the flag.
        hint.push_str(": --external IP:PORT");
    }
    coded(error, hint, code)
}

/// The end of a neuron that had started: on purpose, or with its exit code.
pub(crate) fn ended(exit: &Exit, context: &Context) -> miette::Result<()> {
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Untimely(String);
    if exit.code() == 0 {
        context.output().say(&exit.to_string());
        return Ok(());
    }
    let hint = "its log above says more; -v logs more, and `assay doctor` looks at the machine and the chain";
    Err(coded(
        Untimely(exit.to_string()),
        Some(hint.to_owned()),
        exit.code(),
    ))
}
