//! The fastest of several: who gives a usable beginning first is passed on, the others are heard for scoring.

use crate::{
    backend::{Candidate, MinerFailure},
    cut::{Cut, Finish},
    exchange::{Completion, Delivery, Ended, Piece, Relayed, TokenUsage},
    keys::Collection,
    openai::Refusal,
    question::Question,
    tokens::TokenCounter,
};
use futures::{StreamExt, stream::BoxStream};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_stream::StreamMap;
use tokio_util::sync::CancellationToken;

/// Pieces of one answer whose times are kept. A miner that sends single bytes would otherwise make us keep more about
/// its answer than the answer; what comes after them counts as of the last.
const MOST_PIECES: usize = 4_096;

/// What part of the time a miner must have had, as its divisor, to have failed by not being done. With more of it, most
/// of a reserve is never judged, and may as well hang; with less, one is judged by what nobody could do in the time, and
/// whoever asks can see to that.
const FAIR_PART: u32 = 2;

/// How the user takes the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Piece by piece: once something was passed on, it cannot be taken back.
    Streamed,
    /// At once: until then another answer can take its place.
    Whole,
}

/// What the user gets.
#[derive(Debug)]
pub(crate) enum Event {
    /// Text follows, from this miner.
    Began(crate::backend::Miner),
    /// Some of the answer.
    Text(String),
    /// The answer is whole.
    Finished(Finish, TokenUsage),
    /// There is none, or no more of it.
    Failed(Refusal),
}

/// What is to be raced.
#[derive(Debug)]
pub(crate) struct Race {
    pub(crate) question: Arc<Question>,
    pub(crate) prompt_tokens: u64,
    pub(crate) candidates: Vec<Candidate>,
    /// How many are asked at first. The rest are asked when one of these has no answer.
    pub(crate) at_once: usize,
    pub(crate) began: Instant,
    /// When the miners' time is over.
    pub(crate) deadline: Instant,
    /// How much of it there is for those who are asked at once.
    pub(crate) time: Duration,
    /// How long the others are heard after the user has the answer.
    pub(crate) collecting: Duration,
    pub(crate) answer_bytes: usize,
    pub(crate) manner: Manner,
    pub(crate) collection: Collection,
    pub(crate) counter: Arc<dyn TokenCounter>,
}

/// What came of it for the user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivered {
    pub(crate) delivery: Delivery,
    pub(crate) usage: TokenUsage,
    pub(crate) first_token: Option<Duration>,
    pub(crate) total: Duration,
    pub(crate) relayed: Option<Relayed>,
    pub(crate) failovers: u64,
}

type Item = Option<Result<String, MinerFailure>>;

/// A race under way.
struct Course {
    race: Race,
    waiting: VecDeque<Candidate>,
    streams: StreamMap<usize, BoxStream<'static, Item>>,
    asked: Vec<Asked>,
    user: mpsc::UnboundedSender<Event>,
    leader: Option<Leader>,
    first_token: Option<Duration>,
    failovers: u64,
    delivered: Option<Delivered>,
}

/// A miner that was asked, and its answer so far.
struct Asked {
    at: Instant,
    completion: Completion,
    /// When it was worth passing on.
    usable: Option<Instant>,
    is_over: bool,
}

/// The one whose answer is passed on.
struct Leader {
    index: usize,
    cut: Cut,
    /// Bytes of its text that were put through the cut.
    fed: usize,
}

