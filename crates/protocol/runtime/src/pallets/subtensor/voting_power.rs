//! Voting power: a slow average of a validator's stake, kept where the subnet's owner wants it.

use super::{
    Config, Error, Event, NetUid, Pallet, ValidatorPermit, VotingPower, VotingPowerDisableAtBlock,
    VotingPowerEmaAlpha, VotingPowerTrackingEnabled,
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

/// Blocks between the wish to stop and the end of tracking: two weeks of 12-second blocks.
const GRACE_PERIOD: u64 = 100_800;
/// The weight of new stake that stands for one.
const WHOLE: u64 = 1_000_000_000_000_000_000;

/// The average after an epoch.
fn averaged(before: u64, stake: u64, alpha: u64) -> u64 {
    let alpha = u128::from(alpha.min(WHOLE));
    let sum = u128::from(stake) * alpha + u128::from(before) * (u128::from(WHOLE) - alpha);
    u64::try_from(sum / u128::from(WHOLE)).unwrap_or(u64::MAX)
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_enable_voting_power(netuid: NetUid) -> DispatchResult {
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        VotingPowerTrackingEnabled::<T>::insert(netuid, true);
        VotingPowerDisableAtBlock::<T>::remove(netuid);
        Self::deposit_event(Event::VotingPowerTrackingEnabled { netuid });
        Ok(())
    }

    pub(crate) fn do_disable_voting_power(netuid: NetUid) -> DispatchResult {
        ensure!(
            VotingPowerTrackingEnabled::<T>::get(netuid),
            Error::<T>::VotingPowerTrackingNotEnabled
        );
        let disable_at_block = Self::now().saturating_add(GRACE_PERIOD);
        VotingPowerDisableAtBlock::<T>::insert(netuid, disable_at_block);
        Self::deposit_event(Event::VotingPowerTrackingDisableScheduled {
            netuid,
            disable_at_block,
        });
        Ok(())
    }

    pub(crate) fn do_set_voting_power_alpha(netuid: NetUid, alpha: u64) -> DispatchResult {
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        ensure!(alpha <= WHOLE, Error::<T>::InvalidVotingPowerEmaAlpha);
        VotingPowerEmaAlpha::<T>::insert(netuid, alpha);
        Self::deposit_event(Event::VotingPowerEmaAlphaSet { netuid, alpha });
        Ok(())
    }

    /// Moves the averages of a subnet whose epoch has run. The hotkeys are in the order of uids; those without a permit
    /// have no voting power.
    pub(crate) fn move_voting_power(netuid: NetUid, hotkeys: &[AccountId32]) {
        if !VotingPowerTrackingEnabled::<T>::get(netuid) {
            return;
        }
        let end = VotingPowerDisableAtBlock::<T>::get(netuid);
        if end > 0 && Self::now() >= end {
            VotingPowerTrackingEnabled::<T>::remove(netuid);
            VotingPowerDisableAtBlock::<T>::remove(netuid);
            let _ = VotingPower::<T>::clear_prefix(netuid, u32::MAX, None);
            return Self::deposit_event(Event::VotingPowerTrackingDisabled { netuid });
        }
        let alpha = VotingPowerEmaAlpha::<T>::get(netuid);
        let before: Vec<(AccountId32, u64)> = VotingPower::<T>::drain_prefix(netuid).collect();
        let permits = ValidatorPermit::<T>::get(netuid);
        for (hotkey, _) in hotkeys.iter().zip(permits).filter(|(_, permit)| *permit) {
            let held = before.iter().find(|(known, _)| known == hotkey);
            let held = held.map_or(0, |(_, power)| *power);
            let power = averaged(held, Self::total_stake_weight(netuid, hotkey), alpha);
            if power > 0 {
                VotingPower::<T>::insert(netuid, hotkey, power);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{WHOLE, averaged};

    #[test]
    fn an_average_moves_by_its_alpha() {
        assert_eq!(averaged(100, 200, 0), 100);
        assert_eq!(averaged(100, 200, WHOLE), 200);
        assert_eq!(averaged(100, 200, WHOLE / 4), 125);
        assert_eq!(averaged(u64::MAX, u64::MAX, u64::MAX), u64::MAX);
    }
}
