//! Paying what an epoch earned: the owner's cut, the miners, the validators and their nominators, all as stake.
//!
//! Rounding leaves a few rao of every epoch with nobody, as on the chain.

use super::{
    AlphaDividendsPerSubnet, AutoStakeDestination, Config, Delegates, Event, MinerBurned, NetUid, Owner,
    Pallet, ROOT, RecycleOrBurn, RecycleOrBurnEnum, SubnetOwner, SubnetOwnerHotkey, TaoWeight,
    TotalHotkeyAlpha, TotalHotkeyAlphaLastEpoch, epoch::Earnings,
};
use crate::fixed_point::U96F32;
use assay_yuma::coinbase::{EarningHotkey, PendingEmission, pay_epoch};
use sp_runtime::AccountId32;

impl<T: Config> Pallet<T> {
    /// Pays an epoch.
    pub(crate) fn pay(netuid: NetUid, pending: PendingEmission, owner_cut: u64, earnings: &[Earnings]) {
        let earning: Vec<EarningHotkey> = earnings
            .iter()
            .map(|earned| EarningHotkey {
                server_emission: earned.server,
                validator_emission: earned.validator,
                alpha_stake: TotalHotkeyAlpha::<T>::get(&earned.hotkey, netuid),
                root_stake: TotalHotkeyAlpha::<T>::get(&earned.hotkey, ROOT),
                take: Delegates::<T>::get(&earned.hotkey),
            })
            .collect();
        let payments = pay_epoch(pending, TaoWeight::<T>::get(), &earning);

        Self::increase_stake(
            &SubnetOwnerHotkey::<T>::get(netuid),
            &SubnetOwner::<T>::get(netuid),
            netuid,
            owner_cut,
        );
        let hotkeys = || earnings.iter().map(|earned| &earned.hotkey);
        Self::pay_miners(
            netuid,
            hotkeys().zip(payments.iter().map(|payment| payment.incentive)),
        );

        let _ = AlphaDividendsPerSubnet::<T>::clear_prefix(netuid, u32::MAX, None);
        for (hotkey, payment) in hotkeys().zip(&payments) {
            Self::increase_stake(hotkey, &Owner::<T>::get(hotkey), netuid, payment.alpha_take);
            if payment.alpha_dividends > 0 {
                Self::increase_all_stakes(hotkey, netuid, payment.alpha_dividends);
                AlphaDividendsPerSubnet::<T>::insert(netuid, hotkey, payment.alpha_dividends);
            }
            TotalHotkeyAlphaLastEpoch::<T>::insert(
                hotkey,
                netuid,
                TotalHotkeyAlpha::<T>::get(hotkey, netuid),
            );
        }
    }

    /// Incentive goes to the coldkey behind the hotkey; what the subnet's owner would earn is burned or recycled.
    fn pay_miners<'a>(netuid: NetUid, incentives: impl Iterator<Item = (&'a AccountId32, u64)>) {
        let owners = Self::owner_hotkeys(netuid);
        let (mut paid, mut withheld) = (0u64, 0u64);
        for (hotkey, incentive) in incentives.filter(|(_, incentive)| *incentive > 0) {
            if owners.contains(hotkey) {
                withheld = withheld.saturating_add(incentive);
                continue;
            }
            paid = paid.saturating_add(incentive);
            let coldkey = Owner::<T>::get(hotkey);
            let destination = AutoStakeDestination::<T>::get(&coldkey, netuid);
            if let Some(destination) = &destination {
                Self::deposit_event(Event::AutoStakeAdded {
                    netuid,
                    destination: destination.clone(),
                    hotkey: hotkey.clone(),
                    owner: coldkey.clone(),
                    incentive,
                });
            }
            Self::increase_stake(
                destination.as_ref().unwrap_or(hotkey),
                &coldkey,
                netuid,
                incentive,
            );
        }
        if RecycleOrBurn::<T>::get(netuid) == RecycleOrBurnEnum::Recycle {
            Self::recycle_alpha(netuid, withheld);
        }
        let total = u128::from(paid) + u128::from(withheld);
        let share = (u128::from(withheld) << 32)
            .checked_div(total)
            .unwrap_or_default();
        MinerBurned::<T>::insert(netuid, U96F32::from_bits(share));
    }
}
