//! What a block mints and where it waits for the next epoch.
//!
//! Simplified: no TAO is minted into the pools, so `SubnetTaoInEmission` stays 0 and the TAO issuance does not move;
//! and the root stakers' part of the alpha is recycled at once, as the original does while the moving prices sum to
//! at most 1.

use super::{
    Config, FirstEmissionBlockNumber, NetUid, NetworkRegistrationAllowed, OwnerCutEnabled, Pallet,
    PendingOwnerCut, PendingServerEmission, PendingValidatorEmission, ROOT, SubnetAlphaInEmission,
    SubnetAlphaOut, SubnetAlphaOutEmission, SubnetOwnerCut, SubnetTAO, SubnetTaoInEmission, SubtokenEnabled,
    TaoWeight, TotalIssuance,
};
use assay_yuma::coinbase::{block_emission, root_proportion, split_block};
use frame_support::StorageMap;

/// Adds to a map of amounts.
fn add<M: StorageMap<NetUid, u64, Query = u64>>(netuid: NetUid, amount: u64) {
    if amount > 0 {
        M::mutate(netuid, |total| *total = total.saturating_add(amount));
    }
}

impl<T: Config> Pallet<T> {
    /// Fees are burned, so the TAO there is follows the balances; the pools' TAO is in balances too.
    pub(crate) fn follow_issuance() {
        let issuance = pallet_balances::Pallet::<T>::total_issuance();
        if TotalIssuance::<T>::get() != issuance {
            TotalIssuance::<T>::put(issuance);
        }
    }

    /// The subnet has been started and is open.
    pub(crate) fn emits(netuid: NetUid) -> bool {
        netuid != ROOT
            && FirstEmissionBlockNumber::<T>::get(netuid).is_some()
            && SubtokenEnabled::<T>::get(netuid)
            && NetworkRegistrationAllowed::<T>::get(netuid)
    }

    /// Mints a block's alpha of every emitting subnet and divides it among those who wait.
    pub(crate) fn emit(netuids: &[NetUid]) {
        for &netuid in netuids.iter().filter(|&&netuid| Self::emits(netuid)) {
            let alpha = block_emission(Self::alpha_issuance(netuid));
            SubnetAlphaInEmission::<T>::insert(netuid, 0);
            SubnetTaoInEmission::<T>::insert(netuid, 0);
            SubnetAlphaOutEmission::<T>::insert(netuid, alpha);
            let cut = if OwnerCutEnabled::<T>::get(netuid) {
                SubnetOwnerCut::<T>::get()
            } else {
                0
            };
            let split = split_block(alpha, cut, Self::root_share(netuid));
            add::<SubnetAlphaOut<T>>(netuid, alpha.saturating_sub(split.root));
            add::<PendingOwnerCut<T>>(netuid, split.owner);
            add::<PendingServerEmission<T>>(netuid, split.server);
            add::<PendingValidatorEmission<T>>(netuid, split.validator);
        }
    }

    /// Root stake's part of a subnet's stake, in 32 fraction bits.
    pub(crate) fn root_share(netuid: NetUid) -> u32 {
        root_proportion(
            SubnetTAO::<T>::get(ROOT),
            TaoWeight::<T>::get(),
            Self::alpha_issuance(netuid),
        )
    }
}
