//! Replacing a coldkey: everything it owns moves to an account that has never staked.

use super::{
    AlphaV2, AutoStakeDestination, Config, Error, Event, IdentitiesV2, LastHotkeySwapOnNetuid, OwnedHotkeys,
    Owner, Pallet, RateLimitKey, RootClaimType, StakingHotkeys, SubnetOwner,
};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Preservation},
    },
};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Moves identity, subnets, stakes, hotkeys and balance of a coldkey to another.
    pub(crate) fn do_swap_coldkey(old: &AccountId32, new: &AccountId32) -> DispatchResult {
        ensure!(
            StakingHotkeys::<T>::get(new).is_empty(),
            Error::<T>::ColdKeyAlreadyAssociated
        );
        ensure!(!Self::hotkey_exists(new), Error::<T>::NewColdKeyIsHotkey);
        if !IdentitiesV2::<T>::contains_key(new) {
            IdentitiesV2::<T>::swap(old, new);
        }
        for netuid in Self::netuids() {
            if SubnetOwner::<T>::get(netuid) == *old {
                SubnetOwner::<T>::insert(netuid, new);
            }
            if let Some(hotkey) = AutoStakeDestination::<T>::get(old, netuid) {
                Self::point_auto_stake(old, netuid, None);
                Self::point_auto_stake(new, netuid, Some(&hotkey));
            }
            // A new coldkey does not shorten the wait of the hotkeys.
            LastHotkeySwapOnNetuid::<T>::swap(netuid, old, netuid, new);
        }
        let hotkeys = StakingHotkeys::<T>::take(old);
        for hotkey in &hotkeys {
            for netuid in Self::netuids() {
                if AlphaV2::<T>::contains_key((hotkey, old, netuid)) {
                    let shares = AlphaV2::<T>::take((hotkey, old, netuid));
                    AlphaV2::<T>::insert((hotkey, new, netuid), shares);
                }
            }
        }
        StakingHotkeys::<T>::insert(new, hotkeys);
        let owned = OwnedHotkeys::<T>::take(old);
        for hotkey in &owned {
            Owner::<T>::insert(hotkey, new);
        }
        OwnedHotkeys::<T>::insert(new, owned);
        RootClaimType::<T>::swap(old, new);
        let balance =
            pallet_balances::Pallet::<T>::reducible_balance(old, Preservation::Expendable, Fortitude::Polite);
        if balance > 0 {
            pallet_balances::Pallet::<T>::transfer(old, new, balance, Preservation::Expendable)?;
        }
        Self::record(&RateLimitKey::LastTxBlock(new.clone()));
        Self::deposit_event(Event::ColdkeySwapped {
            old_coldkey: old.clone(),
            new_coldkey: new.clone(),
        });
        Ok(())
    }
}
