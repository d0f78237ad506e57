//! What everybody is doing and how they stand, folded from the events that miners and validators tell.
//!
//! Plain data and pure functions: the terminal, the web page and the summary are all drawn from it.

use assay_chain::{Block, BlockHash};
use assay_datasets::event::{DatasetEvent, EventKind, MinerScore, PublishStep, Waiting, WeightsStage};
use assay_keys::AccountId;

const COMMITTING: &str = "committing";

/// A miner as the run knows it before the chain does.
#[derive(Clone, Debug)]
pub(super) struct MinerName {
    pub(super) name: String,
    pub(super) hotkey: AccountId,
    pub(super) repo: String,
}

/// Where a miner's publishing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Publishing {
    /// It has not begun.
    Queued,
    /// It is at this step.
    Doing(String),
    /// Its commitment stands on chain.
    Committed,
    /// It will not publish, and why.
    Refused(String),
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// As expected.
    Plain,
    /// Not as expected, and handled.
    Warning,
}

/// A line of the run's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Who says it.
    pub(super) source: String,
    pub(super) weight: Weight,
    pub(super) text: String,
}

impl Line {
    fn plain(source: &str, text: impl Into<String>) -> Self {
        Self {
            source: source.to_owned(),
            weight: Weight::Plain,
            text: text.into(),
        }
    }

    pub(super) fn warning(source: &str, text: impl Into<String>) -> Self {
        Self {
            source: source.to_owned(),
            weight: Weight::Warning,
            text: text.into(),
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.source, self.text)
    }
}

/// A miner's line.
#[derive(Clone, Debug)]
pub(super) struct MinerBoard {
    pub(super) known: MinerName,
    pub(super) publishing: Publishing,
    /// What a validator is doing with it in this round.
    pub(super) now: Option<InRound>,
}

/// What a round has come to for a miner so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InRound {
    /// Something is being done with its dataset, or was.
    Doing(String),
    /// It is a copy of this miner's.
    CopyOf(String),
    /// It cannot be used.
    Rejected(String),
}

/// What a validator is at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Doing {
    /// Nothing known yet.
    Starting,
    /// Looking at datasets.
    Checking(String),
    /// Training on a dataset.
    Training {
        miner: String,
        step: u32,
        steps: u32,
        loss: f64,
    },
    /// Measuring an adapter.
    Evaluating { miner: String, done: usize, of: usize },
    /// Its weights are on their way.
    Weighing(WeightsStage),
    /// Waiting, and for what.
    Waiting(String),
}

/// A validator's line.
#[derive(Clone, Debug)]
pub(super) struct ValidatorBoard {
    pub(super) name: String,
    pub(super) hotkey: AccountId,
    pub(super) doing: Doing,
    /// Closing block of the round it is in, or was in last, and that block's hash, from which the seed is made.
    pub(super) round: Option<(Block, BlockHash)>,
    /// Closing block of the newest round that it has nothing left to do for.
    pub(super) settled: Option<Block>,
    /// The newest result.
    pub(super) scores: Option<(Block, Vec<MinerScore>)>,
    /// The round of its newest weights, and how far they are.
    pub(super) weights: Option<(Block, WeightsStage)>,
}

/// Everybody.
#[derive(Clone, Debug)]
pub(super) struct Board {
    pub(super) miners: Vec<MinerBoard>,
    pub(super) validators: Vec<ValidatorBoard>,
}

impl Board {
    pub(super) fn new(miners: Vec<MinerName>, validators: Vec<(String, AccountId)>) -> Self {
        Self {
            miners: miners
                .into_iter()
                .map(|known| MinerBoard {
                    known,
                    publishing: Publishing::Queued,
                    now: None,
                })
                .collect(),
            validators: validators
                .into_iter()
                .map(|(name, hotkey)| ValidatorBoard {
                    name,
                    hotkey,
                    doing: Doing::Starting,
                    round: None,
                    settled: None,
                    scores: None,
                    weights: None,
                })
                .collect(),
        }
    }

    /// The name of the holder of a hotkey; its short address when it is none of ours.
    pub(super) fn name_of(&self, hotkey: &AccountId) -> String {
        let miner = self.miners.iter().find(|miner| miner.known.hotkey == *hotkey);
        let validator = self
            .validators
            .iter()
            .find(|validator| validator.hotkey == *hotkey);
        match (miner, validator) {
            (Some(miner), _) => miner.known.name.clone(),
            (None, Some(validator)) => validator.name.clone(),
            (None, None) => short(hotkey),
        }
    }

