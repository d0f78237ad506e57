//! The pool and the emission of a subnet.

use super::{CompactText, subnet_name, token_symbol};
use crate::{
    AccountId, Runtime, SubtensorModule,
    fixed_point::I96F32,
    pallets::subtensor::{
        LastMechansimStepBlock, NetUid, NetworkRegisteredAt, PendingServerEmission, PendingValidatorEmission,
        SubnetAlphaIn, SubnetAlphaInEmission, SubnetAlphaOut, SubnetAlphaOutEmission, SubnetIdentitiesV3,
        SubnetIdentityV3, SubnetMovingPrice, SubnetOwner, SubnetOwnerHotkey, SubnetTAO, SubnetTaoInEmission,
        SubnetVolume, Tempo,
    },
};
use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

/// The pool and the emission of a subnet. Amounts are rao.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct DynamicInfo {
    /// The subnet.
    pub netuid: Compact<u16>,
    /// The owner's hotkey.
    pub owner_hotkey: AccountId,
    /// The owner's coldkey.
    pub owner_coldkey: AccountId,
    /// The name.
    pub subnet_name: CompactText,
    /// The symbol of its alpha.
    pub token_symbol: CompactText,
    /// Blocks between epochs.
    pub tempo: Compact<u16>,
    /// Block of the last epoch.
    pub last_step: Compact<u64>,
    /// Blocks since then.
    pub blocks_since_last_step: Compact<u64>,
    /// Retired: 0.
    pub emission: Compact<u64>,
    /// Alpha in the pool.
    pub alpha_in: Compact<u64>,
    /// Alpha outside the pool.
    pub alpha_out: Compact<u64>,
    /// TAO in the pool.
    pub tao_in: Compact<u64>,
    /// Alpha paid out a block.
    pub alpha_out_emission: Compact<u64>,
    /// Alpha added to the pool a block.
    pub alpha_in_emission: Compact<u64>,
    /// TAO added to the pool a block.
    pub tao_in_emission: Compact<u64>,
    /// Alpha that waits for miners and validators.
    pub pending_alpha_emission: Compact<u64>,
    /// Retired: 0.
    pub pending_root_emission: Compact<u64>,
    /// TAO that ever passed through the pool.
    pub subnet_volume: Compact<u128>,
    /// The block of its creation.
    pub network_registered_at: Compact<u64>,
    /// What its owner says.
    pub subnet_identity: Option<SubnetIdentityV3>,
    /// The smoothed price of alpha in TAO.
    pub moving_price: I96F32,
}

impl DynamicInfo {
    /// Reads a subnet; `None` when it does not exist.
    pub(crate) fn read(netuid: NetUid) -> Option<Self> {
        let last_step = LastMechansimStepBlock::<Runtime>::get(netuid);
        SubtensorModule::subnet_exists(netuid).then(|| Self {
            netuid: Compact(netuid),
            owner_hotkey: SubnetOwnerHotkey::<Runtime>::get(netuid),
            owner_coldkey: SubnetOwner::<Runtime>::get(netuid),
            subnet_name: subnet_name(netuid),
            token_symbol: token_symbol(netuid),
            tempo: Compact(Tempo::<Runtime>::get(netuid)),
            last_step: Compact(last_step),
            blocks_since_last_step: Compact(SubtensorModule::now().saturating_sub(last_step)),
            emission: Compact(0),
            alpha_in: Compact(SubnetAlphaIn::<Runtime>::get(netuid)),
            alpha_out: Compact(SubnetAlphaOut::<Runtime>::get(netuid)),
            tao_in: Compact(SubnetTAO::<Runtime>::get(netuid)),
            alpha_out_emission: Compact(SubnetAlphaOutEmission::<Runtime>::get(netuid)),
            alpha_in_emission: Compact(SubnetAlphaInEmission::<Runtime>::get(netuid)),
            tao_in_emission: Compact(SubnetTaoInEmission::<Runtime>::get(netuid)),
            pending_alpha_emission: Compact(pending_alpha(netuid)),
            pending_root_emission: Compact(0),
            subnet_volume: Compact(SubnetVolume::<Runtime>::get(netuid)),
            network_registered_at: Compact(NetworkRegisteredAt::<Runtime>::get(netuid)),
            subnet_identity: SubnetIdentitiesV3::<Runtime>::get(netuid),
            moving_price: SubnetMovingPrice::<Runtime>::get(netuid),
        })
    }
}

/// Alpha that waits for miners and validators, in rao.
pub(crate) fn pending_alpha(netuid: NetUid) -> u64 {
    PendingServerEmission::<Runtime>::get(netuid)
        .saturating_add(PendingValidatorEmission::<Runtime>::get(netuid))
}
