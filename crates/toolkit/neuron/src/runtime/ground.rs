//! What miners and validators stand on: the chain, a slot, the metagraph, an axon.

use super::{NeuronConfig, NeuronError};
use crate::{
    AxonPublisher, MetagraphAccess, MetagraphCache, MetagraphReader, NotRegistered, Recorder, RestartPolicy,
    Shutdown, StakeCheck, Supervisor, TaskHandle, registration, serving::Looking,
};
use assay_axon::{
    ReplayLimits, ReplayStore, UnixNanos,
    server::{Axon, Route},
};
use assay_chain::{AccountId, AxonAnnouncement, ChainClient, ChainError, NetUid};
use std::{
    convert::Infallible,
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The protocol number that neurons publish, by habit.
const PROTOCOL: u8 = 4;

/// Pauses between two tries at the start: from the first, doubled each time, to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A neuron with a chain under its feet.
pub(super) struct Ground {
    pub(super) config: NeuronConfig,
    pub(super) client: ChainClient,
    /// Nothing where nothing is recorded.
    pub(super) recorder: Option<Recorder>,
    cache: Arc<MetagraphCache>,
}

impl Ground {
    /// Connects, and asks whether the hotkey may work. While the chain is out of reach it is asked again, for as long as
    /// the configuration says.
    pub(super) async fn prepare(config: NeuronConfig, stake: StakeCheck) -> Result<Self, NeuronError> {
        let until = Instant::now() + config.start_patience;
        let (network, options) = (&config.network, &config.connect);
        let connect = || ChainClient::connect(network.clone(), options.clone());
        let client = patiently(until, connect, |error| Some(error)).await?;
        let account = config.hotkey.account();
        let ask = || registration::require_stake(&client, config.netuid, &account, stake);
        let registered = patiently(until, ask, |error| match error {
            NotRegistered::Chain(error) => Some(error),
            _ => None,
        })
        .await?;
        tracing::info!(netuid = %config.netuid, hotkey = %account, uid = %registered.uid, "registered");
        fs_err::create_dir_all(&config.home)?;
        let cache = MetagraphCache::new(client.clone(), config.netuid, config.sync_every);
        let recorder = config.recorder();
        Ok(Self {
            config,
            client,
            recorder,
            cache: Arc::new(cache),
        })
    }

    pub(super) fn account(&self) -> AccountId {
        self.config.hotkey.account()
    }

    pub(super) fn reader(&self) -> MetagraphReader {
        self.cache.reader()
    }

    /// A supervisor with the tasks that every neuron has.
    pub(super) fn supervisor(&self, shutdown: Shutdown) -> Supervisor {
        let mut supervisor =
            Supervisor::new(shutdown, self.config.grace).end_when_stuck(self.config.stuck_after);
        let cache = Arc::clone(&self.cache);
        supervisor.task("metagraph", self.config.restarts, move |handle| {
            let cache = Arc::clone(&cache);
            async move { cache.run(handle.shutdown().clone()).await }
        });
        let (client, netuid, account) = (self.client.clone(), self.config.netuid, self.account());
        let reader = self.reader();
        // A slot that is gone does not come back by a restart.
        let once = RestartPolicy {
            restarts: 0,
            ..self.config.restarts
        };
        supervisor.task("registration", once, move |handle| {
            let (client, reader) = (client.clone(), reader.clone());
            async move { stay_registered(&client, netuid, &account, reader, &handle).await }
        });
        if let Some(recorder) = self.recorder.clone() {
            let (client, home) = (self.client.clone(), self.config.home.clone());
            supervisor.task("records", self.config.restarts, move |handle| {
                let (recorder, client, home) = (recorder.clone(), client.clone(), home.clone());
                async move {
                    match handle
                        .shutdown()
                        .unless_begun(recorder.watch(&client, &home))
                        .await
                    {
                        Some(never) => match never {},
                        None => Ok::<_, Infallible>(()),
                    }
                }
            });
        }
        supervisor
    }

    /// Writes what is left to record, once everybody has ended.
    pub(super) async fn end_records(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.end().await;
        }
    }

    /// Opens the axon, where there is one, and has it run and published.
    pub(super) async fn open_axon(
        &self,
        routes: Vec<Route>,
        looking: Option<Looking>,
        supervisor: &mut Supervisor,
    ) -> Result<(), NeuronError> {
        let Some(place) = &self.config.axon else {
            return Ok(());
        };
        let publisher = place.external.map(|address| {
            let wanted = AxonAnnouncement {
                address,
                version: place.version,
                protocol: PROTOCOL,
            };
            AxonPublisher::new(
                self.client.clone(),
                self.config.hotkey.clone(),
                self.config.netuid,
                wanted,
            )
        });
        let publisher = publisher.transpose()?;
        let seen = self.config.home.join("requests.seen");
        let replay = ReplayStore::open(&seen, ReplayLimits::default(), UnixNanos::now())?;
        let access = MetagraphAccess::new(self.reader(), place.access.clone());
        let mut config = place.config.clone();
        if let Some(recorder) = self.recorder.clone() {
            config.observers.push(Arc::new(recorder));
        }
        let mut axon = Axon::build(self.config.hotkey.clone(), config)
            .access(access)
            .replay(replay);
        for route in routes {
            axon = axon.route(route);
        }
        let axon = axon.listen(&place.listen).await?;
        tracing::info!(addresses = ?axon.addresses(), "the axon listens");
        // The axon keeps itself running; what is left to do is to let it end well.
        let axon = Arc::new(Mutex::new(Some(axon)));
        supervisor.task("axon", self.config.restarts, move |handle| {
            let axon = Arc::clone(&axon);
            async move {
                handle.shutdown().begun().await;
                let axon = axon.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(axon) = axon {
                    axon.stop().await;
                }
                Ok::<_, Infallible>(())
            }
        });
        let Some(mut publisher) = publisher else {
            return Ok(());
        };
        if let Some(looking) = looking {
            publisher = publisher.looking(looking);
        }
        let reader = self.reader();
        supervisor.task("serving", self.config.restarts, move |handle| {
            let (publisher, reader) = (publisher.clone(), reader.clone());
            async move { publisher.keep(reader, &handle).await }
        });
        Ok(())
    }
}

