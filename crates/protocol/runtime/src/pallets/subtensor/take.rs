//! The share of dividends a validator keeps from its nominators.

use super::{Config, Delegates, Error, Event, MaxDelegateTake, MinDelegateTake, Pallet, RateLimitKey};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    pub(crate) fn ensure_owns(coldkey: &AccountId32, hotkey: &AccountId32) -> Result<(), Error<T>> {
        ensure!(Self::hotkey_exists(hotkey), Error::<T>::HotKeyAccountNotExists);
        ensure!(Self::owns(coldkey, hotkey), Error::<T>::NonAssociatedColdKey);
        Ok(())
    }

    /// Lowers a take, at any time.
    pub(crate) fn do_decrease_take(coldkey: &AccountId32, hotkey: &AccountId32, take: u16) -> DispatchResult {
        Self::ensure_owns(coldkey, hotkey)?;
        Self::check_take(hotkey, take, TakeChange::Decrease)?;
        Delegates::<T>::insert(hotkey, take);
        Self::deposit_event(Event::TakeDecreased(coldkey.clone(), hotkey.clone(), take));
        Ok(())
    }

    /// Raises a take, at most once in `TxDelegateTakeRateLimit` blocks.
    pub(crate) fn do_increase_take(coldkey: &AccountId32, hotkey: &AccountId32, take: u16) -> DispatchResult {
        Self::ensure_owns(coldkey, hotkey)?;
        Self::check_take(hotkey, take, TakeChange::Increase)?;
        Self::ensure_take_may_rise(hotkey)?;
        Self::record(&RateLimitKey::LastTxBlockDelegateTake(hotkey.clone()));
        Delegates::<T>::insert(hotkey, take);
        Self::deposit_event(Event::TakeIncreased(coldkey.clone(), hotkey.clone(), take));
        Ok(())
    }

    /// # Errors
    /// When the take leaves its bounds or does not move the way it should.
    pub(crate) fn check_take(hotkey: &AccountId32, take: u16, change: TakeChange) -> Result<(), Error<T>> {
        let held = Delegates::<T>::try_get(hotkey).ok();
        match change {
            TakeChange::Decrease => {
                ensure!(
                    held.is_none_or(|held| take < held),
                    Error::<T>::DelegateTakeTooLow
                );
                ensure!(
                    take >= MinDelegateTake::<T>::get(),
                    Error::<T>::DelegateTakeTooLow
                );
            }
            TakeChange::Increase => {
                ensure!(
                    held.is_none_or(|held| take > held),
                    Error::<T>::DelegateTakeTooLow
                );
                ensure!(
                    take <= MaxDelegateTake::<T>::get(),
                    Error::<T>::DelegateTakeTooHigh
                );
            }
        }
        Ok(())
    }
}

/// Which way a take is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakeChange {
    /// Down.
    Decrease,
    /// Up.
    Increase,
}
