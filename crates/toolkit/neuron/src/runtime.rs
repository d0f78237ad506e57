//! A miner's or a validator's whole life: an author brings handlers and a scorer, the rest is here.
//!
//! Before anything runs, the chain is asked whether the hotkey has a slot, and a validator whether it has the stake. Then
//! tasks run side by side under one supervisor, so that a slow round delays neither the weights nor the answers:
//!
//! | task | of | what it does |
//! |---|---|---|
//! | metagraph | both | reads the subnet every few blocks, for everybody else |
//! | registration | both | ends the process, with code 77, when a final block has taken the slot away |
//! | axon, serving | both | answers, and publishes the address |
//! | rounds | validator | calls the author's scorer again and again |
//! | weights | validator | sends a row in each epoch |
//! | checkpoint | validator | writes the scores |
//! | records | both, where wanted | tells the event log what is seen of the machine, the axon and the chain |
//!
//! What fails is restarted; what falls silent is cut off and restarted; what keeps failing, or blocks its thread, ends the
//! process with an exit code. Scores are on disk whatever happens.

mod checkpoint;
mod context;
mod error;
mod ground;
mod miner;
mod rounds;
mod steps;
mod validator;
mod weights;

pub use context::{Context, MinerReply};
pub use error::NeuronError;
pub use miner::Miner;
pub use rounds::Pace;
pub use validator::{Validator, WeightSettings};

use crate::{AccessRules, NeuronRecords, Recorder, RestartPolicy};
use assay_axon::server::AxonConfig;
use assay_chain::{ConnectOptions, Endpoints, NetUid, Pair};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// What every neuron is set up with.
#[derive(Clone, Debug)]
pub struct NeuronConfig {
    /// The chain's nodes.
    pub network: Endpoints,
    /// How they are asked.
    pub connect: ConnectOptions,
    /// The subnet.
    pub netuid: NetUid,
    /// Who works.
    pub hotkey: Pair,
    /// The folder of its state: scores, weight history, requests seen. One neuron a folder.
    pub home: PathBuf,
    /// Blocks between two reads of the metagraph. Fewer cost a public node three requests each; with more a newcomer is
    /// not asked, and a validator not answered, for that long.
    pub sync_every: u64,
    /// Between two looks at a validator's scores. A kill without warning loses what was rewarded since; more often only
    /// wears the disk.
    pub checkpoint_every: Duration,
    /// Where it answers; nothing for a validator that is never asked.
    pub axon: Option<AxonPlace>,
    /// How long the chain may be out of reach at the start before that is an error. Shorter, and a reboot of both
    /// machines ends the neuron; longer, and a mistyped address is told late.
    pub start_patience: Duration,
    /// How long tasks have to end when the process shall. Less than what service managers wait for before they kill.
    pub grace: Duration,
    /// When tasks are restarted, and when they are given up.
    pub restarts: RestartPolicy,
    /// How long a task may hold its thread before the process ends. See
    /// [`Supervisor::end_when_stuck`](crate::Supervisor::end_when_stuck).
    pub stuck_after: Duration,
    /// Where it records what it does; nothing records nothing.
    pub records: Option<NeuronRecords>,
}

/// Where a neuron answers.
#[derive(Clone, Debug)]
pub struct AxonPlace {
    /// The addresses that are listened at.
    pub listen: Vec<SocketAddr>,
    /// The address that is published, at which others reach this machine; nothing publishes none.
    pub external: Option<SocketAddr>,
    /// The version that is published with it.
    pub version: u32,
    /// How the axon works.
    pub config: AxonConfig,
    /// Who may ask.
    pub access: AccessRules,
}

impl AxonPlace {
    /// An axon for validators at these addresses, unpublished.
    pub fn listening(listen: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            listen: listen.into_iter().collect(),
            external: None,
            version: 1,
            config: AxonConfig::default(),
            access: AccessRules::default(),
        }
    }

    /// Published under this address.
    #[must_use]
    pub fn published_at(mut self, external: SocketAddr) -> Self {
        self.external = Some(external);
        self
    }
}

impl NeuronConfig {
    /// The usual settings.
    pub fn new(
        network: impl Into<Endpoints>,
        netuid: NetUid,
        hotkey: Pair,
        home: impl Into<PathBuf>,
    ) -> Self {
        Self {
            network: network.into(),
            connect: ConnectOptions::default(),
            netuid,
            hotkey,
            home: home.into(),
            sync_every: 5,
            checkpoint_every: Duration::from_secs(10),
            axon: None,
            start_patience: Duration::from_secs(300),
            grace: Duration::from_secs(20),
            restarts: RestartPolicy::default(),
            stuck_after: Duration::from_secs(300),
            records: None,
        }
    }

    /// The neuron's hand in the log, if it has records: also for what only its author knows of.
    pub fn recorder(&self) -> Option<Recorder> {
        let records = self.records.clone()?;
        Some(Recorder::new(records, self.netuid, self.hotkey.account()))
    }

    /// The same with records.
    #[must_use]
    pub fn with_records(mut self, records: NeuronRecords) -> Self {
        self.records = Some(records);
        self
    }

    /// The same with an axon.
    #[must_use]
    pub fn with_axon(mut self, axon: AxonPlace) -> Self {
        self.axon = Some(axon);
        self
    }
}
