//! Stake as consensus counts it: a hotkey's own, less what its children receive, plus what its parents lend.

use super::{ChildKeys, Config, NetUid, Pallet, ParentKeys, ROOT, TaoWeight, TotalHotkeyAlpha};
use sp_runtime::AccountId32;

/// What a hotkey brings to the scales, in rao.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InheritedStake {
    /// Alpha of the subnet.
    pub alpha: u64,
    /// TAO on root, unweighted.
    pub root: u64,
}

impl InheritedStake {
    /// Alpha plus weighted root stake, rounded down, in rao. `tao_weight` is a fraction of `u64::MAX`.
    #[must_use]
    pub fn total(self, tao_weight: u64) -> u64 {
        self.alpha
            .saturating_add(weighted_root_stake(self.root, tao_weight))
    }
}

/// A stake of which parts go to children and to which parts of parents come, in 32 fraction bits as on the chain.
fn inherited(
    own: u64,
    to_children: impl Iterator<Item = u64>,
    from_parents: impl Iterator<Item = (u64, u64)>,
) -> u64 {
    let part = |stake: u64, proportion: u64| {
        let proportion = (u128::from(proportion) << 32) / u128::from(u64::MAX);
        u128::from(stake) * proportion
    };
    let given: u128 = to_children.map(|proportion| part(own, proportion)).sum();
    let taken: u128 = from_parents
        .map(|(stake, proportion)| part(stake, proportion))
        .sum();
    let total = (u128::from(own) << 32)
        .saturating_sub(given)
        .saturating_add(taken);
    u64::try_from(total >> 32).unwrap_or(u64::MAX)
}

/// Root stake times the TAO weight, rounded down, in the chain's 64 fraction bits.
fn weighted_root_stake(root: u64, tao_weight: u64) -> u64 {
    let weight = (u128::from(tao_weight) << 64) / u128::from(u64::MAX);
    match u64::try_from(weight) {
        Ok(fraction) => u64::try_from((u128::from(root) * u128::from(fraction)) >> 64).unwrap_or(u64::MAX),
        // A weight of one.
        Err(_) => root,
    }
}

impl<T: Config> Pallet<T> {
    /// The stake of a hotkey on a subnet after children and parents.
    #[must_use]
    pub fn inherited_stake(netuid: NetUid, hotkey: &AccountId32) -> InheritedStake {
        let children = ChildKeys::<T>::get(hotkey, netuid);
        let parents = ParentKeys::<T>::get(hotkey, netuid);
        let on = |subnet: NetUid| {
            inherited(
                TotalHotkeyAlpha::<T>::get(hotkey, subnet),
                children.iter().map(|(proportion, _)| *proportion),
                parents
                    .iter()
                    .map(|(proportion, parent)| (TotalHotkeyAlpha::<T>::get(parent, subnet), *proportion)),
            )
        };
        InheritedStake {
            alpha: on(netuid),
            root: on(ROOT),
        }
    }

    /// Alpha plus weighted root stake of a hotkey, rounded down, in rao: what thresholds compare.
    #[must_use]
    pub fn total_stake_weight(netuid: NetUid, hotkey: &AccountId32) -> u64 {
        Self::inherited_stake(netuid, hotkey).total(TaoWeight::<T>::get())
    }
}

#[cfg(test)]
mod tests {
    use super::{inherited, weighted_root_stake};

    #[test]
    fn a_child_gains_what_its_parent_gives() {
        let half = u64::MAX / 2;
        assert_eq!(inherited(1_000, [half].into_iter(), [].into_iter()), 500);
        assert_eq!(
            inherited(10, [].into_iter(), [(1_000, u64::MAX)].into_iter()),
            1_010
        );
        assert_eq!(inherited(7, [].into_iter(), [].into_iter()), 7);
    }

    #[test]
    fn root_stake_counts_five_percent_and_a_bit() {
        assert_eq!(
            weighted_root_stake(1_000_000_000, 971_718_665_099_567_868),
            52_676_974
        );
        assert_eq!(weighted_root_stake(5, u64::MAX), 5);
        assert_eq!(weighted_root_stake(u64::MAX, 0), 0);
    }
}
