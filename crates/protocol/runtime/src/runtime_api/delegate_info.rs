//! The hotkeys that others may stake to.

use crate::{
    AccountId, Balance, Runtime, SubtensorModule,
    pallets::subtensor::{
        AlphaV2, Delegates, Emission, NetUid, Owner, ROOT, StakingHotkeys, Tempo, TotalHotkeyAlpha, Uids,
        ValidatorPermit,
    },
};
use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;
use std::collections::{BTreeMap, BTreeSet};

/// Blocks of a day at 12 seconds, as which the chain counts returns whatever the block time.
const BLOCKS_A_DAY: u64 = 7_200;
/// A thousand TAO in rao.
const THOUSAND_TAO: Balance = 1_000_000_000_000;

/// Alpha by subnet, in rao.
type StakeBySubnet = Vec<(Compact<u16>, Compact<u64>)>;

/// A hotkey that others may stake to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct DelegateInfo {
    /// The hotkey.
    pub delegate_ss58: AccountId,
    /// Its take, of 65535.
    pub take: Compact<u16>,
    /// Who staked to it, and how much on each subnet.
    pub nominators: Vec<(AccountId, StakeBySubnet)>,
    /// The coldkey that owns it.
    pub owner_ss58: AccountId,
    /// The subnets on which it has a uid.
    pub registrations: Vec<Compact<u16>>,
    /// The subnets on which it has a permit.
    pub validator_permits: Vec<Compact<u16>>,
    /// Daily return after the take per 1000 TAO of root stake, in rao.
    pub return_per_1000: Compact<u64>,
    /// Daily return of everything, in rao.
    pub total_daily_return: Compact<u64>,
}

sp_api::decl_runtime_apis! {
    /// The hotkeys that others may stake to.
    pub trait DelegateInfoRuntimeApi {
        /// All of them.
        fn get_delegates() -> Vec<DelegateInfo>;
        /// One of them.
        fn get_delegate(delegate_account: AccountId) -> Option<DelegateInfo>;
        /// Those an account has staked to, with the subnet and the amount.
        fn get_delegated(
            delegatee_account: AccountId
        ) -> Vec<(DelegateInfo, (Compact<u16>, Compact<u64>))>;
    }
}

impl DelegateInfo {
    /// Reads a hotkey; `None` when nobody owns it.
    pub(crate) fn read(hotkey: &AccountId) -> Option<Self> {
        if !SubtensorModule::hotkey_exists(hotkey) {
            return None;
        }
        let mut nominators: BTreeMap<AccountId, StakeBySubnet> = BTreeMap::new();
        for ((coldkey, netuid), _) in AlphaV2::<Runtime>::iter_prefix((hotkey,)) {
            let stake = SubtensorModule::stake_of(hotkey, &coldkey, netuid);
            nominators
                .entry(coldkey)
                .or_default()
                .push((Compact(netuid), Compact(stake)));
        }
        let seats: Vec<(NetUid, u16)> = SubtensorModule::netuids()
            .into_iter()
            .filter_map(|netuid| Some((netuid, Uids::<Runtime>::get(netuid, hotkey)?)))
            .collect();
        let permitted = |(netuid, uid): &(NetUid, u16)| {
            let permits = ValidatorPermit::<Runtime>::get(netuid);
            permits.get(usize::from(*uid)).copied().unwrap_or_default()
        };
        let take = Delegates::<Runtime>::get(hotkey);
        let daily = seats
            .iter()
            .map(|(netuid, uid)| daily_return(*netuid, *uid))
            .fold(0, u64::saturating_add);
        Some(Self {
            take: Compact(take),
            nominators: nominators.into_iter().collect(),
            owner_ss58: Owner::<Runtime>::get(hotkey),
            registrations: seats.iter().map(|(netuid, _)| Compact(*netuid)).collect(),
            validator_permits: seats
                .iter()
                .filter(|seat| permitted(seat))
                .map(|(netuid, _)| Compact(*netuid))
                .collect(),
            return_per_1000: Compact(return_per_1000(
                daily,
                take,
                TotalHotkeyAlpha::<Runtime>::get(hotkey, ROOT),
            )),
            total_daily_return: Compact(daily),
            delegate_ss58: hotkey.clone(),
        })
    }

    /// Every hotkey with a take of its own or with stake.
    pub(crate) fn all() -> Vec<Self> {
        let mut hotkeys: BTreeSet<AccountId> = Delegates::<Runtime>::iter_keys().collect();
        hotkeys.extend(TotalHotkeyAlpha::<Runtime>::iter_keys().map(|(hotkey, _)| hotkey));
        hotkeys.iter().filter_map(Self::read).collect()
    }

    /// The hotkeys a coldkey has staked to, an entry for each subnet.
    pub(crate) fn chosen_by(coldkey: &AccountId) -> Vec<(Self, (Compact<u16>, Compact<u64>))> {
        let mut chosen = Vec::new();
        for hotkey in StakingHotkeys::<Runtime>::get(coldkey) {
            let Some(delegate) = Self::read(&hotkey) else {
                continue;
            };
            for netuid in SubtensorModule::netuids() {
                let stake = SubtensorModule::stake_of(&hotkey, coldkey, netuid);
                if stake > 0 {
                    chosen.push((delegate.clone(), (Compact(netuid), Compact(stake))));
                }
            }
        }
        chosen
    }
}

/// What the uid earns in a day at the pace of the last epoch, in rao.
fn daily_return(netuid: NetUid, uid: u16) -> u64 {
    let earned = Emission::<Runtime>::get(netuid)
        .get(usize::from(uid))
        .copied()
        .unwrap_or_default();
    let tempo = u64::from(Tempo::<Runtime>::get(netuid));
    let daily = (u128::from(earned) * u128::from(BLOCKS_A_DAY)).checked_div(u128::from(tempo));
    u64::try_from(daily.unwrap_or_default()).unwrap_or(u64::MAX)
}

/// What is left of the daily return after the take, per 1000 TAO of root stake, in rao.
fn return_per_1000(daily: u64, take: u16, root_stake: u64) -> u64 {
    let kept = u128::from(daily) * u128::from(u16::MAX - take) / u128::from(u16::MAX);
    let per_1000 = (kept * u128::from(THOUSAND_TAO)).checked_div(u128::from(root_stake));
    u64::try_from(per_1000.unwrap_or_default()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{THOUSAND_TAO, return_per_1000};

    #[test]
    fn returns_are_after_the_take_and_per_root_stake() {
        assert_eq!(return_per_1000(1_000, 0, THOUSAND_TAO), 1_000);
        assert_eq!(return_per_1000(1_000, u16::MAX, THOUSAND_TAO), 0);
        assert_eq!(return_per_1000(1_000, 0, 2 * THOUSAND_TAO), 500);
        assert_eq!(return_per_1000(1_000, 0, 0), 0);
    }
}
