//! Weights behind a hash: committed in one epoch, shown in exactly one later epoch.

use super::{
    CommitRevealWeightsEnabled, Config, Error, Event, MechId, NetUid, Pallet, RevealPeriodEpochs,
    StorageIndex, SubnetEpochIndex, Uid, Uids, WeightCommits, storage_index,
};
use codec::{Compact, Encode};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_core::H256;
use sp_runtime::AccountId32;
use std::collections::VecDeque;

/// A hotkey's commits that nobody has revealed: (hash, epoch, block, 0), oldest first.
type Queue = VecDeque<(H256, u64, u64, u64)>;

/// The most commits of a hotkey that may wait for their reveal, in the open and timelocked each.
pub(crate) const MAX_UNREVEALED: usize = 10;

/// A row as it was committed.
#[derive(Debug, Clone, Copy)]
pub struct CommittedRow<'a> {
    /// The uids.
    pub uids: &'a [Uid],
    /// The weight of each uid.
    pub values: &'a [u16],
    /// What makes the hash unguessable.
    pub salt: &'a [u16],
    /// The version key.
    pub version_key: u64,
}

/// The hash by which a hotkey commits to a row: Blake2-256 of all that is revealed later, in SCALE.
#[must_use]
pub fn commit_hash(hotkey: &AccountId32, index: StorageIndex, row: &CommittedRow<'_>) -> H256 {
    let preimage = (hotkey, index, row.uids, row.values, row.salt, row.version_key).encode();
    sp_io::hashing::blake2_256(&preimage).into()
}

impl<T: Config> Pallet<T> {
    /// The number of the epoch, counted on when one is due in this very block.
    #[must_use]
    pub fn epoch_with_look_ahead(netuid: NetUid) -> u64 {
        let due = Self::is_due(netuid, Self::now());
        SubnetEpochIndex::<T>::get(netuid).saturating_add(u64::from(due))
    }

