//! Miners behind axons.

use super::{
    Backend, BackendError, Candidate, ChatWire, Miner, MinerFailure, Uid, resting::Resting, utf8::Utf8,
};
use crate::question::Question;
use assay_axon::{
    Dendrite, Outcome, SynapseRequest, Target,
    dendrite::{Failure, NoAnswer},
};
use assay_keys::AccountId;
use futures::{Stream, StreamExt, future::BoxFuture};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::time::Instant;

/// A miner of the newest snapshot of the metagraph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListedMiner {
    /// Its place.
    pub uid: Uid,
    /// Its hotkey, and where it listens.
    pub target: Target,
    /// Its share of the last epoch's incentive, 0 to 1.
    pub incentive: f64,
}

/// Knows the miners of the subnet. It must not wait: it looks at what is in memory.
pub trait MinerSource: Send + Sync + 'static {
    /// Those that may be asked now. Validators, banned hotkeys and the gateway's own are left out here; whoever gives no
    /// address is passed over by the gateway.
    fn miners(&self) -> Vec<ListedMiner>;
}

impl<F: Fn() -> Vec<ListedMiner> + Send + Sync + 'static> MinerSource for F {
    fn miners(&self) -> Vec<ListedMiner> {
        self()
    }
}

/// Which miners are asked first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Any: all are scored alike, good ones and bad ones.
    #[default]
    Random,
    /// Those with the most incentive: better answers, and no news of the others.
    TopIncentive,
}

/// The miners of a subnet, asked through a dendrite.
pub struct Miners {
    dendrite: Arc<Dendrite>,
    source: Box<dyn MinerSource>,
    wire: ChatWire,
    order: Order,
    random: Mutex<StdRng>,
    resting: Arc<Mutex<Resting>>,
}

impl Miners {
    /// Asks the miners that `source` knows. The seed decides whom, where the order is random.
    #[must_use]
    pub fn new(
        dendrite: Arc<Dendrite>,
        source: impl MinerSource,
        wire: ChatWire,
        order: Order,
        seed: u64,
    ) -> Self {
        Self {
            dendrite,
            source: Box::new(source),
            wire,
            order,
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            resting: Arc::default(),
        }
    }

    /// Those to ask, the first in front.
    fn chosen(&self, most: usize) -> Vec<ListedMiner> {
        let mut miners = self.source.miners();
        miners.retain(|miner| miner.target.is_serving());
        match self.order {
            Order::Random => {
                let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
                miners.shuffle(&mut *random);
            }
            Order::TopIncentive => {
                miners.sort_by(|one, other| other.incentive.total_cmp(&one.incentive));
            }
        }
        // Whoever gave no answer lately is asked when there are too few others.
        let now = Instant::now();
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let known: HashSet<AccountId> = miners.iter().map(|miner| miner.target.hotkey).collect();
        resting.keep(|hotkey| known.contains(hotkey));
        miners.sort_by_key(|miner| resting.is_resting(&miner.target.hotkey, now));
        miners.truncate(most);
        miners
    }
}

impl Backend for Miners {
    fn candidates(
        &self,
        question: Arc<Question>,
        most: usize,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<Vec<Candidate>, BackendError>> {
        let chosen = self.chosen(most);
        let asked = if chosen.is_empty() {
            Err(BackendError::NoMiners)
        } else {
            let wire = self.wire.clone();
            Ok(chosen
                .into_iter()
                .map(|miner| Candidate {
                    miner: Miner {
                        uid: miner.uid,
                        hotkey: miner.target.hotkey,
                    },
                    pieces: watched(
                        pieces(
                            self.dendrite.clone(),
                            miner.target,
                            wire.clone(),
                            question.clone(),
                            deadline,
                        ),
                        miner.target.hotkey,
                        self.resting.clone(),
                    )
                    .boxed(),
                })
                .collect())
        };
        Box::pin(std::future::ready(asked))
    }

    fn timed_out(&self, miner: &Miner) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.no_answer(miner.hotkey, Instant::now());
    }
}

impl fmt::Debug for Miners {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Miners")
            .field("wire", &self.wire)
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}

/// Asks when it is first polled, with the time that is left then: a reserve is asked later than the others.
fn pieces(
    dendrite: Arc<Dendrite>,
    target: Target,
    wire: ChatWire,
    question: Arc<Question>,
    deadline: Instant,
) -> impl Stream<Item = Result<String, MinerFailure>> + Send + 'static {
    async_stream::try_stream! {
        let left = deadline.saturating_duration_since(Instant::now());
        let request = wire.request(&question, left).map_err(unsendable)?;
        drop(question);
        let mut stream = open(&dendrite, &target, &request).await?;
        let mut utf8 = Utf8::default();
        while let Some(bytes) = stream.next().await {
            let text = utf8.push(&bytes.map_err(failed)?)?;
            if !text.is_empty() {
                yield text;
            }
        }
        utf8.end()?;
    }
}

/// Remembers who answers and who does not.
fn watched(
    pieces: impl Stream<Item = Result<String, MinerFailure>> + Send + 'static,
    hotkey: AccountId,
    resting: Arc<Mutex<Resting>>,
) -> impl Stream<Item = Result<String, MinerFailure>> + Send + 'static {
    pieces.inspect(move |piece| {
        let mut resting = resting.lock().unwrap_or_else(PoisonError::into_inner);
        match piece {
            Ok(_) => resting.answered(&hotkey),
            Err(MinerFailure::NoAnswer { .. }) => resting.no_answer(hotkey, Instant::now()),
            // The gateway judges whether its time was enough, and tells.
            Err(MinerFailure::TimedOut { .. }) => {}
            Err(MinerFailure::BadAnswer { .. } | MinerFailure::OwnFault { .. }) => {}
        }
    })
}

async fn open(
    dendrite: &Dendrite,
    target: &Target,
    request: &SynapseRequest,
) -> Result<assay_axon::dendrite::AnswerStream, MinerFailure> {
    match dendrite.stream(target, request).await.outcome {
        Outcome::Answered(stream) => Ok(stream),
        Outcome::Refused(refusal) => Err(MinerFailure::NoAnswer {
            reason: refusal.to_string(),
        }),
        Outcome::NoAnswer(why) => Err(failed(why.into())),
        Outcome::BadAnswer(why) => Err(failed(why.into())),
        Outcome::OwnFault(why) => Err(failed(why.into())),
    }
}

fn failed(failure: Failure) -> MinerFailure {
    match failure {
        Failure::NoAnswer(NoAnswer::TimedOut { after }) => MinerFailure::TimedOut { after },
        Failure::NoAnswer(why) => MinerFailure::NoAnswer {
            reason: why.to_string(),
        },
        Failure::BadAnswer(why) => MinerFailure::BadAnswer {
            reason: why.to_string(),
        },
        Failure::OwnFault(why) => MinerFailure::OwnFault {
            reason: why.to_string(),
        },
    }
}

/// What of a request cannot be sent. The problem names fields, never values.
fn unsendable(error: assay_axon::dendrite::RequestError) -> MinerFailure {
    MinerFailure::OwnFault {
        reason: error.to_string(),
    }
}
