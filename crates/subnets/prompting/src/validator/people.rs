//! People who ask: a gateway in front of the miners, and what they were answered judged like everything else.
//!
//! The gateway asks some miners for every chat and keeps all their answers; nobody is asked again for the sake of judging.
//! What waits to be judged lives in memory only.

use super::{
    ChosenBy, Fault, Parts,
    forward::{Forward, ForwardError},
    routing::Routed,
    step::{Asking, Heard, StepError},
};
use crate::judging::Words;
use assay_axon::{Dendrite, DendriteConfig, dendrite::Verdict};
use assay_chain::Pair;
use assay_gateway::{
    Ended, Exchange, ExchangeSink, Gateway, GatewayConfig, SinkError, Uid,
    backend::{ChatWire, ListedMiner, Miners, Order, TellSampling},
    keys::Privacy,
};
use assay_neuron::{Chosen, Context};
use futures::{FutureExt, future::BoxFuture};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

/// Answers to people that wait at most; the oldest go first. Each may hold the answers of all miners that were asked.
const MOST_WAITING: usize = 32;
/// How many are judged between two forwards. Fewer, and a queue never empties; more, and the network is no longer asked what
/// nobody asks it.
const JUDGED_A_ROUND: usize = 4;
/// How long chats under way may take when the validator ends.
const DRAIN: Duration = Duration::from_secs(2);
/// How near the best score a miner's must be to answer people.
const GOOD: f64 = 0.6;
/// The name of these steps on record.
const NAME: &str = "organic";

/// Where people ask.
#[derive(Clone, Debug)]
pub struct People {
    /// The gateway.
    pub gateway: GatewayConfig,
    /// Which of their words go on record.
    pub words: RecordedWords,
}

/// Which of people's words go on record. How their answers were judged always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordedWords {
    /// None.
    #[default]
    Nothing,
    /// Those of whoever did not ask for privacy.
    Shared,
}

/// Where people are served.
pub(super) struct Counter {
    people: People,
    hotkey: Pair,
    waiting: Arc<Waiting>,
    /// The newest look at the network, which the gateway chooses miners by.
    context: Arc<Mutex<Option<Context>>>,
    serving: tokio::sync::Mutex<Option<Serving>>,
}

struct Serving {
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

/// Finished exchanges that wait to be judged.
#[derive(Default)]
struct Waiting(Mutex<VecDeque<Exchange>>);

impl Waiting {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn next(&self) -> Option<Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl ExchangeSink for Waiting {
    fn take(&self, exchange: Exchange) -> BoxFuture<'_, Result<(), SinkError>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(exchange);
        std::future::ready(Ok(())).boxed()
    }
}

impl Counter {
    pub(super) fn new(people: People, hotkey: Pair) -> Self {
        Self {
            people,
            hotkey,
            waiting: Arc::default(),
            context: Arc::default(),
            serving: tokio::sync::Mutex::new(None),
        }
    }

    /// Opens the gateway where it is not open; a place that is taken is told, and tried again in the next round.
    pub(super) async fn open(&self, context: &Context, parts: &Parts) {
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.clone());
        parts.stand(|standing| standing.waiting = self.waiting.len());
        let mut serving = self.serving.lock().await;
        if serving
            .as_ref()
            .is_some_and(|serving| !serving.ended.is_finished())
        {
            return;
        }
        let mut config = self.people.gateway.clone();
        config.times.drain = config.times.drain.min(DRAIN);
        let listen = config.listen;
        let dendrite = Arc::new(Dendrite::new(self.hotkey.clone(), DendriteConfig::default()));
        let wire = ChatWire {
            class: "StreamPrompting".to_owned(),
            sampling: TellSampling::Kept,
            ..ChatWire::default()
        };
        let miners = Miners::new(
            dendrite,
            listed(Arc::clone(&self.context)),
            wire,
            Order::Random,
            0,
        );
        let gateway = Gateway::bind(
            config,
            Arc::new(miners),
            Arc::clone(&self.waiting) as Arc<dyn ExchangeSink>,
        );
        match gateway.await {
            Err(error) => {
                tracing::error!(%error, %listen, "people cannot ask: the gateway does not open");
                parts.stand(|standing| standing.gateway = None);
            }
            Ok(gateway) => {
                let address = gateway.local_addr();
                parts.stand(|standing| standing.gateway = Some(address));
                let stop = CancellationToken::new();
                let begun = context.shutdown().clone();
                let (at_shutdown, told) = (stop.clone(), stop.clone());
                // With the shutdown, not after the last round: miners cannot be found any more then.
                tokio::spawn(async move {
                    tokio::select! {
                        () = begun.begun() => at_shutdown.cancel(),
                        () = told.cancelled() => {}
                    }
                });
                *serving = Some(Serving {
                    ended: tokio::spawn(gateway.serve(stop.clone().cancelled_owned())),
                    stop,
                });
            }
        }
    }

