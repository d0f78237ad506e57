//! The validator: rounds of downloading, training, measuring, scoring and setting weights.
//!
//! A round closes at a block that all validators know, the block of the subnet's epoch. The chain's state at that
//! block says who takes part with what; the block's hash makes the seed. Datasets are then screened and trained on
//! one by one, each result going to disk as it comes, the table is made, and weights are sent until the chain shows
//! them. After a kill the same round goes on where it was.
//!
//! Caveats: a round that takes longer than an epoch skips the epochs in between. A round that the process was away
//! from for more than [`STALE_AFTER_EPOCHS`] epochs is dropped.

mod assay;
mod config;
mod error;
mod records;
mod table;
mod weights;

pub(crate) use config::doubled;
pub use config::{Patience, RoundSchedule, ValidatorConfig};
pub use error::ValidatorError;

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use assay_chain::{AccountId, Block, ChainClient, ChainError, Zeros};
use assay_hub::HubClient;
use assay_keys::Pair;
use assay_models::BaseModel;
use assay_neuron::{NeuronRecords, Recorder, WeightSetter, WeightSetterConfig};
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::{
    event::{EventKind, EventSink, Waiting},
    held_out::HeldOut,
    outcome::Outcome,
    recipe::{Identity, base_model_identity},
    roster::roster,
    rows::RowEncoder,
    screening::Screen,
    seed::RoundSeed,
    shelf::Shelf,
    state::{NewRound, Round, RoundState, State},
    trial::Bench,
};

/// Epochs after which an unfinished round is dropped instead of taken up again. With less, an evening's maintenance
/// throws away what was trained; with more, a validator that was away for days would begin by paying by old data.
pub const STALE_AFTER_EPOCHS: u64 = 24;

/// Finality is looked at with every block, and after this long without one. A quarter of a public chain's block: more
/// often only asks the node for nothing, and less often a round on a chain that stands still begins late.
const FINALITY_LOOK: Duration = Duration::from_secs(3);

/// Blocks of an epoch that is assumed where the chain runs none: the public networks' tempo.
const USUAL_TEMPO: u64 = 360;

/// Runs rounds until it is stopped.
#[derive(Debug)]
pub struct Validator {
    chain: ChainClient,
    hub: HubClient,
    hotkey: Pair,
    config: ValidatorConfig,
    events: EventSink,
    records: Option<NeuronRecords>,
}

impl Validator {
    /// A validator that signs with `hotkey`.
    pub fn new(
        chain: ChainClient,
        hub: HubClient,
        hotkey: Pair,
        config: ValidatorConfig,
        events: EventSink,
    ) -> Self {
        Self {
            chain,
            hub,
            hotkey,
            config,
            events,
            records: None,
        }
    }

    /// Records what it does: its rounds, its attempts to set weights, what the machine uses, and what the records say of
    /// the chain. The event log's own name for the validator is its hotkey.
    #[must_use]
    pub fn recording(mut self, records: NeuronRecords) -> Self {
        self.records = Some(records);
        self
    }

