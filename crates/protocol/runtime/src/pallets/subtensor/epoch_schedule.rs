//! When epochs run: every `Tempo` blocks since the last one, or when the owner triggers one.
//!
//! A block runs at most `MaxEpochsPerBlock` epochs; the rest wait for the next block.

use super::{
    AdminFreezeWindow, BlocksSinceLastStep, CommitRevealWeightsEnabled, Config, Error, Event, Hyperparameter,
    Keys, LastEpochBlock, LastMechansimStepBlock, MaxEpochsPerBlock, NetUid, Pallet, PendingEpochAt, ROOT,
    RateLimitKey, SubnetEpochIndex, Tempo,
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;
use std::collections::BTreeSet;

/// After so many blocks without one an epoch runs whatever the schedule says.
const LONGEST_WAIT: u64 = 50_400;

impl<T: Config> Pallet<T> {
    /// The block of the next epoch that nobody has to trigger; `None` without a tempo.
    #[must_use]
    pub fn next_automatic_epoch(netuid: NetUid) -> Option<u64> {
        let tempo = u64::from(Tempo::<T>::get(netuid));
        (tempo > 0).then(|| LastEpochBlock::<T>::get(netuid).saturating_add(tempo))
    }

    /// The block of the next epoch, triggered or not; `None` without a tempo.
    #[must_use]
    pub fn next_epoch(netuid: NetUid) -> Option<u64> {
        let automatic = Self::next_automatic_epoch(netuid)?;
        Some(match PendingEpochAt::<T>::get(netuid) {
            0 => automatic,
            pending => automatic.min(pending),
        })
    }

    /// Whether the subnet's epoch should run in block `now`.
    pub(crate) fn is_due(netuid: NetUid, now: u64) -> bool {
        let tempo = u64::from(Tempo::<T>::get(netuid));
        let pending = PendingEpochAt::<T>::get(netuid);
        tempo != 0
            && ((pending > 0 && now >= pending)
                || BlocksSinceLastStep::<T>::get(netuid) > LONGEST_WAIT
                || now.saturating_sub(LastEpochBlock::<T>::get(netuid)) >= tempo)
    }

    /// Runs the epochs that are due, in the order of storage, as many as a block may, and says on which subnets.
    pub(crate) fn run_due_epochs(netuids: &[NetUid]) -> Vec<NetUid> {
        let now = Self::now();
        let most = MaxEpochsPerBlock::<T>::get();
        let mut run = Vec::new();
        for &netuid in netuids.iter().filter(|&&netuid| netuid != ROOT) {
            if !Self::is_due(netuid, now) {
                BlocksSinceLastStep::<T>::mutate(netuid, |blocks| *blocks = blocks.saturating_add(1));
                continue;
            }
            if run.len() >= usize::from(most) {
                BlocksSinceLastStep::<T>::mutate(netuid, |blocks| *blocks = blocks.saturating_add(1));
                let to_block = now.saturating_add(1);
                PendingEpochAt::<T>::insert(netuid, to_block);
                Self::deposit_event(Event::EpochDeferred {
                    netuid,
                    from_block: now,
                    to_block,
                });
                continue;
            }
            run.push(netuid);
            BlocksSinceLastStep::<T>::insert(netuid, 0);
            LastEpochBlock::<T>::insert(netuid, now);
            PendingEpochAt::<T>::insert(netuid, 0);
            SubnetEpochIndex::<T>::mutate(netuid, |index| *index = index.saturating_add(1));
            if Self::has_duplicate_hotkeys(netuid) {
                Self::deposit_event(Event::EpochSkipped { netuid, block: now });
                continue;
            }
            Self::run_epoch(netuid);
            LastMechansimStepBlock::<T>::insert(netuid, now);
        }
        run
    }

    /// The subnets whose due epoch a later block will run, because this one runs as many as it may.
    pub(crate) fn deferred_epochs(netuids: &[NetUid]) -> BTreeSet<NetUid> {
        let now = Self::now();
        netuids
            .iter()
            .copied()
            .filter(|&netuid| netuid != ROOT && Self::is_due(netuid, now))
            .skip(usize::from(MaxEpochsPerBlock::<T>::get()))
            .collect()
    }

    fn has_duplicate_hotkeys(netuid: NetUid) -> bool {
        let mut seen = BTreeSet::new();
        Keys::<T>::iter_prefix_values(netuid).any(|hotkey| !seen.insert(hotkey))
    }

    /// Asks for an epoch before its time; it runs after the freeze window, so that nobody is surprised.
    pub(crate) fn do_trigger_epoch(owner: &AccountId32, netuid: NetUid) -> DispatchResult {
        ensure!(
            !CommitRevealWeightsEnabled::<T>::get(netuid),
            Error::<T>::DynamicTempoBlockedByCommitReveal
        );
        ensure!(
            PendingEpochAt::<T>::get(netuid) == 0,
            Error::<T>::EpochTriggerAlreadyPending
        );
        let now = Self::now();
        let window = u64::from(AdminFreezeWindow::<T>::get());
        if let Some(automatic) = Self::next_automatic_epoch(netuid) {
            ensure!(
                automatic.saturating_sub(now) >= window,
                Error::<T>::AutoEpochAlreadyImminent
            );
        }
        let key = RateLimitKey::OwnerHyperparamUpdate(netuid, Hyperparameter::TriggerEpoch);
        let limit = Self::owner_hyperparameter_limit(netuid);
        Self::ensure_passed(&key, limit, Error::<T>::TxRateLimitExceeded)?;
        // Without a window this is the present block, whose epochs have run: the next one's turn comes first.
        let fires_at = now.saturating_add(window);
        PendingEpochAt::<T>::insert(netuid, fires_at);
        Self::record(&key);
        Self::deposit_event(Event::EpochTriggered {
            netuid,
            by: owner.clone(),
            fires_at,
        });
        Ok(())
    }
}
