//! Withdrawing everything from a hotkey at once.

use super::{
    Config, Error, NetUid, Pallet, ROOT, SubtokenEnabled,
    stake::{MINIMUM_STAKE, PriceLimit},
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Sells every stake on the hotkey. What cannot be sold now, because its subnet is closed or its pool too small,
    /// stays as it is.
    pub(crate) fn do_unstake_all(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
        ensure!(Self::hotkey_exists(hotkey), Error::<T>::HotKeyAccountNotExists);
        for (netuid, _, _) in Self::sellable_stakes(coldkey, hotkey) {
            Self::do_remove_stake(coldkey, hotkey, netuid, u64::MAX, PriceLimit::None)?;
        }
        Ok(())
    }

    /// Sells every stake on the hotkey but the one on root, and stakes the TAO there.
    pub(crate) fn do_unstake_all_alpha(coldkey: &AccountId32, hotkey: &AccountId32) -> DispatchResult {
        ensure!(Self::hotkey_exists(hotkey), Error::<T>::HotKeyAccountNotExists);
        let mut stakes = Self::sellable_stakes(coldkey, hotkey);
        stakes.retain(|(netuid, _, _)| *netuid != ROOT);
        let total = stakes
            .iter()
            .map(|(_, _, proceeds)| *proceeds)
            .fold(0, u64::saturating_add);
        ensure!(total >= MINIMUM_STAKE, Error::<T>::AmountTooLow);
        // The largest first: an account that does not exist yet cannot receive less than its deposit.
        stakes.sort_by_key(|(_, _, proceeds)| std::cmp::Reverse(*proceeds));
        let root = Self::subnet_account(ROOT);
        for (netuid, stake, proceeds) in stakes {
            Self::sell_stake(coldkey, hotkey, netuid, stake, proceeds, &root)?;
        }
        Self::stake_bought(coldkey, hotkey, ROOT, total)?;
        Ok(())
    }

    /// The stakes on a hotkey that can be sold whole: subnet, alpha, proceeds.
    fn sellable_stakes(coldkey: &AccountId32, hotkey: &AccountId32) -> Vec<(NetUid, u64, u64)> {
        Self::netuids()
            .into_iter()
            .filter(|netuid| SubtokenEnabled::<T>::get(netuid))
            .filter_map(|netuid| {
                let stake = Self::stake_of(hotkey, coldkey, netuid);
                let proceeds = Self::quote_sell(netuid, stake)?;
                (stake > 0).then_some((netuid, stake, proceeds))
            })
            .collect()
    }
}
