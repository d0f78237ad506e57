//! Giving alpha up: recycled alpha leaves the issuance and can be minted again, burned alpha stays issued and belongs to
//! nobody.

use super::{Config, Error, Event, NetUid, Pallet, ROOT, SubnetAlphaOut, SubtokenEnabled, stake::PriceLimit};
use crate::pallets::alpha_assets;
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::{AccountId32, DispatchError};

impl<T: Config> Pallet<T> {
    /// Recycles staked alpha, at most what there is.
    pub(crate) fn do_recycle_alpha(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        amount: u64,
        netuid: NetUid,
    ) -> DispatchResult {
        let given = Self::give_up(coldkey, hotkey, amount, netuid)?;
        Self::withdraw_from_issuance(netuid, given);
        Self::deposit_event(Event::AlphaRecycled(
            coldkey.clone(),
            hotkey.clone(),
            given,
            netuid,
        ));
        Ok(())
    }

    /// Burns staked alpha, at most what there is.
    pub(crate) fn do_burn_alpha(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        amount: u64,
        netuid: NetUid,
    ) -> DispatchResult {
        let given = Self::give_up(coldkey, hotkey, amount, netuid)?;
        alpha_assets::Pallet::<T>::count_burned(netuid, given);
        Self::deposit_event(Event::AlphaBurned(coldkey.clone(), hotkey.clone(), given, netuid));
        Ok(())
    }

    /// Buys alpha and burns it at once, which raises the price and nothing else.
    pub(crate) fn do_add_stake_burn(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        amount: u64,
        limit: PriceLimit,
    ) -> DispatchResult {
        let alpha = Self::do_add_stake(coldkey, hotkey, netuid, amount, limit)?;
        Self::do_burn_alpha(coldkey, hotkey, alpha, netuid)?;
        Self::deposit_event(Event::AddStakeBurn {
            netuid,
            hotkey: hotkey.clone(),
            amount,
            alpha,
        });
        Ok(())
    }

    fn give_up(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        amount: u64,
        netuid: NetUid,
    ) -> Result<u64, DispatchError> {
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        ensure!(netuid != ROOT, Error::<T>::CannotBurnOrRecycleOnRootSubnet);
        ensure!(SubtokenEnabled::<T>::get(netuid), Error::<T>::SubtokenDisabled);
        ensure!(Self::hotkey_exists(hotkey), Error::<T>::HotKeyAccountNotExists);
        let amount = amount.min(Self::stake_of(hotkey, coldkey, netuid));
        ensure!(
            amount <= SubnetAlphaOut::<T>::get(netuid),
            Error::<T>::NotEnoughAlphaOutToRecycle
        );
        Ok(Self::decrease_stake(hotkey, coldkey, netuid, amount))
    }
}