    /// # Errors
    /// What bars the hotkey from committing now, in the chain's order. Returns its uid.
    pub(crate) fn check_commit(
        hotkey: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
    ) -> Result<Uid, Error<T>> {
        let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::HotKeyNotRegisteredInSubNet)?;
        Self::check_weights_rate(netuid, mechanism, uid, Error::CommittingWeightsTooFast)?;
        Ok(uid)
    }

    pub(crate) fn ensure_commits_are_taken(netuid: NetUid, mechanism: MechId) -> Result<(), Error<T>> {
        ensure!(
            Self::mechanism_exists(netuid, mechanism),
            Error::<T>::MechanismDoesNotExist
        );
        Self::ensure_commits_are_revealed(netuid)
    }

    fn ensure_commits_are_revealed(netuid: NetUid) -> Result<(), Error<T>> {
        ensure!(
            CommitRevealWeightsEnabled::<T>::get(netuid),
            Error::<T>::CommitRevealDisabled
        );
        Ok(())
    }

    /// Stores a hash, to be revealed in the epoch that is `RevealPeriodEpochs` later.
    pub(crate) fn do_commit_weights(
        hotkey: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        hash: H256,
    ) -> DispatchResult {
        Self::check_stake_for_weights(hotkey, netuid)?;
        Self::ensure_commits_are_taken(netuid, mechanism)?;
        let uid = Self::check_commit(hotkey, netuid, mechanism)?;
        let index = storage_index(netuid, mechanism);
        let mut queue = WeightCommits::<T>::get(index, hotkey).unwrap_or_default();
        Self::drop_expired(netuid, &mut queue);
        ensure!(queue.len() < MAX_UNREVEALED, Error::<T>::TooManyUnrevealedCommits);
        queue.push_back((hash, Self::epoch_with_look_ahead(netuid), Self::now(), 0));
        WeightCommits::<T>::insert(index, hotkey, queue);
        Self::note_weights_update(index, uid);
        Self::deposit_event(Event::WeightsCommitted(hotkey.clone(), index, hash));
        Ok(())
    }

    /// Commits on several subnets, each on its own; a failing one is reported by an event and does not stop the others.
    pub(crate) fn do_batch_commit_weights(
        hotkey: &AccountId32,
        netuids: Vec<Compact<NetUid>>,
        hashes: Vec<H256>,
    ) -> DispatchResult {
        Self::check_batch_commit(hotkey, &netuids, hashes.len())?;
        let mut failed = false;
        for (netuid, hash) in netuids.iter().zip(hashes) {
            if let Err(error) = Self::do_commit_weights(hotkey, netuid.0, 0, hash) {
                failed = true;
                Self::deposit_event(Event::BatchWeightItemFailed(netuid.0, error));
            }
        }
        if failed {
            Self::deposit_event(Event::BatchCompletedWithErrors());
        }
        Self::deposit_event(Event::BatchWeightsCompleted(netuids, hotkey.clone()));
        Ok(())
    }

    /// Shows a committed row, which then counts.
    pub(crate) fn do_reveal_weights(
        hotkey: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        row: &CommittedRow<'_>,
    ) -> DispatchResult {
        Self::ensure_commits_are_revealed(netuid)?;
        let index = storage_index(netuid, mechanism);
        let (mut queue, expired) = Self::open_queue(hotkey, netuid, index)?;
        let hash = commit_hash(hotkey, index, row);
        if queue.is_empty() {
            return Err(match expired.contains(&hash) {
                true => Error::<T>::ExpiredWeightCommit.into(),
                false => Error::<T>::NoWeightsCommitFound.into(),
            });
        }
        Self::reveal_from(hotkey, netuid, mechanism, &mut queue, &expired, hash, row)?;
        Self::keep_queue(hotkey, index, queue);
        Self::deposit_event(Event::WeightsRevealed(hotkey.clone(), index, hash));
        Ok(())
    }

    /// Shows several committed rows of a hotkey, all or none.
    pub(crate) fn do_batch_reveal_weights(
        hotkey: &AccountId32,
        netuid: NetUid,
        uids: &[Vec<Uid>],
        values: &[Vec<u16>],
        salts: &[Vec<u16>],
        version_keys: &[u64],
    ) -> DispatchResult {
        let rows = Self::committed_rows(uids, values, salts, version_keys)?;
        Self::ensure_commits_are_revealed(netuid)?;
        let index = storage_index(netuid, 0);
        let (mut queue, expired) = Self::open_queue(hotkey, netuid, index)?;
        let mut revealed = Vec::new();
        for row in &rows {
            let hash = commit_hash(hotkey, index, row);
            Self::reveal_from(hotkey, netuid, 0, &mut queue, &expired, hash, row)?;
            revealed.push(hash);
        }
        Self::keep_queue(hotkey, index, queue);
        Self::deposit_event(Event::WeightsBatchRevealed(hotkey.clone(), index, revealed));
        Ok(())
    }

    /// # Errors
    /// When the lists of a batch differ in length.
    fn committed_rows<'a>(
        uids: &'a [Vec<Uid>],
        values: &'a [Vec<u16>],
        salts: &'a [Vec<u16>],
        version_keys: &'a [u64],
    ) -> Result<Vec<CommittedRow<'a>>, Error<T>> {
        let lengths = [values.len(), salts.len(), version_keys.len()];
        ensure!(
            lengths.iter().all(|length| *length == uids.len()),
            Error::<T>::InputLengthsUnequal
        );
        let rows = uids.iter().zip(values).zip(salts).zip(version_keys);
        Ok(rows
            .map(|(((uids, values), salt), version_key)| CommittedRow {
                uids,
                values,
                salt,
                version_key: *version_key,
            })
            .collect())
    }

    /// Takes the commit of this hash and all older ones from the queue and sets the row.
    fn reveal_from(
        hotkey: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        queue: &mut Queue,
        expired: &[H256],
        hash: H256,
        row: &CommittedRow<'_>,
    ) -> DispatchResult {
        let Some(place) = queue.iter().position(|(committed, ..)| *committed == hash) else {
            return Err(match expired.contains(&hash) {
                true => Error::<T>::ExpiredWeightCommit.into(),
                false => Error::<T>::InvalidRevealCommitHashNotMatch.into(),
            });
        };
        let committed = queue.get(place).map(|(_, epoch, ..)| *epoch).unwrap_or_default();
        ensure!(
            Self::is_reveal_epoch(netuid, committed),
            Error::<T>::RevealTooEarly
        );
        queue.drain(..=place);
        Self::store_weights(hotkey, netuid, mechanism, row.uids, row.values, row.version_key)
    }

    /// The hotkey's queue without what has expired, and the hashes of that.
    fn open_queue(
        hotkey: &AccountId32,
        netuid: NetUid,
        index: StorageIndex,
    ) -> Result<(Queue, Vec<H256>), Error<T>> {
        let mut queue = WeightCommits::<T>::get(index, hotkey).ok_or(Error::NoWeightsCommitFound)?;
        let expired = Self::drop_expired(netuid, &mut queue);
        Ok((queue, expired))
    }

    fn keep_queue(hotkey: &AccountId32, index: StorageIndex, queue: Queue) {
        match queue.is_empty() {
            true => WeightCommits::<T>::remove(index, hotkey),
            false => WeightCommits::<T>::insert(index, hotkey, queue),
        }
    }

    /// Drops commits from the front whose epoch of reveal is over, and returns their hashes.
    fn drop_expired(netuid: NetUid, queue: &mut Queue) -> Vec<H256> {
        let epoch = Self::epoch_with_look_ahead(netuid);
        let period = RevealPeriodEpochs::<T>::get(netuid);
        let mut dropped = Vec::new();
        while let Some((hash, committed, ..)) = queue.front()
            && epoch > committed.saturating_add(period)
        {
            dropped.push(*hash);
            queue.pop_front();
        }
        dropped
    }

    /// Whether a commit of that epoch is to be revealed now.
    fn is_reveal_epoch(netuid: NetUid, committed: u64) -> bool {
        let due = committed.saturating_add(RevealPeriodEpochs::<T>::get(netuid));
        Self::epoch_with_look_ahead(netuid) == due
    }

    /// What the pool looks at before it takes a reveal: that there is such a commit, and that its epoch has come.
    ///
    /// # Errors
    /// `NoWeightsCommitFound` and `RevealTooEarly`; the latter also for a commit that has expired.
    pub(crate) fn check_reveal(
        hotkey: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        row: &CommittedRow<'_>,
    ) -> Result<(), Error<T>> {
        let index = storage_index(netuid, mechanism);
        let hash = commit_hash(hotkey, index, row);
        let queue = WeightCommits::<T>::get(index, hotkey).unwrap_or_default();
        let (_, committed, ..) = queue
            .iter()
            .find(|(stored, ..)| *stored == hash)
            .ok_or(Error::NoWeightsCommitFound)?;
        ensure!(
            Self::is_reveal_epoch(netuid, *committed),
            Error::<T>::RevealTooEarly
        );
        Ok(())
    }

    /// As [`check_reveal`](Self::check_reveal), of every row of a batch; their lists must agree in length, and the hotkey
    /// must have the stake that weights need.
    pub(crate) fn check_batch_reveal(
        hotkey: &AccountId32,
        netuid: NetUid,
        uids: &[Vec<Uid>],
        values: &[Vec<u16>],
        salts: &[Vec<u16>],
        version_keys: &[u64],
    ) -> Result<(), Error<T>> {
        let rows = Self::committed_rows(uids, values, salts, version_keys)?;
        Self::check_stake_for_weights(hotkey, netuid)?;
        rows.iter()
            .try_for_each(|row| Self::check_reveal(hotkey, netuid, 0, row))
    }
}

