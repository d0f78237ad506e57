//! What an epoch reads, in the shape in which a chain stores it.
//!
//! One [`Neuron`] per uid keeps the per-uid vectors of a chain from having different lengths. Numbers are the raw
//! stored ones (u16 fractions of 65535, u64 rao, blocks); the fixed-point values are made inside.

use serde::{Deserialize, Serialize};

/// A stored row of weights or bonds: `(uid, value)` in the order in which it was stored, value a fraction of 65535.
///
/// The order is data, not decoration: see the crate's caveats. A uid at or beyond the number of neurons is ignored.
pub type Row = Vec<(u16, u16)>;

/// Everything that one epoch of one subnet reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochInput {
    /// The block at which the epoch runs.
    pub block: u64,
    /// `LastMechansimStepBlock`: the block of the last epoch, 0 before the first.
    pub last_mechanism_step_block: u64,
    /// What the epoch splits, in rao of the subnet's alpha.
    pub rao_emission: u64,
    /// The subnet's hyperparameters.
    pub hyperparameters: Hyperparameters,
    /// The uid of the subnet owner's hotkey, when it is registered.
    ///
    /// The owner is exempt from the stake threshold, always has a permit, and keeps its own self-weight.
    pub owner_uid: Option<u16>,
    /// The neurons, by uid.
    pub neurons: Vec<Neuron>,
}

/// The hyperparameters that an epoch reads, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hyperparameters {
    /// `Kappa`: the stake majority of the consensus, a fraction of 65535.
    pub kappa: u16,
    /// `BondsPenalty`: how far bonds follow the clipped weights instead of the set ones, a fraction of 65535.
    pub bonds_penalty: u16,
    /// `BondsMovingAverage`: how much of the old bonds an epoch keeps, in parts per million.
    pub bonds_moving_average: u64,
    /// `Yuma3On`, `LiquidAlphaOn` and what they need.
    pub bonds_rule: BondsRule,
    /// `MaxAllowedValidators`: how many permits the epoch hands out.
    pub max_allowed_validators: u16,
    /// `Tempo`: blocks between two epochs.
    pub tempo: u16,
    /// Blocks without a weight update after which a neuron counts as inactive; see [`activity_cutoff_blocks`].
    pub activity_cutoff_blocks: u64,
    /// `StakeThreshold`: a smaller total stake (whole rao) counts as none.
    pub stake_threshold: u64,
    /// `TaoWeight`: what root stake counts beside alpha, a fraction of `u64::MAX`.
    pub tao_weight: u64,
    /// `CommitRevealWeightsEnabled`, which turns the commit-reveal column mask on.
    pub commit_reveal: CommitReveal,
}

/// How bonds are built and paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BondsRule {
    /// Bonds are stake weighted and compete per miner for a share (`Yuma3On` is false; liquid alpha has no effect).
    Yuma2,
    /// Every validator has its own scale of bonds, with one fixed alpha.
    Yuma3,
    /// As [`BondsRule::Yuma3`], with an alpha per validator and miner.
    Yuma3Liquid(LiquidAlpha),
}

impl BondsRule {
    /// The rule that the chain's two switches select: liquid alpha counts only together with Yuma 3.
    ///
    /// ```
    /// use assay_yuma::{BondsRule, LiquidAlpha};
    /// let alpha = LiquidAlpha { low: 45_875, high: 58_982, sigmoid_steepness: 1_000 };
    /// assert_eq!(BondsRule::from_switches(false, true, alpha), BondsRule::Yuma2);
    /// assert_eq!(BondsRule::from_switches(true, false, alpha), BondsRule::Yuma3);
    /// ```
    #[must_use]
    pub fn from_switches(yuma3_on: bool, liquid_alpha_on: bool, alpha: LiquidAlpha) -> BondsRule {
        match (yuma3_on, liquid_alpha_on) {
            (false, _) => BondsRule::Yuma2,
            (true, false) => BondsRule::Yuma3,
            (true, true) => BondsRule::Yuma3Liquid(alpha),
        }
    }
}

/// `AlphaValues` and `AlphaSigmoidSteepness` of liquid alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiquidAlpha {
    /// The smallest alpha, a fraction of 65535.
    pub low: u16,
    /// The largest alpha, a fraction of 65535.
    pub high: u16,
    /// The steepness of the sigmoid between them, in hundredths (1000 by default; negative turns it round).
    pub sigmoid_steepness: i16,
}

/// Whether weights of the subnet are committed before they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitReveal {
    /// Weights are set in the open.
    Disabled,
    /// A weight towards a uid that was registered after the validator's [`Neuron::earliest_commit`] is left out.
    Enabled,
}

/// What the chain knows of one uid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neuron {
    /// Alpha stake in rao, after what children and parents inherit.
    pub alpha_stake: u64,
    /// Root (TAO) stake in rao, after what children and parents inherit.
    pub root_stake: u64,
    /// `BlockAtRegistration`.
    pub block_at_registration: u64,
    /// `LastUpdate`: the block of the last weights set or committed.
    pub last_update: u64,
    /// `ValidatorPermit` as the previous epoch left it.
    pub validator_permit: bool,
    /// The weights row; empty when none was set.
    pub weights: Row,
    /// The bonds row; empty when there is none.
    pub bonds: Row,
    /// The block of the earliest weight commit that has not expired, read only under [`CommitReveal::Enabled`].
    pub earliest_commit: Option<u64>,
}

/// The activity cut-off in blocks: `ActivityCutoffFactorMilli` thousandths of a tempo, at least one block.
///
/// ```
/// assert_eq!(assay_yuma::activity_cutoff_blocks(13_889, 360), 5_000);
/// assert_eq!(assay_yuma::activity_cutoff_blocks(1, 10), 1);
/// ```
#[must_use]
pub fn activity_cutoff_blocks(factor_milli: u32, tempo: u16) -> u64 {
    (u64::from(factor_milli) * u64::from(tempo) / 1_000).max(1)
}

/// A subnet of `count` neurons without stake, weights or bonds, for unit tests.
#[cfg(test)]
pub(crate) fn test_input(count: usize) -> EpochInput {
    EpochInput {
        block: 1_000,
        last_mechanism_step_block: 0,
        rao_emission: 1_000_000_000,
        hyperparameters: Hyperparameters {
            kappa: 32_767,
            bonds_penalty: u16::MAX,
            bonds_moving_average: 900_000,
            bonds_rule: BondsRule::Yuma2,
            max_allowed_validators: 64,
            tempo: 360,
            activity_cutoff_blocks: 5_000,
            stake_threshold: 0,
            tao_weight: 0,
            commit_reveal: CommitReveal::Disabled,
        },
        owner_uid: None,
        neurons: vec![Neuron::default(); count],
    }
}
