//! Setting weights so that one knows what became of them.
//!
//! Scores come by hotkey and are matched with slots at the very block that the row is checked against. The chain's
//! checks run here first; what would be refused is refused by name, with the number of blocks to wait. Then the chain's
//! setting decides: the row is sent in the open, or encrypted so that the chain reveals it when the subnet's reveal
//! period is over. Either way it is followed to its end:
//!
//! - in the open: Submitted, InBlock, Finalized, and Applied once the chain's final state shows the row;
//! - committed: Sealed, Submitted, InBlock, Finalized, Committed, and, some epochs later, Revealed and Applied.
//!
//! A reorganisation shows as Reorged; the same transaction goes on from there. Every step is in the
//! [history](crate::WeightHistory) before the next is taken, so another process can go on wherever this one stopped.

mod error;
mod plan;
mod resume;
mod settle;

pub use error::SetWeightsError;
pub use plan::{PlannedWeights, WeightsWarning, plan_weights};

use crate::{
    AttemptStage, AttemptStart, HistoryError, Refusal, WeightHistory,
    preflight::{self, Facts},
};
use assay_chain::{
    AccountId, BlockRef, Call, ChainClient, ChainError, Included, NetUid, NotIncluded, Pair, PoolCheck,
    PoolRejection, Receipt, Retry, Snapshot, Stage, TimelockedCommit, WeightCommitError, WeightRow, Zeros,
};
use plan::{Grounds, grounds, read};
use std::{fmt, path::PathBuf, sync::Arc};
use tokio::sync::{Mutex, broadcast};

/// How a validator sets weights.
#[derive(Clone, Debug)]
pub struct WeightSetterConfig {
    /// The version key to send; subnets refuse keys below theirs.
    pub version_key: u64,
    /// What becomes of neurons without a score.
    pub zeros: Zeros,
    /// The file of the history.
    pub history: PathBuf,
}

/// Weights that a final block has taken.
#[derive(Clone, Debug)]
pub struct SentWeights {
    /// The attempt's number in the history.
    pub attempt: u64,
    /// The transaction.
    pub included: Included,
    /// The row.
    pub row: WeightRow,
    /// The commit, where the chain reveals the row later; nothing where its state shows the row already.
    pub commit: Option<TimelockedCommit>,
}

/// Weights that the chain holds.
#[derive(Clone, Debug)]
pub struct AppliedWeights {
    /// The attempt's number in the history.
    pub attempt: u64,
    /// The transaction.
    pub included: Included,
    /// The row.
    pub row: WeightRow,
    /// The block whose state shows the row.
    pub applied: BlockRef,
}

/// A step that an attempt has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptStep {
    /// The attempt's number in the history.
    pub attempt: u64,
    /// The step.
    pub stage: AttemptStage,
}

/// Hears of attempts as they are noted in the history: each step once, by whichever process came to know of it. What an
/// earlier process noted is not told again.
///
/// It is called where steps are noted, so it must not wait.
pub trait WeightObserver: fmt::Debug + Send + Sync + 'static {
    /// An attempt has a row, and is about to be sent.
    fn began(&self, attempt: u64, start: &AttemptStart);

    /// An attempt has taken a step.
    fn stepped(&self, step: &AttemptStep);
}

/// Whether a row came too soon after the last one, as the pool and the chain say it.
fn is_rate_limit(error: &ChainError) -> bool {
    match error {
        ChainError::Rejected { reason, .. } => *reason == PoolRejection::Check(PoolCheck::RateLimitExceeded),
        error => matches!(
            error.chain_name(),
            Some("SettingWeightsTooFast" | "CommittingWeightsTooFast")
        ),
    }
}

/// Whether an error says for certain that an attempt has come to nothing. One of the network does not, and the
/// transaction may even be in a final block already.
fn is_an_end(error: &SetWeightsError) -> bool {
    match error {
        SetWeightsError::Overtaken { .. } => true,
        SetWeightsError::Chain(error) => {
            matches!(
                error,
                ChainError::Dispatch { .. }
                    | ChainError::Rejected { .. }
                    | ChainError::WeightCommit(WeightCommitError::NotQueued { .. })
            ) || matches!(error, ChainError::NotIncluded { why, .. } if *why != NotIncluded::Unresolved)
        }
        _ => false,
    }
}

