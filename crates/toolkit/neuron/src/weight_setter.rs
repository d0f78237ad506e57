//! Setting weights so that one knows what became of them.
//!
//! Scores come by hotkey and are matched with slots at the very block that the row is checked against. The chain's
//! checks run here first; what would be refused is refused by name, with the number of blocks to wait. What is sent is
//! followed to the end: Submitted, InBlock, Finalized, and Applied once the chain's state shows the row. Every step is
//! in the [history](crate::WeightHistory) before the next is taken.
//!
//! Caveat: weights are sent in the open. A subnet with commit-reveal is refused by name.

use crate::{
    AttemptEntry, AttemptStage, AttemptStart, HistoryError, Refusal, WeightHistory,
    preflight::{self, Facts},
};
use assay_chain::{
    AccountId, Block, ChainClient, ChainError, Hyperparameters, Included, Metagraph, NetUid, Pair, Retry,
    Snapshot, Uid, WeightRow, WeightsError, Zeros,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};
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

/// Why weights were not set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetWeightsError {
    /// The chain would refuse; nothing was sent.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The scores make no row.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Nobody with a score has a slot.
    #[error("none of the {scored} hotkeys with a score has a slot in the subnet")]
    NobodyToReward {
        /// Hotkeys with a score.
        scored: usize,
    },
    /// An earlier attempt may still come; nothing was sent.
    #[error("attempt {attempt} is still under way")]
    UnderWay {
        /// Its number in the history.
        attempt: u64,
    },
    /// It was sent, or could not be sent, and failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It is in a final block and yet the chain's state shows another row: a later attempt overtook it.
    #[error("the row of block {block} is not what the chain holds now")]
    Overtaken {
        /// The block that took it.
        block: Block,
    },
    /// The history cannot be written; nothing was sent.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl SetWeightsError {
    /// Whether and when another try makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Refused(refusal) => refusal.retry(),
            Self::Chain(error) => error.retry(),
            Self::UnderWay { .. } => Retry::AfterBlocks(1),
            Self::Overtaken { .. } | Self::NobodyToReward { .. } | Self::Weights(_) | Self::History(_) => {
                Retry::Never
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => Some(refusal.hint().to_owned()),
            Self::Chain(error) => error.hint().map(Into::into),
            Self::Overtaken { .. } => Some("let only one validator set weights with this hotkey".to_owned()),
            Self::NobodyToReward { .. } => {
                Some("scores may be of another subnet, or all miners were pruned".to_owned())
            }
            Self::Weights(_) | Self::History(_) | Self::UnderWay { .. } => None,
        }
    }
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
}

/// A row that would pass, and what it was made of.
#[derive(Clone, Debug)]
pub struct PlannedWeights {
    /// The row.
    pub row: WeightRow,
    /// What the history notes of it.
    pub start: AttemptStart,
}

/// A step that an attempt has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptStep {
    /// The attempt's number in the history.
    pub attempt: u64,
    /// The step.
    pub stage: AttemptStage,
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
    // One attempt at a time: the lock is held from the first check to the last step.
    history: Mutex<WeightHistory>,
    steps: broadcast::Sender<AttemptStep>,
}

impl WeightSetter {
    /// A setter with its history open.
    ///
    /// # Errors
    ///
    /// When the history cannot be read.
    pub fn new(
        client: ChainClient,
        hotkey: Pair,
        netuid: NetUid,
        config: WeightSetterConfig,
    ) -> Result<Self, HistoryError> {
        Ok(Self {
            client,
            hotkey,
            netuid,
            version_key: config.version_key,
            zeros: config.zeros,
            history: Mutex::new(WeightHistory::open(config.history)?),
            steps: broadcast::Sender::new(STEPS_KEPT),
        })
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
        let hotkey = self.hotkey.account();
        plan_weights(
            &self.client,
            self.netuid,
            hotkey,
            self.version_key,
            self.zeros,
            scores,
        )
        .await
    }