    /// Runs rounds until `stop`. Everything finished is on disk before it is told, so that the process may be
    /// killed at any point.
    ///
    /// # Errors
    /// What no further attempt could repair: an unregistered hotkey, unusable files. Everything else is retried.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), ValidatorError> {
        let Some(records) = self.records.take() else {
            return self.work(None, stop).await;
        };
        let recorder = Recorder::new(records, self.config.netuid, self.hotkey.account());
        let (chain, home) = (self.chain.clone(), self.config.home.clone());
        let result = tokio::select! {
            result = self.work(Some(recorder.clone()), stop) => result,
            never = recorder.watch(&chain, &home) => match never {},
        };
        recorder.end().await;
        result
    }

    async fn work(self, recorder: Option<Recorder>, stop: CancellationToken) -> Result<(), ValidatorError> {
        let Some(desk) = stop
            .run_until_cancelled(self.prepare(recorder, stop.clone()))
            .await
        else {
            return Ok(());
        };
        let desk = desk?;
        desk.recall().await?;
        let mut failures = 0;
        while !stop.is_cancelled() {
            match desk.step().await {
                Ok(()) => failures = 0,
                Err(e) => {
                    let Some(pause) = e.passes_in() else { return Err(e) };
                    failures += 1;
                    let pause = pause.max(desk.config.patience.pause_after(failures));
                    tracing::warn!(error = %e, ?pause, "the validator's loop failed and tries again");
                    desk.tell(EventKind::Trouble {
                        message: e.to_string(),
                        retry_in: pause.as_secs_f64(),
                    });
                    desk.sleep(pause).await;
                }
            }
        }
        desk.state.close().await;
        Ok(())
    }

    /// Loads everything that stays the same from round to round.
    async fn prepare(
        self,
        recorder: Option<Recorder>,
        stop: CancellationToken,
    ) -> Result<Desk, ValidatorError> {
        let Self {
            chain,
            hub,
            hotkey,
            config,
            events,
            records: _,
        } = self;
        let state = State::open(&config.home).await?;
        let threads = config.threads.map_or(0, NonZeroUsize::get);
        let loading = config.clone();
        let (base, encoder, held_out, identity) = tokio::task::spawn_blocking(move || {
            let recipe = &loading.recipe;
            let base = BaseModel::load(&loading.base_model)?;
            let encoder = RowEncoder::open(
                &loading.base_model,
                recipe.template,
                recipe.marks_in_content,
                recipe.training.context_length,
            )?;
            let held_out = HeldOut::load(&loading.held_out, &encoder, recipe)?;
            let model = base_model_identity(&loading.base_model).map_err(ValidatorError::ModelFile)?;
            Ok::<_, ValidatorError>((base, encoder, held_out, recipe.identity(model)))
        })
        .await??;
        let recipe = Arc::new(config.recipe.clone());
        let bench = Bench {
            base,
            recipe: recipe.clone(),
            held_out: Arc::new(held_out),
            threads: Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?),
        };
        let screen = Screen {
            hub,
            shelf: Shelf::new(config.home.join("datasets")),
            recipe,
            encoder: Arc::new(encoder),
            identity,
            deadline: config.patience.download,
        };
        let account = hotkey.account();
        let setting = WeightSetterConfig {
            version_key: config.profile.version_key,
            zeros: Zeros::Explicit,
            history: config.home.join("weights.jsonl"),
        };
        let mut setter = WeightSetter::new(chain.clone(), hotkey, config.netuid, setting)?;
        if let Some(recorder) = recorder.clone() {
            setter = setter.observed_by(Arc::new(recorder));
        }
        Ok(Desk {
            chain,
            account,
            setter,
            config,
            events,
            state,
            bench,
            screen,
            identity,
            recorder,
            rounds: AtomicU64::new(0),
            stop,
        })
    }
}

/// A validator at work.
struct Desk {
    chain: ChainClient,
    account: AccountId,
    setter: WeightSetter,
    config: ValidatorConfig,
    events: EventSink,
    state: State,
    bench: Bench,
    screen: Screen,
    /// Of recipe and base model.
    identity: Identity,
    /// Nothing where nothing is recorded.
    recorder: Option<Recorder>,
    /// Rounds that came to an end in this process.
    rounds: AtomicU64,
    stop: CancellationToken,
}

/// The block at which the current round closes, and the one of the next.
struct Boundary {
    closed: Option<Block>,
    next: Block,
    /// Blocks from one to the next.
    length: u64,
}

impl Desk {
    fn tell(&self, kind: EventKind) {
        self.events.tell(kind);
    }

    /// Sleeps, or wakes early to stop.
    async fn sleep(&self, time: Duration) {
        let _ = self.stop.run_until_cancelled(tokio::time::sleep(time)).await;
    }

    /// Tells the newest round's result again: who listens now may not have heard it from the process that made it, and
    /// its weights may be all that is left to do.
    async fn recall(&self) -> Result<(), ValidatorError> {
        let ValidatorConfig { netuid, profile, .. } = &self.config;
        let newest = self.state.newest_round(*netuid, &profile.competition).await?;
        if let Some(round) = newest
            && matches!(round.state, RoundState::Scored | RoundState::Done)
        {
            self.tell(EventKind::RoundScored {
                closed: round.what.closed,
                rows: self.state.scores(round.id).await?,
            });
        }
        Ok(())
    }

    /// Runs one round to its end, or waits for the next one.
    async fn step(&self) -> Result<(), ValidatorError> {
        // A slot can be lost at any epoch, and without one nothing that follows is of use.
        assay_neuron::registration::require(&self.chain, self.config.netuid, &self.account).await?;
        let boundary = self.boundary().await?;
        match self.unfinished(&boundary).await? {
            Some(round) => self.carry_on(round).await,
            None => match self.open(&boundary).await? {
                Some(round) => self.carry_on(round).await,
                None => self.wait_for(boundary.next).await,
            },
        }
    }

    /// Where the current round closes, as far as blocks are final.
    async fn boundary(&self) -> Result<Boundary, ValidatorError> {
        let finalized = self.chain.finalized_head().await?.number;
        Ok(match self.config.rounds {
            RoundSchedule::Blocks(length) => {
                let closed = finalized.0 / length * length.get();
                Boundary {
                    closed: (closed > 0).then_some(Block(closed)),
                    next: Block(closed + length.get()),
                    length: length.get(),
                }
            }
            RoundSchedule::Epochs => {
                let schedule = self.chain.epoch_schedule(self.config.netuid).await?;
                let length = if schedule.tempo == 0 {
                    USUAL_TEMPO
                } else {
                    u64::from(schedule.tempo) + 1
                };
                let closed = schedule.last_epoch_block;
                if closed > finalized {
                    // A few seconds from now it is final, or the chain has thought better of it.
                    Boundary {
                        closed: None,
                        next: closed,
                        length,
                    }
                } else {
                    let next = schedule
                        .next_epoch_block
                        .unwrap_or(Block(schedule.block.number.0 + length));
                    Boundary {
                        closed: (closed.0 > 0).then_some(closed),
                        next,
                        length,
                    }
                }
            }
        })
    }

