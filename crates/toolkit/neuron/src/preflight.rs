//! Whether the chain would take a weight row, decided before anything is signed.
//!
//! The chain's own checks, in its own order, on facts read at one block. They are the same whether weights are set in the
//! open or committed: what is wrong with a committed row the chain would only find at its reveal, and tell nobody. A
//! refusal here costs nothing and names the number that stands in the way; the chain would only give a code, and a limit
//! that is hit once can be hit for ever.

use assay_chain::{Alpha, Block, Hyperparameters, Metagraph, NetUid, Neuron, Retry, Uid, WeightRow};

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
            Self::TooFewWeights { .. } => "give every neuron a weight, zeros included",
        }
    }

    /// When it may be different.
    pub fn retry(&self) -> Retry {
        match self {
            Self::TooSoon { blocks_left, .. } => Retry::AfterBlocks(*blocks_left),
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

/// Checks a row, after [`check_validator`].
///
/// # Errors
///
/// The first refusal, in the chain's order.
pub fn check_row(facts: &Facts<'_>, row: &WeightRow) -> Result<(), Refusal> {
    check_validator(facts)?;
    let Facts {
        metagraph,
        hyperparameters,
        validator,
        ..
    } = *facts;
    let validator = validator.ok_or(Refusal::NotRegistered {
        netuid: metagraph.netuid,
    })?;
    let (entries, neurons) = (row.entry_count(), metagraph.size());
    if entries > neurons {
        return Err(Refusal::TooManyWeights { entries, neurons });
    }
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
