//! Shrinking a subnet: the neurons that earn least lose their uids, and the others move up.

use super::*;
use frame_support::{dispatch::DispatchResult, ensure};
use sp_core::H160;
use sp_runtime::AccountId32;
use std::{cmp::Reverse, collections::BTreeMap};

/// The share of a trimmed subnet, in percent, that its immune neurons must stay below.
const MOST_IMMUNE_PERCENT: u32 = 80;

/// The elements of a per-uid vector that stay.
fn keep<V: Clone>(values: Vec<V>, kept: &[Uid]) -> Vec<V> {
    kept.iter()
        .filter_map(|uid| values.get(usize::from(*uid)).cloned())
        .collect()
}

/// A row of weights or bonds with the new uids, without those that are gone.
fn renamed(row: Vec<(Uid, u16)>, new_uids: &BTreeMap<Uid, Uid>) -> Vec<(Uid, u16)> {
    row.into_iter()
        .filter_map(|(uid, value)| Some((*new_uids.get(&uid)?, value)))
        .collect()
}

impl<T: Config> Pallet<T> {
    /// Lowers the number of uids to `most`.
    ///
    /// # Errors
    /// When the number is out of its bounds, or when the neurons that may not be removed would fill most of the subnet.
    pub fn trim_uids(netuid: NetUid, most: u16) -> DispatchResult {
        let bounds = MinAllowedUids::<T>::get(netuid)..=MaxAllowedUids::<T>::get(netuid);
        ensure!(bounds.contains(&most), Error::<T>::InvalidValue);
        MaxAllowedUids::<T>::insert(netuid, most);
        let count = SubnetworkN::<T>::get(netuid);
        if count <= most {
            return Ok(());
        }
        let immortal = Self::immortal_uids(netuid);
        let spared = |uid: &Uid| immortal.contains(uid) || Self::is_immune(netuid, *uid);
        let immune = (0..count).filter(spared).count();
        ensure!(
            immune * 100 < usize::from(most) * MOST_IMMUNE_PERCENT as usize,
            Error::<T>::TrimmingWouldExceedMaxImmunePercentage
        );
        let emission = Emission::<T>::get(netuid);
        let mut candidates: Vec<Uid> = (0..count).filter(|uid| !spared(uid)).collect();
        // Those that earned least first, and among equals the youngest uid.
        candidates.sort_by_key(|uid| {
            let earned = emission.get(usize::from(*uid)).copied().unwrap_or_default();
            (earned, Reverse(*uid))
        });
        candidates.truncate(usize::from(count - most));
        let kept: Vec<Uid> = (0..count).filter(|uid| !candidates.contains(uid)).collect();
        Self::keep_uids(netuid, count, &kept);
        Ok(())
    }

    /// Removes every neuron that is not listed and renumbers the others in their order.
    fn keep_uids(netuid: NetUid, count: u16, kept: &[Uid]) {
        let new_uids: BTreeMap<Uid, Uid> = kept.iter().copied().zip(0..).collect();
        let neurons: Vec<(Uid, AccountId32, u64, Option<(H160, u64)>)> = (0..count)
            .map(|uid| {
                (
                    uid,
                    Keys::<T>::take(netuid, uid),
                    BlockAtRegistration::<T>::take(netuid, uid),
                    AssociatedEvmAddress::<T>::take(netuid, uid),
                )
            })
            .collect();
        for (uid, hotkey, registered, evm) in neurons {
            let Some(&new) = new_uids.get(&uid) else {
                Uids::<T>::remove(netuid, &hotkey);
                IsNetworkMember::<T>::remove(&hotkey, netuid);
                Axons::<T>::remove(netuid, &hotkey);
                NeuronCertificates::<T>::remove(netuid, &hotkey);
                Prometheus::<T>::remove(netuid, &hotkey);
                continue;
            };
            Keys::<T>::insert(netuid, new, &hotkey);
            Uids::<T>::insert(netuid, &hotkey, new);
            BlockAtRegistration::<T>::insert(netuid, new, registered);
            AssociatedEvmAddress::<T>::set(netuid, new, evm);
        }
        macro_rules! shrink {
            ($key:expr; $($map:ident),*) => { $( $map::<T>::mutate($key, |values| *values = keep(std::mem::take(values), kept)); )* };
        }
        shrink!(netuid; Active, Emission, Consensus, Dividends, ValidatorTrust, ValidatorPermit, StakeWeight);
        for mechanism in Self::mechanisms(netuid) {
            let index = storage_index(netuid, mechanism);
            shrink!(index; Incentive, LastUpdate);
            let weights: Vec<_> = (0..count)
                .map(|uid| (uid, Weights::<T>::take(index, uid)))
                .collect();
            let bonds: Vec<_> = (0..count)
                .map(|uid| (uid, Bonds::<T>::take(index, uid)))
                .collect();
            for (uid, row) in weights {
                if let Some(new) = new_uids.get(&uid).filter(|_| !row.is_empty()) {
                    Weights::<T>::insert(index, new, renamed(row, &new_uids));
                }
            }
            for (uid, row) in bonds {
                if let Some(new) = new_uids.get(&uid).filter(|_| !row.is_empty()) {
                    Bonds::<T>::insert(index, new, renamed(row, &new_uids));
                }
            }
        }
        SubnetworkN::<T>::insert(netuid, u16::try_from(kept.len()).unwrap_or(count));
    }
}
