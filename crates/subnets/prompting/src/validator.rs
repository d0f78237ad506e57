//! The validator: a neuron whose rounds are forwards.
//!
//! What fails in a forward ends that forward and nothing else: the validator waits a while, longer each time, and goes on.
//! What judges remember, and what the gating model has learned, is kept after every round.

mod availability;
mod event;
mod forward;
mod inference;
mod judged;
mod people;
mod record;
mod round;
mod routing;
mod shadow;
mod standing;
mod step;

pub use event::{ChosenBy, Fault, MinerTold, PromptingEvent, StepTold};
pub use forward::ForwardError;
pub use people::{People, RecordedWords};
pub use routing::Routing;
pub use standing::PromptingStanding;
pub use step::StepError;

use crate::{
    bootstrap::Texts,
    judging::{Expectation, Gate, InferenceJudge, Stack, UnusableState},
    profile::{InvalidSettings, Settings},
};
use assay_chain::{AccountId, Alpha, Metagraph};
use assay_neuron::{
    Context, Exit, MovingAverage, NeuronConfig, NeuronError, NoAverage, Pace, Recorder, SelectionRules,
    Shortfall, Shutdown, Validator, WeightSettings,
};
use people::Counter;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};
use tokio::sync::{broadcast, watch};

/// A validator that asks, judges and learns.
pub struct PromptingValidator {
    /// The neuron.
    pub neuron: NeuronConfig,
    /// The profile's constants, perhaps changed.
    pub settings: Settings,
    /// What judges.
    pub stack: Stack,
    /// What learns which miner suits which prompt.
    pub gate: Option<Gate>,
    /// Whether it decides whom to ask.
    pub routing: Routing,
    /// What checks that miners run the model that everybody has.
    pub inference: Option<InferenceJudge>,
    /// Where questions begin.
    pub texts: Box<dyn Texts>,
    /// Where people ask, whose answers are judged too.
    pub people: Option<People>,
    /// When and how weights are set.
    pub weights: WeightSettings,
    /// When forwards begin.
    pub pace: Pace,
    /// Hears what happens.
    pub events: broadcast::Sender<PromptingEvent>,
    /// Is told how things stand.
    pub standing: watch::Sender<Option<PromptingStanding>>,
}

/// Why a validator does not start, or not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptingValidatorError {
    /// A setting that cannot be.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// The share of the newest reward in a score.
    #[error(transparent)]
    Share(#[from] NoAverage),
    /// Routing without anything to route by.
    #[error("miners cannot be chosen by a gating model that is not there")]
    NoGate,
    /// Inference without the model.
    #[error("miners cannot be asked to run a model that is not there")]
    NoModel,
    /// What an earlier process kept cannot be used.
    #[error(transparent)]
    State(#[from] UnusableState),
    /// The neuron.
    #[error(transparent)]
    Neuron(#[from] NeuronError),
}

impl fmt::Debug for PromptingValidator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PromptingValidator")
            .field("neuron", &self.neuron)
            .field("stack", &self.stack)
            .field("routing", &self.routing)
            .finish_non_exhaustive()
    }
}

