//! What a scorer works with.

use super::steps::Steps;
use crate::{
    CacheEnded, Chosen, MetagraphReader, MovingAverage, NobodyToAsk, ScoreBook, ScoreBookError,
    SelectionRules, Shutdown, TaskHandle, select,
};
use assay_axon::{
    Dendrite, Outcome, SynapseRequest, Target,
    dendrite::{Answer, BadAnswer, RequestError, SynapseFields},
    server::Synapse,
};
use assay_chain::{AccountId, Block, ChainClient, Metagraph, NetUid, Uid};
use serde_json::value::RawValue;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What lies behind all contexts of a validator.
pub(super) struct Desk {
    pub(super) client: ChainClient,
    pub(super) netuid: NetUid,
    pub(super) hotkey: AccountId,
    pub(super) reader: MetagraphReader,
    pub(super) book: Arc<Mutex<ScoreBook>>,
    pub(super) average: MovingAverage,
    pub(super) selection: SelectionRules,
    pub(super) dendrite: Dendrite,
    /// Nothing where nothing is recorded.
    pub(super) steps: Option<Steps>,
}

/// What a scorer works with: whom to ask, how to ask, where rewards go. Clones are of the same validator.
#[derive(Clone)]
pub struct Context {
    pub(super) desk: Arc<Desk>,
    pub(super) handle: TaskHandle,
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("netuid", &self.desk.netuid)
            .field("hotkey", &self.desk.hotkey)
            .finish_non_exhaustive()
    }
}

/// What came of asking one miner.
#[derive(Clone, Debug)]
pub struct MinerReply<S> {
    /// Whom. Rewards go to its hotkey, which may have another slot by now.
    pub miner: Chosen,
    /// What came: our own fault may not cost the miner anything.
    pub outcome: Outcome<S>,
    /// How long it took, as measured here.
    pub took: Duration,
}

impl Context {
    /// The chain.
    pub fn client(&self) -> &ChainClient {
        &self.desk.client
    }

    /// The subnet.
    pub fn netuid(&self) -> NetUid {
        self.desk.netuid
    }

    /// Our own hotkey.
    pub fn hotkey(&self) -> AccountId {
        self.desk.hotkey
    }

    /// The side that asks, for requests that [`ask`](Self::ask) does not make.
    pub fn dendrite(&self) -> &Dendrite {
        &self.desk.dendrite
    }

    /// When to end.
    pub fn shutdown(&self) -> &Shutdown {
        self.handle.shutdown()
    }

    /// A sign of life, to be given in rounds that take long.
    pub fn alive(&self) {
        self.handle.alive();
    }

    /// The newest metagraph that has been read; waits for the first.
    ///
    /// # Errors
    ///
    /// When it is no longer read.
    pub async fn metagraph(&self) -> Result<Arc<Metagraph>, CacheEnded> {
        match self.desk.reader.latest() {
            Some(metagraph) => Ok(metagraph),
            None => self.desk.reader.at_or_after(Block(0)).await,
        }
    }

    /// Some miners to ask, by the validator's rules, without the excluded.
    ///
    /// # Errors
    ///
    /// When nobody can be asked.
    pub fn choose(
        &self,
        metagraph: &Metagraph,
        count: usize,
        excluded: &BTreeSet<AccountId>,
    ) -> Result<Vec<Chosen>, NobodyToAsk> {
        let Desk {
            hotkey, selection, ..
        } = &*self.desk;
        select(metagraph, hotkey, excluded, count, selection, &mut rand::rng())
    }

    /// Asks miners at once, in synapse-v10. Replies come in the order of the miners.
    ///
    /// # Errors
    ///
    /// When the synapse cannot be sent to anybody.
    pub async fn ask<S: Synapse>(
        &self,
        miners: &[Chosen],
        synapse: &S,
        timeout: Duration,
    ) -> Result<Vec<MinerReply<S>>, RequestError> {
        let replies = self.ask_aside(miners, synapse, timeout).await?;
        let answered = replies
            .iter()
            .filter(|reply| matches!(reply.outcome, Outcome::Answered(_)))
            .count();
        self.count_asked(replies.len(), answered);
        Ok(replies)
    }

