//! Announcing a coldkey swap before it happens, so that the owner of a stolen coldkey has days to object.
//!
//! Only the hash of the new coldkey is told. Until the swap is made, or given up, the coldkey can do nothing else; when
//! it is disputed, nothing at all until root decides.

use super::{
    Call, ColdkeySwapAnnouncementDelay, ColdkeySwapAnnouncements, ColdkeySwapDisputes,
    ColdkeySwapReannouncementDelay, Config, Error, Event, Pallet, hotkey_swap::KEY_SWAP_COST,
};
use crate::{RuntimeCall, call_filter::is_carrier};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_core::H256;
use sp_runtime::{
    AccountId32, SaturatedConversion,
    traits::{BlakeTwo256, Hash},
};

impl<T: Config> Pallet<T> {
    fn block() -> u32 {
        frame_system::Pallet::<T>::block_number().saturated_into::<u32>()
    }

    /// The first announcement costs the price of a key swap; another may follow some time after the swap was due.
    pub(crate) fn do_announce_coldkey_swap(who: &AccountId32, hash: H256) -> DispatchResult {
        let now = Self::block();
        match ColdkeySwapAnnouncements::<T>::get(who) {
            Some((due, _)) => ensure!(
                now >= Self::reannounceable(due),
                Error::<T>::ColdkeySwapReannouncedTooEarly
            ),
            None => Self::recycle_tao(who, KEY_SWAP_COST, Error::<T>::NotEnoughBalanceToPaySwapColdKey)?,
        }
        let due = now.saturating_add(ColdkeySwapAnnouncementDelay::<T>::get());
        ColdkeySwapAnnouncements::<T>::insert(who, (due, hash));
        Self::deposit_event(Event::ColdkeySwapAnnounced {
            who: who.clone(),
            new_coldkey_hash: hash,
        });
        Ok(())
    }

    fn reannounceable(due: u32) -> u32 {
        due.saturating_add(ColdkeySwapReannouncementDelay::<T>::get())
    }

    /// Makes the announced swap.
    pub(crate) fn do_swap_coldkey_announced(who: &AccountId32, new: &AccountId32) -> DispatchResult {
        let (due, hash) =
            ColdkeySwapAnnouncements::<T>::take(who).ok_or(Error::<T>::ColdkeySwapAnnouncementNotFound)?;
        ensure!(
            BlakeTwo256::hash_of(new) == hash,
            Error::<T>::AnnouncedColdkeyHashDoesNotMatch
        );
        ensure!(Self::block() >= due, Error::<T>::ColdkeySwapTooEarly);
        Self::do_swap_coldkey(who, new)
    }

    /// Freezes the account until root decides.
    pub(crate) fn do_dispute_coldkey_swap(who: &AccountId32) -> DispatchResult {
        ensure!(
            ColdkeySwapAnnouncements::<T>::contains_key(who),
            Error::<T>::ColdkeySwapAnnouncementNotFound
        );
        ensure!(
            !ColdkeySwapDisputes::<T>::contains_key(who),
            Error::<T>::ColdkeySwapAlreadyDisputed
        );
        ColdkeySwapDisputes::<T>::insert(who, Self::block());
        Self::deposit_event(Event::ColdkeySwapDisputed { coldkey: who.clone() });
        Ok(())
    }

    /// Gives the swap up, as late as it could have been announced anew.
    pub(crate) fn do_clear_coldkey_swap(who: &AccountId32) -> DispatchResult {
        let (due, _) =
            ColdkeySwapAnnouncements::<T>::get(who).ok_or(Error::<T>::ColdkeySwapAnnouncementNotFound)?;
        ensure!(
            Self::block() >= Self::reannounceable(due),
            Error::<T>::ColdkeySwapClearTooEarly
        );
        ColdkeySwapAnnouncements::<T>::remove(who);
        Self::deposit_event(Event::ColdkeySwapCleared { who: who.clone() });
        Ok(())
    }

    /// Forgets announcement and dispute.
    pub(crate) fn forget_coldkey_swap(who: &AccountId32) {
        ColdkeySwapAnnouncements::<T>::remove(who);
        ColdkeySwapDisputes::<T>::remove(who);
    }

    /// # Errors
    /// When the account has announced a swap of its coldkey and the call is none that it may make until then, or when
    /// the swap is disputed, whatever the call.
    pub fn check_coldkey_swap(who: &AccountId32, call: DuringSwap) -> Result<(), Error<T>> {
        // Every transaction pays for this look-up; nobody disputes what was not announced.
        if !ColdkeySwapAnnouncements::<T>::contains_key(who) {
            return Ok(());
        }
        ensure!(
            !ColdkeySwapDisputes::<T>::contains_key(who),
            Error::<T>::ColdkeySwapDisputed
        );
        ensure!(call == DuringSwap::Allowed, Error::<T>::ColdkeySwapAnnounced);
        Ok(())
    }
}

/// Whether an account that has announced a swap of its coldkey may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuringSwap {
    /// It may.
    Allowed,
    /// Not before the swap.
    Refused,
}

impl DuringSwap {
    /// What goes for a call: those that serve the swap are allowed, and carriers, since what they hide is checked when
    /// it is opened.
    #[must_use]
    pub fn of(call: &RuntimeCall) -> Self {
        let serves = matches!(
            call,
            RuntimeCall::SubtensorModule(
                Call::announce_coldkey_swap { .. }
                    | Call::swap_coldkey_announced { .. }
                    | Call::dispute_coldkey_swap { .. }
                    | Call::clear_coldkey_swap_announcement { .. }
            )
        );
        match serves || is_carrier(call) {
            true => Self::Allowed,
            false => Self::Refused,
        }
    }
}
