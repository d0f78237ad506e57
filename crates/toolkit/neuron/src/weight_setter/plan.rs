//! From scores by hotkey to a row of slots, checked as the chain would check it.

use super::SetWeightsError;
use crate::{
    AttemptEntry, AttemptStart,
    preflight::{self, Facts},
};
use assay_chain::{
    AccountId, ChainClient, ChainError, Hyperparameters, Metagraph, NetUid, RevealPlan, Snapshot, Uid,
    WeightRow, WeightSubmission, WeightsError, Zeros,
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

/// A row that would pass, and what it was made of.
#[derive(Clone, Debug)]
pub struct PlannedWeights {
    /// The row.
    pub row: WeightRow,
    /// What the history notes of it.
    pub start: AttemptStart,
    /// When it would be revealed; nothing where weights are set in the open.
    pub reveal: Option<RevealPlan>,
    /// What may go wrong although the chain would take it.
    pub warnings: Vec<WeightsWarning>,
}

/// What may go wrong although the chain would take the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightsWarning {
    /// A newcomer can be replaced before the first row that rewards it is revealed.
    ImmunityWithinReveal {
        /// Blocks for which a newcomer cannot be replaced.
        immunity_period: u64,
        /// Blocks between a commit and its reveal.
        reveal_blocks: u64,
    },
}

impl fmt::Display for WeightsWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ImmunityWithinReveal {
                immunity_period,
                reveal_blocks,
            } => write!(
                f,
                "newcomers are immune for {immunity_period} blocks and weights are revealed after {reveal_blocks}: a \
                 good newcomer may be replaced before it is rewarded; the subnet's owner can raise the immunity period"
            ),
        }
    }
}

/// What [`plan_weights`] rests on.
pub(super) struct Grounds {
    pub(super) planned: PlannedWeights,
    pub(super) snapshot: Snapshot,
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
    let hotkey = (hotkey, version_key);
    Ok(grounds(client, netuid, hotkey, zeros, scores).await?.planned)
}

pub(super) async fn grounds(
    client: &ChainClient,
    netuid: NetUid,
    (hotkey, version_key): (AccountId, u64),
    zeros: Zeros,
    scores: &[(AccountId, f64)],
) -> Result<Grounds, SetWeightsError> {
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
    let reveal = match hyperparameters.weight_submission {
        WeightSubmission::Direct => None,
        WeightSubmission::CommitReveal { .. } => {
            let (schedule, mut queue) = tokio::try_join!(
                snapshot.epoch_schedule(netuid),
                snapshot.timelocked_commits(netuid)
            )?;
            queue.retain(|commit| commit.hotkey == hotkey);
            preflight::check_commits(&schedule, &queue)?;
            Some(snapshot.reveal_plan(netuid).await?)
        }
    };
    let immunity_period = u64::from(hyperparameters.immunity_period);
    let warnings = reveal
        .map(|reveal| reveal.period_blocks)
        .filter(|reveal_blocks| immunity_period <= *reveal_blocks)
        .map(|reveal_blocks| WeightsWarning::ImmunityWithinReveal {
            immunity_period,
            reveal_blocks,
        });
    let planned = PlannedWeights {
        start: AttemptStart {
            netuid,
            hotkey,
            block: metagraph.block,
            version_key,
            entries: entries.collect(),
            without_slot,
        },
        row,
        reveal,
        warnings: warnings.into_iter().collect(),
    };
    Ok(Grounds { planned, snapshot })
}

pub(super) async fn read(
    snapshot: &Snapshot,
    netuid: NetUid,
) -> Result<(Metagraph, Hyperparameters), ChainError> {
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
