//! The table of neurons of a subnet: appending one, replacing one.
//!
//! Replacing leaves the `Active` flag as it was until the next epoch, and appending leaves `StakeWeight` shorter than
//! the table; both are the chain's ways and visible to clients.

use super::{
    Active, AssociatedEvmAddress, Axons, BlockAtRegistration, Bonds, Config, Consensus, Dividends, Emission,
    Incentive, IsNetworkMember, Keys, LastUpdate, MechId, MechanismCountCurrent, MechanismEmissionSplit,
    NetUid, NeuronCertificates, Pallet, Prometheus, StakeWeight, SubnetworkN, Uid, Uids, ValidatorPermit,
    ValidatorTrust, Weights, storage_index,
};
use frame_support::storage::StorageMap;
use sp_runtime::AccountId32;

/// Sets one element of a per-uid vector, if the vector is that long.
fn set<M, V>(key: u16, uid: Uid, value: V)
where
    M: StorageMap<u16, Vec<V>, Query = Vec<V>>,
    V: codec::FullCodec,
{
    M::mutate(key, |values| {
        if let Some(slot) = values.get_mut(usize::from(uid)) {
            *slot = value;
        }
    });
}

/// Appends to a per-uid vector.
fn push<M, V>(key: u16, value: V)
where
    M: StorageMap<u16, Vec<V>, Query = Vec<V>>,
    V: codec::FullCodec,
{
    M::mutate(key, |values| values.push(value));
}

impl<T: Config> Pallet<T> {
    /// The subnet's mechanisms.
    pub(crate) fn mechanisms(netuid: NetUid) -> impl Iterator<Item = MechId> {
        0..MechanismCountCurrent::<T>::get(netuid)
    }

    /// Gives the next free uid to a hotkey.
    pub(crate) fn append_neuron(netuid: NetUid, hotkey: &AccountId32) -> Uid {
        let uid = SubnetworkN::<T>::get(netuid);
        let now = Self::now();
        SubnetworkN::<T>::insert(netuid, uid.saturating_add(1));
        push::<Active<T>, bool>(netuid, true);
        push::<Emission<T>, u64>(netuid, 0);
        push::<Consensus<T>, u16>(netuid, 0);
        push::<Dividends<T>, u16>(netuid, 0);
        push::<ValidatorTrust<T>, u16>(netuid, 0);
        push::<ValidatorPermit<T>, bool>(netuid, false);
        for mechanism in Self::mechanisms(netuid) {
            let index = storage_index(netuid, mechanism);
            push::<Incentive<T>, u16>(index, 0);
            push::<LastUpdate<T>, u64>(index, now);
        }
        Self::take_uid(netuid, uid, hotkey, now);
        uid
    }

    /// Gives a taken uid to another hotkey and forgets what the old one earned there.
    pub(crate) fn replace_neuron(netuid: NetUid, uid: Uid, hotkey: &AccountId32) {
        let old = Keys::<T>::get(netuid, uid);
        let now = Self::now();
        Uids::<T>::remove(netuid, &old);
        IsNetworkMember::<T>::remove(&old, netuid);
        Axons::<T>::remove(netuid, &old);
        NeuronCertificates::<T>::remove(netuid, &old);
        Prometheus::<T>::remove(netuid, &old);
        AssociatedEvmAddress::<T>::remove(netuid, uid);
        set::<Emission<T>, u64>(netuid, uid, 0);
        set::<Consensus<T>, u16>(netuid, uid, 0);
        set::<Dividends<T>, u16>(netuid, uid, 0);
        set::<StakeWeight<T>, u16>(netuid, uid, 0);
        set::<ValidatorTrust<T>, u16>(netuid, uid, 0);
        set::<ValidatorPermit<T>, bool>(netuid, uid, false);
        for mechanism in Self::mechanisms(netuid) {
            let index = storage_index(netuid, mechanism);
            set::<Incentive<T>, u16>(index, uid, 0);
            set::<LastUpdate<T>, u64>(index, uid, now);
            Weights::<T>::remove(index, uid);
            Bonds::<T>::remove(index, uid);
            // The others' weights towards this uid were meant for somebody else: they stay as explicit zeros.
            let rows: Vec<(Uid, Vec<(Uid, u16)>)> = Weights::<T>::iter_prefix(index).collect();
            for (validator, mut row) in rows {
                let mut changed = false;
                for (target, weight) in &mut row {
                    if *target == uid && *weight != 0 {
                        *weight = 0;
                        changed = true;
                    }
                }
                if changed {
                    Weights::<T>::insert(index, validator, row);
                }
            }
        }
        Self::take_uid(netuid, uid, hotkey, now);
    }

    /// Makes room for the vectors of new mechanisms and forgets those of removed ones. The split of emission, made for
    /// another number, is forgotten too.
    pub(crate) fn resize_mechanisms(netuid: NetUid, count: MechId) {
        let neurons = usize::from(SubnetworkN::<T>::get(netuid));
        let before = MechanismCountCurrent::<T>::get(netuid);
        for mechanism in before..count {
            let index = storage_index(netuid, mechanism);
            Incentive::<T>::insert(index, vec![0u16; neurons]);
            LastUpdate::<T>::insert(index, vec![0u64; neurons]);
        }
        for mechanism in count..before {
            Self::forget_mechanism(storage_index(netuid, mechanism));
        }
        if before != count {
            MechanismEmissionSplit::<T>::remove(netuid);
        }
        MechanismCountCurrent::<T>::insert(netuid, count);
    }

    fn take_uid(netuid: NetUid, uid: Uid, hotkey: &AccountId32, now: u64) {
        Keys::<T>::insert(netuid, uid, hotkey);
        Uids::<T>::insert(netuid, hotkey, uid);
        BlockAtRegistration::<T>::insert(netuid, uid, now);
        IsNetworkMember::<T>::insert(hotkey, netuid, true);
    }
}
