//! The validator: a neuron whose rounds are the organic loop, with a gateway in front.

use crate::{ChatEvent, ChatSample, ChatScoring};
use assay_axon::{Dendrite, DendriteConfig};
use assay_chain::{AccountId, Metagraph};
use assay_gateway::{
    Exchange, ExchangeSink, Gateway, GatewayConfig, SinkError, StatsSnapshot, Uid,
    backend::{ChatWire, ListedMiner, Miners, Order},
};
use assay_minds::Mind;
use assay_neuron::{
    Context, Exit, MovingAverage, NeuronConfig, NeuronError, Shutdown, Validator, WeightSettings,
};
use assay_organic::{ConfigError, OrganicConfig, OrganicScorer, Pace, Status, synth::Datasets};
use futures::{FutureExt, future::BoxFuture};
use std::{collections::BTreeSet, fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, watch},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// How long a sample that is being scored may take when the validator ends.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long chats under way may take when the validator ends. The gateway waits for them, then for the last exchanges; with
/// the farewell it must fit into half of the neuron's grace, or scores would still move after the last were written.
const DRAIN: Duration = Duration::from_secs(2);
/// How often whoever watches is told how things stand, and the supervisor that the validator lives.
const LOOK: Duration = Duration::from_millis(500);

/// A validator that answers people through miners and pays those whose answers are good.
pub struct ChatValidator {
    /// The neuron.
    pub neuron: NeuronConfig,
    /// How chats are scored.
    pub organic: OrganicConfig,
    /// Where people ask.
    pub gateway: GatewayConfig,
    /// What answers are compared with.
    pub reference: Arc<dyn Mind>,
    /// What is asked when nobody asks; without any the validator waits for people.
    pub synth: Option<Datasets<ChatSample>>,
    /// The share of the newest reward in a score, above 0 and at most 1. The seed has 0.1.
    pub share: f64,
    /// When and how weights are set.
    pub weights: WeightSettings,
    /// Hears what happens.
    pub events: broadcast::Sender<ChatEvent>,
    /// Is told how things stand.
    pub standing: watch::Sender<Option<ChatStanding>>,
}

/// How a validator stands.
#[derive(Clone, Debug)]
pub struct ChatStanding {
    /// Where people ask.
    pub gateway: SocketAddr,
    /// What the gateway has counted.
    pub traffic: StatsSnapshot,
    /// What the loop has done.
    pub scoring: Status,
    /// Samples that wait.
    pub queued: usize,
    /// How many may wait.
    pub capacity: usize,
    /// Seconds between two samples, as the queue's length has it now.
    pub interval: f64,
    /// Scores by hotkey, 0 to 1.
    pub scores: Vec<(AccountId, f64)>,
}

/// Why a validator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChatValidatorError {
    /// A setting that cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The share of the newest reward in a score.
    #[error(transparent)]
    Share(#[from] assay_neuron::NoAverage),
    /// The neuron.
    #[error(transparent)]
    Neuron(#[from] NeuronError),
}

/// What every start of the rounds needs again.
struct Parts {
    organic: OrganicConfig,
    gateway: GatewayConfig,
    reference: Arc<dyn Mind>,
    synth: Option<Datasets<ChatSample>>,
    hotkey: assay_chain::Pair,
    events: broadcast::Sender<ChatEvent>,
    standing: watch::Sender<Option<ChatStanding>>,
}

impl fmt::Debug for ChatValidator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChatValidator")
            .field("neuron", &self.neuron)
            .field("organic", &self.organic)
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

impl ChatValidator {
    /// The usual settings of scoring: the framework's, but rewards of synthetic questions count in full. Miners that answer
    /// no people are known by those alone; with less they could never come near the others.
    #[must_use]
    pub fn usual_organic() -> OrganicConfig {
        OrganicConfig {
            synth_reward_scale: 1.0,
            ..OrganicConfig::default()
        }
    }

    /// Runs until this shutdown.
    ///
    /// # Errors
    /// [`ChatValidatorError`] when it cannot start.
    pub async fn run_until(self, shutdown: Shutdown) -> Result<Exit, ChatValidatorError> {
        self.organic.validate()?;
        let average = MovingAverage::new(self.share)?;
        let parts = Arc::new(Parts {
            organic: self.organic,
            gateway: self.gateway,
            reference: self.reference,
            synth: self.synth,
            hotkey: self.neuron.hotkey.clone(),
            events: self.events,
            standing: self.standing,
        });
        let validator = Validator::new(self.neuron)
            .average(average)
            .weights(self.weights)
            .score(move |context| live(context, parts.clone()).boxed());
        Ok(validator.run_until(shutdown).await?)
    }
}

/// What ends a life before its time.
type LifeError = Box<dyn std::error::Error + Send + Sync>;

/// One life of the loop and its gateway, until the shutdown or a failure.
async fn live(context: Context, parts: Arc<Parts>) -> Result<(), LifeError> {
    let first = context.metagraph().await?;
    let dendrite = Arc::new(Dendrite::new(parts.hotkey.clone(), DendriteConfig::default()));
    let seed = first.block.number.0;
    let miners = |whom| {
        let source = listed(context.clone(), whom);
        Arc::new(Miners::new(
            dendrite.clone(),
            source,
            ChatWire::default(),
            Order::Random,
            seed,
        ))
    };
    let scorer = OrganicScorer::build(ChatScoring {
        context: context.clone(),
        miners: miners(Whom::Everybody),
        reference: parts.reference.clone(),
        sample_size: parts.organic.sample_size,
        timeout: Duration::from_secs_f64(parts.organic.timeout),
        events: parts.events.clone(),
    })
    .config(parts.organic.clone());
    let scorer = match parts.synth.clone() {
        Some(datasets) => scorer.synth(datasets).finish()?,
        None => scorer.finish()?,
    };
    let mut gateway = parts.gateway.clone();
    gateway.times.drain = gateway.times.drain.min(DRAIN);
    let gateway = Gateway::bind(gateway, miners(Whom::TheGood), Arc::new(Intake(scorer.clone()))).await?;
    let (address, stats) = (gateway.local_addr(), gateway.stats());
    let stop = CancellationToken::new();
    let mut serving = tokio::spawn(gateway.serve(stop.clone().cancelled_owned()));
    let _stop = stop.clone().drop_guard();
    scorer.start();
    let _ended = Ended(scorer.clone());
    let standing = || {
        let queued = scorer.queue_len();
        ChatStanding {
            gateway: address,
            traffic: stats.snapshot(),
            scoring: scorer.status(),
            queued,
            capacity: parts.organic.queue_max_size,
            interval: interval_of(&parts.organic, queued),
            scores: context.all_scores(),
        }
    };
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = context.shutdown().begun() => break,
            _ = &mut serving => return Err("the gateway has ended by itself".into()),
            _ = look.tick() => {
                if !scorer.is_running() {
                    return Err("the scoring has ended by itself".into());
                }
                context.alive();
                parts.standing.send_replace(Some(standing()));
            }
        }
    }
    // Users first: who waits for an answer gets it. What they asked and is not scored yet is forgotten with the process.
    stop.cancel();
    if let Err(error) = serving.await {
        tracing::warn!(%error, "the gateway broke at its end");
    }
    scorer.stop(FAREWELL).await;
    // What was scored since the last look counts too.
    parts.standing.send_replace(Some(standing()));
    Ok(())
}

