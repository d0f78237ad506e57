//! Hyperparameters in the three forms that clients of different age read.

use crate::{
    Runtime, SubtensorModule,
    fixed_point::{I32F32, U64F64},
    pallets::subtensor::{
        ActivityCutoffFactorMilli, AdjustmentAlpha, AdjustmentInterval, AlphaSigmoidSteepness, AlphaValues,
        BondsMovingAverage, BondsResetOn, BurnHalfLife, BurnIncreaseMult, CommitRevealWeightsEnabled,
        Difficulty, ImmunityPeriod, Kappa, LiquidAlphaOn, MaxAllowedValidators, MaxBurn, MaxDifficulty,
        MaxRegistrationsPerBlock, MaxWeightsLimit, MinAllowedWeights, MinBurn, MinChildkeyTakePerSubnet,
        MinDifficulty, NetUid, NetworkRegistrationAllowed, OwnerCutAutoLockEnabled, OwnerCutEnabled,
        RevealPeriodEpochs, Rho, ServingRateLimit, SubtokenEnabled, TargetRegistrationsPerInterval, Tempo,
        TransferToggle, WeightsSetRateLimit, WeightsVersionKey, Yuma3On,
    },
};
use assay_yuma::activity_cutoff_blocks;
use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

/// Hyperparameters, first form.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[expect(missing_docs, reason = "the fields are named like the hyperparameters")]
pub struct SubnetHyperparams {
    pub rho: Compact<u16>,
    pub kappa: Compact<u16>,
    pub immunity_period: Compact<u16>,
    pub min_allowed_weights: Compact<u16>,
    pub max_weights_limit: Compact<u16>,
    pub tempo: Compact<u16>,
    pub min_difficulty: Compact<u64>,
    pub max_difficulty: Compact<u64>,
    pub weights_version: Compact<u64>,
    pub weights_rate_limit: Compact<u64>,
    pub adjustment_interval: Compact<u16>,
    pub activity_cutoff: Compact<u64>,
    pub registration_allowed: bool,
    pub target_regs_per_interval: Compact<u16>,
    pub min_burn: Compact<u64>,
    pub max_burn: Compact<u64>,
    pub bonds_moving_avg: Compact<u64>,
    pub max_regs_per_block: Compact<u16>,
    pub serving_rate_limit: Compact<u64>,
    pub max_validators: Compact<u16>,
    pub adjustment_alpha: Compact<u64>,
    pub difficulty: Compact<u64>,
    pub commit_reveal_period: Compact<u64>,
    pub commit_reveal_weights_enabled: bool,
    pub alpha_high: Compact<u16>,
    pub alpha_low: Compact<u16>,
    pub liquid_alpha_enabled: bool,
}

/// Hyperparameters, second form: the first with six more behind. SCALE writes a nested struct as its fields, but
/// clients read them by name, so they are spelt out.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[expect(missing_docs, reason = "the fields are named like the hyperparameters")]
pub struct SubnetHyperparamsV2 {
    pub rho: Compact<u16>,
    pub kappa: Compact<u16>,
    pub immunity_period: Compact<u16>,
    pub min_allowed_weights: Compact<u16>,
    pub max_weights_limit: Compact<u16>,
    pub tempo: Compact<u16>,
    pub min_difficulty: Compact<u64>,
    pub max_difficulty: Compact<u64>,
    pub weights_version: Compact<u64>,
    pub weights_rate_limit: Compact<u64>,
    pub adjustment_interval: Compact<u16>,
    pub activity_cutoff: Compact<u64>,
    pub registration_allowed: bool,
    pub target_regs_per_interval: Compact<u16>,
    pub min_burn: Compact<u64>,
    pub max_burn: Compact<u64>,
    pub bonds_moving_avg: Compact<u64>,
    pub max_regs_per_block: Compact<u16>,
    pub serving_rate_limit: Compact<u64>,
    pub max_validators: Compact<u16>,
    pub adjustment_alpha: Compact<u64>,
    pub difficulty: Compact<u64>,
    pub commit_reveal_period: Compact<u64>,
    pub commit_reveal_weights_enabled: bool,
    pub alpha_high: Compact<u16>,
    pub alpha_low: Compact<u16>,
    pub liquid_alpha_enabled: bool,
    pub alpha_sigmoid_steepness: I32F32,
    pub yuma_version: Compact<u16>,
    pub subnet_is_active: bool,
    pub transfers_enabled: bool,
    pub bonds_reset_enabled: bool,
    pub user_liquidity_enabled: bool,
}