/// The end of an attempt that came to nothing.
fn failed(error: &SetWeightsError) -> AttemptStage {
    let chain_error = match error {
        SetWeightsError::Chain(error) | SetWeightsError::TooFast { failure: error, .. } => {
            error.chain_name().map(str::to_owned)
        }
        _ => None,
    };
    AttemptStage::Failed {
        reason: error.to_string(),
        chain_error,
        blocks_to_wait: match error.retry() {
            Retry::AfterBlocks(blocks) => Some(blocks),
            _ => None,
        },
    }
}

/// Steps kept for a slow listener: those of some ten attempts.
const STEPS_KEPT: usize = 64;

/// Sets one validator's weights in one subnet.
#[derive(Debug)]
pub struct WeightSetter {
    client: ChainClient,
    hotkey: Pair,
    netuid: NetUid,
    version_key: u64,
    zeros: Zeros,
    /// One attempt is being sent or resolved at a time.
    turn: Mutex<()>,
    history: Mutex<WeightHistory>,
    steps: broadcast::Sender<AttemptStep>,
    observer: Option<Arc<dyn WeightObserver>>,
}

impl WeightSetter {
    /// A setter with its history open.
    ///
    /// # Errors
    ///
    /// When the history cannot be read, or is of another chain than the client's.
    pub fn new(
        client: ChainClient,
        hotkey: Pair,
        netuid: NetUid,
        config: WeightSetterConfig,
    ) -> Result<Self, HistoryError> {
        let history = WeightHistory::open(config.history, client.genesis())?;
        Ok(Self {
            client,
            hotkey,
            netuid,
            version_key: config.version_key,
            zeros: config.zeros,
            turn: Mutex::new(()),
            history: Mutex::new(history),
            steps: broadcast::Sender::new(STEPS_KEPT),
            observer: None,
        })
    }

    /// Tells this observer of each step, without a miss.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn WeightObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Whether the chain would take weights of this validator now, whatever the row.
    ///
    /// # Errors
    ///
    /// [`SetWeightsError::Refused`] when it would not; [`SetWeightsError::Chain`] when it cannot be asked.
    pub async fn preflight(&self) -> Result<(), SetWeightsError> {
        let snapshot = self.client.pin().await?;
        let (metagraph, hyperparameters) = read(&snapshot, self.netuid).await?;
        let validator = metagraph.by_hotkey(&self.hotkey.account());
        preflight::check_validator(&Facts {
            metagraph: &metagraph,
            hyperparameters: &hyperparameters,
            validator,
            version_key: self.version_key,
        })?;
        Ok(())
    }

    /// The row that scores would make now, checked as the chain would check it. Nothing is sent or noted.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set), short of sending.
    pub async fn plan(&self, scores: &[(AccountId, f64)]) -> Result<PlannedWeights, SetWeightsError> {
        Ok(self.grounds(scores).await?.planned)
    }

    async fn grounds(&self, scores: &[(AccountId, f64)]) -> Result<Grounds, SetWeightsError> {
        let hotkey = (self.hotkey.account(), self.version_key);
        grounds(&self.client, self.netuid, hotkey, self.zeros, scores).await
    }

    /// Sets the weights that scores make, and follows them until the chain's state shows them. Where weights are
    /// committed this takes the subnet's reveal period: an epoch or more.
    ///
    /// Scores are finite and not negative, of any scale; the largest becomes 65535. Hotkeys without a slot are left
    /// out and noted. Neurons without a score get what the configuration says of zeros.
    ///
    /// # Errors
    ///
    /// [`SetWeightsError::Refused`] before anything is sent; [`SetWeightsError::Chain`] when the transaction failed or
    /// its fate is not known yet ([`ChainError::StillPending`], or the network failed: [`resume`](Self::resume) finds it
    /// out);
    /// [`SetWeightsError::Dropped`] when the chain did not reveal the commit.
    pub async fn set(&self, scores: &[(AccountId, f64)]) -> Result<AppliedWeights, SetWeightsError> {
        let sent = self.submit(scores).await?;
        self.settle(sent).await
    }

