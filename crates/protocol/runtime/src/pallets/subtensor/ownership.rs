//! Which coldkey owns which hotkey.

use super::{Config, Error, OwnedHotkeys, Owner, Pallet, StakingHotkeys};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Somebody owns the hotkey.
    #[must_use]
    pub fn hotkey_exists(hotkey: &AccountId32) -> bool {
        Owner::<T>::contains_key(hotkey)
    }

    /// The coldkey owns the hotkey.
    #[must_use]
    pub fn owns(coldkey: &AccountId32, hotkey: &AccountId32) -> bool {
        Self::hotkey_exists(hotkey) && Owner::<T>::get(hotkey) == *coldkey
    }

    /// Gives an unowned hotkey to the coldkey; an owned one stays as it is.
    pub(crate) fn own_if_free(coldkey: &AccountId32, hotkey: &AccountId32) {
        if Self::hotkey_exists(hotkey) {
            return;
        }
        Owner::<T>::insert(hotkey, coldkey);
        let add = |hotkeys: &mut Vec<AccountId32>| {
            if !hotkeys.contains(hotkey) {
                hotkeys.push(hotkey.clone());
            }
        };
        OwnedHotkeys::<T>::mutate(coldkey, add);
        StakingHotkeys::<T>::mutate(coldkey, add);
    }

    pub(crate) fn ensure_may_own(coldkey: &AccountId32, hotkey: &AccountId32) -> Result<(), Error<T>> {
        ensure!(
            !Self::is_subnet_account(hotkey),
            Error::<T>::CannotUseSystemAccount
        );
        ensure!(
            !Self::hotkey_exists(hotkey) || Self::owns(coldkey, hotkey),
            Error::<T>::NonAssociatedColdKey
        );
        Ok(())
    }

    /// Owns a hotkey without registering it. A hotkey that has an owner keeps it, silently as on the chain.
    pub(crate) fn do_associate_hotkey(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
        ensure!(
            !Self::is_subnet_account(hotkey),
            Error::<T>::CannotUseSystemAccount
        );
        Self::own_if_free(coldkey, hotkey);
        Ok(())
    }
}
