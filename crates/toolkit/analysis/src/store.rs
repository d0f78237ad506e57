//! Recorded events in the form that analyses work on: small, bounded, in the order of time.

use crate::{
    kept::Kept,
    scope::{Scope, Where},
    table::Table,
};
use assay_records::{Event, Stream, streams as recorded};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};
use time::OffsetDateTime;

/// How many rows of each stream are kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of small events: scores, neurons after an epoch.
    pub small: usize,
    /// Rows of events that carry the answers of several miners.
    pub large: usize,
}

impl Limits {
    /// For a page that is open for days: some hundred megabytes at most, a day of a busy validator.
    #[must_use]
    pub fn live() -> Self {
        Self {
            small: 200_000,
            large: 20_000,
        }
    }

    /// For a report, which is made once.
    #[must_use]
    pub fn none() -> Self {
        Self {
            small: usize::MAX,
            large: usize::MAX,
        }
    }
}

/// A neuron after an epoch.
#[derive(Clone, Debug)]
pub(crate) struct EpochRow {
    pub(crate) netuid: u16,
    pub(crate) block: u64,
    pub(crate) uid: u16,
    pub(crate) hotkey: Arc<str>,
    pub(crate) is_validator: bool,
    pub(crate) stake: Option<f64>,
    pub(crate) incentive: Option<f64>,
    pub(crate) dividends: Option<f64>,
    pub(crate) consensus: Option<f64>,
    pub(crate) validator_trust: Option<f64>,
    pub(crate) emission: Option<f64>,
    pub(crate) weights_at: Option<u64>,
}

/// A miner's score.
#[derive(Clone, Debug)]
pub(crate) struct ScoreRow {
    pub(crate) source: Arc<str>,
    pub(crate) step: u64,
    pub(crate) block: Option<u64>,
    pub(crate) hotkey: Arc<str>,
    pub(crate) uid: Option<u16>,
    pub(crate) reward: Option<f64>,
    pub(crate) score: Option<f64>,
}

/// A request that was judged.
#[derive(Clone, Debug)]
pub(crate) struct SampleRow {
    pub(crate) sample: Option<Arc<str>>,
    pub(crate) is_organic: bool,
    pub(crate) is_private: bool,
    pub(crate) stage: Arc<str>,
    pub(crate) error: Option<Arc<str>>,
    pub(crate) queue_size: u64,
    pub(crate) seconds: Option<f64>,
    pub(crate) rewards: Vec<RewardRow>,
}

/// What a miner got for its answer.
#[derive(Clone, Debug)]
pub(crate) struct RewardRow {
    pub(crate) hotkey: Arc<str>,
    pub(crate) outcome: Arc<str>,
    pub(crate) reward: Option<f64>,
    pub(crate) seconds: Option<f64>,
}

/// A dataset in a round.
#[derive(Clone, Debug)]
pub(crate) struct EvaluationRow {
    pub(crate) validator: Arc<str>,
    pub(crate) block: Option<u64>,
    pub(crate) hotkey: Arc<str>,
    pub(crate) uid: Option<u16>,
    pub(crate) outcome: &'static str,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) repo: Option<Arc<str>>,
    pub(crate) rows: Option<u64>,
    pub(crate) loss: Option<f64>,
    pub(crate) weight: Option<f64>,
}

/// A step of an attempt to set weights.
#[derive(Clone, Debug)]
pub(crate) struct WeightRow {
    pub(crate) source: Arc<str>,
    pub(crate) attempt: u64,
    pub(crate) stage: Arc<str>,
    pub(crate) block: Option<u64>,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) chain_error: Option<Arc<str>>,
    /// The row, by hotkey.
    pub(crate) entries: Vec<(u16, Arc<str>, u16)>,
}

/// A step of a validator.
#[derive(Clone, Debug)]
pub(crate) struct ForwardRow {
    pub(crate) source: Arc<str>,
    pub(crate) system: Arc<str>,
    pub(crate) seconds: Option<f64>,
    pub(crate) asked: u32,
    pub(crate) answered: u32,
    pub(crate) failed: Option<Arc<str>>,
}

/// What an axon was asked in a minute.
#[derive(Clone, Debug)]
pub(crate) struct CallsRow {
    /// Nothing for what was refused before it came to one.
    pub(crate) route: Option<Arc<str>>,
    pub(crate) caller: Option<Arc<str>>,
    pub(crate) status: u16,
    pub(crate) refusal: Option<Arc<str>>,
    pub(crate) calls: u64,
    pub(crate) request_bytes: u64,
    pub(crate) answer_bytes: u64,
    pub(crate) seconds_mean: Option<f64>,
    pub(crate) seconds_max: Option<f64>,
}