/// Runs a race to its end: the user has the answer, and the others were heard. `settled` is called as soon as the user
/// has what it gets. Stopped, it ends at once.
///
/// The channel to the user has no bound of its own; what goes through it is bounded by the length of one answer. With a
/// bound, a user who reads slowly would slow down the clocks that miners are judged by.
pub(crate) async fn run(
    race: Race,
    user: mpsc::UnboundedSender<Event>,
    stop: CancellationToken,
    settled: impl FnOnce(&Delivered) + Send,
) -> (Vec<Completion>, Delivered) {
    let mut course = Course::new(race, user);
    let mut settled = Some(settled);
    let mut until = course.race.deadline;
    course.advance();
    loop {
        if let Some(delivered) = course.delivered
            && let Some(settled) = settled.take()
        {
            settled(&delivered);
            let collected = Instant::now().checked_add(course.race.collecting);
            until = collected.map_or(until, |collected| until.min(collected));
        }
        if course.streams.is_empty() {
            break;
        }
        let user = course.user.clone();
        tokio::select! {
            biased;
            () = user.closed(), if course.delivered.is_none() => course.client_left(),
            () = stop.cancelled() => course.stop(),
            () = sleep_until(until) => course.time_is_over(),
            Some((index, item)) = course.streams.next() => course.heard(index, item),
        }
        course.advance();
    }
    // Whoever left the loop has delivered: without a stream, advance() leaves nothing open.
    let delivered = match course.delivered {
        Some(delivered) => delivered,
        None => course.deliver(Delivery::NoAnswer),
    };
    if let Some(settled) = settled.take() {
        settled(&delivered);
    }
    let completions = course.asked.into_iter().map(|asked| asked.completion).collect();
    (completions, delivered)
}

impl Race {
    /// How a miner ends that was not done `after` it was asked: one that was asked too late has not failed.
    fn out_of_time(&self, asked: &Asked, after: Duration) -> Ended {
        let had = self.deadline.saturating_duration_since(asked.at);
        if had < self.time / FAIR_PART {
            return Ended::Stopped;
        }
        Ended::Failed(MinerFailure::TimedOut { after })
    }
}

impl Course {
    fn new(mut race: Race, user: mpsc::UnboundedSender<Event>) -> Self {
        Self {
            waiting: std::mem::take(&mut race.candidates).into(),
            race,
            streams: StreamMap::new(),
            asked: Vec::new(),
            user,
            leader: None,
            first_token: None,
            failovers: 0,
            delivered: None,
        }
    }

    fn running(&self) -> usize {
        self.streams.len()
    }

    /// Asks the next one.
    fn ask(&mut self, candidate: Candidate) {
        let index = self.asked.len();
        self.asked.push(Asked {
            at: Instant::now(),
            completion: Completion {
                miner: candidate.miner,
                text: String::new(),
                pieces: Vec::new(),
                ended: Ended::Stopped,
                took: Duration::ZERO,
            },
            usable: None,
            is_over: false,
        });
        // The end of a stream has to be seen as an item.
        let pieces = candidate.pieces.map(Some).chain(futures::stream::iter([None]));
        self.streams.insert(index, pieces.boxed());
    }

    /// One of the miners said something, or ended.
    fn heard(&mut self, index: usize, item: Item) {
        let most = self.race.answer_bytes;
        let Some(asked) = self.asked.get_mut(index) else {
            return;
        };
        match item {
            Some(Ok(piece)) if asked.completion.text.len() + piece.len() > most => {
                self.end(
                    index,
                    Ended::Failed(MinerFailure::BadAnswer {
                        reason: format!("the answer is longer than {most} bytes"),
                    }),
                );
            }
            Some(Ok(piece)) => asked.add(&piece),
            Some(Err(MinerFailure::TimedOut { after })) => {
                let ended = self.race.out_of_time(asked, after);
                self.end(index, ended);
            }
            Some(Err(failure)) => self.end(index, Ended::Failed(failure)),
            None if asked.usable.is_none() => {
                self.end(
                    index,
                    Ended::Failed(MinerFailure::BadAnswer {
                        reason: "the answer is empty".to_owned(),
                    }),
                );
            }
            None => self.end(index, Ended::Whole),
        }
    }

    /// A miner is heard no longer. It is told so, by the end of its connection, if it still speaks.
    fn end(&mut self, index: usize, ended: Ended) {
        self.streams.remove(&index);
        if let Some(asked) = self.asked.get_mut(index)
            && !asked.is_over
        {
            asked.is_over = true;
            asked.completion.took = asked.at.elapsed();
            asked.completion.ended = ended;
        }
    }

