//! An author's subnet, tried out whole: its miners and its validator run against a chain in this process.

use crate::{Hurried, LocalSubnet, LocalSubnetConfig, LocalnetError};
use assay_axon::server::Route;
use assay_chain::{Alpha, Endpoints};
use assay_neuron::{
    AccessRules, AxonPlace, Callers, Context, Exit, Miner, NeuronConfig, NeuronError, Pace, ScoreBook,
    ScoreBookError, Shutdown, Validator,
};
use futures::future::BoxFuture;
use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinSet;

/// How often the chain is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long everybody has to end.
const FAREWELL: Duration = Duration::from_secs(20);
/// Rounds of the scorer begin this far apart.
const ROUNDS: Duration = Duration::from_millis(500);

/// What a scorer may fail with.
pub type ScorerError = Box<dyn std::error::Error + Send + Sync>;

type Scorer = Arc<dyn Fn(Context) -> BoxFuture<'static, Result<(), ScorerError>> + Send + Sync>;

/// A subnet to try out: some miners, one validator.
pub struct Rehearsal {
    folder: PathBuf,
    miners: Vec<(String, Route)>,
    scorer: Option<Scorer>,
    tempo: u16,
}

/// What an epoch paid a miner.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The miner.
    pub name: String,
    /// Its score when the epoch ran.
    pub score: f64,
    /// Its share of the miners' pot, 0 to 1.
    pub incentive: f64,
    /// What it was paid.
    pub emission: Alpha,
}

/// Why a rehearsal fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RehearsalError {
    /// The ground.
    #[error(transparent)]
    Ground(#[from] LocalnetError),
    /// There is nothing to try out.
    #[error("a rehearsal needs a {missing}")]
    Incomplete {
        /// What it lacks.
        missing: &'static str,
    },
    /// A neuron did not start.
    #[error("{name} does not start")]
    Neuron {
        /// Which.
        name: String,
        /// Why.
        source: NeuronError,
    },
    /// A neuron ended without being told to.
    #[error("{name} has ended: {exit}")]
    Ended {
        /// Which.
        name: String,
        /// How.
        exit: Exit,
    },
    /// The scores cannot be read.
    #[error(transparent)]
    Scores(#[from] ScoreBookError),
    /// No port is free.
    #[error("no port is free for a miner")]
    Port(#[source] io::Error),
    /// A task of it broke.
    #[error("a neuron broke")]
    Broken(#[from] tokio::task::JoinError),
}

impl fmt::Debug for Rehearsal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rehearsal")
            .field("folder", &self.folder)
            .field("miners", &self.miners)
            .finish_non_exhaustive()
    }
}

impl Rehearsal {
    /// One whose chain, wallets and scores lie in this folder. With the same folder it goes on where it stopped.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            miners: Vec::new(),
            scorer: None,
            tempo: 20,
        }
    }

    /// A miner that answers this route.
    #[must_use]
    pub fn miner(mut self, name: impl Into<String>, route: Route) -> Self {
        self.miners.push((name.into(), route));
        self
    }

    /// The validator's scorer: one call is a round, as in [`Validator::score`].
    #[must_use]
    pub fn scorer<F, R>(mut self, scorer: F) -> Self
    where
        F: Fn(Context) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), ScorerError>> + Send + 'static,
    {
        self.scorer = Some(Arc::new(move |context| Box::pin(scorer(context))));
        self
    }

    /// Runs until so many epochs have paid, and tells of each.
    ///
    /// # Errors
    /// [`RehearsalError`].
    pub async fn run(
        self,
        epochs: usize,
        mut told: impl FnMut(usize, &[Part]),
    ) -> Result<Vec<Part>, RehearsalError> {
        let Some(scorer) = self.scorer else {
            return Err(RehearsalError::Incomplete { missing: "scorer" });
        };
        if self.miners.is_empty() {
            return Err(RehearsalError::Incomplete { missing: "miner" });
        }
        let subnet = LocalSubnet::start(LocalSubnetConfig {
            block_time: Duration::from_millis(500),
            tempo: self.tempo,
            validators: vec!["validator".to_owned()],
            miners: self.miners.iter().map(|(name, _)| name.clone()).collect(),
            // Whoever has the folder has the wallets anyway.
            ..LocalSubnetConfig::new(&self.folder, "6173736179207265686561727361")
        })
        .await?;
        let shutdown = Shutdown::new();
        let mut neurons = JoinSet::new();
        let addresses = free_addresses(self.miners.len()).map_err(RehearsalError::Port)?;
        for (((name, route), account), address) in self.miners.into_iter().zip(&subnet.miners).zip(addresses)
        {
            let mut place = AxonPlace::listening([address]).published_at(address);
            place.access = AccessRules {
                callers: Callers::Registered,
                ..AccessRules::default()
            };
            let config = neuron(&subnet, account, self.folder.join(&name))?.with_axon(place);
            let (miner, end) = (Miner::new(config).route(route), shutdown.clone());
            neurons.spawn(async move { (name, miner.run_until(end).await) });
        }
        let mut scores = None;
        for account in &subnet.validators {
            let home = self.folder.join(&account.name);
            scores = Some(home.join("scores.json"));
            let config = neuron(&subnet, account, home)?;
            let scorer = scorer.clone();
            let validator = Validator::new(config)
                .pace(Pace::Time(ROUNDS))
                .score(move |context| scorer(context));
            let (name, end) = (account.name.clone(), shutdown.clone());
            neurons.spawn(async move { (name, validator.run_until(end).await) });
        }
        let paid = follow(&subnet, &mut neurons, scores, epochs, &mut told).await;
        shutdown.begin();
        let ended = tokio::time::timeout(FAREWELL, async { while neurons.join_next().await.is_some() {} });
        if ended.await.is_err() {
            neurons.abort_all();
        }
        subnet.stop().await;
        paid
    }
}