/// A block that was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockRow {
    pub(crate) block: u64,
    pub(crate) seconds: Option<f64>,
}

/// A question, without its texts.
#[derive(Clone, Debug)]
pub(crate) struct QuestionRow {
    pub(crate) name: Arc<str>,
    pub(crate) seconds: Option<f64>,
    pub(crate) gating_loss: Option<f64>,
    pub(crate) answers: Vec<AnswerRow>,
    /// Of each reward model that ran: what it gave each answer as it counts in the product.
    pub(crate) models: Vec<(&'static str, Vec<Option<f64>>)>,
}

/// An answer, by what it is rather than its text.
#[derive(Clone, Debug)]
pub(crate) struct AnswerRow {
    pub(crate) hotkey: Arc<str>,
    /// Tells one text from another.
    pub(crate) digest: u64,
    /// How it begins.
    pub(crate) beginning: Arc<str>,
    /// Its characters.
    pub(crate) length: u64,
    pub(crate) seconds: Option<f64>,
    pub(crate) reward: Option<f64>,
}

/// Which kinds of events a store has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// Rounds of a competition of datasets.
    pub rounds: bool,
    /// Requests.
    pub requests: bool,
    /// Questions and their answers.
    pub questions: bool,
}

/// Recorded events in memory. [`Follower`](crate::Follower) fills it.
#[derive(Clone, Debug)]
pub struct Store {
    scope: Scope,
    names: HashSet<Arc<str>>,
    pub(crate) epochs: Kept<EpochRow>,
    pub(crate) scores: Kept<ScoreRow>,
    pub(crate) samples: Kept<SampleRow>,
    pub(crate) evaluations: Kept<EvaluationRow>,
    pub(crate) weights: Kept<WeightRow>,
    pub(crate) forwards: Kept<ForwardRow>,
    pub(crate) calls: Kept<CallsRow>,
    pub(crate) blocks: Kept<BlockRow>,
    pub(crate) hardware: Kept<recorded::Hardware>,
    pub(crate) questions: Kept<QuestionRow>,
}

impl Store {
    /// A store without events.
    #[must_use]
    pub fn new(scope: Scope, limits: Limits) -> Self {
        let Limits { small, large } = limits;
        Self {
            scope,
            names: HashSet::new(),
            epochs: Kept::new(small),
            scores: Kept::new(small),
            samples: Kept::new(large),
            evaluations: Kept::new(small),
            weights: Kept::new(large),
            forwards: Kept::new(small),
            calls: Kept::new(small),
            blocks: Kept::new(small),
            hardware: Kept::new(large),
            questions: Kept::new(large),
        }
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events() == 0
    }

    /// Events that are kept.
    #[must_use]
    pub fn events(&self) -> usize {
        self.epochs.len()
            + self.scores.len()
            + self.samples.len()
            + self.evaluations.len()
            + self.weights.len()
            + self.forwards.len()
            + self.calls.len()
            + self.blocks.len()
            + self.hardware.len()
            + self.questions.len()
    }

    /// Which kinds of events there are.
    #[must_use]
    pub fn holds(&self) -> Holds {
        Holds {
            rounds: self.evaluations.len() > 0,
            requests: self.samples.len() > 0,
            questions: self.questions.len() > 0,
        }
    }

