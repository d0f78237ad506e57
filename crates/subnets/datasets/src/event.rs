//! What happens, told while it happens: enough for a terminal, a log and a web page.
//!
//! Events go through a broadcast channel that drops the oldest when a listener is slow. They are for showing; the
//! truth is in the state file.

use assay_chain::{Block, BlockHash, NetUid, Uid};
use assay_hub::{RepoId, Revision};
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::{
    commitment::CommittedRevision,
    outcome::{BadAnswer, NoAnswer, NotAsked, OwnFault},
    profile::CompetitionId,
};

/// One thing that happened, and who tells it.
///
/// Written as `{"by": "5…", "kind": {"event": "evaluated", "detail": {…}}}`. The two levels are on purpose: serde
/// buffers what it flattens, and buffered numbers do not survive serde_json's arbitrary precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetEvent {
    /// Hotkey of the miner or validator that tells it.
    pub by: AccountId,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "detail", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A miner is at a new step of publishing.
    Publishing(PublishStep),

    /// A validator opened a round, or took one up again after a restart.
    RoundStarted {
        /// The subnet.
        netuid: NetUid,
        /// The competition.
        competition: CompetitionId,
        /// Commitments up to this block take part.
        closed: Block,
        /// Hash of that block, which the round's seed is made from.
        hash: BlockHash,
        /// Miners that are asked.
        asked: usize,
        /// Evaluations already done, when it was taken up again.
        done: usize,
    },
    /// A miner takes part with this dataset.
    CommitmentSeen {
        /// The miner.
        hotkey: AccountId,
        /// Its place in the subnet.
        uid: Uid,
        /// The repository.
        repo: RepoId,
        /// The revision as committed.
        revision: CommittedRevision,
        /// Block of the commitment.
        committed: Block,
    },
    /// A miner is not asked in this round.
    NotAsked {
        /// The miner.
        hotkey: AccountId,
        /// Its place in the subnet.
        uid: Uid,
        /// Why.
        reason: NotAsked,
    },
    /// A miner has published nothing.
    NoAnswer {
        /// The miner.
        hotkey: AccountId,
        /// Its place in the subnet.
        uid: Uid,
        /// Why.
        reason: NoAnswer,
    },
    /// A dataset is being downloaded.
    Downloading {
        /// The miner.
        hotkey: AccountId,
        /// The repository.
        repo: RepoId,
        /// The commit.
        revision: Revision,
    },
    /// A dataset passed its checks.
    Accepted {
        /// The miner.
        hotkey: AccountId,
        /// The repository.
        repo: RepoId,
        /// The commit.
        revision: Revision,
        /// Bytes of the file.
        bytes: u64,
        /// Rows.
        rows: usize,
        /// Tokens over all rows.
        tokens: usize,
    },
    /// A miner's answer cannot be used.
    Rejected {
        /// The miner.
        hotkey: AccountId,
        /// Its place in the subnet.
        uid: Uid,
        /// Why.
        reason: BadAnswer,
        /// The same in words.
        message: String,
    },
    /// A dataset is a copy of an earlier one and is not trained on.
    Copy {
        /// The miner.
        hotkey: AccountId,
        /// Whose dataset it is.
        of: AccountId,
    },
    /// We failed a miner; it costs it nothing.
    OwnFault {
        /// The miner.
        hotkey: AccountId,
        /// What went wrong.
        fault: OwnFault,
        /// Attempts so far.
        attempt: u32,
        /// Seconds until the next attempt; `None` when it was the last of this round.
        retry_in: Option<f64>,
    },
    /// An optimiser step was taken.
    Training {
        /// The miner.
        hotkey: AccountId,
        /// The step, from 1.
        step: u32,
        /// Steps in all.
        steps: u32,
        /// Training loss of the step.
        loss: f64,
    },
    /// An adapter is being measured.
    Evaluating {
        /// The miner.
        hotkey: AccountId,
        /// Held-out rows measured.
        done: usize,
        /// Held-out rows in all.
        of: usize,
    },
    /// A dataset has its loss.
    Evaluated {
        /// The miner.
        hotkey: AccountId,
        /// Its place in the subnet.
        uid: Uid,
        /// Loss on the held-out rows.
        loss: f64,
        /// Rows trained on.
        rows: usize,
        /// Seconds it took.
        seconds: f64,
    },
    /// A round has its result. A validator that starts again tells its newest one again.
    RoundScored {
        /// The round's closing block.
        closed: Block,
        /// Every uid of the subnet.
        rows: Vec<MinerScore>,
    },
    /// Weights moved a step further on their way to the chain.
    Weights {
        /// The round's closing block.
        closed: Block,
        /// How far they are.
        stage: WeightsStage,
    },
    /// A round ended without weights.
    RoundDropped {
        /// The round's closing block.
        closed: Block,
        /// Why.
        reason: String,
    },
    /// Nothing to do until something happens.
    Waiting {
        /// For what.
        why: Waiting,
    },
    /// The loop failed and is about to try again.
    Trouble {
        /// What happened.
        message: String,
        /// Seconds until the next attempt.
        retry_in: f64,
    },
}

