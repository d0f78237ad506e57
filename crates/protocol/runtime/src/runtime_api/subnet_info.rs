//! Subnets at a glance, and the trait under which everything about subnets is asked.

use super::{
    DynamicInfo, Metagraph, SelectiveMetagraph, SubnetHyperparam, SubnetHyperparams, SubnetHyperparamsV2,
    SubnetState,
};
use crate::{
    AccountId, Runtime, SubtensorModule,
    pallets::subtensor::{
        BlocksSinceLastStep, Burn, Difficulty, ImmunityPeriod, Kappa, MaxAllowedUids, MaxAllowedValidators,
        MaxWeightsLimit, MinAllowedWeights, NetUid, Rho, ScalingLawPower, SubnetIdentitiesV3,
        SubnetIdentityV3, SubnetOwner, SubnetworkN, Tempo,
    },
};
use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

/// A subnet at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SubnetInfo {
    /// The subnet.
    pub netuid: Compact<u16>,
    /// Unused by the chain.
    pub rho: Compact<u16>,
    /// The stake majority of the consensus, of 65535.
    pub kappa: Compact<u16>,
    /// Tries of a proof of work, on average.
    pub difficulty: Compact<u64>,
    /// Blocks a new neuron is immune.
    pub immunity_period: Compact<u16>,
    /// Permits an epoch hands out.
    pub max_allowed_validators: Compact<u16>,
    /// The fewest weights of a row.
    pub min_allowed_weights: Compact<u16>,
    /// The largest weight; not enforced.
    pub max_weights_limit: Compact<u16>,
    /// Retired.
    pub scaling_law_power: Compact<u16>,
    /// Neurons.
    pub subnetwork_n: Compact<u16>,
    /// Uids.
    pub max_allowed_uids: Compact<u16>,
    /// Blocks since the last epoch.
    pub blocks_since_last_step: Compact<u64>,
    /// Blocks between epochs.
    pub tempo: Compact<u16>,
    /// Retired: 0.
    pub network_modality: Compact<u16>,
    /// Retired: empty.
    pub network_connect: Vec<[u16; 2]>,
    /// Retired: 0. Named as the Python SDK 10 reads it.
    pub emission_value: Compact<u64>,
    /// The price of a uid, in rao.
    pub burn: Compact<u64>,
    /// The owner's coldkey.
    pub owner: AccountId,
}

/// A subnet at a glance with what its owner says about it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[expect(missing_docs, reason = "the fields are those of SubnetInfo")]
pub struct SubnetInfov2 {
    pub netuid: Compact<u16>,
    pub rho: Compact<u16>,
    pub kappa: Compact<u16>,
    pub difficulty: Compact<u64>,
    pub immunity_period: Compact<u16>,
    pub max_allowed_validators: Compact<u16>,
    pub min_allowed_weights: Compact<u16>,
    pub max_weights_limit: Compact<u16>,
    pub scaling_law_power: Compact<u16>,
    pub subnetwork_n: Compact<u16>,
    pub max_allowed_uids: Compact<u16>,
    pub blocks_since_last_step: Compact<u64>,
    pub tempo: Compact<u16>,
    pub network_modality: Compact<u16>,
    pub network_connect: Vec<[u16; 2]>,
    pub emission_value: Compact<u64>,
    pub burn: Compact<u64>,
    pub owner: AccountId,
    pub identity: Option<SubnetIdentityV3>,
}

