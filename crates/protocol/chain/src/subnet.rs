//! A subnet seen from outside: what it is, what it asks of its validators, and when its epochs run.

use crate::{Alpha, Block, BlockRef, NetUid, Rao};
use assay_keys::AccountId;
use serde::{Deserialize, Serialize};

/// A subnet in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubnetSummary {
    /// Its number.
    pub netuid: NetUid,
    /// Its name, when its owner gave one.
    pub name: Option<String>,
    /// Its token's symbol.
    pub symbol: String,
    /// The coldkey that owns it.
    pub owner: AccountId,
    /// The owner's hotkey, which is paid the owner's cut.
    pub owner_hotkey: AccountId,
    /// Neurons now.
    pub neurons: u16,
    /// Neurons at most.
    pub max_neurons: u16,
    /// Blocks between epochs.
    pub tempo: u16,
    /// What a registration costs now.
    pub burn: Rao,
    /// Whether newcomers may register.
    pub registration: Registration,
    /// Whether the owner has started it; before that there is no staking and no emission.
    pub phase: SubnetPhase,
    /// When it was created.
    pub registered_at: Block,
    /// TAO in its pool.
    pub tao_in: Rao,
    /// Alpha in its pool.
    pub alpha_in: Alpha,
    /// Alpha outside the pool.
    pub alpha_out: Alpha,
}

/// Whether a subnet takes newcomers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// It does.
    Open,
    /// It does not.
    Closed,
}

/// Where a subnet is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubnetPhase {
    /// Created, not started.
    Created,
    /// Started by its owner: stake and emission flow.
    Started,
}

/// How weights get on chain in a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightSubmission {
    /// In the open.
    Direct,
    /// Encrypted first, readable after `reveal_period_epochs` epochs.
    CommitReveal {
        /// Epochs between the commitment and its reveal.
        reveal_period_epochs: u64,
    },
}

/// What a subnet asks of its neurons, read at one block. What this chain's runtime does not have is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperparameters {
    /// The subnet.
    pub netuid: NetUid,
    /// The block at which they were read.
    pub block: BlockRef,
    /// Blocks between epochs.
    pub tempo: u16,
    /// The least number of entries in a weight row.
    pub min_allowed_weights: u16,
    /// Blocks between two weight rows of a validator.
    pub weights_rate_limit: u64,
    /// A weight row must come with this version key or a higher one; 0 accepts all.
    pub weights_version_key: u64,
    /// How weights get on chain.
    pub weight_submission: WeightSubmission,
    /// Stake weight below which weights are refused; of the whole chain.
    pub stake_threshold: Alpha,
    /// Blocks for which a newcomer cannot be pruned.
    pub immunity_period: u16,
    /// Neurons at most.
    pub max_neurons: u16,
    /// Validators at most.
    pub max_validators: u16,
    /// Share of stake that must agree on a weight, in 1/65535.
    pub kappa: u16,
    /// Unused by today's chain.
    pub rho: u16,
    /// Moving average of bonds, in parts per million of the old value.
    pub bonds_moving_average: u64,
    /// Penalty on bonds of those out of consensus, in 1/65535.
    pub bonds_penalty: u16,
    /// Blocks after which a silent validator no longer counts.
    pub activity_cutoff: u64,
    /// Blocks between two published axons.
    pub serving_rate_limit: u64,
    /// What a registration costs now.
    pub burn: Rao,
    /// The least that a registration costs.
    pub min_burn: Rao,
    /// The most that a registration costs.
    pub max_burn: Rao,
    /// Blocks in which the price of a registration halves.
    pub burn_half_life: Option<u16>,
    /// Whether newcomers may register.
    pub registration: Registration,
    /// Whether the owner has started it.
    pub phase: SubnetPhase,
    /// Liquid alpha's bounds (low, high) in 1/65535, when it is on.
    pub liquid_alpha: Option<(u16, u16)>,
    /// The consensus's version, 2 or 3.
    pub yuma_version: u8,
}

/// When a subnet's epochs run, read at one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochSchedule {
    /// The block at which it was read.
    pub block: BlockRef,
    /// Blocks between epochs; 0 means that none run.
    pub tempo: u16,
    /// The last epoch's block.
    pub last_epoch_block: Block,
    /// The next epoch's block, unless it is put off because too many subnets are due in it. Nothing when none run.
    pub next_epoch_block: Option<Block>,
    /// How many epochs have run; nothing on chains that do not count.
    pub epoch_index: Option<u64>,
}

/// What flows into a subnet, read at one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetEmission {
    /// TAO that a block puts into the pool.
    pub tao_in: Rao,
    /// Alpha that a block puts into the pool.
    pub alpha_in: Alpha,
    /// Alpha that a block makes for the neurons.
    pub alpha_out: Alpha,
    /// Alpha that waits for the next epoch, for the miners.
    pub pending_miners: Alpha,
    /// Alpha that waits for the next epoch, for the validators.
    pub pending_validators: Alpha,
    /// Alpha that waits for the next epoch, for the owner.
    pub pending_owner: Alpha,
}
