//! A miner may ask that what validators hold of it is forgotten, where the subnet allows that.

use super::{Bonds, BondsResetOn, Config, NetUid, Pallet, Uid, Uids, storage_index};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Removes every bond towards the hotkey. Says whether the subnet allows that.
    pub fn reset_bonds(netuid: NetUid, hotkey: &AccountId32) -> bool {
        let Some(uid) = Uids::<T>::get(netuid, hotkey).filter(|_| BondsResetOn::<T>::get(netuid)) else {
            return false;
        };
        for mechanism in Self::mechanisms(netuid) {
            let index = storage_index(netuid, mechanism);
            let rows: Vec<(Uid, Vec<(Uid, u16)>)> = Bonds::<T>::iter_prefix(index).collect();
            for (validator, mut row) in rows {
                let before = row.len();
                row.retain(|(target, _)| *target != uid);
                if row.len() != before {
                    Bonds::<T>::insert(index, validator, row);
                }
            }
        }
        true
    }
}
