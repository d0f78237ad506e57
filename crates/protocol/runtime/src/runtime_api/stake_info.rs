//! What an account has staked.

use super::is_registered;
use crate::{
    AccountId, Runtime, SubtensorModule,
    fixed_point::U64F64,
    pallets::subtensor::{AlphaDividendsPerSubnet, LockState, NetUid, StakingHotkeys},
};
use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;
use std::collections::BTreeMap;

/// One stake: a coldkey's alpha on a hotkey on a subnet. Amounts are rao.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct StakeInfo {
    /// The hotkey.
    pub hotkey: AccountId,
    /// The coldkey.
    pub coldkey: AccountId,
    /// The subnet.
    pub netuid: Compact<u16>,
    /// Alpha; TAO on root.
    pub stake: Compact<u64>,
    /// Locked alpha; none on this chain.
    pub locked: Compact<u64>,
    /// Dividends of the hotkey in the last epoch.
    pub emission: Compact<u64>,
    /// Dividends in TAO; none.
    pub tao_emission: Compact<u64>,
    /// Retired: 0.
    pub drain: Compact<u64>,
    /// The hotkey has a uid on the subnet.
    pub is_registered: bool,
}

/// How much of a coldkey's stake on a subnet is free. Amounts are rao of alpha.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct StakeAvailability {
    /// All of it.
    pub total: Compact<u64>,
    /// What is locked; none on this chain.
    pub locked: Compact<u64>,
    /// What may be unstaked.
    pub available: Compact<u64>,
}

sp_api::decl_runtime_apis! {
    /// What accounts have staked.
    pub trait StakeInfoRuntimeApi {
        /// All stakes of a coldkey.
        fn get_stake_info_for_coldkey(coldkey_account: AccountId) -> Vec<StakeInfo>;
        /// All stakes of several coldkeys.
        fn get_stake_info_for_coldkeys(
            coldkey_accounts: Vec<AccountId>
        ) -> Vec<(AccountId, Vec<StakeInfo>)>;
        /// One stake, zero or not.
        fn get_stake_info_for_hotkey_coldkey_netuid(
            hotkey_account: AccountId,
            coldkey_account: AccountId,
            netuid: u16
        ) -> Option<StakeInfo>;
        /// How much of the stakes of coldkeys is free, on some subnets or on all.
        fn get_stake_availability_for_coldkeys(
            coldkey_accounts: Vec<AccountId>,
            netuids: Option<Vec<u16>>
        ) -> BTreeMap<AccountId, BTreeMap<u16, StakeAvailability>>;
        /// What moving stake costs in fees, in rao; nothing on this chain.
        fn get_stake_fee(
            origin: Option<(AccountId, u16)>,
            origin_coldkey_account: AccountId,
            destination: Option<(AccountId, u16)>,
            destination_coldkey_account: AccountId,
            amount: u64
        ) -> u64;
        /// A coldkey's lock on a subnet.
        fn get_coldkey_lock(coldkey: AccountId, netuid: u16) -> Option<LockState>;
        /// The conviction locked on a hotkey.
        fn get_hotkey_conviction(hotkey: AccountId, netuid: u16) -> U64F64;
        /// The hotkey with the most conviction.
        fn get_most_convicted_hotkey_on_subnet(netuid: u16) -> Option<AccountId>;
    }
}

impl StakeInfo {
    /// Reads one stake.
    pub(crate) fn read(hotkey: &AccountId, coldkey: &AccountId, netuid: NetUid) -> Self {
        Self {
            netuid: Compact(netuid),
            stake: Compact(SubtensorModule::stake_of(hotkey, coldkey, netuid)),
            locked: Compact(0),
            emission: Compact(AlphaDividendsPerSubnet::<Runtime>::get(netuid, hotkey)),
            tao_emission: Compact(0),
            drain: Compact(0),
            is_registered: is_registered(netuid, hotkey),
            hotkey: hotkey.clone(),
            coldkey: coldkey.clone(),
        }
    }

    /// Reads the stakes of a coldkey that are not zero.
    pub(crate) fn of_coldkey(coldkey: &AccountId) -> Vec<Self> {
        let netuids = SubtensorModule::netuids();
        StakingHotkeys::<Runtime>::get(coldkey)
            .iter()
            .flat_map(|hotkey| {
                netuids
                    .iter()
                    .map(move |netuid| Self::read(hotkey, coldkey, *netuid))
            })
            .filter(|stake| stake.stake.0 > 0)
            .collect()
    }
}

/// How much of a coldkey's stake is free, by subnet, where it has any.
pub(crate) fn stake_availability(
    coldkey: &AccountId,
    netuids: Option<&[NetUid]>,
) -> BTreeMap<NetUid, StakeAvailability> {
    let mut totals: BTreeMap<NetUid, u64> = BTreeMap::new();
    let asked = |netuid: NetUid| netuids.is_none_or(|netuids| netuids.contains(&netuid));
    for stake in StakeInfo::of_coldkey(coldkey)
        .iter()
        .filter(|stake| asked(stake.netuid.0))
    {
        let total = totals.entry(stake.netuid.0).or_default();
        *total = total.saturating_add(stake.stake.0);
    }
    let free = |total| StakeAvailability {
        total: Compact(total),
        locked: Compact(0),
        available: Compact(total),
    };
    totals
        .into_iter()
        .map(|(netuid, total)| (netuid, free(total)))
        .collect()
}