    /// Closing block of the newest round that no validator has anything left to do for.
    pub(super) fn settled_round(&self) -> Option<Block> {
        let mut settled = self.validators.iter().map(|validator| validator.settled);
        settled
            .next()
            .flatten()
            .and_then(|first| settled.try_fold(first, |least, next| next.map(|closed| closed.min(least))))
    }

    /// Whether something has been handed to the chain that the next block will take.
    pub(super) fn is_submitting(&self) -> bool {
        let committing = self
            .miners
            .iter()
            .any(|miner| miner.publishing == Publishing::Doing(COMMITTING.to_owned()));
        let weighing = self
            .validators
            .iter()
            .any(|validator| validator.doing == Doing::Weighing(WeightsStage::Submitted));
        committing || weighing
    }

    /// Whether every miner has published, or never will.
    pub(super) fn published(&self) -> bool {
        self.miners
            .iter()
            .all(|miner| matches!(miner.publishing, Publishing::Committed | Publishing::Refused(_)))
    }

    /// Takes in one event; the line that a log of the run shows for it, where it is worth one.
    pub(super) fn take(&mut self, event: &DatasetEvent) -> Option<Line> {
        if let EventKind::Publishing(step) = &event.kind {
            return self.publishing(&event.by, step);
        }
        let teller = self.name_of(&event.by);
        let index = self
            .validators
            .iter()
            .position(|validator| validator.hotkey == event.by)?;
        self.validating(index, &teller, &event.kind)
    }

    fn publishing(&mut self, by: &AccountId, step: &PublishStep) -> Option<Line> {
        let miner = self.miners.iter_mut().find(|miner| miner.known.hotkey == *by)?;
        let (publishing, line) = match step {
            PublishStep::Checked { rows, tokens } => (
                Publishing::Doing(format!("checked {rows} rows")),
                format!("{rows} rows, {tokens} tokens, all in order"),
            ),
            PublishStep::Uploading { repo, .. } => (
                Publishing::Doing("uploading".to_owned()),
                format!("uploads to {repo}"),
            ),
            PublishStep::Uploaded { repo, revision } => {
                let text = revision.to_string();
                let brief = text.get(..10).unwrap_or(&text);
                (
                    Publishing::Doing("uploaded".to_owned()),
                    format!("{repo} holds it as {brief}"),
                )
            }
            PublishStep::Committing { .. } => (
                Publishing::Doing(COMMITTING.to_owned()),
                "commits on chain".to_owned(),
            ),
            PublishStep::Committed { block, .. } => (
                Publishing::Committed,
                format!("committed on chain in block {block}"),
            ),
            PublishStep::Retrying {
                doing,
                reason,
                retry_in,
            } => {
                let text = format!("{doing} failed ({reason}); again in {retry_in:.0} s");
                (Publishing::Doing(text.clone()), text)
            }
            _ => return None,
        };
        miner.publishing = publishing;
        let weight = match step {
            PublishStep::Retrying { .. } => Weight::Warning,
            _ => Weight::Plain,
        };
        Some(Line {
            source: miner.known.name.clone(),
            weight,
            text: line,
        })
    }

