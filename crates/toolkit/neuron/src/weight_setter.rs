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
use tokio::sync::Mutex;

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
            Self::Weights(_) | Self::History(_) => None,
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
        let PlannedWeights { row, start } = match self.plan(scores).await {
            Ok(planned) => planned,
            Err(SetWeightsError::Refused(refusal)) => {
                let attempt = history.begin(None)?;
                history.note(
                    attempt,
                    AttemptStage::Refused {
                        reason: refusal.to_string(),
                    },
                )?;
                return Err(refusal.into());
            }
            Err(error) => return Err(error),
        };
        let attempt = history.begin(Some(start))?;
        let done = self.send(&mut history, attempt, &row).await;
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
                history.note(attempt, AttemptStage::Failed { reason, chain_error })?;
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
        let receipt = self
            .client
            .set_weights(&self.hotkey, self.netuid, row, self.version_key)
            .await?;
        history.note(
            attempt,
            AttemptStage::Submitted {
                hash: receipt.hash(),
                valid_until: receipt.valid_until(),
            },
        )?;
        let included = receipt.in_block().await?;
        history.note(
            attempt,
            AttemptStage::InBlock {
                block: included.block,
            },
        )?;
        let included = receipt.finalized().await?;
        history.note(
            attempt,
            AttemptStage::Finalized {
                block: included.block,
            },
        )?;
        let snapshot = self.client.at(included.block.hash).await?;
        if !self.holds(&snapshot, row).await? {
            return Err(SetWeightsError::Overtaken {
                block: included.block.number,
            });
        }
        history.note(
            attempt,
            AttemptStage::Applied {
                block: included.block,
            },
        )?;
        Ok(included)
    }

    /// Finds out what became of attempts whose end was not seen, after a crash or an outage. Gives their numbers.
    ///
    /// An attempt counts as applied when the chain's state holds its row and shows an update by this validator since
    /// the attempt was checked; it counts as failed once its transaction cannot be in any block any more.
    ///
    /// # Errors
    ///
    /// When the chain does not answer or the history cannot be written.
    pub async fn resume(&self) -> Result<Vec<u64>, SetWeightsError> {
        let mut history = self.history.lock().await;
        let open: Vec<_> = history
            .attempts()
            .filter(|attempt| !attempt.is_over())
            .cloned()
            .collect();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let finalized = self.client.finalized_head().await?;
        let snapshot = self.client.at(finalized.hash).await?;
        let metagraph = snapshot.metagraph(self.netuid).await?;
        let validator = metagraph.by_hotkey(&self.hotkey.account());
        let mut resolved = Vec::new();
        for attempt in open {
            let began_at = attempt.start.as_ref().map(|start| start.block.number);
            let updated = validator
                .zip(began_at)
                .is_some_and(|(validator, began)| validator.last_update > began);
            let row = attempt.start.as_ref().and_then(|start| {
                let values: Vec<_> = start
                    .entries
                    .iter()
                    .map(|entry| (entry.uid, entry.value))
                    .collect();
                WeightRow::from_values(&values, Zeros::Explicit).ok()
            });
            let applied = match row {
                Some(row) if updated => self.holds(&snapshot, &row).await?,
                _ => false,
            };
            let valid_until = attempt.stages.iter().find_map(|record| match record.stage {
                AttemptStage::Submitted { valid_until, .. } => Some(valid_until),
                _ => None,
            });
            let stage = if applied {
                AttemptStage::Applied { block: finalized }
            } else if valid_until.is_none_or(|last| finalized.number > last) {
                AttemptStage::Failed {
                    reason:
                        "the validator stopped before its end was seen, and the chain does not hold the row"
                            .to_owned(),
                    chain_error: None,
                }
            } else {
                // It may still come.
                continue;
            };
            history.note(attempt.number, stage)?;
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
