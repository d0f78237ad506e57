//! Paying what an epoch earned: the owner's cut, the miners, the validators and their nominators, all as stake.
//!
//! Rounding leaves a few rao of every epoch with nobody, as on the chain.

use super::{
    AlphaDividendsPerSubnet, AutoStakeDestination, CKBurn, ChildKeys, Config, Delegates, Event, MinerBurned,
    NetUid, Owner, Pallet, ParentKeys, ROOT, RecycleOrBurn, RecycleOrBurnEnum, SubnetOwner,
    SubnetOwnerHotkey, TaoWeight, TotalHotkeyAlpha, TotalHotkeyAlphaLastEpoch, epoch::Earnings,
};
use crate::fixed_point::U96F32;
use assay_yuma::coinbase::{Child, EarningHotkey, Parent, PendingEmission, divide_among_family, pay_epoch};
use sp_runtime::AccountId32;

/// Alpha stake on a subnet and TAO on root that a hotkey itself holds, in rao.
#[derive(Debug, Clone, Copy)]
struct OwnStake {
    alpha: u64,
    root: u64,
}

impl<T: Config> Pallet<T> {
    /// Pays an epoch.
    pub(crate) fn pay(netuid: NetUid, pending: PendingEmission, owner_cut: u64, earnings: &[Earnings]) {
        let mut earnings = earnings.to_vec();
        let burned = Self::divide_among_families(netuid, &mut earnings);
        let mut earning: Vec<EarningHotkey> = earnings
            .iter()
            .map(|earned| {
                let stake = Self::own_stake(netuid, &earned.hotkey);
                EarningHotkey {
                    server_emission: earned.server,
                    validator_emission: earned.validator,
                    alpha_stake: stake.alpha,
                    root_stake: stake.root,
                    take: Delegates::<T>::get(&earned.hotkey),
                }
            })
            .collect();
        // What is burned has its share of the pot like a validator, and nobody is paid it. (The original burns a share
        // and pays the whole pot to the others nevertheless, so that its alpha no longer adds up.)
        earning.push(EarningHotkey {
            validator_emission: burned,
            alpha_stake: 1,
            ..EarningHotkey::default()
        });
        let mut payments = pay_epoch(pending, TaoWeight::<T>::get(), &earning);
        let to_nobody = payments.pop().unwrap_or_default();
        Self::withdraw_from_issuance(netuid, to_nobody.alpha_dividends);

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

    fn own_stake(netuid: NetUid, hotkey: &AccountId32) -> OwnStake {
        OwnStake {
            alpha: TotalHotkeyAlpha::<T>::get(hotkey, netuid),
            root: TotalHotkeyAlpha::<T>::get(hotkey, ROOT),
        }
    }

    /// Divides what child keys earned by validating among them and their parents, who need no uid, and says how much of
    /// it is burned. Parents without a uid are appended.
    fn divide_among_families(netuid: NetUid, earnings: &mut Vec<Earnings>) -> u64 {
        let mut burned = 0u64;
        let mut to_parents: Vec<(AccountId32, u64)> = Vec::new();
        for earned in earnings.iter_mut().filter(|earned| earned.validator > 0) {
            let parents = ParentKeys::<T>::get(&earned.hotkey, netuid);
            if parents.is_empty() {
                continue;
            }
            let owner = Owner::<T>::get(&earned.hotkey);
            let stake = Self::own_stake(netuid, &earned.hotkey);
            let given = ChildKeys::<T>::get(&earned.hotkey, netuid);
            let child = Child {
                validator_emission: earned.validator,
                alpha_stake: stake.alpha,
                root_stake: stake.root,
                given: given.iter().map(|(share, _)| *share).fold(0, u64::saturating_add),
                take: Self::childkey_take(&earned.hotkey, netuid),
            };
            let lenders: Vec<Parent> = parents
                .iter()
                .map(|(proportion, parent)| {
                    let stake = Self::own_stake(netuid, parent);
                    Parent {
                        proportion: *proportion,
                        alpha_stake: stake.alpha,
                        root_stake: stake.root,
                        same_owner: Owner::<T>::get(parent) == owner,
                    }
                })
                .collect();
            let shares = divide_among_family(child, &lenders, TaoWeight::<T>::get(), CKBurn::<T>::get());
            earned.validator = shares.child;
            burned = burned.saturating_add(shares.burned);
            to_parents.extend(parents.into_iter().map(|(_, parent)| parent).zip(shares.parents));
        }
        for (parent, share) in to_parents.into_iter().filter(|(_, share)| *share > 0) {
            match earnings.iter_mut().find(|earned| earned.hotkey == parent) {
                Some(earned) => earned.validator = earned.validator.saturating_add(share),
                None => earnings.push(Earnings {
                    hotkey: parent,
                    server: 0,
                    validator: share,
                }),
            }
        }
        burned
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
            Self::withdraw_from_issuance(netuid, withheld);
        }
        let total = u128::from(paid) + u128::from(withheld);
        let share = (u128::from(withheld) << 32)
            .checked_div(total)
            .unwrap_or_default();
        MinerBurned::<T>::insert(netuid, U96F32::from_bits(share));
    }
}