    fn end_all(&mut self, how: impl Fn(&Race, &Asked) -> Ended) {
        for index in 0..self.asked.len() {
            if let Some(asked) = self.asked.get(index)
                && !asked.is_over
            {
                let ended = how(&self.race, asked);
                self.end(index, ended);
            }
        }
        self.waiting.clear();
    }

    fn time_is_over(&mut self) {
        // Whoever is heard no longer before its own time is over has not failed.
        if Instant::now() < self.race.deadline {
            self.end_all(|_, _| Ended::Stopped);
            return;
        }
        self.end_all(|race, asked| {
            race.out_of_time(asked, race.deadline.saturating_duration_since(asked.at))
        });
    }

    fn client_left(&mut self) {
        self.end_all(|_, _| Ended::Stopped);
        self.deliver(Delivery::ClientLeft);
    }

    fn stop(&mut self) {
        self.end_all(|_, _| Ended::Stopped);
        if self.delivered.is_none() {
            self.fail(Refusal::Stopping);
        }
    }

    /// Passes on what there is to pass on, and asks whom there is to ask.
    fn advance(&mut self) {
        while self.delivered.is_none() {
            if self.leader.is_none() {
                self.leader = self.next_leader();
            }
            let Some(leader) = &mut self.leader else {
                break;
            };
            let Some(asked) = self.asked.get(leader.index) else {
                break;
            };
            let new = asked.completion.text.get(leader.fed..).unwrap_or_default();
            leader.fed += new.len();
            let (text, finish) = leader.cut.push(new);
            let ended = asked.is_over.then(|| asked.completion.ended.clone());
            self.pass_on(text);
            match (finish, ended) {
                (Some(finish), _) => self.finish(finish),
                (None, None) => break,
                (None, Some(Ended::Whole)) => {
                    let rest = self.leader.as_mut().map(|leader| leader.cut.rest());
                    self.pass_on(rest.unwrap_or_default());
                    self.finish(Finish::Stop);
                }
                (None, Some(Ended::Failed(_) | Ended::Stopped)) if self.is_committed() => {
                    self.fail(Refusal::BrokeOff);
                }
                (None, Some(Ended::Failed(_) | Ended::Stopped)) => {
                    self.leader = None;
                    self.failovers += 1;
                }
            }
        }
        if self.delivered.is_none() && self.leader.is_none() {
            while self.running() < self.race.at_once.max(1)
                && let Some(next) = self.waiting.pop_front()
            {
                self.ask(next);
            }
            if self.streams.is_empty() {
                self.fail(self.nobody_answered());
            }
        }
        self.leave_others();
    }

    /// The first of those that have something to pass on.
    fn next_leader(&self) -> Option<Leader> {
        let (index, _) = self
            .asked
            .iter()
            .enumerate()
            .filter(|(_, asked)| !asked.is_over || asked.completion.ended == Ended::Whole)
            .filter_map(|(index, asked)| Some((index, asked.usable?)))
            .min_by_key(|&(_, usable)| usable)?;
        Some(Leader {
            index,
            cut: Cut::new(&self.race.question.sampling, self.race.counter.clone()),
            fed: 0,
        })
    }

    /// Whether the user has some of an answer already.
    fn is_committed(&self) -> bool {
        self.race.manner == Manner::Streamed && self.first_token.is_some()
    }

    fn pass_on(&mut self, text: String) {
        if text.is_empty() || self.race.manner == Manner::Whole {
            return;
        }
        self.begin();
        // Whoever is gone is noticed at the next turn.
        let _ = self.user.send(Event::Text(text));
    }

    /// The first of the answer goes out.
    fn begin(&mut self) {
        if self.first_token.is_some() {
            return;
        }
        self.first_token = Some(self.race.began.elapsed());
        let leader = self
            .leader
            .as_ref()
            .and_then(|leader| self.asked.get(leader.index));
        if let Some(asked) = leader {
            let _ = self.user.send(Event::Began(asked.completion.miner));
        }
    }

