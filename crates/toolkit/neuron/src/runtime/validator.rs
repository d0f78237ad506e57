//! A validator.

use super::{
    Context, NeuronConfig, NeuronError, Pace, checkpoint,
    context::Desk,
    error::told,
    ground::Ground,
    rounds::{Scorer, ScorerError, rounds},
    steps::Steps,
    weights,
};
use crate::{
    Exit, MovingAverage, Probe, RestartPolicy, ScoreBook, SelectionRules, Shutdown, StakeCheck,
    WeightSchedule, WeightSetter, WeightSetterConfig, WhenNotReached, serving::Looking,
    weight_processing::WeightLimits,
};
use assay_axon::{Dendrite, DendriteConfig, server::Route};
use assay_chain::Zeros;
use futures::FutureExt;
use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How a validator makes weights of its scores, and when.
#[derive(Clone, Copy, Debug)]
pub struct WeightSettings {
    /// When.
    pub schedule: WeightSchedule,
    /// What is left out, and what limited. The chain's least number of entries need not be here as long as zeros are
    /// explicit: they count as entries.
    pub limits: WeightLimits,
    /// What becomes of neurons without a weight.
    pub zeros: Zeros,
    /// The version key; subnets refuse keys below theirs.
    pub version_key: u64,
}

impl Default for WeightSettings {
    fn default() -> Self {
        Self {
            schedule: WeightSchedule::default(),
            limits: WeightLimits::default(),
            zeros: Zeros::Explicit,
            version_key: 0,
        }
    }
}

/// A validator: a scorer whose rewards become scores, and scores that become weights.
pub struct Validator {
    config: NeuronConfig,
    scorer: Option<Scorer>,
    routes: Vec<Route>,
    looking: Option<Looking>,
    pace: Pace,
    average: MovingAverage,
    selection: SelectionRules,
    dendrite: DendriteConfig,
    weights: WeightSettings,
    stake: StakeCheck,
    silence: Duration,
}

impl fmt::Debug for Validator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Validator")
            .field("config", &self.config)
            .field("pace", &self.pace)
            .field("weights", &self.weights)
            .finish_non_exhaustive()
    }
}

impl Validator {
    /// A validator that scores nothing yet.
    pub fn new(config: NeuronConfig) -> Self {
        Self {
            config,
            scorer: None,
            routes: Vec::new(),
            looking: None,
            pace: Pace::default(),
            average: MovingAverage::default(),
            selection: SelectionRules::default(),
            dendrite: DendriteConfig::default(),
            weights: WeightSettings::default(),
            stake: StakeCheck::default(),
            silence: Duration::from_secs(600),
        }
    }

    /// Scores with this: one call is a round. A round that fails is tried again after a pause, and one that fails again
    /// and again ends the validator. What takes long without waiting belongs on a thread of its own
    /// (`tokio::task::spawn_blocking`).
    #[must_use]
    pub fn score<F, R, E>(mut self, scorer: F) -> Self
    where
        F: Fn(Context) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<ScorerError> + 'static,
    {
        let scorer = move |context| scorer(context).map(|done| done.map_err(Into::into)).boxed();
        self.scorer = Some(Arc::new(scorer));
        self
    }

    /// Answers this route too.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Looks whether the axon's address can be reached before it is published.
    #[must_use]
    pub fn probe(mut self, probe: impl Probe, when_not_reached: WhenNotReached) -> Self {
        self.looking = Some((Arc::new(probe), when_not_reached));
        self
    }

    /// When rounds begin.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// How scores follow rewards.
    #[must_use]
    pub fn average(mut self, average: MovingAverage) -> Self {
        self.average = average;
        self
    }

    /// Whom [`Context::choose`] chooses.
    #[must_use]
    pub fn selection(mut self, selection: SelectionRules) -> Self {
        self.selection = selection;
        self
    }

    /// How it asks.
    #[must_use]
    pub fn dendrite(mut self, dendrite: DendriteConfig) -> Self {
        self.dendrite = dendrite;
        self
    }

    /// How weights are made of scores, and when.
    #[must_use]
    pub fn weights(mut self, weights: WeightSettings) -> Self {
        self.weights = weights;
        self
    }

    /// The stake that the hotkey must have at the start.
    #[must_use]
    pub fn stake(mut self, stake: StakeCheck) -> Self {
        self.stake = stake;
        self
    }

    /// How long a round may give no sign of life ([`Context::alive`]) before it is cut off and begun anew.
    #[must_use]
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Runs until SIGINT or SIGTERM. A second signal ends the process at once.
    ///
    /// # Errors
    ///
    /// [`NeuronError`] when it cannot start, has lost its slot, or the last scores cannot be written. How it ended
    /// otherwise is told by [`Exit`].
    pub async fn run(self) -> Result<Exit, NeuronError> {
        let shutdown = Shutdown::at_signals(self.config.grace)?;
        self.run_until(shutdown).await
    }

    /// Runs until this shutdown.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(self, shutdown: Shutdown) -> Result<Exit, NeuronError> {
        let Some(scorer) = self.scorer else {
            return Err(NeuronError::Incomplete { missing: "scorer" });
        };
        let preparing = Ground::prepare(self.config, self.stake);
        let Some(ground) = shutdown.unless_begun(preparing).await else {
            return Ok(Exit::Stopped);
        };
        let ground = ground?;
        let NeuronConfig {
            netuid,
            hotkey,
            home,
            restarts,
            grace,
            checkpoint_every,
            ..
        } = ground.config.clone();
        // Loaded before anything can be saved.
        let book = ScoreBook::open(home.join("scores.json"), netuid)?;
        let setting = WeightSetterConfig {
            version_key: self.weights.version_key,
            zeros: self.weights.zeros,
            history: home.join("weights.jsonl"),
        };
        let mut setter = WeightSetter::new(ground.client.clone(), hotkey.clone(), netuid, setting)?;
        if let Some(recorder) = ground.recorder.clone() {
            setter = setter.observed_by(Arc::new(recorder));
        }
        let setter = Arc::new(setter);
        let desk = Arc::new(Desk {
            client: ground.client.clone(),
            netuid,
            hotkey: ground.account(),
            reader: ground.reader(),
            book: Arc::new(Mutex::new(book)),
            average: self.average,
            selection: self.selection,
            dendrite: Dendrite::new(hotkey, self.dendrite),
            steps: ground.recorder.clone().map(Steps::new),
        });

        let mut supervisor = ground.supervisor(shutdown);
        ground
            .open_axon(self.routes, self.looking, &mut supervisor)
            .await?;
        let watched = RestartPolicy {
            silence: Some(self.silence),
            ..restarts
        };
        let (at_desk, pace) = (Arc::clone(&desk), self.pace);
        supervisor.task("rounds", watched, move |handle| {
            let context = Context {
                desk: Arc::clone(&at_desk),
                handle,
            };
            rounds(context, Arc::clone(&scorer), pace, grace / 2)
        });
        let (at_desk, settings) = (Arc::clone(&desk), self.weights);
        supervisor.task("weights", restarts, move |handle| {
            weights::send(Arc::clone(&at_desk), Arc::clone(&setter), settings, handle)
        });
        let at_desk = Arc::clone(&desk);
        supervisor.task("checkpoint", restarts, move |handle| {
            checkpoint::checkpoint(Arc::clone(&at_desk), checkpoint_every, handle)
        });
        let exit = supervisor.run().await;
        // However it ended: what was rewarded to the last is kept.
        let written = checkpoint::write(&desk, &mut None).await;
        ground.end_records().await;
        written?;
        told(exit)
    }
}
