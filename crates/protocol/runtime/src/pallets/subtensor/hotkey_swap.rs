//! Replacing a hotkey by another of the same coldkey, on one subnet or everywhere.
//!
//! What moves: the uid with all that is stored under it, endpoints, hash commits of weights, the stake of everybody
//! (unless it is kept), dividends, the family of child keys, and the income that coldkeys stake to the hotkey. A swap
//! everywhere moves ownership, takes and their rate limits as well. What does not move, as on the chain: what the hotkey
//! has written into `Commitments`, and timelocked commits of weights, whose ciphertext names the old hotkey.

use super::*;
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    storage::StorageDoubleMap,
    traits::{
        fungible::Mutate,
        tokens::{Fortitude, Precision, Preservation},
    },
};
use sp_runtime::AccountId32;

/// The price of a swap on every subnet, in rao.
pub(crate) const KEY_SWAP_COST: u64 = 100_000_000;
/// The price of a swap on one subnet, in rao.
const SUBNET_SWAP_COST: u64 = 1_000_000;
/// Blocks between two swaps by a coldkey on a subnet. The original also makes a coldkey that never swapped wait until
/// that block of the chain; on a young devnet this would forbid swaps for a day.
const SUBNET_SWAP_INTERVAL: u64 = 7_200;

/// What becomes of the stake on a swapped hotkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StakeAtSwap {
    /// It moves to the new hotkey.
    Moves,
    /// It stays on the old one.
    Stays,
}

/// Moves the value of a hotkey on a subnet in maps keyed (hotkey, netuid), if there is one.
fn move_by_hotkey<M, V>(old: &AccountId32, new: &AccountId32, netuid: NetUid)
where
    M: StorageDoubleMap<AccountId32, NetUid, V>,
    V: codec::FullCodec,
{
    if M::contains_key(old, netuid) {
        M::swap(old, netuid, new, netuid);
        M::remove(old, netuid);
    }
}

/// The same for maps keyed (netuid or storage index, hotkey).
fn move_by_subnet<M, V>(old: &AccountId32, new: &AccountId32, index: u16)
where
    M: StorageDoubleMap<u16, AccountId32, V>,
    V: codec::FullCodec,
{
    if M::contains_key(index, old) {
        M::swap(index, old, index, new);
        M::remove(index, old);
    }
}

impl<T: Config> Pallet<T> {
    /// Swaps a hotkey on a subnet, or everywhere without one.
    pub(crate) fn do_swap_hotkey(
        coldkey: &AccountId32,
        old: &AccountId32,
        new: &AccountId32,
        netuid: Option<NetUid>,
        stake: StakeAtSwap,
    ) -> DispatchResult {
        ensure!(Self::owns(coldkey, old), Error::<T>::NonAssociatedColdKey);
        ensure!(old != new, Error::<T>::NewHotKeyIsSameWithOld);
        let key = RateLimitKey::LastTxBlock(coldkey.clone());
        let error = Error::<T>::HotKeySetTxRateLimitExceeded;
        Self::ensure_passed_beyond(&key, TxRateLimit::<T>::get(), error)?;
        if let Some(netuid) = netuid {
            ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        }
        let subnets = netuid.map_or_else(Self::netuids, |netuid| vec![netuid]);
        ensure!(
            !subnets.iter().any(|subnet| Uids::<T>::contains_key(subnet, new)),
            Error::<T>::HotKeyAlreadyRegisteredInSubNet
        );
        Self::ensure_may_own(coldkey, new)?;
        let clean = TotalHotkeyAlpha::<T>::get(new, ROOT) == 0 && RootClaimable::<T>::get(new).is_empty();
        ensure!(
            clean || stake == StakeAtSwap::Stays || !subnets.contains(&ROOT),
            Error::<T>::NewHotKeyNotCleanForRootSwap
        );
        let affected: Vec<NetUid> = match netuid {
            Some(netuid) => vec![netuid],
            None => Self::netuids_of(old),
        };
        for &subnet in &affected {
            let last = LastHotkeySwapOnNetuid::<T>::get(subnet, coldkey);
            ensure!(
                super::rate_limits::passed_beyond(last, Self::now(), SUBNET_SWAP_INTERVAL),
                Error::<T>::HotKeySwapOnSubnetIntervalNotPassed
            );
        }
        let cost = netuid.map_or(KEY_SWAP_COST, |_| SUBNET_SWAP_COST);
        Self::recycle_tao(coldkey, cost, Error::<T>::NotEnoughBalanceToPaySwapHotKey)?;

        Self::own_if_free(coldkey, new);
        for &subnet in &subnets {
            Self::swap_on_subnet(old, new, subnet, stake)?;
        }
        for subnet in affected {
            LastHotkeySwapOnNetuid::<T>::insert(subnet, coldkey, Self::now());
        }
        Self::record(&key);
        let (coldkey, old_hotkey, new_hotkey) = (coldkey.clone(), old.clone(), new.clone());
        if let Some(netuid) = netuid {
            Self::deposit_event(Event::HotkeySwappedOnSubnet {
                coldkey,
                old_hotkey,
                new_hotkey,
                netuid,
            });
            return Ok(());
        }
        Self::swap_account(&coldkey, old, new, stake);
        Self::deposit_event(Event::HotkeySwapped {
            coldkey,
            old_hotkey,
            new_hotkey,
        });
        Ok(())
    }