    /// Sets the weights that scores make, and follows them until the chain's state shows them.
    ///
    /// Scores are finite and not negative, of any scale; the largest becomes 65535. Hotkeys without a slot are left
    /// out and noted. Neurons without a score get what the configuration says of zeros.
    ///
    /// # Errors
    ///
    /// [`SetWeightsError::Refused`] before anything is sent; [`SetWeightsError::Chain`] when the transaction failed or
    /// its fate is not known yet ([`ChainError::StillPending`]: [`resume`](Self::resume) finds it out).
    pub async fn set(&self, scores: &[(AccountId, f64)]) -> Result<AppliedWeights, SetWeightsError> {
        let mut history = self.history.lock().await;
        // Each step on the heap: nested in one another they would take much of a worker thread's stack.
        Box::pin(self.resolve(&mut history)).await?;
        if let Some(open) = history.attempts().find(|attempt| !attempt.is_over()) {
            return Err(SetWeightsError::UnderWay { attempt: open.number });
        }
        let PlannedWeights { row, start } = match Box::pin(self.plan(scores)).await {
            Ok(planned) => planned,
            Err(SetWeightsError::Refused(refusal)) => {
                let attempt = history.begin(None)?;
                let reason = refusal.to_string();
                self.note(&mut history, attempt, AttemptStage::Refused { reason })?;
                return Err(refusal.into());
            }
            Err(error) => return Err(error),
        };
        let attempt = history.begin(Some(start))?;
        let done = Box::pin(self.send(&mut history, attempt, &row)).await;
        match done {
            Ok(included) => Ok(AppliedWeights {
                attempt,
                included,
                row,
            }),
            // Its end is not known: the attempt stays open.
            Err(error @ SetWeightsError::Chain(ChainError::StillPending { .. })) => Err(error),
            Err(error) => {
                let chain_error = match &error {
                    SetWeightsError::Chain(error) => error.chain_name().map(str::to_owned),
                    _ => None,
                };
                let reason = error.to_string();
                self.note(
                    &mut history,
                    attempt,
                    AttemptStage::Failed { reason, chain_error },
                )?;
                Err(error)
            }
        }
    }

    async fn send(
        &self,
        history: &mut WeightHistory,
        attempt: u64,
        row: &WeightRow,
    ) -> Result<Included, SetWeightsError> {
        let (client, netuid) = (&self.client, self.netuid);
        let receipt = client
            .set_weights(&self.hotkey, netuid, row, self.version_key)
            .await?;
        let submitted = AttemptStage::Submitted {
            hash: receipt.hash(),
            valid_until: receipt.valid_until(),
        };
        self.note(history, attempt, submitted)?;
        let block = receipt.in_block().await?.block;
        self.note(history, attempt, AttemptStage::InBlock { block })?;
        let included = receipt.finalized().await?;
        let block = included.block;
        self.note(history, attempt, AttemptStage::Finalized { block })?;
        let snapshot = client.at(block.hash).await?;
        if !self.holds(&snapshot, row).await? {
            return Err(SetWeightsError::Overtaken { block: block.number });
        }
        self.note(history, attempt, AttemptStage::Applied { block })?;
        Ok(included)
    }

    /// Writes a step down, then tells those who listen.
    fn note(
        &self,
        history: &mut WeightHistory,
        attempt: u64,
        stage: AttemptStage,
    ) -> Result<(), HistoryError> {
        history.note(attempt, stage.clone())?;
        // Nobody may be listening.
        let _ = self.steps.send(AttemptStep { attempt, stage });
        Ok(())
    }

    /// The steps of attempts as they are taken. One who falls far behind misses the oldest; all are in the history.
    pub fn steps(&self) -> broadcast::Receiver<AttemptStep> {
        self.steps.subscribe()
    }

    /// Finds out what became of attempts whose end was not seen, after a crash or an outage. Gives their numbers.
    /// [`set`](Self::set) does so by itself.
    ///
    /// An attempt has been applied when final state holds its row and shows an update by this validator since the
    /// attempt was checked. It has failed when its transaction's lifetime is over, or when neither a block that is not
    /// final yet nor the node's pool has anything of this validator.
    ///
    /// Caveat: behind a load balancer another node's pool may still have it. Should it come after all, a row that is
    /// as good as the next one is on chain, and the rate limit holds the next one back by name.
    ///
    /// # Errors
    ///
    /// When the chain does not answer or the history cannot be written.
    pub async fn resume(&self) -> Result<Vec<u64>, SetWeightsError> {
        let mut history = self.history.lock().await;
        self.resolve(&mut history).await
    }