/// One hyperparameter with its name.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SubnetHyperparam {
    /// The name, in ASCII.
    pub name: Vec<u8>,
    /// The value.
    pub value: HyperparamValue,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[expect(missing_docs, reason = "the variants are named like the types")]
pub enum HyperparamValue {
    Bool(bool),
    U16(Compact<u16>),
    U32(Compact<u32>),
    U64(Compact<u64>),
    U128(Compact<u128>),
    TaoBalance(Compact<u64>),
    I32F32(I32F32),
    U64F64(U64F64),
}

fn steepness(netuid: NetUid) -> I32F32 {
    I32F32::from_bits(i64::from(AlphaSigmoidSteepness::<Runtime>::get(netuid)) << 32)
}

fn yuma_version(netuid: NetUid) -> u16 {
    if Yuma3On::<Runtime>::get(netuid) { 3 } else { 2 }
}

/// The blocks after which a silent validator is inactive.
pub(crate) fn activity_cutoff(netuid: NetUid) -> u64 {
    activity_cutoff_blocks(
        ActivityCutoffFactorMilli::<Runtime>::get(netuid),
        Tempo::<Runtime>::get(netuid),
    )
}

impl SubnetHyperparamsV2 {
    /// Reads a subnet's; `None` when it does not exist.
    pub(crate) fn read(netuid: NetUid) -> Option<Self> {
        let (alpha_low, alpha_high) = AlphaValues::<Runtime>::get(netuid);
        SubtensorModule::subnet_exists(netuid).then(|| Self {
            rho: Compact(Rho::<Runtime>::get(netuid)),
            kappa: Compact(Kappa::<Runtime>::get(netuid)),
            immunity_period: Compact(ImmunityPeriod::<Runtime>::get(netuid)),
            min_allowed_weights: Compact(MinAllowedWeights::<Runtime>::get(netuid)),
            max_weights_limit: Compact(MaxWeightsLimit::<Runtime>::get(netuid)),
            tempo: Compact(Tempo::<Runtime>::get(netuid)),
            min_difficulty: Compact(MinDifficulty::<Runtime>::get(netuid)),
            max_difficulty: Compact(MaxDifficulty::<Runtime>::get(netuid)),
            weights_version: Compact(WeightsVersionKey::<Runtime>::get(netuid)),
            weights_rate_limit: Compact(WeightsSetRateLimit::<Runtime>::get(netuid)),
            adjustment_interval: Compact(AdjustmentInterval::<Runtime>::get(netuid)),
            activity_cutoff: Compact(activity_cutoff(netuid)),
            registration_allowed: NetworkRegistrationAllowed::<Runtime>::get(netuid),
            target_regs_per_interval: Compact(TargetRegistrationsPerInterval::<Runtime>::get(netuid)),
            min_burn: Compact(MinBurn::<Runtime>::get(netuid)),
            max_burn: Compact(MaxBurn::<Runtime>::get(netuid)),
            bonds_moving_avg: Compact(BondsMovingAverage::<Runtime>::get(netuid)),
            max_regs_per_block: Compact(MaxRegistrationsPerBlock::<Runtime>::get(netuid)),
            serving_rate_limit: Compact(ServingRateLimit::<Runtime>::get(netuid)),
            max_validators: Compact(MaxAllowedValidators::<Runtime>::get(netuid)),
            adjustment_alpha: Compact(AdjustmentAlpha::<Runtime>::get(netuid)),
            difficulty: Compact(Difficulty::<Runtime>::get(netuid)),
            commit_reveal_period: Compact(RevealPeriodEpochs::<Runtime>::get(netuid)),
            commit_reveal_weights_enabled: CommitRevealWeightsEnabled::<Runtime>::get(netuid),
            alpha_high: Compact(alpha_high),
            alpha_low: Compact(alpha_low),
            liquid_alpha_enabled: LiquidAlphaOn::<Runtime>::get(netuid),
            alpha_sigmoid_steepness: steepness(netuid),
            yuma_version: Compact(yuma_version(netuid)),
            subnet_is_active: SubtokenEnabled::<Runtime>::get(netuid),
            transfers_enabled: TransferToggle::<Runtime>::get(netuid),
            bonds_reset_enabled: BondsResetOn::<Runtime>::get(netuid),
            user_liquidity_enabled: false,
        })
    }
}

