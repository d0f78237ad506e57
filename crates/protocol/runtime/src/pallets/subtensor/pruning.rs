//! Which neuron gives way when a full subnet takes another.
//!
//! Caveat, and the chain's: a full subnet with at most `MinNonImmuneUids` replaceable neurons and no immune one
//! accepts nobody.

use super::{
    BlockAtRegistration, Config, Emission, ImmuneOwnerUidsLimit, ImmunityPeriod, Keys, MinNonImmuneUids,
    NetUid, OwnedHotkeys, Pallet, SubnetOwner, SubnetOwnerHotkey, SubnetworkN, Uid, Uids,
};
use std::cmp::Reverse;

/// A neuron that may have to go; the smallest goes first.
type Candidate = (u64, u64, Uid);

impl<T: Config> Pallet<T> {
    /// The neuron that earned least among the replaceable ones, or among the immune ones when too few are replaceable.
    #[must_use]
    pub fn neuron_to_prune(netuid: NetUid) -> Option<Uid> {
        let immortal = Self::immortal_uids(netuid);
        let emission = Emission::<T>::get(netuid);
        let mut immune: Option<Candidate> = None;
        let mut replaceable: Option<Candidate> = None;
        let mut replaceable_count = 0u16;
        for uid in (0..SubnetworkN::<T>::get(netuid)).filter(|uid| !immortal.contains(uid)) {
            let earned = emission.get(usize::from(uid)).copied().unwrap_or_default();
            let candidate = (earned, BlockAtRegistration::<T>::get(netuid, uid), uid);
            let slot = match Self::is_immune(netuid, uid) {
                true => &mut immune,
                false => {
                    replaceable_count = replaceable_count.saturating_add(1);
                    &mut replaceable
                }
            };
            *slot = Some(slot.map_or(candidate, |least| least.min(candidate)));
        }
        let enough = replaceable_count > MinNonImmuneUids::<T>::get(netuid);
        replaceable.filter(|_| enough).or(immune).map(|(_, _, uid)| uid)
    }

    /// The neuron is too young to be replaced.
    #[must_use]
    pub fn is_immune(netuid: NetUid, uid: Uid) -> bool {
        let age = Self::now().saturating_sub(BlockAtRegistration::<T>::get(netuid, uid));
        age < u64::from(ImmunityPeriod::<T>::get(netuid))
    }

    /// The owner's uids that can never be replaced: the subnet's own hotkey first, then the latest registered, up to
    /// the limit.
    pub(crate) fn immortal_uids(netuid: NetUid) -> Vec<Uid> {
        let mut owned: Vec<Uid> = OwnedHotkeys::<T>::get(SubnetOwner::<T>::get(netuid))
            .iter()
            .filter_map(|hotkey| Uids::<T>::get(netuid, hotkey))
            .collect();
        owned.sort_by_key(|&uid| (Reverse(BlockAtRegistration::<T>::get(netuid, uid)), uid));
        let limit = usize::from(ImmuneOwnerUidsLimit::<T>::get(netuid));
        owned.truncate(limit);
        let main = Uids::<T>::get(netuid, SubnetOwnerHotkey::<T>::get(netuid));
        if let Some(main) = main.filter(|uid| !owned.contains(uid)) {
            owned.insert(0, main);
            owned.truncate(limit);
        }
        owned
    }

    /// The hotkeys whose incentive nobody is paid.
    pub(crate) fn owner_hotkeys(netuid: NetUid) -> Vec<sp_runtime::AccountId32> {
        let mut hotkeys = OwnedHotkeys::<T>::get(SubnetOwner::<T>::get(netuid));
        let main = SubnetOwnerHotkey::<T>::get(netuid);
        let seated = Uids::<T>::get(netuid, &main).is_some_and(|uid| Keys::<T>::get(netuid, uid) == main);
        if seated && !hotkeys.contains(&main) {
            hotkeys.push(main);
        }
        hotkeys
    }
}