#[cfg(test)]
mod tests {
    use super::{CommittedRow, commit_hash};
    use crate::{genesis::development_account, pallets::subtensor::storage_index};
    use sp_runtime::AccountId32;

    #[test]
    fn hashes_are_those_of_the_original_and_of_the_sdks() {
        let account = AccountId32::new(std::array::from_fn(|byte| u8::try_from(byte).unwrap()));
        let row = CommittedRow {
            uids: &[0, 1, 2],
            values: &[10, 20, 65_535],
            salt: &[1, 2, 3, 4, 5, 6, 7, 8],
            version_key: 0,
        };
        let hex = |hash: sp_core::H256| hex::encode(hash.as_bytes());
        assert_eq!(
            hex(commit_hash(&account, storage_index(1, 0), &row)),
            "982248f3c937483d7bfeb06a369581f5e0b8a6cd2dab29b865ddc76d0af6a586"
        );
        let newer = CommittedRow {
            version_key: 7,
            ..row
        };
        assert_eq!(
            hex(commit_hash(&account, storage_index(1, 1), &newer)),
            "6d18a54e12d8b68f2f9efe6b971b0a0f4ee89d6609c442a87df0b30b14109598"
        );
        let alices = CommittedRow {
            uids: &[0, 1, 2],
            values: &[100, 200, 300],
            salt: &[1, 2, 3],
            version_key: 0,
        };
        assert_eq!(
            hex(commit_hash(&development_account("Alice"), 1, &alices)),
            "f0a421a8fe6509d9fff39350b894e567ae4253fa777b9b25787f699264ccdb2a"
        );
    }
}
