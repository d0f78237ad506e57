//! Moving stake to another hotkey, another coldkey or another subnet.
//!
//! Within a subnet the alpha changes hands as it is. Between subnets it is sold for TAO, which goes from pool to pool
//! and buys alpha of the other subnet.

use super::{
    Config, Error, Event, NetUid, Pallet, SubtokenEnabled, TransferToggle,
    stake::{MINIMUM_STAKE, PriceLimit},
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::{AccountId32, DispatchError};

/// Whose stake, on which hotkey and on which subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place<'a> {
    coldkey: &'a AccountId32,
    hotkey: &'a AccountId32,
    netuid: NetUid,
}

impl<T: Config> Pallet<T> {
    /// Moves stake to another hotkey, on the same subnet or on another. The limit is as for swaps and counts between
    /// subnets only.
    pub(crate) fn do_move_stake(
        coldkey: &AccountId32,
        (origin_hotkey, origin_netuid): (&AccountId32, NetUid),
        (destination_hotkey, destination_netuid): (&AccountId32, NetUid),
        amount: u64,
        limit: PriceLimit,
    ) -> DispatchResult {
        let from = Place {
            coldkey,
            hotkey: origin_hotkey,
            netuid: origin_netuid,
        };
        let to = Place {
            coldkey,
            hotkey: destination_hotkey,
            netuid: destination_netuid,
        };
        let tao = Self::move_alpha(from, to, amount, limit)?;
        Self::deposit_event(Event::StakeMoved(
            coldkey.clone(),
            origin_hotkey.clone(),
            origin_netuid,
            destination_hotkey.clone(),
            destination_netuid,
            tao,
        ));
        Ok(())
    }

    /// Gives stake to another coldkey, where the subnets' owners allow that. The event names the hotkey it arrives at.
    pub(crate) fn do_transfer_stake(
        coldkey: &AccountId32,
        destination_coldkey: &AccountId32,
        (origin_hotkey, origin_netuid): (&AccountId32, NetUid),
        (destination_hotkey, destination_netuid): (&AccountId32, NetUid),
        amount: u64,
    ) -> DispatchResult {
        let from = Place {
            coldkey,
            hotkey: origin_hotkey,
            netuid: origin_netuid,
        };
        let to = Place {
            coldkey: destination_coldkey,
            hotkey: destination_hotkey,
            netuid: destination_netuid,
        };
        let tao = Self::move_alpha(from, to, amount, PriceLimit::None)?;
        Self::deposit_event(Event::StakeTransferred(
            coldkey.clone(),
            destination_coldkey.clone(),
            destination_hotkey.clone(),
            origin_netuid,
            destination_netuid,
            tao,
        ));
        Ok(())
    }

    /// Swaps the alpha of one subnet for that of another. The limit is the price of the first in alpha of the second.
    pub(crate) fn do_swap_stake(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        (origin_netuid, destination_netuid): (NetUid, NetUid),
        amount: u64,
        limit: PriceLimit,
    ) -> DispatchResult {
        let from = Place {
            coldkey,
            hotkey,
            netuid: origin_netuid,
        };
        let to = Place {
            coldkey,
            hotkey,
            netuid: destination_netuid,
        };
        let tao = Self::move_alpha(from, to, amount, limit)?;
        Self::deposit_event(Event::StakeSwapped(
            coldkey.clone(),
            hotkey.clone(),
            origin_netuid,
            destination_netuid,
            tao,
        ));
        Ok(())
    }

    /// Moves alpha, at most what there is, and says what it was worth in TAO.
    fn move_alpha(
        from: Place<'_>,
        to: Place<'_>,
        amount: u64,
        limit: PriceLimit,
    ) -> Result<u64, DispatchError> {
        let amount = amount.min(Self::stake_of(from.hotkey, from.coldkey, from.netuid));
        Self::check_move(from, to)?;
        let amount = match from.netuid == to.netuid {
            true => amount,
            false => Self::cut_to(limit, amount, |price| {
                Self::swappable_to(from.netuid, to.netuid, price)
            })?,
        };
        let worth = Self::quote_sell(from.netuid, amount).ok_or(Error::<T>::InsufficientLiquidity)?;
        ensure!(amount > 0 && worth >= MINIMUM_STAKE, Error::<T>::AmountTooLow);
        if from.coldkey != to.coldkey {
            for netuid in [from.netuid, to.netuid] {
                ensure!(TransferToggle::<T>::get(netuid), Error::<T>::TransferDisallowed);
            }
        }
        if from.netuid == to.netuid {
            let worth = Self::worth_at_price(from.netuid, amount);
            let moved = Self::decrease_stake(from.hotkey, from.coldkey, from.netuid, amount);
            Self::increase_stake(to.hotkey, to.coldkey, to.netuid, moved);
            Self::tell_of_removal(from.coldkey, from.hotkey, worth, moved, from.netuid);
            Self::tell_of_addition(to.coldkey, to.hotkey, worth, moved, to.netuid);
            return Ok(worth);
        }
        let pool = Self::subnet_account(to.netuid);
        Self::sell_stake(from.coldkey, from.hotkey, from.netuid, amount, worth, &pool)?;
        Self::stake_bought(to.coldkey, to.hotkey, to.netuid, worth)?;
        Ok(worth)
    }

    fn check_move(from: Place<'_>, to: Place<'_>) -> Result<(), Error<T>> {
        ensure!(from != to, Error::<T>::SameNetuid);
        for netuid in [from.netuid, to.netuid] {
            ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        }
        for netuid in [from.netuid, to.netuid] {
            ensure!(SubtokenEnabled::<T>::get(netuid), Error::<T>::SubtokenDisabled);
        }
        for hotkey in [from.hotkey, to.hotkey] {
            ensure!(Self::hotkey_exists(hotkey), Error::<T>::HotKeyAccountNotExists);
        }
        Ok(())
    }
}
