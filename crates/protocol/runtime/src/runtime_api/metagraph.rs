//! A whole subnet in one answer, and the same with only the fields a client asks for.
//!
//! One table below gives both structs and the indices of the fields. Caveats, the chain's own: the selective answer's
//! `netuid` is 0 unless index 0 is asked for (the mechanism form always fills it), and in the full answer for a
//! mechanism `netuid` holds the storage index.

use super::{CompactText, activity_cutoff, compact, pending_alpha, subnet_name, token_symbol, uids};
use crate::{
    AccountId, Runtime, SubtensorModule,
    fixed_point::I96F32,
    pallets::{
        commitments::CommitmentOf,
        subtensor::{
            Active, AdjustmentAlpha, AdjustmentInterval, AlphaDividendsPerSubnet, AlphaValues, AxonInfo,
            Axons, BlockAtRegistration, BondsMovingAverage, Burn, ChainIdentityV2,
            CommitRevealWeightsEnabled, Consensus, Difficulty, Dividends, Emission, IdentitiesV2,
            ImmunityPeriod, Incentive, Kappa, Keys, LastMechansimStepBlock, LastUpdate, LiquidAlphaOn,
            MaxAllowedUids, MaxAllowedValidators, MaxBurn, MaxDifficulty, MaxRegistrationsPerBlock,
            MaxWeightsLimit, MechId, MinAllowedWeights, MinBurn, MinDifficulty, NetUid,
            NetworkPowRegistrationAllowed, NetworkRegisteredAt, NetworkRegistrationAllowed, Owner,
            RevealPeriodEpochs, Rho, ServingRateLimit, StakeThreshold, StakeWeight, StorageIndex,
            SubnetAlphaIn, SubnetAlphaInEmission, SubnetAlphaOut, SubnetAlphaOutEmission, SubnetIdentitiesV3,
            SubnetIdentityV3, SubnetMovingPrice, SubnetOwner, SubnetOwnerHotkey, SubnetTAO,
            SubnetTaoInEmission, SubnetVolume, SubnetworkN, TaoWeight, TargetRegistrationsPerInterval, Tempo,
            ValidatorPermit, WeightsSetRateLimit, WeightsVersionKey, storage_index,
        },
    },
};
use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