/// Tries until it succeeds, fails for good, or the time is up. `of_chain` gives the chain's error, if it is one.
async fn patiently<T, E: fmt::Display, F: Future<Output = Result<T, E>>>(
    until: Instant,
    attempt: impl Fn() -> F,
    of_chain: impl Fn(&E) -> Option<&ChainError>,
) -> Result<T, E> {
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let passes = of_chain(&error).is_some_and(|error| error.retry().is_possible());
        if !passes || Instant::now() + pause > until {
            return Err(error);
        }
        tracing::warn!(%error, ?pause, "the chain cannot be asked yet");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Ends with an error once a final block shows the hotkey without a slot. Before that a reorganisation may bring it back.
async fn stay_registered(
    client: &ChainClient,
    netuid: NetUid,
    hotkey: &AccountId,
    mut reader: MetagraphReader,
    handle: &TaskHandle,
) -> Result<(), NotRegistered> {
    loop {
        let changed = handle.shutdown().unless_begun(reader.changed()).await;
        let Some(Ok(metagraph)) = changed else {
            return Ok(());
        };
        if metagraph.by_hotkey(hotkey).is_some() {
            continue;
        }
        match finally_registered(client, netuid, hotkey).await {
            Ok(true) => {}
            // It says what a new slot costs.
            Ok(false) => match registration::require(client, netuid, hotkey).await {
                Ok(_) => {}
                Err(NotRegistered::Chain(error)) => tracing::warn!(%error, "the slot cannot be looked up"),
                Err(gone) => return Err(gone),
            },
            Err(error) => tracing::warn!(%error, "the slot cannot be looked up"),
        }
    }
}

async fn finally_registered(
    client: &ChainClient,
    netuid: NetUid,
    hotkey: &AccountId,
) -> Result<bool, ChainError> {
    let finalized = client.finalized_head().await?;
    let snapshot = client.at(finalized.hash).await?;
    Ok(snapshot.uid(netuid, hotkey).await?.is_some())
}