    /// Sends the weights that scores make, until a final block has taken them. Where weights are set in the open they
    /// are applied then; where they are committed, [`settle`](Self::settle) follows them on, and further rows may be
    /// sent meanwhile.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set), up to there.
    pub async fn submit(&self, scores: &[(AccountId, f64)]) -> Result<SentWeights, SetWeightsError> {
        let _turn = self.turn.lock().await;
        // Each step on the heap: nested in one another they would take much of a worker thread's stack.
        Box::pin(self.resolve()).await?;
        if let Some(open) = self.history().await.iter().find(|attempt| attempt.is_under_way()) {
            return Err(SetWeightsError::UnderWay { attempt: open.number });
        }
        let Grounds { planned, snapshot } = match Box::pin(self.grounds(scores)).await {
            Ok(grounds) => grounds,
            Err(SetWeightsError::Refused(refusal)) => {
                let attempt = self.history.lock().await.begin(None)?;
                let reason = refusal.to_string();
                self.note(attempt, AttemptStage::Refused { reason }).await?;
                return Err(refusal.into());
            }
            Err(error) => return Err(error),
        };
        for warning in &planned.warnings {
            tracing::warn!(netuid = %self.netuid, "{warning}");
        }
        let PlannedWeights {
            row, start, reveal, ..
        } = planned;
        let attempt = self.history.lock().await.begin(Some(start.clone()))?;
        if let Some(observer) = &self.observer {
            observer.began(attempt, &start);
        }
        let done = match reveal {
            None => Box::pin(self.send_openly(attempt, &row)).await,
            Some(_) => Box::pin(self.commit(attempt, &row, &snapshot)).await,
        };
        match done {
            Ok((included, commit)) => Ok(SentWeights {
                attempt,
                included,
                row,
                commit,
            }),
            Err(error) if is_an_end(&error) => {
                let error = self.with_blocks_to_wait(error).await;
                self.note_failure(attempt, &error).await?;
                Err(error)
            }
            // The chain may have taken the row, or may yet: the attempt stays open, and resuming finds out.
            Err(error) => Err(error),
        }
    }

    /// A failure for the rate limit, with the number of blocks that are left of it now.
    async fn with_blocks_to_wait(&self, error: SetWeightsError) -> SetWeightsError {
        let failure = match error {
            SetWeightsError::Chain(failure) if is_rate_limit(&failure) => failure,
            error => return error,
        };
        match self.preflight().await {
            Err(SetWeightsError::Refused(Refusal::TooSoon { blocks_left, .. })) => {
                SetWeightsError::TooFast { failure, blocks_left }
            }
            _ => SetWeightsError::Chain(failure),
        }
    }

    async fn send_openly(
        &self,
        attempt: u64,
        row: &WeightRow,
    ) -> Result<(Included, Option<TimelockedCommit>), SetWeightsError> {
        let call = Call::set_weights(self.netuid, row, self.version_key);
        let included = self.send(attempt, &call).await?;
        let block = included.block;
        let snapshot = self.client.at(block.hash).await?;
        if !self.holds(&snapshot, row).await? {
            return Err(SetWeightsError::Overtaken { block: block.number });
        }
        self.note(attempt, AttemptStage::Applied { block }).await?;
        Ok((included, None))
    }

    async fn commit(
        &self,
        attempt: u64,
        row: &WeightRow,
        snapshot: &Snapshot,
    ) -> Result<(Included, Option<TimelockedCommit>), SetWeightsError> {
        let hotkey = self.hotkey.account();
        let sealed = snapshot
            .timelock_weights(&hotkey, self.netuid, row, self.version_key)
            .await?;
        let stage = AttemptStage::Sealed {
            digest: sealed.digest(),
            plan: sealed.plan,
        };
        self.note(attempt, stage).await?;
        let call = Call::commit_timelocked_weights(&sealed);
        let included = self.send(attempt, &call).await?;
        let commit = self.client.timelocked_commit(&hotkey, &sealed, &included).await?;
        let stage = AttemptStage::Committed {
            commit: commit.clone(),
        };
        self.note(attempt, stage).await?;
        Ok((included, Some(commit)))
    }

    /// Sends a call and notes its stages up to the final block.
    async fn send(&self, attempt: u64, call: &Call) -> Result<Included, SetWeightsError> {
        let receipt = self.client.submit(&self.hotkey, call).await?;
        let submitted = AttemptStage::Submitted {
            hash: receipt.hash(),
            valid_until: receipt.valid_until(),
        };
        self.note(attempt, submitted).await?;
        self.follow(attempt, &receipt).await
    }