/// The steps of a miner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PublishStep {
    /// The file passed the validator's own checks.
    Checked {
        /// Rows.
        rows: usize,
        /// Tokens over all rows.
        tokens: usize,
    },
    /// The file is on its way to the hub.
    Uploading {
        /// The repository.
        repo: RepoId,
        /// Bytes of the file.
        bytes: u64,
    },
    /// The hub has it.
    Uploaded {
        /// The repository.
        repo: RepoId,
        /// The commit.
        revision: Revision,
    },
    /// The commitment is on its way to the chain.
    Committing {
        /// Its text.
        commitment: String,
    },
    /// The commitment stands on chain and reads back as written.
    Committed {
        /// Its text.
        commitment: String,
        /// Its block.
        block: Block,
    },
    /// An attempt failed.
    Retrying {
        /// At what.
        doing: String,
        /// Why.
        reason: String,
        /// Seconds until the next attempt.
        retry_in: f64,
    },
}

/// How far weights are on their way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WeightsStage {
    /// A node has taken the call.
    Submitted,
    /// The call is in a block.
    InBlock {
        /// The block.
        block: Block,
    },
    /// A final block holds the weights encrypted; the chain reveals them later.
    Committed {
        /// The block in which they are expected to be revealed.
        reveal_block: Block,
    },
    /// A final block holds the weights for everybody to read.
    Finalized {
        /// The block.
        block: Block,
    },
    /// The call was refused, or may not be made yet.
    Held {
        /// Why, and what will be done.
        reason: String,
    },
}

/// What a validator waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Waiting {
    /// The next round.
    NextRound {
        /// Its closing block.
        block: Block,
    },
    /// Nobody has committed anything yet.
    NoCommitments {
        /// The closing block of the next round.
        block: Block,
    },
    /// Attempts that failed through no fault of a miner are repeated.
    Retry {
        /// Miners concerned.
        miners: usize,
        /// Seconds until the next attempt.
        seconds: f64,
    },
    /// The chain does not take weights of this hotkey yet.
    Weights {
        /// Why, and what will be done.
        reason: String,
    },
}

/// One line of a round's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MinerScore {
    /// Place in the subnet.
    pub uid: Uid,
    /// The miner.
    pub hotkey: AccountId,
    /// What came of it.
    pub standing: Standing,
    /// Its repository, where it has committed one.
    pub repo: Option<RepoId>,
    /// Rows, where they were counted.
    pub rows: Option<usize>,
    /// Share of the round, 0 to 1.
    pub share: f64,
    /// Weight before its scaling to 16 bits, 0 to 1.
    pub weight: f64,
    /// Block of its commitment, or of the one whose loss stands in; none where it has none, and in rounds of older versions.
    #[serde(default)]
    pub committed: Option<Block>,
    /// The chain's consensus about it when the round was scored, 0 to 1; none in rounds of older versions.
    #[serde(default)]
    pub consensus: Option<f64>,
}

/// What came of a miner in a round, in one word each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standing {
    /// Took part in the matches.
    Ranked {
        /// Loss on the held-out rows.
        loss: f64,
        /// Matches won.
        wins: u32,
        /// Matches won over matches played.
        win_rate: f64,
        /// The loss is that of an earlier round, because this one did not ask the miner or we failed it.
        carried: bool,
    },
    /// A copy of an earlier dataset.
    Copy {
        /// Whose.
        of: AccountId,
    },
    /// Was not asked.
    NotAsked(NotAsked),
    /// Has published nothing.
    NoAnswer(NoAnswer),
    /// Has published something of no use.
    BadAnswer(BadAnswer),
    /// We failed it.
    OwnFault(OwnFault),
}

/// Where events go. Cheap to clone; sending never waits, and nobody has to listen.
#[derive(Debug, Clone)]
pub struct EventSink {
    by: AccountId,
    sender: broadcast::Sender<DatasetEvent>,
}

impl EventSink {
    /// Events told by the holder of `by`.
    pub fn new(by: AccountId, sender: broadcast::Sender<DatasetEvent>) -> Self {
        Self { by, sender }
    }

    pub(crate) fn tell(&self, kind: EventKind) {
        // An error only says that nobody listens.
        let _ = self.sender.send(DatasetEvent { by: self.by, kind });
    }
}