/// Ends the loop with the life it belongs to, however that ends.
struct Ended(OrganicScorer<ChatScoring>);

impl Drop for Ended {
    fn drop(&mut self) {
        let scorer = self.0.clone();
        // Within the runtime, and at once: no score may move when nobody writes them down any more.
        tokio::spawn(async move { scorer.stop(Duration::ZERO).await });
    }
}

/// Finished exchanges become samples.
struct Intake(OrganicScorer<ChatScoring>);

impl ExchangeSink for Intake {
    fn take(&self, exchange: Exchange) -> BoxFuture<'_, Result<(), SinkError>> {
        let submitted = self.0.submit(ChatSample::from(exchange), None);
        let taken = submitted.map(drop).map_err(|error| SinkError {
            reason: error.to_string(),
        });
        std::future::ready(taken).boxed()
    }
}

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    /// All: what a miner is worth is found out by asking it.
    Everybody,
    /// Those whose scores come near the best one's: a person who asks should not get the words of whoever is only quick.
    /// All, as long as nobody has a score.
    TheGood,
}

/// How near the best score a miner's must be to answer people. Lower, and they get poor answers; higher, and one or two
/// miners do all the work.
const GOOD: f64 = 0.6;

/// The miners of the newest metagraph.
fn listed(context: Context, whom: Whom) -> impl Fn() -> Vec<ListedMiner> + Send + Sync + 'static {
    move || {
        // It is there: the first was waited for.
        let Some(Ok(metagraph)) = context.metagraph().now_or_never() else {
            return Vec::new();
        };
        let chosen = context.choose(&metagraph, metagraph.neurons.len(), &BTreeSet::new());
        let chosen = chosen.unwrap_or_default();
        let score = |hotkey: &AccountId| context.score(hotkey).unwrap_or(0.0);
        let best = chosen
            .iter()
            .map(|miner| score(&miner.target.hotkey))
            .fold(0.0, f64::max);
        chosen
            .into_iter()
            .filter(|miner| whom == Whom::Everybody || score(&miner.target.hotkey) >= GOOD * best)
            .map(|miner| ListedMiner {
                uid: Uid(miner.uid.0),
                target: miner.target,
                incentive: incentive(&metagraph, &miner.target.hotkey),
            })
            .collect()
    }
}

fn incentive(metagraph: &Metagraph, hotkey: &AccountId) -> f64 {
    let neuron = metagraph.by_hotkey(hotkey);
    neuron.map_or(0.0, |neuron| f64::from(neuron.incentive) / f64::from(u16::MAX))
}

/// Seconds until the next sample, by the queue's length.
fn interval_of(config: &OrganicConfig, queued: usize) -> f64 {
    let pace = Pace::new(
        config.trigger,
        config.trigger_frequency,
        config.trigger_frequency_min,
        config.trigger_scaling_factor,
    );
    // The configuration was checked at the start.
    pace.map_or(config.trigger_frequency, |pace| pace.unit(queued))
}