    /// Judges some of what waits. Who cannot be judged loses nothing.
    pub(super) async fn judge(&self, context: &Context, parts: &Parts) {
        for _ in 0..JUDGED_A_ROUND {
            let Some(exchange) = self.waiting.next() else {
                break;
            };
            if let Err(error) = Forward::new(parts, context)
                .exchange(exchange, self.people.words)
                .await
            {
                tracing::warn!(%error, "what miners told people is not judged");
            }
            parts.stand(|standing| standing.waiting = self.waiting.len());
        }
    }

    /// Ends the gateway and waits for it.
    pub(super) async fn close(&self) {
        if let Some(serving) = self.serving.lock().await.take() {
            serving.stop.cancel();
            if let Err(error) = serving.ended.await {
                tracing::warn!(%error, "the gateway broke at its end");
            }
        }
    }
}

/// The miners for people: those whose scores come near the best one's, so that nobody gets the words of whoever is only
/// quick. All, as long as nobody has a score.
fn listed(context: Arc<Mutex<Option<Context>>>) -> impl Fn() -> Vec<ListedMiner> + Send + Sync + 'static {
    move || {
        let context = context.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(context) = context else { return Vec::new() };
        let Some(Ok(metagraph)) = context.metagraph().now_or_never() else {
            return Vec::new();
        };
        let chosen = context.choose(&metagraph, usize::MAX, &BTreeSet::new());
        let chosen = chosen.unwrap_or_default();
        let score = |miner: &Chosen| context.score(&miner.target.hotkey).unwrap_or(0.0);
        let best = chosen.iter().map(score).fold(0.0, f64::max);
        chosen
            .into_iter()
            .filter(|miner| score(miner) >= GOOD * best)
            .map(|miner| ListedMiner {
                uid: Uid(miner.uid.0),
                incentive: metagraph
                    .by_hotkey(&miner.target.hotkey)
                    .map_or(0.0, |neuron| f64::from(neuron.incentive) / f64::from(u16::MAX)),
                target: miner.target,
            })
            .collect()
    }
}

impl Forward<'_> {
    /// Judges what miners told a person.
    async fn exchange(&mut self, exchange: Exchange, words: RecordedWords) -> Result<(), ForwardError> {
        let began = Instant::now();
        self.context.begin_step();
        let metagraph = self.context.metagraph().await.map_err(StepError::from)?;
        let said = &exchange.question.messages;
        let transcript = match &said[..] {
            [message] => message.text.clone(),
            messages => {
                let lines = messages
                    .iter()
                    .map(|message| format!("{}: {}", message.role.for_miners(), message.text));
                lines.collect::<Vec<_>>().join("\n")
            }
        };
        let asking = Asking {
            name: NAME.to_owned(),
            base_prompt: said
                .last()
                .map(|message| message.text.clone())
                .unwrap_or_default(),
            prompt: transcript,
            judged_by: None,
            task: None,
            words: match (words, exchange.privacy) {
                (RecordedWords::Shared, Privacy::Shared) => Words::Kept,
                (RecordedWords::Nothing, _) | (_, Privacy::Private) => Words::Forgotten,
            },
        };
        // Whoever has left the subnet meanwhile has no score that could move.
        let here = self.context.choose(&metagraph, usize::MAX, &BTreeSet::new());
        let here: BTreeMap<_, _> = here
            .unwrap_or_default()
            .into_iter()
            .map(|chosen| (chosen.target.hotkey, chosen))
            .collect();
        let heard: Vec<Heard> = exchange
            .completions
            .into_iter()
            .filter_map(|completion| {
                let routed = Routed {
                    chosen: *here.get(&completion.miner.hotkey)?,
                    by: ChosenBy::Chance,
                };
                let said = match completion.ended {
                    Ended::Whole => Ok(completion.text),
                    Ended::Failed(failure) if failure.verdict() == Verdict::OwnFault => {
                        Err(Fault::Ours(failure.to_string()))
                    }
                    Ended::Failed(failure) => Err(Fault::NoAnswer(failure.to_string())),
                    Ended::Stopped => Err(Fault::Ours("it was no longer heard".to_owned())),
                };
                Some(Heard::overheard(routed, completion.took, said))
            })
            .collect();
        if heard.is_empty() {
            return Ok(());
        }
        let expectation = self.parts.expect(&metagraph, &asking.prompt).await;
        self.after(asking, &metagraph, expectation, heard, began).await?;
        Ok(())
    }
}