    fn finish(&mut self, finish: Finish) {
        self.begin();
        if self.race.manner == Manner::Whole
            && let Some(leader) = &self.leader
        {
            let _ = self.user.send(Event::Text(leader.cut.passed().to_owned()));
        }
        let usage = self.usage();
        let _ = self.user.send(Event::Finished(finish, usage));
        self.deliver(Delivery::Whole);
    }

    fn fail(&mut self, refusal: Refusal) {
        let _ = self.user.send(Event::Failed(refusal));
        self.deliver(if self.is_committed() {
            Delivery::Broken
        } else {
            Delivery::NoAnswer
        });
    }

    /// The user has what it gets.
    fn deliver(&mut self, delivery: Delivery) -> Delivered {
        let has_text = match delivery {
            Delivery::Whole => true,
            Delivery::Broken | Delivery::ClientLeft => self.is_committed(),
            Delivery::NoAnswer => false,
        };
        let relayed = self.leader.as_ref().filter(|_| has_text).map(|leader| Relayed {
            index: leader.index,
            bytes: leader.cut.passed().len(),
        });
        let delivered = Delivered {
            delivery,
            usage: self.usage(),
            first_token: self.first_token,
            total: self.race.began.elapsed(),
            relayed,
            failovers: self.failovers,
        };
        self.delivered = Some(delivered);
        self.waiting.clear();
        delivered
    }

    fn usage(&self) -> TokenUsage {
        let passed = self.leader.as_ref().filter(|_| self.first_token.is_some());
        TokenUsage {
            prompt: self.race.prompt_tokens,
            completion: passed.map_or(0, |leader| self.race.counter.count(leader.cut.passed())),
        }
    }

    /// Where the user does not want the others scored, they are heard only as long as they may be needed.
    fn leave_others(&mut self) {
        if self.race.collection == Collection::All || !(self.delivered.is_some() || self.is_committed()) {
            return;
        }
        let kept = match (&self.delivered, &self.leader) {
            (None, Some(leader)) => Some(leader.index),
            _ => None,
        };
        for index in 0..self.asked.len() {
            if Some(index) != kept {
                self.end(index, Ended::Stopped);
            }
        }
        self.waiting.clear();
    }

    /// Why there is no answer, now that all who were asked have failed.
    fn nobody_answered(&self) -> Refusal {
        use assay_axon::dendrite::Verdict;
        let count = |wanted: Verdict| {
            let failures = self
                .asked
                .iter()
                .filter_map(|asked| match &asked.completion.ended {
                    Ended::Failed(failure) => Some(failure.verdict()),
                    Ended::Whole | Ended::Stopped => None,
                });
            failures.filter(|&verdict| verdict == wanted).count()
        };
        let (asked, bad, own) = (
            self.asked.len(),
            count(Verdict::BadAnswer),
            count(Verdict::OwnFault),
        );
        // Until the user has its answer, a miner is stopped only when the time is over.
        let is_late = |asked: &Asked| {
            matches!(
                &asked.completion.ended,
                Ended::Failed(MinerFailure::TimedOut { .. }) | Ended::Stopped
            )
        };
        if asked == own {
            Refusal::OwnFault
        } else if self.asked.iter().any(is_late) {
            Refusal::TimedOut {
                after: self.race.time,
            }
        } else {
            Refusal::NoAnswer { asked, bad }
        }
    }
}

impl Asked {
    fn add(&mut self, piece: &str) {
        let completion = &mut self.completion;
        completion.text.push_str(piece);
        let new = Piece {
            end: completion.text.len(),
            after: self.at.elapsed(),
        };
        let is_full = completion.pieces.len() >= MOST_PIECES;
        match completion.pieces.last_mut() {
            Some(last) if is_full => last.end = new.end,
            _ => completion.pieces.push(new),
        }
        if self.usable.is_none() && !piece.trim().is_empty() {
            self.usable = Some(Instant::now());
        }
    }
}
