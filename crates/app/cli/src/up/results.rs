//! What a round and its epoch came to for each miner.

use super::board::{Board, MinerBoard, Publishing};
use assay_chain::{Block, Metagraph, Uid};
use assay_datasets::{
    event::{MinerScore, Standing},
    outcome::{NoAnswer, NotAsked},
};
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};

/// What came of a miner in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Ranked,
    Copy,
    NotAsked,
    NoAnswer,
    BadAnswer,
    OwnFault,
}

impl Status {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Ranked => "ranked",
            Self::Copy => "copy",
            Self::NotAsked => "not asked",
            Self::NoAnswer => "no answer",
            Self::BadAnswer => "bad answer",
            Self::OwnFault => "our fault",
        }
    }
}

/// One miner in one epoch: the round's score, and what the chain paid for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct MinerLine {
    pub(super) name: String,
    pub(super) hotkey: AccountId,
    pub(super) uid: Option<Uid>,
    /// Repository on the hub.
    pub(super) dataset: String,
    pub(super) rows: Option<usize>,
    pub(super) status: Status,
    /// Why it is not ranked, where it is not.
    pub(super) reason: Option<String>,
    /// Loss on the held-out rows after training on its data.
    pub(super) loss: Option<f64>,
    /// Matches won over matches played, 0 to 1.
    pub(super) win_rate: Option<f64>,
    /// Share of the validator's weights, 0 to 1.
    pub(super) weight: f64,
    /// Incentive that the epoch stored, 0 to 1.
    pub(super) incentive: f64,
    /// Alpha that the epoch paid, in rao.
    pub(super) emission_rao: u64,
}

impl Board {
    /// How the round that closed at `closed` scored each miner, as the first validator that has a result saw it;
    /// nothing when no validator has one.
    pub(super) fn score_lines(&self, closed: Block) -> Option<Vec<MinerLine>> {
        let (_, scores) = self
            .validators
            .iter()
            .filter_map(|validator| validator.scores.as_ref())
            .find(|(block, _)| *block == closed)?;
        // The blend with the consensus leaves rows that do not sum to one; the chain scales them, and so do we.
        let all: f64 = scores.iter().map(|score| score.weight).sum();
        let lines = self.miners.iter().map(|miner| {
            let score = scores.iter().find(|score| score.hotkey == miner.known.hotkey);
            let mut line = self.score_line(miner, score);
            if all > 0.0 {
                line.weight /= all;
            }
            line
        });
        Some(lines.collect())
    }

    fn score_line(&self, miner: &MinerBoard, score: Option<&MinerScore>) -> MinerLine {
        let mut line = MinerLine {
            name: miner.known.name.clone(),
            hotkey: miner.known.hotkey,
            uid: score.map(|score| score.uid),
            dataset: miner.known.repo.clone(),
            rows: score.and_then(|score| score.rows),
            status: Status::NotAsked,
            reason: None,
            loss: None,
            win_rate: None,
            weight: score.map_or(0.0, |score| score.weight),
            incentive: 0.0,
            emission_rao: 0,
        };
        let (status, reason) = match score.map(|score| &score.standing) {
            Some(Standing::Ranked { loss, win_rate, .. }) => {
                line.loss = Some(*loss);
                line.win_rate = Some(*win_rate);
                (Status::Ranked, None)
            }
            Some(Standing::Copy { of }) => (Status::Copy, Some(format!("a copy of {}", self.name_of(of)))),
            Some(Standing::NotAsked(reason)) => (Status::NotAsked, Some(not_asked(reason))),
            Some(Standing::NoAnswer(reason)) => (Status::NoAnswer, Some(no_answer(reason))),
            Some(Standing::BadAnswer(reason)) => (Status::BadAnswer, Some(reason.to_string())),
            Some(Standing::OwnFault(fault)) => (Status::OwnFault, Some(fault.to_string())),
            _ => (Status::NotAsked, None),
        };
        line.status = status;
        line.reason = match (&miner.publishing, reason) {
            (Publishing::Refused(why), _) => Some(format!("its own miner refused: {why}")),
            (_, reason) => reason,
        };
        line
    }
}

/// Adds what the chain shows after the epoch.
pub(super) fn pay(lines: &mut [MinerLine], metagraph: &Metagraph) {
    for line in lines {
        if let Some(neuron) = metagraph.by_hotkey(&line.hotkey) {
            line.uid = Some(neuron.uid);
            line.incentive = f64::from(neuron.incentive) / f64::from(u16::MAX);
            line.emission_rao = neuron.emission.0;
        }
    }
}

pub(super) fn not_asked(reason: &NotAsked) -> String {
    match reason {
        NotAsked::LaterTurn => "its turn comes in a later round".to_owned(),
        NotAsked::CommittedAfterClose { committed, closed } => {
            format!("committed in block {committed}, after the round closed at {closed}")
        }
        NotAsked::RegisteredAfterClose { registered, closed } => {
            format!("registered in block {registered}, after the round closed at {closed}")
        }
        other => format!("{other:?}"),
    }
}

pub(super) fn no_answer(reason: &NoAnswer) -> String {
    match reason {
        NoAnswer::NoCommitment => "has committed nothing".to_owned(),
        NoAnswer::OtherCompetition { competition } => format!("takes part in {competition}"),
        other => format!("{other:?}"),
    }
}