    /// The same for what is asked beside the step: records do not count it.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub async fn ask_aside<S: Synapse>(
        &self,
        miners: &[Chosen],
        synapse: &S,
        timeout: Duration,
    ) -> Result<Vec<MinerReply<S>>, RequestError> {
        let fields = S::fields();
        let required: Vec<&str> = fields
            .iter()
            .filter(|field| field.default.is_none())
            .map(|field| &*field.name)
            .collect();
        let hashed: Vec<_> = S::HASHED
            .iter()
            .filter_map(|name| fields.iter().find(|field| field.name == *name).cloned())
            .collect();
        let request = SynapseRequest::new(S::NAME, synapse, timeout)?
            .requiring(&required)?
            .hashing(&hashed)?;
        let asked = SynapseFields::of(synapse)?;
        let targets: Vec<Target> = miners.iter().map(|miner| miner.target).collect();
        let replies = self.desk.dendrite.call_many(&targets, &request).await;
        self.alive();
        let reply = |(miner, reply): (&Chosen, assay_axon::dendrite::Reply<Answer>)| MinerReply {
            miner: *miner,
            outcome: typed(reply.outcome, &asked),
            took: reply.took,
        };
        Ok(miners.iter().zip(replies).map(reply).collect())
    }

    /// Counts miners that were asked without [`ask`](Self::ask), and those of them whose answer can be judged. Only the
    /// records show it.
    pub fn count_asked(&self, asked: usize, answered: usize) {
        if let Some(steps) = &self.desk.steps {
            let count = |many| u32::try_from(many).unwrap_or(u32::MAX);
            steps.count(count(asked), count(answered));
        }
    }

    /// Begins a step of a scorer that does many in one round: what it waited for until now is not counted as the step's
    /// time. Only the records show it.
    pub fn begin_step(&self) {
        self.desk.begin_step();
    }

    /// Ends a step of a scorer that does many in one round, for the records; without a word of what failed if nothing did.
    /// What is counted and rewarded from now on belongs to the next one. Rounds that are one step need not call it.
    pub fn end_step(&self, failed: Option<&str>) {
        self.desk.end_step(failed);
    }

    /// Moves a miner's score towards a reward.
    ///
    /// # Errors
    ///
    /// When the score would not be a finite number; the old one stays.
    pub fn reward(&self, hotkey: AccountId, reward: f64) -> Result<(), ScoreBookError> {
        self.reward_weighted(hotkey, reward, 1.0)
    }

    /// The same for a reward that counts this many times as much as others: [`MovingAverage::weighted`].
    ///
    /// # Errors
    ///
    /// As [`reward`](Self::reward).
    pub fn reward_weighted(&self, hotkey: AccountId, reward: f64, weight: f64) -> Result<(), ScoreBookError> {
        let average = self.desk.average.weighted(weight);
        self.book().observe(hotkey, reward, &average)?;
        if let Some(steps) = &self.desk.steps {
            steps.rewarded(hotkey, reward);
        }
        Ok(())
    }

    /// A miner's score; nothing for one without.
    pub fn score(&self, hotkey: &AccountId) -> Option<f64> {
        self.book().get(hotkey).map(|score| score.value)
    }

    /// The scores of all hotkeys of the newest metagraph that have one.
    pub fn all_scores(&self) -> Vec<(AccountId, f64)> {
        let Some(metagraph) = self.desk.reader.latest() else {
            return Vec::new();
        };
        let book = self.book();
        let neurons = metagraph.neurons.iter();
        neurons
            .filter_map(|neuron| Some((neuron.hotkey, book.get(&neuron.hotkey)?.value)))
            .collect()
    }

    /// The scores by slot, as a metagraph shows them.
    pub fn scores(&self, metagraph: &Metagraph) -> Vec<(Uid, f64)> {
        self.book().view(metagraph)
    }

    fn book(&self) -> MutexGuard<'_, ScoreBook> {
        self.desk.book()
    }
}

impl Desk {
    pub(super) fn book(&self) -> MutexGuard<'_, ScoreBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer as what was asked for. Fields that it leaves out are as they were asked.
fn typed<S: Synapse>(outcome: Outcome<Answer>, asked: &SynapseFields) -> Outcome<S> {
    let answer = match outcome {
        Outcome::Answered(answer) => answer,
        Outcome::Refused(refusal) => return Outcome::Refused(refusal),
        Outcome::NoAnswer(why) => return Outcome::NoAnswer(why),
        Outcome::BadAnswer(why) => return Outcome::BadAnswer(why),
        Outcome::OwnFault(why) => return Outcome::OwnFault(why),
    };
    let read = || -> Result<S, serde_json::Error> {
        let mut fields: BTreeMap<&str, &RawValue> = BTreeMap::new();
        for known in [asked, &answer.fields] {
            for name in known.names() {
                if let Some(json) = known.json(name) {
                    fields.insert(name, serde_json::from_str(json)?);
                }
            }
        }
        serde_json::from_str(&serde_json::to_string(&fields)?)
    };
    match read() {
        Ok(synapse) => Outcome::Answered(synapse),
        // Where, and not what stood there: that is the miner's text.
        Err(error) => Outcome::BadAnswer(BadAnswer::Malformed {
            problem: format!("a field is of another type, at column {}", error.column()),
        }),
    }
}
