//! Weights encrypted to a round of the beacon: committed in one epoch, opened by the chain itself when a later one
//! begins.
//!
//! A block opens them before its epoch runs, so that they count at once when the pulse came in time. When it did not,
//! every block of that epoch tries again, and the next epoch gives up. The original drops what does not open without a
//! word; here each is logged and kept in `Devnet.FailedReveals`.

use super::{
    CommitRevealWeightsVersion, Config, Error, Event, MechId, NetUid, Pallet, RevealPeriodEpochs,
    StorageIndex, TimelockedWeightCommits, hash_commits::MAX_UNREVEALED, storage_index,
};
use crate::pallets::{
    devnet::{self, FailedReveal, RevealFailure, RevealKind},
    drand,
};
use assay_timelock::{OpenedWeights, Signature, WeightsPayload};
use frame_support::{BoundedVec, dispatch::DispatchResult, ensure, traits::ConstU32};
use sp_core::H256;
use sp_runtime::AccountId32;

/// The bytes of a commit.
type Ciphertext = BoundedVec<u8, ConstU32<5_000>>;

/// A commit as it waits: hotkey, block, ciphertext, round.
type Commit = (AccountId32, u64, Ciphertext, u64);

/// The scheme that calls without a version use.
pub(crate) const IMPLIED_VERSION: u16 = 4;

impl<T: Config> Pallet<T> {
    /// Stores a ciphertext. Nobody can tell yet whether it will open.
    pub(crate) fn do_commit_timelocked_weights(
        hotkey: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        ciphertext: Ciphertext,
        round: u64,
        version: u16,
    ) -> DispatchResult {
        Self::check_timelocked_transaction(hotkey, netuid, round)?;
        Self::ensure_commits_are_taken(netuid, mechanism)?;
        ensure!(
            version == CommitRevealWeightsVersion::<T>::get(),
            Error::<T>::IncorrectCommitRevealVersion
        );
        let uid = Self::check_commit(hotkey, netuid, mechanism)?;
        let index = storage_index(netuid, mechanism);
        let epoch = Self::epoch_with_look_ahead(netuid);
        let digest = H256(sp_io::hashing::blake2_256(&ciphertext));
        TimelockedWeightCommits::<T>::try_mutate(index, epoch, |queue| {
            let own = queue.iter().filter(|(who, ..)| who == hotkey).count();
            ensure!(own < MAX_UNREVEALED, Error::<T>::TooManyUnrevealedCommits);
            queue.push_back((hotkey.clone(), Self::now(), ciphertext, round));
            Ok::<(), Error<T>>(())
        })?;
        Self::note_weights_update(index, uid);
        let event = Event::TimelockedWeightsCommitted(hotkey.clone(), index, digest, round);
        Self::deposit_event(event);
        Ok(())
    }

    /// Opens what is due, on every subnet whose epoch is not put off in this block.
    pub(crate) fn reveal_timelocked(netuids: &[NetUid]) {
        // Most chains have none; then a block costs this one look.
        if TimelockedWeightCommits::<T>::iter_keys().next().is_none() {
            return;
        }
        let deferred = Self::deferred_epochs(netuids);
        for &netuid in netuids.iter().filter(|netuid| !deferred.contains(netuid)) {
            for mechanism in Self::mechanisms(netuid) {
                Self::reveal_mechanism(netuid, mechanism);
            }
        }
    }

    fn reveal_mechanism(netuid: NetUid, mechanism: MechId) {
        let period = RevealPeriodEpochs::<T>::get(netuid);
        let Some(due) = Self::epoch_with_look_ahead(netuid).checked_sub(period) else {
            return;
        };
        let index = storage_index(netuid, mechanism);
        let mut epochs: Vec<u64> = TimelockedWeightCommits::<T>::iter_key_prefix(index).collect();
        epochs.retain(|epoch| *epoch <= due);
        for epoch in epochs {
            let commits = TimelockedWeightCommits::<T>::take(index, epoch);
            if epoch < due {
                for commit in &commits {
                    Self::note_failed_reveal(index, commit, RevealFailure::Expired);
                }
                continue;
            }
            let waiting = commits
                .into_iter()
                .filter(|commit| !Self::reveal(netuid, mechanism, commit))
                .collect::<std::collections::VecDeque<_>>();
            if !waiting.is_empty() {
                TimelockedWeightCommits::<T>::insert(index, epoch, waiting);
            }
        }
    }

    /// Opens one commit, for better or worse. `false` while its round has not been published.
    fn reveal(netuid: NetUid, mechanism: MechId, commit: &Commit) -> bool {
        let (hotkey, _, ciphertext, round) = commit;
        let index = storage_index(netuid, mechanism);
        let Some(signature) = drand::Pallet::<T>::signature(*round) else {
            return false;
        };
        let row = signature
            .map_err(|_| RevealFailure::BadPulse)
            .and_then(|signature| Self::open_row(hotkey, ciphertext, &signature));
        let revealed = row.and_then(|row| {
            Self::store_weights(hotkey, netuid, mechanism, &row.uids, &row.values, row.version_key)
                .map_err(RevealFailure::Refused)
        });
        match revealed {
            Ok(()) => Self::deposit_event(Event::TimelockedWeightsRevealed(index, hotkey.clone())),
            Err(reason) => Self::note_failed_reveal(index, commit, reason),
        }
        true
    }

    fn open_row(
        hotkey: &AccountId32,
        ciphertext: &[u8],
        signature: &Signature,
    ) -> Result<WeightsPayload, RevealFailure> {
        let text = assay_timelock::decrypt(ciphertext, signature)?;
        let committer: &[u8; 32] = hotkey.as_ref();
        match OpenedWeights::decode(&text).map_err(|_| RevealFailure::MalformedPayload)? {
            OpenedWeights::Signed(row) if row.hotkey == *committer => Ok(row),
            OpenedWeights::Signed(_) => Err(RevealFailure::OtherHotkey),
            OpenedWeights::Unsigned {
                uids,
                values,
                version_key,
            } => {
                ensure!(
                    devnet::AcceptsUnsignedPayloads::<T>::get(),
                    RevealFailure::NoHotkey
                );
                Ok(WeightsPayload {
                    hotkey: *committer,
                    uids,
                    values,
                    version_key,
                })
            }
        }
    }

    fn note_failed_reveal(index: StorageIndex, commit: &Commit, reason: RevealFailure) {
        let (hotkey, committed_at, _, round) = commit;
        devnet::Pallet::<T>::note_failed_reveal(
            index,
            FailedReveal {
                kind: RevealKind::Weights,
                who: hotkey.clone(),
                committed_at: *committed_at,
                round: *round,
                failed_at: Self::now(),
                reason,
            },
        );
    }
}