    async fn follow(&self, attempt: u64, receipt: &Receipt) -> Result<Included, SetWeightsError> {
        let mut stages = receipt.stages();
        let mut holder: Option<BlockRef> = None;
        let finalized = receipt.finalized();
        tokio::pin!(finalized);
        let included = loop {
            tokio::select! {
                included = &mut finalized => break included?,
                Ok(()) = stages.changed() => {}
            }
            let stage = stages.borrow_and_update().clone();
            match stage {
                Stage::InBlock(included) if holder != Some(included.block) => {
                    let block = included.block;
                    holder = Some(block);
                    self.note(attempt, AttemptStage::InBlock { block }).await?;
                }
                Stage::Reorged { from } => {
                    holder = None;
                    self.note(attempt, AttemptStage::Reorged { from }).await?;
                }
                _ => {}
            }
        };
        let block = included.block;
        // Finality may come in one breath with the block.
        if holder != Some(block) {
            self.note(attempt, AttemptStage::InBlock { block }).await?;
        }
        self.note(attempt, AttemptStage::Finalized { block }).await?;
        Ok(included)
    }

    /// Writes a step down, then tells those who listen.
    async fn note(&self, attempt: u64, stage: AttemptStage) -> Result<(), HistoryError> {
        self.note_all(attempt, vec![stage]).await.map(|_| ())
    }

    /// Writes steps down, unless the attempt is over; then its end, as it was noted.
    async fn note_all(
        &self,
        attempt: u64,
        stages: Vec<AttemptStage>,
    ) -> Result<Option<AttemptStage>, HistoryError> {
        let mut history = self.history.lock().await;
        let noted = history.attempts().rev().find(|noted| noted.number == attempt);
        if let Some(end) = noted
            .filter(|noted| noted.is_over())
            .and_then(|noted| noted.stage())
        {
            return Ok(Some(end.clone()));
        }
        for stage in stages {
            history.note(attempt, stage.clone())?;
            let step = AttemptStep { attempt, stage };
            if let Some(observer) = &self.observer {
                observer.stepped(&step);
            }
            // Nobody may be listening.
            let _ = self.steps.send(step);
        }
        Ok(None)
    }

    async fn note_failure(&self, attempt: u64, error: &SetWeightsError) -> Result<(), HistoryError> {
        self.note(attempt, failed(error)).await
    }

    /// The steps of attempts as they are taken. One who falls far behind misses the oldest; all are in the history.
    pub fn steps(&self) -> broadcast::Receiver<AttemptStep> {
        self.steps.subscribe()
    }

    /// The attempts so far, oldest first.
    pub async fn history(&self) -> Vec<crate::Attempt> {
        self.history.lock().await.attempts().cloned().collect()
    }

    /// Whether the chain holds this row for this validator.
    async fn holds(&self, snapshot: &Snapshot, row: &WeightRow) -> Result<bool, ChainError> {
        let Some(uid) = snapshot.uid(self.netuid, &self.hotkey.account()).await? else {
            return Ok(false);
        };
        let stored = snapshot.weights_of(self.netuid, uid).await?;
        Ok(stored == row.entries())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chain::{Block, BlockHash, ExtrinsicHash};
    use std::time::Duration;

    #[test]
    fn only_what_is_certain_ends_an_attempt() {
        let block = BlockRef {
            number: Block(7),
            hash: BlockHash([7; 32]),
        };
        let not_included = |why| ChainError::NotIncluded {
            call: "SubtensorModule.set_weights".into(),
            hash: ExtrinsicHash([1; 32]),
            why,
        };
        let ends = [
            not_included(NotIncluded::Expired { last: Block(9) }),
            not_included(NotIncluded::Usurped),
            ChainError::Rejected {
                call: "SubtensorModule.set_weights".into(),
                reason: PoolRejection::OutdatedNonce,
            },
            WeightCommitError::NotQueued { block }.into(),
        ];
        for error in ends {
            assert!(is_an_end(&error.into()));
        }
        assert!(is_an_end(&SetWeightsError::Overtaken { block: Block(7) }));
        // The row may be in a final block, or come into one.
        let open = [
            not_included(NotIncluded::Unresolved),
            ChainError::Deadline {
                endpoint: "local".parse().unwrap(),
                operation: "state_call".into(),
                after: Duration::from_secs(1),
            },
            ChainError::UnknownBlock {
                hash: BlockHash([7; 32]),
            },
            ChainError::StillPending {
                call: "SubtensorModule.set_weights".into(),
                hash: ExtrinsicHash([1; 32]),
                stage: assay_chain::PendingStage::NotFinal,
                after: Duration::from_secs(1),
                doubt: None,
            },
        ];
        for error in open {
            assert!(!is_an_end(&error.into()));
        }
    }
}
