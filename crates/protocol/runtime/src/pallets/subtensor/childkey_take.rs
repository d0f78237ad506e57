//! The share of its parents' dividends that a child keeps.

use super::{
    ChildkeyTake, Config, Error, Event, MaxChildkeyTake, MinChildkeyTake, MinChildkeyTakePerSubnet, NetUid,
    Pallet, TxChildkeyTakeRateLimit, rate_limits::TransactionKind,
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Sets the take on a subnet; it may fall at any time and rise once in `TxChildkeyTakeRateLimit` blocks.
    pub(crate) fn do_set_childkey_take(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        take: u16,
    ) -> DispatchResult {
        ensure!(Self::owns(coldkey, hotkey), Error::<T>::NonAssociatedColdKey);
        let bounds = Self::lowest_childkey_take(netuid)..=MaxChildkeyTake::<T>::get();
        ensure!(bounds.contains(&take), Error::<T>::InvalidChildkeyTake);
        let kind = TransactionKind::SetChildkeyTake;
        if take > Self::childkey_take(hotkey, netuid) {
            let limit = TxChildkeyTakeRateLimit::<T>::get();
            let error = Error::<T>::TxChildkeyTakeRateLimitExceeded;
            Self::ensure_transaction_passed(hotkey, netuid, kind, limit, error)?;
        }
        Self::record_transaction(hotkey, netuid, kind);
        ChildkeyTake::<T>::insert(hotkey, netuid, take);
        Self::deposit_event(Event::ChildKeyTakeSet(hotkey.clone(), take));
        Ok(())
    }

    /// The take in force, of 65535: what was set, but not below the subnet's minimum.
    #[must_use]
    pub fn childkey_take(hotkey: &AccountId32, netuid: NetUid) -> u16 {
        ChildkeyTake::<T>::get(hotkey, netuid).max(Self::lowest_childkey_take(netuid))
    }

    fn lowest_childkey_take(netuid: NetUid) -> u16 {
        MinChildkeyTake::<T>::get().max(MinChildkeyTakePerSubnet::<T>::get(netuid))
    }
}