async fn follow(
    subnet: &LocalSubnet,
    neurons: &mut JoinSet<(String, Result<Exit, NeuronError>)>,
    scores: Option<PathBuf>,
    epochs: usize,
    told: &mut impl FnMut(usize, &[Part]),
) -> Result<Vec<Part>, RehearsalError> {
    subnet.permit_validators().await?;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut paid = Vec::new();
    let mut done = 0;
    while done < epochs {
        tokio::select! {
            Some(ended) = neurons.join_next() => {
                let (name, result) = ended?;
                return Err(match result {
                    Ok(exit) => RehearsalError::Ended { name, exit },
                    Err(source) => RehearsalError::Neuron { name, source },
                });
            }
            _ = look.tick() => {
                if subnet.hurry().await? == Hurried::Epoch {
                    done += 1;
                    paid = parts(subnet, scores.as_deref()).await?;
                    told(done, &paid);
                }
            }
        }
    }
    Ok(paid)
}

async fn parts(subnet: &LocalSubnet, scores: Option<&std::path::Path>) -> Result<Vec<Part>, RehearsalError> {
    let metagraph = subnet.metagraph().await?;
    let book = match scores {
        Some(file) => ScoreBook::look(file, subnet.netuid)?,
        None => BTreeMap::new(),
    };
    let part = |account: &crate::Account| {
        let hotkey = account.hotkey.account();
        let neuron = metagraph.by_hotkey(&hotkey);
        let score = book.get(&hotkey);
        Part {
            name: account.name.clone(),
            score: score.map_or(0.0, |score| score.value),
            incentive: neuron.map_or(0.0, |neuron| f64::from(neuron.incentive) / f64::from(u16::MAX)),
            emission: neuron.map_or(Alpha::ZERO, |neuron| neuron.emission),
        }
    };
    Ok(subnet.miners.iter().map(part).collect())
}

fn neuron(
    subnet: &LocalSubnet,
    account: &crate::Account,
    home: PathBuf,
) -> Result<NeuronConfig, LocalnetError> {
    let network: Endpoints = subnet
        .devnet
        .url()
        .parse()
        .map_err(|error| LocalnetError::Chain {
            doing: "connecting to the chain".into(),
            source: assay_chain::ChainError::Endpoint(error),
        })?;
    let mut config = NeuronConfig::new(network, subnet.netuid, account.hotkey.clone(), home);
    // The chain is this machine's: it may be looked at in every block.
    config.sync_every = 1;
    config.checkpoint_every = Duration::from_secs(1);
    Ok(config)
}

/// Free addresses of this machine that the chain takes: it refuses 127.0.0.1.
///
/// # Errors
/// When no port is free.
pub fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    // All are held until the last is known, so that no two are the same.
    let held: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), 0)))
        .collect::<Result<_, _>>()?;
    held.iter().map(TcpListener::local_addr).collect()
}