/// What every start of the rounds needs again.
struct Parts {
    settings: Settings,
    stack: Arc<Mutex<Stack>>,
    gate: Option<Arc<Mutex<Gate>>>,
    routing: Routing,
    inference: Option<Arc<InferenceJudge>>,
    texts: tokio::sync::Mutex<Box<dyn Texts>>,
    people: Option<Counter>,
    availability: availability::Known,
    events: broadcast::Sender<PromptingEvent>,
    standing: watch::Sender<Option<PromptingStanding>>,
    recorder: Option<Recorder>,
    /// Where the judges' memory is kept.
    folder: PathBuf,
    steps: AtomicU64,
    /// Rounds in a row that came to nothing.
    failing: AtomicU32,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PromptingValidator {
    /// Runs until this shutdown.
    ///
    /// # Errors
    /// [`PromptingValidatorError`] when it cannot start, has lost its slot, or cannot keep what it knows at its end.
    pub async fn run_until(mut self, shutdown: Shutdown) -> Result<Exit, PromptingValidatorError> {
        self.settings.validate()?;
        if self.routing == Routing::Gating && self.gate.is_none() {
            return Err(PromptingValidatorError::NoGate);
        }
        if self.settings.inference.share > 0.0 && self.inference.is_none() {
            return Err(PromptingValidatorError::NoModel);
        }
        let average = MovingAverage::new(self.settings.moving_average_alpha)?.starting_at(0.0);
        let folder = self.neuron.home.join("judges");
        // Loaded before anything can be kept.
        self.stack.restore(&folder)?;
        if let Some(gate) = &mut self.gate {
            gate.restore(&folder)?;
        }
        let selection = SelectionRules {
            permit_limit: Alpha::from_alpha(self.settings.vpermit_tao_limit as u64),
            shortfall: Shortfall::Excluded,
            ..SelectionRules::default()
        };
        let hotkey = self.neuron.hotkey.clone();
        let parts = Arc::new(Parts {
            recorder: self.neuron.recorder(),
            settings: self.settings,
            stack: Arc::new(Mutex::new(self.stack)),
            gate: self.gate.map(|gate| Arc::new(Mutex::new(gate))),
            routing: self.routing,
            inference: self.inference.map(Arc::new),
            texts: tokio::sync::Mutex::new(self.texts),
            people: self.people.map(|people| Counter::new(people, hotkey)),
            availability: availability::Known::default(),
            events: self.events,
            standing: self.standing,
            folder,
            steps: AtomicU64::new(0),
            failing: AtomicU32::new(0),
        });
        let at_rounds = Arc::clone(&parts);
        let exit = Validator::new(self.neuron)
            .average(average)
            .selection(selection)
            .weights(self.weights)
            .pace(self.pace)
            .score(move |context| round::round(context, Arc::clone(&at_rounds)))
            .run_until(shutdown)
            .await?;
        if let Some(people) = &parts.people {
            people.close().await;
        }
        // The last round may have been cut off before it kept anything.
        parts.keep().await.map_err(UnusableState::from)?;
        Ok(exit)
    }
}

impl Parts {
    /// What the gating model expects for a prompt; nothing without one, or where it fails, which is told.
    async fn expect(&self, metagraph: &Metagraph, prompt: &str) -> Option<Expectation> {
        let gate = Arc::clone(self.gate.as_ref()?);
        let hotkeys: Vec<AccountId> = metagraph.neurons.iter().map(|neuron| neuron.hotkey).collect();
        let prompt = prompt.to_owned();
        let expecting = tokio::task::spawn_blocking(move || {
            let mut gate = locked(&gate);
            gate.resync(&hotkeys, &mut ChaCha8Rng::from_rng(&mut rand::rng()));
            gate.expect(&prompt)
        });
        match expecting.await {
            Ok(Ok(expectation)) => Some(expectation),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the gating model says nothing");
                None
            }
            Err(error) => {
                tracing::error!(%error, "the gating model was cut off");
                None
            }
        }
    }

    /// Changes how the validator stands.
    fn stand(&self, change: impl FnOnce(&mut PromptingStanding)) {
        self.standing
            .send_modify(|standing| change(standing.get_or_insert_default()));
    }

    /// The number of the next step.
    fn next_step(&self) -> u64 {
        self.steps.fetch_add(1, Ordering::Relaxed)
    }

    /// Says what is being done.
    fn doing(&self, context: &Context, what: impl FnOnce() -> String) {
        context.alive();
        self.stand(|standing| standing.doing = what());
    }

    /// Shows the scores after a step.
    fn stepped(&self, context: &Context) {
        let scores = context.all_scores();
        self.stand(|standing| {
            standing.steps += 1;
            standing.scores = scores;
        });
    }

    /// Keeps what the judges remember and the gating model has learned.
    async fn keep(self: &Arc<Self>) -> std::io::Result<()> {
        let parts = Arc::clone(self);
        let keeping = tokio::task::spawn_blocking(move || {
            let state = locked(&parts.stack).state();
            state.save(&parts.folder)?;
            match &parts.gate {
                Some(gate) => {
                    let gate = locked(gate).clone();
                    gate.save(&parts.folder)
                }
                None => Ok(()),
            }
        });
        keeping
            .await
            .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
    }
}