    /// The round that was begun and not ended, unless it has become useless.
    async fn unfinished(&self, boundary: &Boundary) -> Result<Option<Round>, ValidatorError> {
        let Some(newest) = self
            .state
            .newest_round(self.config.netuid, &self.config.profile.competition)
            .await?
        else {
            return Ok(None);
        };
        let closed = newest.what.closed;
        // A node may have forgotten a block's state, never its hash.
        if self.chain.block_hash(closed).await? != Some(newest.what.hash) {
            return Err(ValidatorError::OtherChain {
                home: self.config.home.clone(),
                block: closed,
            });
        }
        if matches!(newest.state, RoundState::Done | RoundState::Dropped) {
            return Ok(None);
        }
        let age = boundary.closed.unwrap_or(boundary.next).since(closed);
        let reason = if age > STALE_AFTER_EPOCHS * boundary.length {
            "it is too old: the validator was away for too long"
        } else if newest.what.recipe != self.identity || newest.what.held_out != self.bench.held_out.identity
        {
            "the recipe, the base model or the held-out rows have changed since it began"
        } else {
            return Ok(Some(newest));
        };
        self.drop_round(&newest, reason).await?;
        Ok(None)
    }

    async fn drop_round(&self, round: &Round, reason: &str) -> Result<(), ValidatorError> {
        self.state
            .end_round(round.id, RoundState::Dropped, reason)
            .await?;
        self.tell(EventKind::RoundDropped {
            closed: round.what.closed,
            reason: reason.to_owned(),
        });
        Ok(())
    }

    /// Opens the round that closed last, unless it is over already or nobody takes part in it.
    async fn open(&self, boundary: &Boundary) -> Result<Option<Round>, ValidatorError> {
        let ValidatorConfig { netuid, profile, .. } = &self.config;
        let Some(closed) = boundary.closed else {
            return Ok(None);
        };
        let newest = self.state.newest_round(*netuid, &profile.competition).await?;
        if newest.is_some_and(|round| {
            round.what.closed >= closed
                && (round.what.recipe, round.what.held_out) == (self.identity, self.bench.held_out.identity)
        }) {
            return Ok(None);
        }
        let Some(hash) = self.chain.block_hash(closed).await? else {
            return Ok(None);
        };
        // The chain as it was at the closing block, which is the same for all; a node that has thrown that state
        // away gives the newest, and what came after the close is then left out.
        let at_close = match self.chain.at(hash).await {
            Err(ChainError::StateDiscarded { .. }) => self.chain.pin().await?,
            other => other?,
        };
        let metagraph = match at_close.metagraph(*netuid).await {
            Err(ChainError::NoSubnet { .. }) => return Ok(None),
            other => other?,
        };
        let commitments = at_close.commitments(*netuid).await?;
        let seed = RoundSeed::derive(&profile.competition, self.bench.held_out.identity, hash);
        let last_asked: HashMap<_, _> = self.state.last_asked().await?.into_iter().collect();
        let roster = roster(&metagraph, &commitments, closed, seed, &last_asked, profile);
        let takes_part = |outcome: &Option<Outcome>| matches!(outcome, None | Some(Outcome::BadAnswer(_)));
        if !roster.iter().any(|entrant| takes_part(&entrant.outcome)) {
            self.tell(EventKind::Waiting {
                why: Waiting::NoCommitments { block: boundary.next },
            });
            return Ok(None);
        }
        let round = NewRound {
            netuid: *netuid,
            competition: profile.competition.clone(),
            closed,
            hash,
            seed,
            recipe: self.identity,
            held_out: self.bench.held_out.identity,
        };
        Ok(Some(self.state.open_round(&round, &roster).await?))
    }

    /// Waits for the next round.
    async fn wait_for(&self, block: Block) -> Result<(), ValidatorError> {
        self.tell(EventKind::Waiting {
            why: Waiting::NextRound { block },
        });
        self.until(block).await
    }

    /// Returns when a block is final, or when the validator is stopping.
    async fn until(&self, block: Block) -> Result<(), ValidatorError> {
        let waiting = async {
            let mut blocks = self.chain.blocks().await?;
            // Finality comes after a block and has no stream of its own.
            while self.chain.finalized_head().await?.number < block {
                if let Ok(Some(head)) = tokio::time::timeout(FINALITY_LOOK, blocks.next()).await {
                    head?;
                }
            }
            Ok(())
        };
        self.stop.run_until_cancelled(waiting).await.unwrap_or(Ok(()))
    }
}