    /// Which events count.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Every table that has rows.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        const ALL: [fn(&Store) -> Table; 28] = [
            Store::miners,
            Store::network,
            Store::earnings,
            Store::epochs,
            Store::incentives,
            Store::leaderboard,
            Store::score_history,
            Store::reward_distribution,
            Store::traffic,
            Store::answers,
            Store::answer_rewards,
            Store::requests,
            Store::rounds,
            Store::evaluations,
            Store::losses,
            Store::attempts,
            Store::stages,
            Store::weights,
            Store::questions,
            Store::kinds,
            Store::answerers,
            Store::completions,
            Store::models,
            Store::forwards,
            Store::calls,
            Store::block_times,
            Store::step_times,
            Store::hardware,
        ];
        let mut tables: Vec<Table> = ALL.iter().map(|of| of(self)).collect();
        tables.retain(|table| !table.rows.is_empty());
        tables
    }

    /// The table of this name, where it has rows.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<Table> {
        self.tables().into_iter().find(|table| table.name == name)
    }

    pub(crate) fn sql<T>(&self, kept: &Kept<T>, has_netuid: bool) -> Where {
        Where::new(&self.scope, has_netuid, kept.forgotten())
    }

    /// Brings all rows into their order; after events were taken.
    pub(crate) fn settle(&mut self) {
        self.epochs.settle();
        self.scores.settle();
        self.samples.settle();
        self.evaluations.settle();
        self.weights.settle();
        self.forwards.settle();
        self.calls.settle();
        self.blocks.settle();
        self.hardware.settle();
        self.questions.settle();
    }

    /// One copy of each name, however often it comes.
    fn name(&mut self, name: &str) -> Arc<str> {
        match self.names.get(name) {
            Some(known) => known.clone(),
            None => {
                let new: Arc<str> = name.into();
                self.names.insert(new.clone());
                new
            }
        }
    }

    fn some_name(&mut self, name: Option<&str>) -> Option<Arc<str>> {
        name.map(|name| self.name(name))
    }
}

/// A stream that the store knows what to do with.
pub(crate) trait Taken: Stream {
    /// Puts the event where it belongs.
    fn take(store: &mut Store, event: Event<Self>)
    where
        Self: Sized;
}

impl Taken for recorded::EpochNeuron {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, Some(event.netuid)) {
            return;
        }
        let row = EpochRow {
            netuid: event.netuid,
            block: event.block,
            uid: event.uid,
            hotkey: store.name(&event.hotkey),
            is_validator: event.is_validator,
            stake: event.stake,
            incentive: event.incentive,
            dividends: event.dividends,
            consensus: event.consensus,
            validator_trust: event.validator_trust,
            emission: event.emission,
            weights_at: event.weights_at,
        };
        store.epochs.push(stamp.time, row);
    }
}

impl Taken for recorded::Score {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, event.netuid) {
            return;
        }
        let row = ScoreRow {
            source: store.name(&stamp.source),
            step: event.step,
            block: event.block,
            hotkey: store.name(&event.hotkey),
            uid: event.uid,
            reward: event.reward,
            score: event.score,
        };
        store.scores.push(stamp.time, row);
    }
}

impl Taken for recorded::OrganicIteration {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, None) {
            return;
        }
        let row = SampleRow {
            sample: event.sample.map(Into::into),
            is_organic: event.is_organic,
            is_private: event.is_private,
            stage: store.name(&event.stage),
            error: event.error.map(Into::into),
            queue_size: event.queue_size,
            seconds: event.total_seconds,
            rewards: event
                .rewards
                .into_iter()
                .map(|given| RewardRow {
                    hotkey: store.name(&given.hotkey),
                    outcome: store.name(&given.outcome),
                    reward: given.reward,
                    seconds: given.seconds,
                })
                .collect(),
        };
        store.samples.push(stamp.time, row);
    }
}

impl Taken for recorded::DatasetEvaluation {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, event.netuid) {
            return;
        }
        let row = EvaluationRow {
            validator: store.name(&event.validator),
            block: event.block,
            hotkey: store.name(&event.hotkey),
            uid: event.uid,
            outcome: outcome(event.outcome),
            reason: store.some_name(event.reason.as_deref()),
            repo: store.some_name(event.repo.as_deref()),
            rows: event.rows,
            loss: event.loss,
            weight: event.weight,
        };
        store.evaluations.push(stamp.time, row);
    }
}

/// The outcome as its column has it.
fn outcome(outcome: recorded::EvaluationOutcome) -> &'static str {
    use recorded::EvaluationOutcome as Outcome;
    match outcome {
        Outcome::Measured => "measured",
        Outcome::Copy => "copy",
        Outcome::NotAsked => "not_asked",
        Outcome::NoAnswer => "no_answer",
        Outcome::BadAnswer => "bad_answer",
        Outcome::OwnFault => "own_fault",
        _ => "unknown",
    }
}

impl Taken for recorded::WeightStep {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, event.netuid) {
            return;
        }
        let entries = event.uids.iter().zip(&event.hotkeys).zip(&event.values);
        let row = WeightRow {
            source: store.name(&stamp.source),
            attempt: event.attempt,
            stage: store.name(&event.stage),
            block: event.block,
            reason: store.some_name(event.reason.as_deref()),
            chain_error: store.some_name(event.chain_error.as_deref()),
            entries: entries
                .map(|((uid, hotkey), value)| (*uid, store.name(hotkey), *value))
                .collect(),
        };
        store.weights.push(stamp.time, row);
    }
}

