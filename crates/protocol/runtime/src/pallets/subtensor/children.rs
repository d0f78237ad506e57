//! Setting children: the hotkeys that validate with a part of a hotkey's stake.
//!
//! New children wait for a cool-down and take effect at the first epoch after it, so that no epoch is decided by stake
//! that arrived at the last moment. On a subnet that has not been started nothing is at stake and they count at once.

use super::{
    AutoParentDelegationEnabled, ChildKeys, Config, Error, Event, Keys, NetUid, Pallet, ParentKeys,
    PendingChildKeyCooldown, PendingChildKeys, ROOT, StakeThreshold, SubnetOwnerHotkey, SubtokenEnabled,
    TotalHotkeyAlpha, rate_limits::TransactionKind,
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;
use std::collections::BTreeSet;

/// Blocks between two changes of a hotkey's children on a subnet.
const CHILDREN_RATE_LIMIT: u64 = 150;
/// Children a hotkey may have on a subnet. Every one costs the epoch a look-up.
const MOST_CHILDREN: usize = 5;

/// Relatives with the share of 2^64 - 1 of the parent's stake.
type Relatives = Vec<(u64, AccountId32)>;

impl<T: Config> Pallet<T> {
    /// Replaces a hotkey's children.
    pub(crate) fn do_set_children(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        netuid: NetUid,
        children: Relatives,
    ) -> DispatchResult {
        let kind = TransactionKind::SetChildren;
        let error = Error::<T>::TxRateLimitExceeded;
        Self::ensure_transaction_passed(hotkey, netuid, kind, CHILDREN_RATE_LIMIT, error)?;
        ensure!(netuid != ROOT, Error::<T>::RegistrationNotPermittedOnRootSubnet);
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        ensure!(Self::owns(coldkey, hotkey), Error::<T>::NonAssociatedColdKey);
        Self::check_children(hotkey, netuid, &children)?;
        let entitled = children.is_empty()
            || SubnetOwnerHotkey::<T>::get(netuid) == *hotkey
            || Self::stake_in_tao(hotkey) >= StakeThreshold::<T>::get();
        ensure!(entitled, Error::<T>::NotEnoughStakeToSetChildkeys);
        Self::record_transaction(hotkey, netuid, kind);
        if !SubtokenEnabled::<T>::get(netuid) {
            Self::store_children(hotkey, netuid, children);
            return Ok(());
        }
        Self::schedule_children(hotkey, netuid, children);
        Ok(())
    }

    fn schedule_children(hotkey: &AccountId32, netuid: NetUid, children: Relatives) {
        let block = Self::now().saturating_add(PendingChildKeyCooldown::<T>::get());
        PendingChildKeys::<T>::insert(netuid, hotkey, (children.clone(), block));
        Self::deposit_event(Event::SetChildrenScheduled(
            hotkey.clone(),
            netuid,
            block,
            children,
        ));
    }

    /// # Errors
    /// The first rule the list breaks.
    fn check_children(
        hotkey: &AccountId32,
        netuid: NetUid,
        children: &[(u64, AccountId32)],
    ) -> Result<(), Error<T>> {
        let distinct: BTreeSet<&AccountId32> = children.iter().map(|(_, child)| child).collect();
        ensure!(distinct.len() == children.len(), Error::<T>::DuplicateChild);
        ensure!(children.len() <= MOST_CHILDREN, Error::<T>::TooManyChildren);
        ensure!(!distinct.contains(hotkey), Error::<T>::InvalidChild);
        let whole: u128 = children.iter().map(|(share, _)| u128::from(*share)).sum();
        ensure!(whole <= u128::from(u64::MAX), Error::<T>::ProportionOverflow);
        let parents = ParentKeys::<T>::get(hotkey, netuid);
        ensure!(
            !parents.iter().any(|(_, parent)| distinct.contains(parent)),
            Error::<T>::ChildParentInconsistency
        );
        Ok(())
    }

    /// All stake on a hotkey at the present prices, in rao of TAO.
    fn stake_in_tao(hotkey: &AccountId32) -> u64 {
        TotalHotkeyAlpha::<T>::iter_prefix(hotkey)
            .map(|(netuid, alpha)| Self::worth_at_price(netuid, alpha))
            .fold(0, u64::saturating_add)
    }

    /// Stores the children of a hotkey and, at each of them, the parent.
    fn store_children(hotkey: &AccountId32, netuid: NetUid, children: Relatives) {
        for (_, child) in ChildKeys::<T>::take(hotkey, netuid) {
            Self::relate(&child, hotkey, netuid, None);
        }
        for (share, child) in &children {
            Self::relate(child, hotkey, netuid, Some(*share));
        }
        if !children.is_empty() {
            ChildKeys::<T>::insert(hotkey, netuid, &children);
        }
        Self::deposit_event(Event::SetChildren(hotkey.clone(), netuid, children));
    }

    /// Enters a parent and its share at a child, or strikes it out.
    fn relate(child: &AccountId32, parent: &AccountId32, netuid: NetUid, share: Option<u64>) {
        ParentKeys::<T>::mutate_exists(child, netuid, |parents| {
            let mut kept = parents.take().unwrap_or_default();
            kept.retain(|(_, listed)| listed != parent);
            kept.extend(share.map(|share| (share, parent.clone())));
            *parents = (!kept.is_empty()).then_some(kept);
        });
    }

    /// Lets the children whose wait is over take effect, on the subnets whose epoch has just run. A list that has
    /// become inconsistent meanwhile is dropped, silently as on the chain.
    pub(crate) fn apply_pending_children(netuids: &[NetUid]) {
        let now = Self::now();
        for &netuid in netuids {
            let waiting: Vec<_> = PendingChildKeys::<T>::iter_prefix(netuid).collect();
            for (hotkey, (children, block)) in waiting {
                if block >= now {
                    continue;
                }
                PendingChildKeys::<T>::remove(netuid, &hotkey);
                if Self::check_children(&hotkey, netuid, &children).is_ok() {
                    Self::store_children(&hotkey, netuid, children);
                }
            }
        }
    }

    /// Lends the stake of the root validators to the owner's hotkey of a new subnet, unless they have refused or have
    /// relatives that contradict it.
    pub(crate) fn lend_root_stake(netuid: NetUid, hotkey: &AccountId32) {
        for validator in Keys::<T>::iter_prefix_values(ROOT).collect::<Vec<_>>() {
            let children = vec![(u64::MAX, hotkey.clone())];
            let lends = AutoParentDelegationEnabled::<T>::get(&validator)
                && Self::check_children(&validator, netuid, &children).is_ok();
            if lends {
                Self::schedule_children(&validator, netuid, children);
            }
        }
    }

    /// Says whether a root validator lends its stake to new subnets.
    pub(crate) fn do_set_auto_parent_delegation(
        coldkey: &AccountId32,
        hotkey: &AccountId32,
        enabled: bool,
    ) -> DispatchResult {
        ensure!(Self::owns(coldkey, hotkey), Error::<T>::NonAssociatedColdKey);
        AutoParentDelegationEnabled::<T>::insert(hotkey, enabled);
        Self::deposit_event(Event::AutoParentDelegationEnabledSet {
            hotkey: hotkey.clone(),
            enabled,
        });
        Ok(())
    }

    /// Puts a hotkey in the place of another in its family on a subnet: with its children, its parents, and in the
    /// lists that wait.
    ///
    /// # Errors
    /// When the new hotkey is a relative of the old one, or when both have a family.
    pub(crate) fn rename_relative(
        old: &AccountId32,
        new: &AccountId32,
        netuid: NetUid,
    ) -> Result<(), Error<T>> {
        let children = ChildKeys::<T>::get(old, netuid);
        let parents = ParentKeys::<T>::get(old, netuid);
        let related = children
            .iter()
            .chain(&parents)
            .any(|(_, relative)| relative == new);
        ensure!(!related, Error::<T>::InvalidChild);
        let strangers =
            ChildKeys::<T>::contains_key(new, netuid) || ParentKeys::<T>::contains_key(new, netuid);
        let has_family = !children.is_empty() || !parents.is_empty();
        ensure!(!(strangers && has_family), Error::<T>::ChildParentInconsistency);
        let rename = |relatives: &mut Relatives| {
            for (_, relative) in relatives.iter_mut().filter(|(_, relative)| relative == old) {
                *relative = new.clone();
            }
        };
        for (_, child) in &children {
            ParentKeys::<T>::mutate(child, netuid, rename);
        }
        for (_, parent) in &parents {
            ChildKeys::<T>::mutate(parent, netuid, rename);
        }
        if has_family {
            ChildKeys::<T>::swap(old, netuid, new, netuid);
            ParentKeys::<T>::swap(old, netuid, new, netuid);
        }
        if PendingChildKeys::<T>::contains_key(netuid, old) {
            PendingChildKeys::<T>::insert(netuid, new, PendingChildKeys::<T>::take(netuid, old));
        }
        for (hotkey, (mut waiting, block)) in PendingChildKeys::<T>::iter_prefix(netuid).collect::<Vec<_>>() {
            if waiting.iter().any(|(_, child)| child == old) {
                rename(&mut waiting);
                PendingChildKeys::<T>::insert(netuid, hotkey, (waiting, block));
            }
        }
        Ok(())
    }
}
