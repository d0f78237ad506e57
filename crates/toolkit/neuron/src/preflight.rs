//! Whether the chain would take a weight row, decided before anything is signed.
//!
//! The chain's own checks, in its own order, on facts read at one block. They are the same whether weights are set in the
//! open or committed: what is wrong with a committed row the chain would only find at its reveal, and tell nobody. A
//! refusal here costs nothing and names the number that stands in the way; the chain would only give a code, and a limit
//! that is hit once can be hit for ever.

use assay_chain::{
    Alpha, Block, EpochSchedule, Hyperparameters, Metagraph, NetUid, Neuron, QueuedCommit, Retry, Uid,
    WeightRow,
};

/// Why the chain would not take a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The root network has no miners.
    #[error("weights cannot be set on the root network")]
    RootNetwork,
    /// More entries than neurons.
    #[error("the row has {entries} entries, the subnet {neurons} neurons")]
    TooManyWeights {
        /// Entries of the row.
        entries: usize,
        /// Neurons of the subnet.
        neurons: usize,
    },
    /// The validator has no slot.
    #[error("the hotkey is not registered in subnet {netuid}")]
    NotRegistered {
        /// The subnet.
        netuid: NetUid,
    },
    /// Too little stake.
    #[error("the hotkey's stake weight is {stake}, the chain asks for {threshold}")]
    StakeTooLow {
        /// Alpha, and TAO at its weight.
        stake: Alpha,
        /// The chain's threshold.
        threshold: Alpha,
    },
    /// An old version key.
    #[error("the subnet asks for version key {required}, this validator has {ours}")]
    OldVersion {
        /// The least that the subnet takes.
        required: u64,
        /// What this validator sends.
        ours: u64,
    },
    /// Too soon after the last row.
    #[error("weights were set at block {last}; the next may come in {blocks_left} blocks")]
    TooSoon {
        /// When they were last set, or when the hotkey registered.
        last: Block,
        /// How many blocks to wait.
        blocks_left: u64,
    },
    /// No permit.
    #[error("uid {uid} has no validator permit")]
    NoPermit {
        /// The validator.
        uid: Uid,
    },
    /// A slot that does not exist.
    #[error("there is no uid {uid} in the subnet")]
    NoSuchNeuron {
        /// The slot.
        uid: Uid,
    },
    /// As many commits as the chain keeps of one hotkey and epoch.
    #[error(
        "the hotkey has {commits} commits in this epoch, and the chain takes no more; the next begins in {blocks_left} blocks"
    )]
    TooManyCommits {
        /// Commits of the hotkey in the epoch.
        commits: usize,
        /// How many blocks to wait.
        blocks_left: u64,
    },
    /// Too few entries.
    #[error("the row has {entries} entries, the subnet asks for {minimum}")]
    TooFewWeights {
        /// Entries of the row.
        entries: usize,
        /// The least that the subnet takes.
        minimum: usize,
    },
}

impl Refusal {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::RootNetwork => "choose a subnet other than 0",
            Self::TooManyWeights { .. } | Self::NoSuchNeuron { .. } => {
                "read the metagraph again and make the row anew"
            }
            Self::NotRegistered { .. } => "register the hotkey: assay subnet register",
            Self::StakeTooLow { .. } => "stake more on the hotkey: assay stake add",
            Self::OldVersion { .. } => "update the validator: the subnet's owner requires a newer version",
            Self::TooSoon { .. } => "wait; the limit is the subnet's: assay subnet hyperparams",
            Self::NoPermit { .. } => {
                "permits go to the highest stakes at each epoch: stake more on the hotkey, then wait for the next one"
            }
            Self::TooManyCommits { .. } => "set weights less often: only an epoch's last commit counts",
            Self::TooFewWeights { .. } => "give every neuron a weight, zeros included",
        }
    }

    /// When it may be different.
    pub fn retry(&self) -> Retry {
        match self {
            Self::TooSoon { blocks_left, .. } | Self::TooManyCommits { blocks_left, .. } => {
                Retry::AfterBlocks(*blocks_left)
            }
            Self::TooManyWeights { .. } | Self::NoSuchNeuron { .. } => Retry::Now,
            Self::NoPermit { .. } => Retry::AfterBlocks(100),
            _ => Retry::Never,
        }
    }
}

/// What a check needs to know, all read at one block.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The subnet's neurons.
    pub metagraph: &'a Metagraph,
    /// The subnet's rules.
    pub hyperparameters: &'a Hyperparameters,
    /// The validator, when it has a slot.
    pub validator: Option<&'a Neuron>,
    /// The version key that will be sent.
    pub version_key: u64,
}

/// Checks what can be known without a row.
///
/// # Errors
///
/// The first refusal, in the chain's order.
pub fn check_validator(facts: &Facts<'_>) -> Result<(), Refusal> {
    check_network(facts)?;
    let validator = check_registered(facts)?;
    check_stake(facts, validator)?;
    check_version(facts)?;
    check_rate(facts, validator)
}

/// Commits of one hotkey and epoch that the chain keeps.
pub const MOST_COMMITS: usize = 10;

