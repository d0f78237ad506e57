//! Registration by burn: the coldkey pays the subnet's price and its hotkey gets a uid.
//!
//! `register`, `burned_register` and `register_limit` are this one path; the proof-of-work arguments of `register`
//! are ignored. There is no limit per block or interval: every registration makes the next one dearer.

use super::{
    Burn, Config, Error, Event, MaxAllowedUids, NetUid, NetworkRegistrationAllowed, Pallet,
    RAORecycledForRegistration, ROOT, RegistrationsThisBlock, SubnetworkN, Uid, Uids,
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
    /// Registers the hotkey for the coldkey, at most at `limit` rao when one is given.
    pub(crate) fn do_register(
        coldkey: &AccountId32,
        netuid: NetUid,
        hotkey: &AccountId32,
        limit: Option<u64>,
    ) -> DispatchResult {
        ensure!(netuid != ROOT, Error::<T>::RegistrationNotPermittedOnRootSubnet);
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        let price = Burn::<T>::get(netuid);
        if let Some(limit) = limit {
            ensure!(price <= limit, Error::<T>::RegistrationPriceLimitExceeded);
        }
        ensure!(
            NetworkRegistrationAllowed::<T>::get(netuid),
            Error::<T>::SubNetRegistrationDisabled
        );
        ensure!(
            !Uids::<T>::contains_key(netuid, hotkey),
            Error::<T>::HotKeyAlreadyRegisteredInSubNet
        );
        ensure!(Self::can_pay(coldkey, price), Error::<T>::NotEnoughBalanceToStake);
        Self::ensure_may_own(coldkey, hotkey)?;
        ensure!(Self::has_room(netuid), Error::<T>::NoNeuronIdAvailable);

        Self::own_if_free(coldkey, hotkey);
        Self::burn_into_pool(coldkey, netuid, price)?;
        let uid = Self::seat(netuid, hotkey)?;
        Self::raise_price(netuid);
        RegistrationsThisBlock::<T>::mutate(netuid, |count| *count = count.saturating_add(1));
        RAORecycledForRegistration::<T>::mutate(netuid, |total| *total = total.saturating_add(price));
        Self::deposit_event(Event::NeuronRegistered(netuid, uid, hotkey.clone()));
        Ok(())
    }

    /// The coldkey can pay the amount and keep its account alive.
    #[must_use]
    pub fn can_pay(coldkey: &AccountId32, amount: u64) -> bool {
        let spendable = pallet_balances::Pallet::<T>::reducible_balance(
            coldkey,
            Preservation::Preserve,
            Fortitude::Polite,
        );
        spendable >= amount
    }

    /// Moves TAO from the coldkey to the subnet's account.
    pub(crate) fn pay_subnet(coldkey: &AccountId32, netuid: NetUid, amount: u64) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let subnet = Self::subnet_account(netuid);
        pallet_balances::Pallet::<T>::transfer(coldkey, &subnet, amount, Preservation::Preserve)
            .map_err(|_| Error::<T>::NotEnoughBalanceToStake)?;
        Ok(())
    }

    /// The payment buys alpha, and the alpha is gone: the pool's price rises and nobody holds more.
    fn burn_into_pool(coldkey: &AccountId32, netuid: NetUid, price: u64) -> DispatchResult {
        let bought = Self::quote_buy(netuid, price).ok_or(Error::<T>::InsufficientLiquidity)?;
        Self::pay_subnet(coldkey, netuid, price)?;
        Self::settle_buy(netuid, price, bought);
        Self::withdraw_from_issuance(netuid, bought);
        Ok(())
    }

    pub(super) fn has_room(netuid: NetUid) -> bool {
        let slots = MaxAllowedUids::<T>::get(netuid);
        slots > 0 && (SubnetworkN::<T>::get(netuid) < slots || Self::neuron_to_prune(netuid).is_some())
    }

    /// Appends the hotkey, or replaces the neuron that must go.
    pub(super) fn seat(netuid: NetUid, hotkey: &AccountId32) -> Result<Uid, Error<T>> {
        if SubnetworkN::<T>::get(netuid) < MaxAllowedUids::<T>::get(netuid) {
            return Ok(Self::append_neuron(netuid, hotkey));
        }
        let uid = Self::neuron_to_prune(netuid).ok_or(Error::<T>::NoNeuronIdAvailable)?;
        Self::replace_neuron(netuid, uid, hotkey);
        Ok(uid)
    }
}