impl Taken for recorded::Forward {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, event.netuid) {
            return;
        }
        let row = ForwardRow {
            source: store.name(&stamp.source),
            system: store.name(&event.system),
            seconds: event.seconds,
            asked: event.asked,
            answered: event.answered,
            failed: store.some_name(event.failed.as_deref()),
        };
        store.forwards.push(stamp.time, row);
    }
}

impl Taken for recorded::AxonCalls {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, None) {
            return;
        }
        let row = CallsRow {
            route: store.some_name(event.route.as_deref()),
            caller: store.some_name(event.caller.as_deref()),
            status: event.status,
            refusal: store.some_name(event.refusal.as_deref()),
            calls: event.calls,
            request_bytes: event.request_bytes,
            answer_bytes: event.answer_bytes,
            seconds_mean: event.seconds_mean,
            seconds_max: event.seconds_max,
        };
        store.calls.push(stamp.time, row);
    }
}

impl Taken for recorded::BlockSeen {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if store.scope.has(stamp.time, None) {
            let row = BlockRow {
                block: event.block,
                seconds: event.seconds,
            };
            store.blocks.push(stamp.time, row);
        }
    }
}

impl Taken for recorded::Hardware {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if store.scope.has(stamp.time, None) {
            store.hardware.push(stamp.time, event);
        }
    }
}

impl Taken for recorded::PromptingStep {
    fn take(store: &mut Store, Event { stamp, event }: Event<Self>) {
        if !store.scope.has(stamp.time, None) {
            return;
        }
        let models = models(&event);
        let at = |list: &[Option<f64>], index: usize| list.get(index).copied().flatten();
        let answers = event
            .completions
            .iter()
            .enumerate()
            .map(|(index, text)| AnswerRow {
                // What has no hotkey, as in old files, is known by its slot.
                hotkey: match (event.hotkeys.get(index), event.uids.get(index)) {
                    (Some(hotkey), _) => store.name(hotkey),
                    (None, Some(uid)) => store.name(&format!("uid {uid}")),
                    (None, None) => store.name("unknown"),
                },
                digest: digest(text),
                beginning: store.name(beginning(text)),
                length: text.chars().count() as u64,
                seconds: at(&event.completion_times, index),
                reward: at(&event.rewards, index),
            })
            .collect();
        let row = QuestionRow {
            name: store.name(&event.name),
            seconds: event.step_length,
            gating_loss: event.gating_loss,
            answers,
            models,
        };
        store.questions.push(stamp.time, row);
    }
}

/// Characters of an answer that are kept: enough to recognise it. A million answers are a hundred megabytes.
pub(crate) const BEGINNING: usize = 80;

/// How an answer begins.
fn beginning(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(BEGINNING)
        .map_or(text.len(), |(end, _)| end);
    &text[..end]
}

/// The same for the same text. Two texts of a million that share one are a chance of one in forty million.
fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The reward models whose column is in the event, as their values count in the product.
fn models(event: &recorded::PromptingStep) -> Vec<(&'static str, Vec<Option<f64>>)> {
    [
        ("dahoas_reward_model", &event.dahoas_reward_model_normalized),
        ("blacklist_filter", &event.blacklist_filter),
        ("nsfw_filter", &event.nsfw_filter_normalized),
        (
            "reciprocate_reward_model",
            &event.reciprocate_reward_model_normalized,
        ),
        ("diversity_reward_model", &event.diversity_reward_model_normalized),
        ("dpo_reward_model", &event.dpo_reward_model_normalized),
        ("rlhf_reward_model", &event.rlhf_reward_model_normalized),
        ("prompt_reward_model", &event.prompt_reward_model_normalized),
        ("relevance_filter", &event.relevance_filter_normalized),
        ("task_validator_filter", &event.task_validator_filter_normalized),
    ]
    .into_iter()
    .filter_map(|(name, values)| Some((name, values.clone()?)))
    .collect()
}

/// Where a row lies in time, in whole buckets of so many seconds since 1970.
pub(crate) fn bucket(time: OffsetDateTime, seconds: i64) -> OffsetDateTime {
    let start = time.unix_timestamp().div_euclid(seconds) * seconds;
    OffsetDateTime::from_unix_timestamp(start).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