/// Writes the two structs and the selection out of one table of `index field: type`.
macro_rules! metagraph {
    ($( $(#[$doc:meta])* $index:literal $field:ident: $type:ty ),* $(,)?) => {
        /// A subnet with its neurons. Amounts are rao, shares are of 65535, vectors have an element a uid.
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
        pub struct Metagraph {
            /// The subnet.
            pub netuid: Compact<u16>,
            $( $(#[$doc])* pub $field: $type, )*
        }

        /// Some fields of a subnet with its neurons.
        #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
        pub struct SelectiveMetagraph {
            /// The subnet; 0 when it was not asked for.
            pub netuid: Compact<u16>,
            $( $(#[$doc])* pub $field: Option<$type>, )*
            /// The uids with a permit and enough stake, the weakest first.
            pub validators: Option<Vec<Compact<u16>>>,
            /// What the hotkeys have committed, encoded.
            pub commitments: Option<Vec<(AccountId, Vec<Compact<u8>>)>>,
        }

        impl SelectiveMetagraph {
            /// The fields with these indices.
            fn select(all: Metagraph, wanted: impl Fn(u16) -> bool) -> Self {
                Self {
                    netuid: if wanted(0) { all.netuid } else { Compact(0) },
                    $( $field: wanted($index).then_some(all.$field), )*
                    validators: None,
                    commitments: None,
                }
            }
        }
    };
}

metagraph! {
    /// The name.
    1 name: CompactText,
    /// The symbol of its alpha.
    2 symbol: CompactText,
    /// What the owner says.
    3 identity: Option<SubnetIdentityV3>,
    /// The block of its creation.
    4 network_registered_at: Compact<u64>,
    /// The owner's hotkey.
    5 owner_hotkey: AccountId,
    /// The owner's coldkey.
    6 owner_coldkey: AccountId,
    /// The block of this view.
    7 block: Compact<u64>,
    /// Blocks between epochs.
    8 tempo: Compact<u16>,
    /// Block of the last epoch.
    9 last_step: Compact<u64>,
    /// Blocks since then.
    10 blocks_since_last_step: Compact<u64>,
    /// Retired: 0.
    11 subnet_emission: Compact<u64>,
    /// Alpha in the pool.
    12 alpha_in: Compact<u64>,
    /// Alpha outside the pool.
    13 alpha_out: Compact<u64>,
    /// TAO in the pool.
    14 tao_in: Compact<u64>,
    /// Alpha paid out a block.
    15 alpha_out_emission: Compact<u64>,
    /// Alpha added to the pool a block.
    16 alpha_in_emission: Compact<u64>,
    /// TAO added to the pool a block.
    17 tao_in_emission: Compact<u64>,
    /// Alpha that waits for miners and validators.
    18 pending_alpha_emission: Compact<u64>,
    /// Retired: 0.
    19 pending_root_emission: Compact<u64>,
    /// TAO that ever passed through the pool.
    20 subnet_volume: Compact<u128>,
    /// The smoothed price of alpha.
    21 moving_price: I96F32,
    /// Unused by the chain.
    22 rho: Compact<u16>,
    /// The stake majority of the consensus.
    23 kappa: Compact<u16>,
    /// The fewest weights of a row.
    24 min_allowed_weights: Compact<u16>,
    /// The largest weight; not enforced.
    25 max_weights_limit: Compact<u16>,
    /// The lowest version key.
    26 weights_version: Compact<u64>,
    /// Blocks between weights.
    27 weights_rate_limit: Compact<u64>,
    /// Blocks after which a silent validator is inactive.
    28 activity_cutoff: Compact<u64>,
    /// Permits an epoch hands out.
    29 max_validators: Compact<u16>,
    /// Neurons.
    30 num_uids: Compact<u16>,
    /// Uids.
    31 max_uids: Compact<u16>,
    /// The price of a uid.
    32 burn: Compact<u64>,
    /// Tries of a proof of work, on average.
    33 difficulty: Compact<u64>,
    /// Uids may be registered.
    34 registration_allowed: bool,
    /// Uids may be registered by proof of work.
    35 pow_registration_allowed: bool,
    /// Blocks a new neuron is immune.
    36 immunity_period: Compact<u16>,
    /// The least difficulty.
    37 min_difficulty: Compact<u64>,
    /// The highest difficulty.
    38 max_difficulty: Compact<u64>,
    /// The least a uid costs.
    39 min_burn: Compact<u64>,
    /// The most a uid costs.
    40 max_burn: Compact<u64>,
    /// Inert.
    41 adjustment_alpha: Compact<u64>,
    /// Blocks of an interval of registrations; root only.
    42 adjustment_interval: Compact<u16>,
    /// A third of the registrations of an interval; root only.
    43 target_regs_per_interval: Compact<u16>,
    /// Registrations of a block; root and proofs of work only.
    44 max_regs_per_block: Compact<u16>,
    /// Blocks between announcements of an endpoint.
    45 serving_rate_limit: Compact<u64>,
    /// Weights must be committed.
    46 commit_reveal_weights_enabled: bool,
    /// Epochs a commit stays closed.
    47 commit_reveal_period: Compact<u64>,
    /// Liquid alpha is on.
    48 liquid_alpha_enabled: bool,
    /// The fastest speed of bonds.
    49 alpha_high: Compact<u16>,
    /// The slowest speed of bonds.
    50 alpha_low: Compact<u16>,
    /// What of old bonds is kept, in parts per million.
    51 bonds_moving_avg: Compact<u64>,
    /// Hotkeys.
    52 hotkeys: Vec<AccountId>,
    /// Coldkeys.
    53 coldkeys: Vec<AccountId>,
    /// What the coldkeys say about themselves.
    54 identities: Vec<Option<ChainIdentityV2>>,
    /// Where they serve.
    55 axons: Vec<AxonInfo>,
    /// Weights were updated within the activity cut-off.
    56 active: Vec<bool>,
    /// Permits to set weights.
    57 validator_permit: Vec<bool>,
    /// Retired: empty.
    58 pruning_score: Vec<Compact<u16>>,
    /// Blocks of the last weights.
    59 last_update: Vec<Compact<u64>>,
    /// Alpha earned in the last epoch.
    60 emission: Vec<Compact<u64>>,
    /// Shares of the validators' pot.
    61 dividends: Vec<Compact<u16>>,
    /// Shares of the miners' pot.
    62 incentives: Vec<Compact<u16>>,
    /// Consensus on the weights.
    63 consensus: Vec<Compact<u16>>,
    /// Retired: empty.
    64 trust: Vec<Compact<u16>>,
    /// Retired: empty.
    65 rank: Vec<Compact<u16>>,
    /// Blocks of registration.
    66 block_at_registration: Vec<Compact<u64>>,
    /// Alpha stakes after inheritance.
    67 alpha_stake: Vec<Compact<u64>>,
    /// Root stakes after inheritance.
    68 tao_stake: Vec<Compact<u64>>,
    /// What counts: alpha plus weighted root stake.
    69 total_stake: Vec<Compact<u64>>,
    /// Dividends on root stake; always 0.
    70 tao_dividends_per_hotkey: Vec<(AccountId, Compact<u64>)>,
    /// Alpha dividends of the last epoch.
    71 alpha_dividends_per_hotkey: Vec<(AccountId, Compact<u64>)>,
}

/// The index of the field `validators`.
const VALIDATORS: u16 = 72;
/// The index of the field `commitments`.
const COMMITMENTS: u16 = 73;

/// The neurons of a subnet, one element a uid.
pub(crate) struct Neurons {
    pub(crate) hotkeys: Vec<AccountId>,
    pub(crate) coldkeys: Vec<AccountId>,
    pub(crate) active: Vec<bool>,
    pub(crate) validator_permit: Vec<bool>,
    pub(crate) last_update: Vec<u64>,
    pub(crate) emission: Vec<u64>,
    pub(crate) dividends: Vec<u16>,
    pub(crate) incentives: Vec<u16>,
    pub(crate) consensus: Vec<u16>,
    pub(crate) block_at_registration: Vec<u64>,
    pub(crate) alpha_stake: Vec<u64>,
    pub(crate) tao_stake: Vec<u64>,
    pub(crate) total_stake: Vec<u64>,
}

impl Neurons {
    /// Reads a mechanism of a subnet; `None` when the subnet does not exist.
    pub(crate) fn read(netuid: NetUid, index: StorageIndex) -> Option<Self> {
        if !SubtensorModule::subnet_exists(netuid) {
            return None;
        }
        let hotkeys: Vec<AccountId> = uids(netuid)
            .map(|uid| Keys::<Runtime>::get(netuid, uid))
            .collect();
        let stakes: Vec<_> = hotkeys
            .iter()
            .map(|hotkey| SubtensorModule::inherited_stake(netuid, hotkey))
            .collect();
        let tao_weight = TaoWeight::<Runtime>::get();
        Some(Self {
            coldkeys: hotkeys.iter().map(Owner::<Runtime>::get).collect(),
            active: Active::<Runtime>::get(netuid),
            validator_permit: ValidatorPermit::<Runtime>::get(netuid),
            last_update: LastUpdate::<Runtime>::get(index),
            emission: Emission::<Runtime>::get(netuid),
            dividends: Dividends::<Runtime>::get(netuid),
            incentives: Incentive::<Runtime>::get(index),
            consensus: Consensus::<Runtime>::get(netuid),
            block_at_registration: uids(netuid)
                .map(|uid| BlockAtRegistration::<Runtime>::get(netuid, uid))
                .collect(),
            alpha_stake: stakes.iter().map(|stake| stake.alpha).collect(),
            tao_stake: stakes.iter().map(|stake| stake.root).collect(),
            total_stake: stakes.iter().map(|stake| stake.total(tao_weight)).collect(),
            hotkeys,
        })
    }
}

impl Metagraph {
    /// Reads a subnet; `None` when it does not exist.
    pub(crate) fn read(netuid: NetUid) -> Option<Self> {
        Self::read_index(netuid, netuid)
    }

    /// Reads a mechanism; `None` when it or its subnet does not exist.
    pub(crate) fn read_mechanism(netuid: NetUid, mechanism: MechId) -> Option<Self> {
        if !SubtensorModule::mechanism_exists(netuid, mechanism) {
            return None;
        }
        let index = storage_index(netuid, mechanism);
        Some(Self {
            netuid: Compact(index),
            ..Self::read_index(netuid, index)?
        })
    }

    fn read_index(netuid: NetUid, index: StorageIndex) -> Option<Self> {
        let neurons = Neurons::read(netuid, index)?;
        let (alpha_low, alpha_high) = AlphaValues::<Runtime>::get(netuid);
        let last_step = LastMechansimStepBlock::<Runtime>::get(netuid);
        let block = SubtensorModule::now();
        let dividends = |amount: fn(NetUid, &AccountId) -> u64| {
            neurons
                .hotkeys
                .iter()
                .map(|hotkey| (hotkey.clone(), Compact(amount(netuid, hotkey))))
                .collect()
        };
        Some(Self {
            netuid: Compact(netuid),
            name: subnet_name(netuid),
            symbol: token_symbol(netuid),
            identity: SubnetIdentitiesV3::<Runtime>::get(netuid),
            network_registered_at: Compact(NetworkRegisteredAt::<Runtime>::get(netuid)),
            owner_hotkey: SubnetOwnerHotkey::<Runtime>::get(netuid),
            owner_coldkey: SubnetOwner::<Runtime>::get(netuid),
            block: Compact(block),
            tempo: Compact(Tempo::<Runtime>::get(netuid)),
            last_step: Compact(last_step),
            blocks_since_last_step: Compact(block.saturating_sub(last_step)),
            subnet_emission: Compact(0),
            alpha_in: Compact(SubnetAlphaIn::<Runtime>::get(netuid)),
            alpha_out: Compact(SubnetAlphaOut::<Runtime>::get(netuid)),
            tao_in: Compact(SubnetTAO::<Runtime>::get(netuid)),
            alpha_out_emission: Compact(SubnetAlphaOutEmission::<Runtime>::get(netuid)),
            alpha_in_emission: Compact(SubnetAlphaInEmission::<Runtime>::get(netuid)),
            tao_in_emission: Compact(SubnetTaoInEmission::<Runtime>::get(netuid)),
            pending_alpha_emission: Compact(pending_alpha(netuid)),
            pending_root_emission: Compact(0),
            subnet_volume: Compact(SubnetVolume::<Runtime>::get(netuid)),
            moving_price: SubnetMovingPrice::<Runtime>::get(netuid),
            rho: Compact(Rho::<Runtime>::get(netuid)),
            kappa: Compact(Kappa::<Runtime>::get(netuid)),
            min_allowed_weights: Compact(MinAllowedWeights::<Runtime>::get(netuid)),
            max_weights_limit: Compact(MaxWeightsLimit::<Runtime>::get(netuid)),
            weights_version: Compact(WeightsVersionKey::<Runtime>::get(netuid)),
            weights_rate_limit: Compact(WeightsSetRateLimit::<Runtime>::get(netuid)),
            activity_cutoff: Compact(activity_cutoff(netuid)),
            max_validators: Compact(MaxAllowedValidators::<Runtime>::get(netuid)),
            num_uids: Compact(SubnetworkN::<Runtime>::get(netuid)),
            max_uids: Compact(MaxAllowedUids::<Runtime>::get(netuid)),
            burn: Compact(Burn::<Runtime>::get(netuid)),
            difficulty: Compact(Difficulty::<Runtime>::get(netuid)),
            registration_allowed: NetworkRegistrationAllowed::<Runtime>::get(netuid),
            pow_registration_allowed: NetworkPowRegistrationAllowed::<Runtime>::get(netuid),
            immunity_period: Compact(ImmunityPeriod::<Runtime>::get(netuid)),
            min_difficulty: Compact(MinDifficulty::<Runtime>::get(netuid)),
            max_difficulty: Compact(MaxDifficulty::<Runtime>::get(netuid)),
            min_burn: Compact(MinBurn::<Runtime>::get(netuid)),
            max_burn: Compact(MaxBurn::<Runtime>::get(netuid)),
            adjustment_alpha: Compact(AdjustmentAlpha::<Runtime>::get(netuid)),
            adjustment_interval: Compact(AdjustmentInterval::<Runtime>::get(netuid)),
            target_regs_per_interval: Compact(TargetRegistrationsPerInterval::<Runtime>::get(netuid)),
            max_regs_per_block: Compact(MaxRegistrationsPerBlock::<Runtime>::get(netuid)),
            serving_rate_limit: Compact(ServingRateLimit::<Runtime>::get(netuid)),
            commit_reveal_weights_enabled: CommitRevealWeightsEnabled::<Runtime>::get(netuid),
            commit_reveal_period: Compact(RevealPeriodEpochs::<Runtime>::get(netuid)),
            liquid_alpha_enabled: LiquidAlphaOn::<Runtime>::get(netuid),
            alpha_high: Compact(alpha_high),
            alpha_low: Compact(alpha_low),
            bonds_moving_avg: Compact(BondsMovingAverage::<Runtime>::get(netuid)),
            identities: neurons
                .coldkeys
                .iter()
                .map(IdentitiesV2::<Runtime>::get)
                .collect(),
            axons: neurons
                .hotkeys
                .iter()
                .map(|hotkey| Axons::<Runtime>::get(netuid, hotkey).unwrap_or_default())
                .collect(),
            tao_dividends_per_hotkey: dividends(|_, _| 0),
            alpha_dividends_per_hotkey: dividends(|netuid, hotkey| {
                AlphaDividendsPerSubnet::<Runtime>::get(netuid, hotkey)
            }),
            hotkeys: neurons.hotkeys,
            coldkeys: neurons.coldkeys,
            active: neurons.active,
            validator_permit: neurons.validator_permit,
            pruning_score: Vec::new(),
            last_update: compact(neurons.last_update),
            emission: compact(neurons.emission),
            dividends: compact(neurons.dividends),
            incentives: compact(neurons.incentives),
            consensus: compact(neurons.consensus),
            trust: Vec::new(),
            rank: Vec::new(),
            block_at_registration: compact(neurons.block_at_registration),
            alpha_stake: compact(neurons.alpha_stake),
            tao_stake: compact(neurons.tao_stake),
            total_stake: compact(neurons.total_stake),
        })
    }
}

impl SelectiveMetagraph {
    /// Reads some fields of a subnet; unknown indices are ignored.
    pub(crate) fn read(netuid: NetUid, indices: &[u16]) -> Option<Self> {
        Some(Self::pick(netuid, Metagraph::read(netuid)?, indices))
    }

    /// Reads some fields of a mechanism. Here `netuid` is always filled, with the subnet.
    pub(crate) fn read_mechanism(netuid: NetUid, mechanism: MechId, indices: &[u16]) -> Option<Self> {
        let all = Metagraph::read_mechanism(netuid, mechanism)?;
        Some(Self {
            netuid: Compact(netuid),
            ..Self::pick(netuid, all, indices)
        })
    }

    fn pick(netuid: NetUid, all: Metagraph, indices: &[u16]) -> Self {
        let wanted = |index| indices.contains(&index);
        let validators = wanted(VALIDATORS).then(|| validators(netuid, &all));
        let commitments = wanted(COMMITMENTS).then(|| commitments(netuid));
        Self {
            validators,
            commitments,
            ..Self::select(all, wanted)
        }
    }
}

/// The uids with a permit and more stake than the threshold, the weakest first.
fn validators(netuid: NetUid, all: &Metagraph) -> Vec<Compact<u16>> {
    let threshold = StakeThreshold::<Runtime>::get();
    let weights = StakeWeight::<Runtime>::get(netuid);
    let mut validators: Vec<(u16, u16)> = (0u16..)
        .zip(all.validator_permit.iter().zip(&all.total_stake))
        .filter(|(_, (permit, stake))| **permit && stake.0 > threshold)
        .map(|(uid, _)| (weights.get(usize::from(uid)).copied().unwrap_or_default(), uid))
        .collect();
    validators.sort_unstable();
    validators.into_iter().map(|(_, uid)| Compact(uid)).collect()
}

fn commitments(netuid: NetUid) -> Vec<(AccountId, Vec<Compact<u8>>)> {
    CommitmentOf::<Runtime>::iter_prefix(netuid)
        .map(|(hotkey, commitment)| (hotkey, compact(commitment.info.encode())))
        .collect()
}