impl From<SubnetHyperparamsV2> for SubnetHyperparams {
    fn from(all: SubnetHyperparamsV2) -> Self {
        Self {
            rho: all.rho,
            kappa: all.kappa,
            immunity_period: all.immunity_period,
            min_allowed_weights: all.min_allowed_weights,
            max_weights_limit: all.max_weights_limit,
            tempo: all.tempo,
            min_difficulty: all.min_difficulty,
            max_difficulty: all.max_difficulty,
            weights_version: all.weights_version,
            weights_rate_limit: all.weights_rate_limit,
            adjustment_interval: all.adjustment_interval,
            activity_cutoff: all.activity_cutoff,
            registration_allowed: all.registration_allowed,
            target_regs_per_interval: all.target_regs_per_interval,
            min_burn: all.min_burn,
            max_burn: all.max_burn,
            bonds_moving_avg: all.bonds_moving_avg,
            max_regs_per_block: all.max_regs_per_block,
            serving_rate_limit: all.serving_rate_limit,
            max_validators: all.max_validators,
            adjustment_alpha: all.adjustment_alpha,
            difficulty: all.difficulty,
            commit_reveal_period: all.commit_reveal_period,
            commit_reveal_weights_enabled: all.commit_reveal_weights_enabled,
            alpha_high: all.alpha_high,
            alpha_low: all.alpha_low,
            liquid_alpha_enabled: all.liquid_alpha_enabled,
        }
    }
}

/// Hyperparameters by name: the chain's 33, then `rho`, which one client shows although the chain leaves it out.
pub(crate) fn named(netuid: NetUid) -> Option<Vec<SubnetHyperparam>> {
    use HyperparamValue::{Bool, I32F32, TaoBalance, U16, U32, U64, U64F64};
    let all = SubnetHyperparamsV2::read(netuid)?;
    let entries = [
        ("kappa", U16(all.kappa)),
        ("immunity_period", U16(all.immunity_period)),
        ("min_allowed_weights", U16(all.min_allowed_weights)),
        ("max_weights_limit", U16(all.max_weights_limit)),
        ("tempo", U16(all.tempo)),
        ("weights_version", U64(all.weights_version)),
        ("weights_rate_limit", U64(all.weights_rate_limit)),
        ("activity_cutoff", U64(all.activity_cutoff)),
        (
            "activity_cutoff_factor",
            U32(Compact(ActivityCutoffFactorMilli::<Runtime>::get(netuid))),
        ),
        ("registration_allowed", Bool(all.registration_allowed)),
        ("target_regs_per_interval", U16(all.target_regs_per_interval)),
        ("min_burn", TaoBalance(all.min_burn)),
        ("max_burn", TaoBalance(all.max_burn)),
        (
            "burn_half_life",
            U16(Compact(BurnHalfLife::<Runtime>::get(netuid))),
        ),
        (
            "burn_increase_mult",
            U64F64(BurnIncreaseMult::<Runtime>::get(netuid)),
        ),
        ("bonds_moving_avg", U64(all.bonds_moving_avg)),
        ("max_regs_per_block", U16(all.max_regs_per_block)),
        ("serving_rate_limit", U64(all.serving_rate_limit)),
        ("max_validators", U16(all.max_validators)),
        ("commit_reveal_period", U64(all.commit_reveal_period)),
        (
            "commit_reveal_weights_enabled",
            Bool(all.commit_reveal_weights_enabled),
        ),
        ("alpha_high", U16(all.alpha_high)),
        ("alpha_low", U16(all.alpha_low)),
        ("liquid_alpha_enabled", Bool(all.liquid_alpha_enabled)),
        ("alpha_sigmoid_steepness", I32F32(all.alpha_sigmoid_steepness)),
        ("yuma_version", U16(all.yuma_version)),
        ("subnet_is_active", Bool(all.subnet_is_active)),
        ("transfers_enabled", Bool(all.transfers_enabled)),
        ("bonds_reset_enabled", Bool(all.bonds_reset_enabled)),
        ("user_liquidity_enabled", Bool(all.user_liquidity_enabled)),
        ("owner_cut_enabled", Bool(OwnerCutEnabled::<Runtime>::get(netuid))),
        (
            "owner_cut_auto_lock_enabled",
            Bool(OwnerCutAutoLockEnabled::<Runtime>::get(netuid)),
        ),
        (
            "min_childkey_take",
            U16(Compact(MinChildkeyTakePerSubnet::<Runtime>::get(netuid))),
        ),
        ("rho", U16(all.rho)),
    ];
    let named = |(name, value): (&str, HyperparamValue)| SubnetHyperparam {
        name: name.into(),
        value,
    };
    Some(entries.into_iter().map(named).collect())
}
