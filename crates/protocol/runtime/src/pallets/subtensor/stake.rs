//! Adding and removing stake.

use super::{
    Config, Error, Event, NetUid, NominatorMinRequiredStake, Owner, Pallet, SubnetTAO, SubtokenEnabled,
    SwapDirection,
};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::Mutate, tokens::Preservation},
};
use sp_runtime::AccountId32;

/// The least that may be staked or be left over, in rao of TAO.
const MINIMUM_STAKE: u64 = 2_000_000;

/// A purchase may not be this many times the pool.
const LARGEST_PURCHASE: u64 = 1_000;

/// How bad a price a staker accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PriceLimit {
    /// Any price.
    None,
    /// All or nothing at this price or better, rao of TAO per alpha.
    Whole(u64),
    /// As much as there is at this price or better.
    Partial(u64),
}

impl PriceLimit {
    pub(crate) fn new(price: u64, allow_partial: bool) -> Self {
        if allow_partial {
            PriceLimit::Partial(price)
        } else {
            PriceLimit::Whole(price)
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Buys alpha and stakes it.
    pub(crate) fn do_add_stake(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        amount: u64,
        limit: PriceLimit,
    ) -> DispatchResult {
        if Self::is_dynamic(netuid) {
            let largest = SubnetTAO::<T>::get(netuid).saturating_mul(LARGEST_PURCHASE);
            ensure!(amount <= largest, Error::<T>::InsufficientLiquidity);
        }
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        ensure!(SubtokenEnabled::<T>::get(netuid), Error::<T>::SubtokenDisabled);
        ensure!(amount >= MINIMUM_STAKE, Error::<T>::AmountTooLow);
        let amount = Self::within_limit(netuid, SwapDirection::Buy, amount, limit)?;
        ensure!(
            Self::can_pay(coldkey, amount),
            Error::<T>::NotEnoughBalanceToStake
        );
        ensure!(Self::hotkey_exists(hotkey), Error::<T>::HotKeyAccountNotExists);
        let alpha = Self::quote_buy(netuid, amount).ok_or(Error::<T>::InsufficientLiquidity)?;
        ensure!(amount >= MINIMUM_STAKE && alpha > 0, Error::<T>::AmountTooLow);

        Self::pay_subnet(coldkey, netuid, amount)?;
        Self::settle_buy(netuid, amount, alpha);
        Self::increase_stake(hotkey, coldkey, netuid, alpha);
        Self::deposit_event(Event::StakeAdded(
            coldkey.clone(),
            hotkey.clone(),
            amount,
            alpha,
            netuid,
            0,
        ));
        Ok(())
    }

    /// Sells staked alpha. More than there is means all of it, so a stake of nothing is an amount of nothing.
    pub(crate) fn do_remove_stake(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        amount: u64,
        limit: PriceLimit,
    ) -> DispatchResult {
        ensure!(SubtokenEnabled::<T>::get(netuid), Error::<T>::SubtokenDisabled);
        let staked = Self::stake_of(hotkey, coldkey, netuid);
        let amount = amount.min(staked);
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        ensure!(amount > 0, Error::<T>::AmountTooLow);
        let amount = Self::within_limit(netuid, SwapDirection::Sell, amount, limit)?;
        let proceeds = Self::quote_sell(netuid, amount).ok_or(Error::<T>::InsufficientLiquidity)?;
        ensure!(
            proceeds >= MINIMUM_STAKE || amount == staked,
            Error::<T>::AmountTooLow
        );
        ensure!(Self::hotkey_exists(hotkey), Error::<T>::HotKeyAccountNotExists);
        Self::sell_stake(coldkey, hotkey, netuid, amount, proceeds)?;
        Self::clear_small_nomination(coldkey, hotkey, netuid)
    }

    /// Sells part of a stake whose price is known.
    fn sell_stake(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        amount: u64,
        proceeds: u64,
    ) -> DispatchResult {
        let subnet = Self::subnet_account(netuid);
        if proceeds > 0 {
            pallet_balances::Pallet::<T>::transfer(&subnet, coldkey, proceeds, Preservation::Expendable)
                .map_err(|_| Error::<T>::InsufficientLiquidity)?;
        }
        let sold = Self::decrease_stake(hotkey, coldkey, netuid, amount);
        Self::settle_sell(netuid, sold, proceeds);
        Self::deposit_event(Event::StakeRemoved(
            coldkey.clone(),
            hotkey.clone(),
            proceeds,
            sold,
            netuid,
            0,
        ));
        Ok(())
    }

    /// A nomination that a withdrawal left below the minimum is paid out whole.
    fn clear_small_nomination(coldkey: &AccountId32, hotkey: &AccountId32, netuid: NetUid) -> DispatchResult {
        let left = Self::stake_of(hotkey, coldkey, netuid);
        if left == 0 || Owner::<T>::get(hotkey) == *coldkey {
            return Ok(());
        }
        // A pool too small to pay the rest is no reason to refuse the withdrawal.
        let Some(proceeds) = Self::quote_sell(netuid, left) else {
            return Ok(());
        };
        if proceeds >= NominatorMinRequiredStake::<T>::get() {
            return Ok(());
        }
        Self::sell_stake(coldkey, hotkey, netuid, left, proceeds)
    }

    /// The amount that the price limit allows.
    fn within_limit(
        netuid: NetUid,
        direction: SwapDirection,
        amount: u64,
        limit: PriceLimit,
    ) -> Result<u64, Error<T>> {
        let (price, partial) = match limit {
            PriceLimit::None => return Ok(amount),
            PriceLimit::Whole(price) => (price, false),
            PriceLimit::Partial(price) => (price, true),
        };
        let most = Self::tradable_to(netuid, direction, price);
        ensure!(
            amount <= most || (partial && most > 0),
            Error::<T>::SlippageTooHigh
        );
        Ok(amount.min(most))
    }
}
