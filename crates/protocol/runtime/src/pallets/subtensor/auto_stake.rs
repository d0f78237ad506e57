//! The hotkey to which a coldkey's mining income is staked, instead of the hotkey that earned it.

use super::{AutoStakeDestination, AutoStakeDestinationColdkeys, Config, Error, Event, NetUid, Pallet, Uids};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Chooses the destination on a subnet.
    pub(crate) fn do_set_auto_stake(
        coldkey: &AccountId32,
        netuid: NetUid,
        hotkey: &AccountId32,
    ) -> DispatchResult {
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        ensure!(
            Uids::<T>::contains_key(netuid, hotkey),
            Error::<T>::HotKeyNotRegisteredInSubNet
        );
        let before = AutoStakeDestination::<T>::get(coldkey, netuid);
        ensure!(
            before.as_ref() != Some(hotkey),
            Error::<T>::SameAutoStakeHotkeyAlreadySet
        );
        Self::point_auto_stake(coldkey, netuid, Some(hotkey));
        Self::deposit_event(Event::AutoStakeDestinationSet {
            coldkey: coldkey.clone(),
            netuid,
            hotkey: hotkey.clone(),
        });
        Ok(())
    }

    /// Points a coldkey's income to a hotkey or to none, and keeps the list of the hotkey's coldkeys.
    pub(crate) fn point_auto_stake(coldkey: &AccountId32, netuid: NetUid, hotkey: Option<&AccountId32>) {
        if let Some(before) = AutoStakeDestination::<T>::take(coldkey, netuid) {
            AutoStakeDestinationColdkeys::<T>::mutate_exists(&before, netuid, |coldkeys| {
                let mut left = coldkeys.take().unwrap_or_default();
                left.retain(|listed| listed != coldkey);
                *coldkeys = (!left.is_empty()).then_some(left);
            });
        }
        if let Some(hotkey) = hotkey {
            AutoStakeDestination::<T>::insert(coldkey, netuid, hotkey);
            AutoStakeDestinationColdkeys::<T>::mutate(hotkey, netuid, |coldkeys| {
                coldkeys.push(coldkey.clone());
            });
        }
    }
}