    async fn resolve(&self, history: &mut WeightHistory) -> Result<Vec<u64>, SetWeightsError> {
        let open: Vec<_> = history
            .attempts()
            .filter(|attempt| !attempt.is_over())
            .cloned()
            .collect();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let account = self.hotkey.account();
        // The pool first: what leaves it meanwhile is in a block by then.
        let next_nonce = self.client.next_nonce(&account).await?;
        let finalized = self.client.finalized_head().await?;
        let snapshot = self.client.at(finalized.hash).await?;
        let (metagraph, balance) =
            tokio::try_join!(snapshot.metagraph(self.netuid), snapshot.balance(&account))?;
        let is_under_way = next_nonce > balance.nonce;
        let validator = metagraph.by_hotkey(&account);
        let mut resolved = Vec::new();
        for attempt in open {
            let start = attempt.start.as_ref();
            let updated = validator
                .zip(start)
                .is_some_and(|(validator, start)| validator.last_update > start.block.number);
            let applied = match start.and_then(row_of) {
                Some(row) if updated => self.holds(&snapshot, &row).await?,
                _ => false,
            };
            let expired = attempt.stages.iter().any(|record| match record.stage {
                AttemptStage::Submitted { valid_until, .. } => finalized.number > valid_until,
                _ => false,
            });
            let stage = if applied {
                AttemptStage::Applied { block: finalized }
            } else if expired || !is_under_way {
                AttemptStage::Failed {
                    reason: "its end was not seen, and neither the chain nor the node's pool has it"
                        .to_owned(),
                    chain_error: None,
                }
            } else {
                continue;
            };
            self.note(history, attempt.number, stage)?;
            resolved.push(attempt.number);
        }
        Ok(resolved)
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

/// The row that an attempt sent.
fn row_of(start: &AttemptStart) -> Option<WeightRow> {
    let values: Vec<_> = start
        .entries
        .iter()
        .map(|entry| (entry.uid, entry.value))
        .collect();
    WeightRow::from_values(&values, Zeros::Explicit).ok()
}

/// The row that a validator's scores would make now, checked as the chain would check it. Needs no key; nothing is
/// sent.
///
/// # Errors
///
/// As [`WeightSetter::set`], short of sending.
pub async fn plan_weights(
    client: &ChainClient,
    netuid: NetUid,
    hotkey: AccountId,
    version_key: u64,
    zeros: Zeros,
    scores: &[(AccountId, f64)],
) -> Result<PlannedWeights, SetWeightsError> {
    let snapshot = client.pin().await?;
    let (metagraph, hyperparameters) = read(&snapshot, netuid).await?;
    let facts = Facts {
        metagraph: &metagraph,
        hyperparameters: &hyperparameters,
        validator: metagraph.by_hotkey(&hotkey),
        version_key,
    };
    // Who may not set weights at all is told so before anything is said of the scores.
    preflight::check_validator(&facts)?;
    let MatchedRow { row, without_slot } = match_slots(&metagraph, zeros, scores)?;
    preflight::check_row(&facts, &row)?;
    let entries = row.entries().iter().filter_map(|&(uid, value)| {
        let hotkey = metagraph.neuron(uid)?.hotkey;
        Some(AttemptEntry { uid, hotkey, value })
    });
    Ok(PlannedWeights {
        start: AttemptStart {
            netuid,
            hotkey,
            block: metagraph.block,
            version_key,
            entries: entries.collect(),
            without_slot,
        },
        row,
    })
}

async fn read(snapshot: &Snapshot, netuid: NetUid) -> Result<(Metagraph, Hyperparameters), ChainError> {
    tokio::try_join!(snapshot.metagraph(netuid), snapshot.hyperparameters(netuid))
}

struct MatchedRow {
    row: WeightRow,
    without_slot: Vec<AccountId>,
}

/// Matches hotkeys with the slots they have in a metagraph.
fn match_slots(
    metagraph: &Metagraph,
    zeros: Zeros,
    scores: &[(AccountId, f64)],
) -> Result<MatchedRow, SetWeightsError> {
    let slots: HashMap<AccountId, Uid> = metagraph
        .neurons
        .iter()
        .map(|neuron| (neuron.hotkey, neuron.uid))
        .collect();
    let mut scored: BTreeMap<Uid, f64> = BTreeMap::new();
    let mut without_slot = Vec::new();
    for (hotkey, score) in scores {
        match slots.get(hotkey) {
            Some(&uid) => {
                if scored.insert(uid, *score).is_some() {
                    return Err(WeightsError::Duplicate { uid }.into());
                }
            }
            None => without_slot.push(*hotkey),
        }
    }
    if scored.is_empty() {
        return Err(SetWeightsError::NobodyToReward { scored: scores.len() });
    }
    if zeros == Zeros::Explicit {
        for neuron in &metagraph.neurons {
            scored.entry(neuron.uid).or_insert(0.0);
        }
    }
    let scored: Vec<_> = scored.into_iter().collect();
    Ok(MatchedRow {
        row: WeightRow::from_scores(&scored, zeros)?,
        without_slot,
    })
}
