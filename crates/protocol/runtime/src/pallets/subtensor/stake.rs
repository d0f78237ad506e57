//! Adding and removing stake.

use super::{
    AlphaV2, Config, Error, Event, NetUid, NominatorMinRequiredStake, Owner, Pallet, SubnetTAO,
    SubtokenEnabled, SwapDirection, pool::PAR,
};
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    storage::with_storage_layer,
    traits::{fungible::Mutate, tokens::Preservation},
};
use sp_runtime::{AccountId32, DispatchError};

/// The least that may be staked or be left over, in rao of TAO.
pub(crate) const MINIMUM_STAKE: u64 = 2_000_000;

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
    /// Buys alpha, stakes it and says how much.
    pub(crate) fn do_add_stake(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        amount: u64,
        limit: PriceLimit,
    ) -> Result<u64, DispatchError> {
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
        ensure!(amount >= MINIMUM_STAKE, Error::<T>::AmountTooLow);

        Self::pay_subnet(coldkey, netuid, amount)?;
        Self::stake_bought(coldkey, hotkey, netuid, amount)
    }

    /// Stakes what TAO buys that the subnet's account has already received.
    pub(crate) fn stake_bought(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        tao: u64,
    ) -> Result<u64, DispatchError> {
        let alpha = Self::quote_buy(netuid, tao).ok_or(Error::<T>::InsufficientLiquidity)?;
        ensure!(alpha > 0, Error::<T>::AmountTooLow);
        Self::settle_buy(netuid, tao, alpha);
        Self::increase_stake(hotkey, coldkey, netuid, alpha);
        Self::tell_of_addition(coldkey, hotkey, tao, alpha, netuid);
        Ok(alpha)
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
        Self::sell_stake(coldkey, hotkey, netuid, amount, proceeds, coldkey)?;
        Self::clear_small_nomination(coldkey, hotkey, netuid)
    }

    /// Sells part of a stake whose price is known and pays an account for it.
    pub(crate) fn sell_stake(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        amount: u64,
        proceeds: u64,
        to: &AccountId32,
    ) -> DispatchResult {
        let subnet = Self::subnet_account(netuid);
        if proceeds > 0 {
            pallet_balances::Pallet::<T>::transfer(&subnet, to, proceeds, Preservation::Expendable)
                .map_err(|_| Error::<T>::InsufficientLiquidity)?;
        }
        let sold = Self::decrease_stake(hotkey, coldkey, netuid, amount);
        Self::settle_sell(netuid, sold, proceeds);
        Self::tell_of_removal(coldkey, hotkey, proceeds, sold, netuid);
        Ok(())
    }

    pub(crate) fn tell_of_addition(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        tao: u64,
        alpha: u64,
        netuid: NetUid,
    ) {
        Self::deposit_event(Event::StakeAdded(
            coldkey.clone(),
            hotkey.clone(),
            tao,
            alpha,
            netuid,
            0,
        ));
    }

    pub(crate) fn tell_of_removal(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        tao: u64,
        alpha: u64,
        netuid: NetUid,
    ) {
        Self::deposit_event(Event::StakeRemoved(
            coldkey.clone(),
            hotkey.clone(),
            tao,
            alpha,
            netuid,
            0,
        ));
    }

    /// What alpha is worth at the present price, in rao of TAO, if nothing were traded.
    pub(crate) fn worth_at_price(netuid: NetUid, alpha: u64) -> u64 {
        let worth = u128::from(alpha) * u128::from(Self::alpha_price(netuid)) / u128::from(PAR);
        u64::try_from(worth).unwrap_or(u64::MAX)
    }

    /// A nomination that a withdrawal left below the minimum is paid out whole.
    pub(crate) fn clear_small_nomination(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
    ) -> DispatchResult {
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
        Self::sell_stake(coldkey, hotkey, netuid, left, proceeds, coldkey)
    }

    /// Pays out every nomination below the minimum, after it was raised.
    pub fn clear_small_nominations() {
        let stakes: Vec<(AccountId32, AccountId32, NetUid)> = AlphaV2::<T>::iter_keys().collect();
        for (hotkey, coldkey, netuid) in stakes {
            // A payment too small for a dead account leaves the nomination as it is.
            let _ = with_storage_layer(|| Self::clear_small_nomination(&coldkey, &hotkey, netuid));
        }
    }

    /// The amount that the price limit allows.
    fn within_limit(
        netuid: NetUid,
        direction: SwapDirection,
        amount: u64,
        limit: PriceLimit,
    ) -> Result<u64, Error<T>> {
        Self::cut_to(limit, amount, |price| Self::tradable_to(netuid, direction, price))
    }

    /// The amount, cut to what there is at the limit's price.
    pub(crate) fn cut_to(
        limit: PriceLimit,
        amount: u64,
        available: impl Fn(u64) -> u64,
    ) -> Result<u64, Error<T>> {
        let (price, partial) = match limit {
            PriceLimit::None => return Ok(amount),
            PriceLimit::Whole(price) => (price, false),
            PriceLimit::Partial(price) => (price, true),
        };
        let most = available(price);
        ensure!(
            amount <= most || (partial && most > 0),
            Error::<T>::SlippageTooHigh
        );
        Ok(amount.min(most))
    }
}