/// Checks whether the chain would keep another commit of the validator.
///
/// # Errors
///
/// [`Refusal::TooManyCommits`] when it has as many as it takes in the epoch of the next block.
pub fn check_commits(schedule: &EpochSchedule, own: &[QueuedCommit]) -> Result<(), Refusal> {
    // Chains that do not count epochs have no such limit.
    let Some(index) = schedule.epoch_index else {
        return Ok(());
    };
    let next = Block(schedule.block.number.0.saturating_add(1));
    // In an epoch's own block it counts for the one that begins there.
    let is_due = schedule.next_epoch_block.is_some_and(|block| block <= next);
    let epoch = index.saturating_add(u64::from(is_due));
    let commits = own.iter().filter(|commit| commit.epoch == epoch).count();
    if commits >= MOST_COMMITS {
        let begins = schedule.next_epoch_block.unwrap_or(next);
        return Err(Refusal::TooManyCommits {
            commits,
            blocks_left: begins.since(schedule.block.number).max(1),
        });
    }
    Ok(())
}

pub(crate) fn check_network(facts: &Facts<'_>) -> Result<(), Refusal> {
    if facts.metagraph.netuid == NetUid::ROOT {
        return Err(Refusal::RootNetwork);
    }
    Ok(())
}

pub(crate) fn check_registered<'a>(facts: &Facts<'a>) -> Result<&'a Neuron, Refusal> {
    let netuid = facts.metagraph.netuid;
    facts.validator.ok_or(Refusal::NotRegistered { netuid })
}

/// Whether it is the subnet owner's, which is exempt from stake and permit.
pub(crate) fn is_owner(facts: &Facts<'_>, validator: &Neuron) -> bool {
    validator.hotkey == facts.metagraph.owner_hotkey
}

pub(crate) fn check_stake(facts: &Facts<'_>, validator: &Neuron) -> Result<(), Refusal> {
    let threshold = facts.hyperparameters.stake_threshold;
    if !is_owner(facts, validator) && validator.total_stake < threshold {
        let stake = validator.total_stake;
        return Err(Refusal::StakeTooLow { stake, threshold });
    }
    Ok(())
}

pub(crate) fn check_version(facts: &Facts<'_>) -> Result<(), Refusal> {
    let (required, ours) = (facts.hyperparameters.weights_version_key, facts.version_key);
    if required != 0 && ours < required {
        return Err(Refusal::OldVersion { required, ours });
    }
    Ok(())
}

pub(crate) fn check_rate(facts: &Facts<'_>, validator: &Neuron) -> Result<(), Refusal> {
    // The row would be in the next block at the earliest.
    let earliest = Block(facts.metagraph.block.number.0 + 1);
    let last = validator.last_update;
    let blocks_left = facts
        .hyperparameters
        .weights_rate_limit
        .saturating_sub(earliest.since(last));
    if last != Block(0) && blocks_left > 0 {
        return Err(Refusal::TooSoon { last, blocks_left });
    }
    Ok(())
}

/// Checks a row, and all that [`check_validator`] does.
///
/// # Errors
///
/// The first refusal, in the chain's order.
pub fn check_row(facts: &Facts<'_>, row: &WeightRow) -> Result<(), Refusal> {
    let Facts {
        metagraph,
        hyperparameters,
        ..
    } = *facts;
    check_network(facts)?;
    let (entries, neurons) = (row.entry_count(), metagraph.size());
    if entries > neurons {
        return Err(Refusal::TooManyWeights { entries, neurons });
    }
    check_validator(facts)?;
    let validator = check_registered(facts)?;
    let is_self = row.is_self_weight(validator.uid);
    if !validator.validator_permit && !is_owner(facts, validator) && !is_self {
        return Err(Refusal::NoPermit { uid: validator.uid });
    }
    if let Some(&(uid, _)) = row
        .entries()
        .iter()
        .find(|(uid, _)| usize::from(uid.0) >= neurons)
    {
        return Err(Refusal::NoSuchNeuron { uid });
    }
    let minimum = neurons.min(usize::from(hyperparameters.min_allowed_weights));
    if entries < minimum && !is_self {
        return Err(Refusal::TooFewWeights { entries, minimum });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_chain::{AccountId, BlockHash, BlockRef, CiphertextDigest};

    #[test]
    fn the_eleventh_commit_of_an_epoch_waits_for_the_next_one() {
        let schedule = |number: u64| EpochSchedule {
            block: BlockRef {
                number: Block(number),
                hash: BlockHash([0; 32]),
            },
            tempo: 40,
            last_epoch_block: Block(80),
            next_epoch_block: Some(Block(120)),
            epoch_index: Some(3),
        };
        let own = |epoch: u64, count: usize| {
            let commit = QueuedCommit {
                epoch,
                hotkey: AccountId([1; 32]),
                block: Block(90),
                digest: CiphertextDigest([2; 32]),
                round: 7,
            };
            vec![commit; count]
        };
        assert_eq!(check_commits(&schedule(100), &own(3, 9)), Ok(()));
        assert_eq!(check_commits(&schedule(100), &own(2, 20)), Ok(()));
        let refused = Refusal::TooManyCommits {
            commits: 10,
            blocks_left: 20,
        };
        assert_eq!(check_commits(&schedule(100), &own(3, 10)), Err(refused.clone()));
        assert_eq!(refused.retry(), Retry::AfterBlocks(20));
        // The next block is the next epoch's.
        assert_eq!(check_commits(&schedule(119), &own(3, 10)), Ok(()));
        assert!(check_commits(&schedule(119), &own(4, 10)).is_err());
    }
}