    fn validating(&mut self, index: usize, teller: &str, kind: &EventKind) -> Option<Line> {
        match kind {
            EventKind::RoundStarted {
                closed,
                hash,
                asked,
                done,
                ..
            } => {
                let validator = &mut self.validators[index];
                validator.round = Some((*closed, *hash));
                validator.doing = Doing::Checking("commitments".to_owned());
                for miner in &mut self.miners {
                    miner.now = None;
                }
                let resumed = if *done > 0 {
                    format!(", {done} already evaluated")
                } else {
                    String::new()
                };
                Some(Line::plain(
                    teller,
                    format!("round of block {closed}, {asked} miners asked{resumed}"),
                ))
            }
            EventKind::Downloading { hotkey, .. } => {
                self.at(index, hotkey, "downloading", Doing::Checking);
                None
            }
            EventKind::Accepted { hotkey, rows, .. } => {
                self.at(index, hotkey, &format!("{rows} rows accepted"), Doing::Checking);
                None
            }
            EventKind::Rejected { hotkey, message, .. } => {
                self.note(hotkey, InRound::Rejected(message.clone()));
                Some(Line::warning(
                    teller,
                    format!("{} is rejected: {message}", self.name_of(hotkey)),
                ))
            }
            EventKind::Copy { hotkey, of } => {
                self.note(hotkey, InRound::CopyOf(self.name_of(of)));
                Some(Line::warning(
                    teller,
                    format!("{} is a copy of {}", self.name_of(hotkey), self.name_of(of)),
                ))
            }
            EventKind::OwnFault {
                hotkey,
                fault,
                retry_in,
                ..
            } => {
                let next = match retry_in {
                    Some(seconds) => format!("again in {seconds:.0} s"),
                    None => "left alone for this round, at no cost to it".to_owned(),
                };
                Some(Line::warning(
                    teller,
                    format!("our own fault with {}: {fault}; {next}", self.name_of(hotkey)),
                ))
            }
            EventKind::Training {
                hotkey,
                step,
                steps,
                loss,
            } => {
                self.remark(hotkey, "training");
                let miner = self.name_of(hotkey);
                self.validators[index].doing = Doing::Training {
                    miner,
                    step: *step,
                    steps: *steps,
                    loss: *loss,
                };
                None
            }
            EventKind::Evaluating { hotkey, done, of } => {
                self.remark(hotkey, "evaluating");
                let miner = self.name_of(hotkey);
                self.validators[index].doing = Doing::Evaluating {
                    miner,
                    done: *done,
                    of: *of,
                };
                None
            }
            EventKind::Evaluated {
                hotkey,
                loss,
                rows,
                seconds,
                ..
            } => {
                self.remark(hotkey, "evaluated");
                let text = format!(
                    "{}: loss {loss:.4} from {rows} rows in {seconds:.1} s",
                    self.name_of(hotkey)
                );
                Some(Line::plain(teller, text))
            }
            EventKind::RoundScored { closed, rows } => {
                self.validators[index].scores = Some((*closed, rows.clone()));
                None
            }
            EventKind::Weights { closed, stage } => self.weights(index, teller, *closed, stage),
            EventKind::RoundDropped { closed, reason } => {
                let validator = &mut self.validators[index];
                validator.settled = Some(*closed);
                Some(Line::warning(
                    teller,
                    format!("no weights for the round of block {closed}: {reason}"),
                ))
            }
            EventKind::Waiting { why } => {
                self.waiting(index, why);
                None
            }
            EventKind::Trouble { message, retry_in } => Some(Line::warning(
                teller,
                format!("{message}; again in {retry_in:.0} s"),
            )),
            _ => None,
        }
    }

    fn weights(&mut self, index: usize, teller: &str, closed: Block, stage: &WeightsStage) -> Option<Line> {
        let validator = &mut self.validators[index];
        validator.doing = Doing::Weighing(stage.clone());
        validator.weights = Some((closed, stage.clone()));
        match stage {
            WeightsStage::Finalized { .. } => {
                validator.settled = Some(closed);
                Some(Line::plain(teller, stage_words(stage)))
            }
            WeightsStage::Held { .. } => Some(Line::warning(teller, stage_words(stage))),
            _ => None,
        }
    }

    fn waiting(&mut self, index: usize, why: &Waiting) {
        let validator = &mut self.validators[index];
        let text = match why {
            Waiting::NextRound { block } | Waiting::NoCommitments { block } => {
                // The round before that block has nothing left to do. Told late, it must not settle the next one.
                let closed = Block(block.0.saturating_sub(super::datasets::TEMPO.into()));
                validator.settled = validator.settled.max(Some(closed));
                format!("the round of block {block}")
            }
            Waiting::Retry { miners, seconds } => format!("{seconds:.0} s to try {miners} miners again"),
            Waiting::Weights { reason } => reason.clone(),
            _ => return,
        };
        validator.doing = Doing::Waiting(text);
    }

    fn at(&mut self, index: usize, hotkey: &AccountId, what: &str, doing: impl Fn(String) -> Doing) {
        self.remark(hotkey, what);
        let miner = self.name_of(hotkey);
        self.validators[index].doing = doing(format!("{miner}: {what}"));
    }

    fn remark(&mut self, hotkey: &AccountId, what: &str) {
        self.note(hotkey, InRound::Doing(what.to_owned()));
    }

    fn note(&mut self, hotkey: &AccountId, now: InRound) {
        if let Some(miner) = self.miners.iter_mut().find(|miner| miner.known.hotkey == *hotkey) {
            miner.now = Some(now);
        }
    }
}

/// How far weights are, in words.
pub(super) fn stage_words(stage: &WeightsStage) -> String {
    match stage {
        WeightsStage::Submitted => "weights submitted".to_owned(),
        WeightsStage::InBlock { block } => format!("weights in block {block}"),
        WeightsStage::Committed { reveal_block } => {
            format!("weights committed, revealed in block {reveal_block}")
        }
        WeightsStage::Finalized { block } => format!("weights final in block {block}"),
        WeightsStage::Held { reason } => format!("weights held back: {reason}"),
        other => format!("weights: {other:?}"),
    }
}

/// An address as tables show it.
pub(super) fn short(account: &AccountId) -> String {
    let text = account.to_string();
    match (text.get(..6), text.get(text.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => text,
    }
}