    /// Takes TAO out of the issuance.
    ///
    /// # Errors
    /// `error` when the coldkey cannot pay and stay alive.
    pub(crate) fn recycle_tao(coldkey: &AccountId32, amount: u64, error: Error<T>) -> DispatchResult {
        ensure!(Self::can_pay(coldkey, amount), error);
        pallet_balances::Pallet::<T>::burn_from(
            coldkey,
            amount,
            Preservation::Preserve,
            Precision::Exact,
            Fortitude::Polite,
        )?;
        Ok(())
    }

    /// The subnets on which a hotkey has a uid.
    fn netuids_of(hotkey: &AccountId32) -> Vec<NetUid> {
        Self::netuids()
            .into_iter()
            .filter(|netuid| Uids::<T>::contains_key(netuid, hotkey))
            .collect()
    }

    fn swap_on_subnet(
        old: &AccountId32,
        new: &AccountId32,
        netuid: NetUid,
        stake: StakeAtSwap,
    ) -> Result<(), Error<T>> {
        Self::rename_relative(old, new, netuid)?;
        if let Some(uid) = Uids::<T>::take(netuid, old) {
            Uids::<T>::insert(netuid, new, uid);
            Keys::<T>::insert(netuid, uid, new);
            IsNetworkMember::<T>::remove(old, netuid);
            IsNetworkMember::<T>::insert(new, netuid, true);
        }
        if SubnetOwnerHotkey::<T>::get(netuid) == *old {
            SubnetOwnerHotkey::<T>::insert(netuid, new);
            Self::deposit_event(Event::SubnetOwnerHotkeySet(netuid, new.clone()));
        }
        move_by_subnet::<Axons<T>, AxonInfo>(old, new, netuid);
        move_by_subnet::<Prometheus<T>, PrometheusInfo>(old, new, netuid);
        move_by_subnet::<NeuronCertificates<T>, NeuronCertificate>(old, new, netuid);
        move_by_subnet::<AlphaDividendsPerSubnet<T>, u64>(old, new, netuid);
        move_by_subnet::<VotingPower<T>, u64>(old, new, netuid);
        for mechanism in Self::mechanisms(netuid) {
            move_by_subnet::<WeightCommits<T>, _>(old, new, storage_index(netuid, mechanism));
        }
        move_by_hotkey::<ChildkeyTake<T>, u16>(old, new, netuid);
        for coldkey in AutoStakeDestinationColdkeys::<T>::get(old, netuid) {
            Self::point_auto_stake(&coldkey, netuid, Some(new));
        }
        if stake == StakeAtSwap::Moves {
            move_by_hotkey::<TotalHotkeyAlphaLastEpoch<T>, u64>(old, new, netuid);
            Self::move_all_stakes(old, new, netuid);
        }
        Ok(())
    }

    /// Ownership, takes and what limits them.
    fn swap_account(coldkey: &AccountId32, old: &AccountId32, new: &AccountId32, stake: StakeAtSwap) {
        if Delegates::<T>::contains_key(old) {
            Delegates::<T>::insert(new, Delegates::<T>::get(old));
        }
        if AutoParentDelegationEnabled::<T>::contains_key(old) {
            AutoParentDelegationEnabled::<T>::swap(old, new);
        }
        for limit in [
            RateLimitKey::LastTxBlockDelegateTake,
            RateLimitKey::LastTxBlockChildKeyTake,
        ] {
            let last = LastRateLimitedBlock::<T>::take(limit(old.clone()));
            if last > 0 {
                LastRateLimitedBlock::<T>::insert(limit(new.clone()), last);
            }
        }
        // A hotkey that keeps its stake keeps its owner, who could not reach the stake otherwise.
        if stake == StakeAtSwap::Moves {
            Delegates::<T>::remove(old);
            Owner::<T>::remove(old);
            let forget = |hotkeys: &mut Vec<AccountId32>| hotkeys.retain(|hotkey| hotkey != old);
            OwnedHotkeys::<T>::mutate(coldkey, forget);
            StakingHotkeys::<T>::mutate(coldkey, forget);
        }
    }
}