sp_api::decl_runtime_apis! {
    /// Everything about subnets. Lists leave out subnets that do not exist.
    #[api_version(2)]
    pub trait SubnetInfoRuntimeApi {
        /// A subnet at a glance.
        fn get_subnet_info(netuid: u16) -> Option<SubnetInfo>;
        /// All subnets at a glance.
        fn get_subnets_info() -> Vec<Option<SubnetInfo>>;
        /// A subnet at a glance with its identity.
        fn get_subnet_info_v2(netuid: u16) -> Option<SubnetInfov2>;
        /// All subnets at a glance with their identities.
        fn get_subnets_info_v2() -> Vec<Option<SubnetInfov2>>;
        /// Hyperparameters, first form.
        fn get_subnet_hyperparams(netuid: u16) -> Option<SubnetHyperparams>;
        /// Hyperparameters, second form.
        fn get_subnet_hyperparams_v2(netuid: u16) -> Option<SubnetHyperparamsV2>;
        /// Hyperparameters by name.
        fn get_subnet_hyperparams_v3(netuid: u16) -> Option<Vec<SubnetHyperparam>>;
        /// The pools and emissions of all subnets.
        fn get_all_dynamic_info() -> Vec<Option<DynamicInfo>>;
        /// The pool and emission of a subnet.
        fn get_dynamic_info(netuid: u16) -> Option<DynamicInfo>;
        /// Every subnet with its neurons.
        fn get_all_metagraphs() -> Vec<Option<Metagraph>>;
        /// A subnet with its neurons.
        fn get_metagraph(netuid: u16) -> Option<Metagraph>;
        /// Every mechanism of every subnet with its neurons.
        fn get_all_mechagraphs() -> Vec<Option<Metagraph>>;
        /// A mechanism of a subnet with its neurons.
        fn get_mechagraph(netuid: u16, mecid: u8) -> Option<Metagraph>;
        /// Some fields of a subnet with its neurons, by their indices.
        fn get_selective_metagraph(netuid: u16, metagraph_indexes: Vec<u16>) -> Option<SelectiveMetagraph>;
        /// Some fields of a mechanism with its neurons, by their indices.
        fn get_selective_mechagraph(
            netuid: u16,
            subid: u8,
            metagraph_indexes: Vec<u16>
        ) -> Option<SelectiveMetagraph>;
        /// The neurons of a subnet and the emissions of all.
        fn get_subnet_state(netuid: u16) -> Option<SubnetState>;
        /// Where a coldkey's mining income is staked.
        fn get_coldkey_auto_stake_hotkey(coldkey: AccountId, netuid: u16) -> Option<AccountId>;
        /// The subnet that would make room for a new one.
        fn get_subnet_to_prune() -> Option<u16>;
        /// The account that holds a subnet's TAO.
        fn get_subnet_account_id(netuid: u16) -> Option<AccountId>;
        /// The block of the next epoch.
        fn get_next_epoch_start_block(netuid: u16) -> Option<u64>;
    }
}

impl SubnetInfov2 {
    /// Reads a subnet; `None` when it does not exist.
    pub(crate) fn read(netuid: NetUid) -> Option<Self> {
        SubtensorModule::subnet_exists(netuid).then(|| Self {
            netuid: Compact(netuid),
            rho: Compact(Rho::<Runtime>::get(netuid)),
            kappa: Compact(Kappa::<Runtime>::get(netuid)),
            difficulty: Compact(Difficulty::<Runtime>::get(netuid)),
            immunity_period: Compact(ImmunityPeriod::<Runtime>::get(netuid)),
            max_allowed_validators: Compact(MaxAllowedValidators::<Runtime>::get(netuid)),
            min_allowed_weights: Compact(MinAllowedWeights::<Runtime>::get(netuid)),
            max_weights_limit: Compact(MaxWeightsLimit::<Runtime>::get(netuid)),
            scaling_law_power: Compact(ScalingLawPower::<Runtime>::get(netuid)),
            subnetwork_n: Compact(SubnetworkN::<Runtime>::get(netuid)),
            max_allowed_uids: Compact(MaxAllowedUids::<Runtime>::get(netuid)),
            blocks_since_last_step: Compact(BlocksSinceLastStep::<Runtime>::get(netuid)),
            tempo: Compact(Tempo::<Runtime>::get(netuid)),
            network_modality: Compact(0),
            network_connect: Vec::new(),
            emission_value: Compact(0),
            burn: Compact(Burn::<Runtime>::get(netuid)),
            owner: SubnetOwner::<Runtime>::get(netuid),
            identity: SubnetIdentitiesV3::<Runtime>::get(netuid),
        })
    }
}

impl From<SubnetInfov2> for SubnetInfo {
    fn from(info: SubnetInfov2) -> Self {
        Self {
            netuid: info.netuid,
            rho: info.rho,
            kappa: info.kappa,
            difficulty: info.difficulty,
            immunity_period: info.immunity_period,
            max_allowed_validators: info.max_allowed_validators,
            min_allowed_weights: info.min_allowed_weights,
            max_weights_limit: info.max_weights_limit,
            scaling_law_power: info.scaling_law_power,
            subnetwork_n: info.subnetwork_n,
            max_allowed_uids: info.max_allowed_uids,
            blocks_since_last_step: info.blocks_since_last_step,
            tempo: info.tempo,
            network_modality: info.network_modality,
            network_connect: info.network_connect,
            emission_value: info.emission_value,
            burn: info.burn,
            owner: info.owner,
        }
    }
}
