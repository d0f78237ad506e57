//! Setting weights in the open, with every check of the chain in its order.

use super::{
    CommitRevealWeightsEnabled, Config, Error, Event, LastUpdate, MechId, MinAllowedWeights, NetUid, Pallet,
    ROOT, StakeThreshold, StorageIndex, SubnetworkN, Uid, Uids, ValidatorPermit, Weights,
    WeightsSetRateLimit, WeightsVersionKey, storage_index,
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;

/// Scales a row so that its largest value is 65535, rounding half up, in the chain's 32-bit fixed point.
///
/// Above 32768 the chain truncates the quotient before it multiplies, or the product would not fit its type; the
/// results differ from the other branch by at most one.
#[must_use]
pub fn max_upscale(values: &[u16]) -> Vec<u16> {
    const HALF: u64 = 1 << 31;
    let max = u64::from(values.iter().copied().max().unwrap_or_default());
    if max == 0 {
        return vec![0; values.len()];
    }
    let scaled = |value: u64| match max > 32_768 {
        true => value * ((65_535 << 32) / max),
        false => ((value * 65_535) << 32) / max,
    };
    values
        .iter()
        .map(|&value| u16::try_from((scaled(u64::from(value)) + HALF) >> 32).unwrap_or(u16::MAX))
        .collect()
}

/// Whether no uid comes twice. Rows are mostly in the order of their uids, and then nothing has to be sorted.
fn are_distinct(uids: &[Uid]) -> bool {
    let ascending = |uids: &[Uid]| uids.is_sorted_by(|one, next| one < next);
    ascending(uids) || {
        let mut sorted = uids.to_vec();
        sorted.sort_unstable();
        ascending(&sorted)
    }
}

impl<T: Config> Pallet<T> {
    /// Sets a row that the sender shows openly; refused where commits are required.
    pub(crate) fn do_set_weights(
        hotkey: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        uids: &[Uid],
        values: &[u16],
        version_key: u64,
    ) -> DispatchResult {
        ensure!(
            !CommitRevealWeightsEnabled::<T>::get(netuid),
            Error::<T>::CommitRevealEnabled
        );
        Self::store_weights(hotkey, netuid, mechanism, uids, values, version_key)
    }

    /// Checks a row and stores it. A revealed row takes this way too.
    pub(crate) fn store_weights(
        hotkey: &AccountId32,
        netuid: NetUid,
        mechanism: MechId,
        uids: &[Uid],
        values: &[u16],
        version_key: u64,
    ) -> DispatchResult {
        ensure!(netuid != ROOT, Error::<T>::CanNotSetRootNetworkWeights);
        ensure!(uids.len() == values.len(), Error::<T>::WeightVecNotEqualSize);
        ensure!(
            Self::mechanism_exists(netuid, mechanism),
            Error::<T>::MechanismDoesNotExist
        );
        let count = SubnetworkN::<T>::get(netuid);
        ensure!(
            uids.len() <= usize::from(count),
            Error::<T>::UidsLengthExceedUidsInSubNet
        );
        let uid = Uids::<T>::get(netuid, hotkey).ok_or(Error::<T>::HotKeyNotRegisteredInSubNet)?;
        ensure!(
            Self::has_stake_for_weights(netuid, hotkey),
            Error::<T>::NotEnoughStakeToSetWeights
        );
        let wanted_version = WeightsVersionKey::<T>::get(netuid);
        ensure!(
            wanted_version == 0 || version_key >= wanted_version,
            Error::<T>::IncorrectWeightVersionKey
        );
        let index = storage_index(netuid, mechanism);
        let commits = CommitRevealWeightsEnabled::<T>::get(netuid);
        if !commits {
            Self::check_weights_rate(netuid, mechanism, uid, Error::<T>::SettingWeightsTooFast)?;
        }
        let only_self = uids == [uid];
        let permitted = ValidatorPermit::<T>::get(netuid)
            .get(usize::from(uid))
            .copied()
            .unwrap_or_default();
        let is_owner = Self::owner_uid(netuid) == Some(uid);
        ensure!(
            permitted || only_self || is_owner,
            Error::<T>::NeuronNoValidatorPermit
        );
        ensure!(are_distinct(uids), Error::<T>::DuplicateUids);
        ensure!(
            uids.iter().all(|&target| target < count),
            Error::<T>::UidVecContainInvalidOne
        );
        let fewest = MinAllowedWeights::<T>::get(netuid).min(count);
        ensure!(
            only_self || uids.len() >= usize::from(fewest),
            Error::<T>::WeightVecLengthIsLow
        );

        let row: Vec<(Uid, u16)> = uids.iter().copied().zip(max_upscale(values)).collect();
        Weights::<T>::insert(index, uid, row);
        if !commits {
            Self::note_weights_update(index, uid);
        }
        Self::deposit_event(Event::WeightsSet(index, uid));
        Ok(())
    }

    /// Starts the uid's rate limit and shows it active.
    pub(crate) fn note_weights_update(index: StorageIndex, uid: Uid) {
        LastUpdate::<T>::mutate(index, |blocks| {
            if let Some(last) = blocks.get_mut(usize::from(uid)) {
                *last = Self::now();
            }
        });
    }

    /// # Errors
    /// `error` when the uid updated its weights less than `WeightsSetRateLimit` blocks ago.
    pub(crate) fn check_weights_rate(
        netuid: NetUid,
        mechanism: MechId,
        uid: Uid,
        error: Error<T>,
    ) -> Result<(), Error<T>> {
        let limit = WeightsSetRateLimit::<T>::get(netuid);
        // Asked three times of every row of weights, and the updates of the whole subnet are one value.
        if limit == 0 {
            return Ok(());
        }
        let last = LastUpdate::<T>::get(storage_index(netuid, mechanism))
            .get(usize::from(uid))
            .copied()
            .unwrap_or_default();
        ensure!(last == 0 || Self::now().saturating_sub(last) >= limit, error);
        Ok(())
    }

    /// The hotkey's total stake reaches the threshold; the owner's hotkey needs none.
    #[must_use]
    pub fn has_stake_for_weights(netuid: NetUid, hotkey: &AccountId32) -> bool {
        let threshold = StakeThreshold::<T>::get();
        // Asked three times of every row of weights, so the many reads below are saved where they decide nothing.
        if threshold == 0 {
            return true;
        }
        let uid = Uids::<T>::get(netuid, hotkey);
        let is_owner = uid.is_some() && uid == Self::owner_uid(netuid);
        is_owner || Self::total_stake_weight(netuid, hotkey) >= threshold
    }

    /// Sets several rows, each on its own; a failing one is reported by an event and does not stop the others.
    pub(crate) fn do_batch_set_weights(
        hotkey: &AccountId32,
        netuids: Vec<codec::Compact<NetUid>>,
        rows: Vec<Vec<(codec::Compact<Uid>, codec::Compact<u16>)>>,
        version_keys: Vec<codec::Compact<u64>>,
    ) -> DispatchResult {
        Self::check_batch_set(hotkey, &netuids, rows.len(), version_keys.len())?;
        let mut failed = false;
        for ((netuid, row), version_key) in netuids.iter().zip(rows).zip(version_keys) {
            let (uids, values): (Vec<Uid>, Vec<u16>) =
                row.into_iter().map(|(uid, value)| (uid.0, value.0)).unzip();
            if let Err(error) = Self::do_set_weights(hotkey, netuid.0, 0, &uids, &values, version_key.0) {
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
}

#[cfg(test)]
mod tests {
    use super::max_upscale;

    #[test]
    fn rows_are_scaled_like_the_chain_scales_them() {
        let known: [(&[u16], &[u16]); 10] = [
            (&[1, 2, 3], &[21_845, 43_690, 65_535]),
            (&[100, 200, 300, 65_535], &[100, 200, 300, 65_535]),
            (&[1, 32_768], &[2, 65_535]),
            (&[1, 32_769], &[2, 65_535]),
            (&[7, 13, 29, 31], &[14_798, 27_482, 61_307, 65_535]),
            (&[0, 0], &[0, 0]),
            (&[1, 0], &[65_535, 0]),
            (&[65_534], &[65_535]),
            (&[0, 1, 65_534], &[0, 1, 65_535]),
            (&[], &[]),
        ];
        for (row, scaled) in known {
            assert_eq!(max_upscale(row), scaled, "{row:?}");
        }
    }
}
