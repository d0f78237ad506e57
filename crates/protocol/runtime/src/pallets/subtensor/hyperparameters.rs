//! The hyperparameters that owners change through this pallet's own calls. The others are in `AdminUtils`.

use super::{
    ActivityCutoffFactorMilli, Config, Error, Event, Hyperparameter, LastEpochBlock, NetUid, Pallet,
    PendingEpochAt, RateLimitKey, Tempo, rate_limits::TransactionKind, subnets::Authority,
};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::AccountId32;
use std::ops::RangeInclusive;

/// Blocks between two tempo changes by an owner.
const TEMPO_COOL_DOWN: u64 = 360;

impl<T: Config> Pallet<T> {
    /// The shortest tempo an owner may set. A shorter one lets epochs outrun commit-reveal.
    pub const MIN_OWNER_TEMPO: u16 = 360;
    /// The longest tempo an owner may set: a week of 12-second blocks.
    pub const MAX_OWNER_TEMPO: u16 = 50_400;
    /// Thousandths of a tempo that the activity cut-off may be.
    pub const ACTIVITY_CUTOFF_FACTORS: RangeInclusive<u32> = 1_000..=50_000;

    /// Sets the tempo and starts its cycle anew.
    pub fn apply_tempo(netuid: NetUid, tempo: u16) {
        Tempo::<T>::insert(netuid, tempo);
        LastEpochBlock::<T>::insert(netuid, Self::now());
        PendingEpochAt::<T>::remove(netuid);
        Self::deposit_event(Event::TempoSet(netuid, tempo));
    }

    pub(crate) fn do_set_tempo(owner: &AccountId32, netuid: NetUid, tempo: u16) -> DispatchResult {
        ensure!(
            (Self::MIN_OWNER_TEMPO..=Self::MAX_OWNER_TEMPO).contains(&tempo),
            Error::<T>::TempoOutOfBounds
        );
        Self::ensure_not_frozen(netuid)?;
        Self::ensure_transaction_passed(
            owner,
            netuid,
            TransactionKind::TempoUpdate,
            TEMPO_COOL_DOWN,
            Error::<T>::TxRateLimitExceeded,
        )?;
        Self::apply_tempo(netuid, tempo);
        Self::record_transaction(owner, netuid, TransactionKind::TempoUpdate);
        Ok(())
    }

    pub(crate) fn do_set_activity_cutoff_factor(
        authority: &Authority,
        netuid: NetUid,
        factor_milli: u32,
    ) -> DispatchResult {
        ensure!(
            Self::ACTIVITY_CUTOFF_FACTORS.contains(&factor_milli),
            Error::<T>::ActivityCutoffFactorMilliOutOfBounds
        );
        ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
        let key = RateLimitKey::OwnerHyperparamUpdate(netuid, Hyperparameter::ActivityCutoffFactorMilli);
        if let Authority::Owner(_) = authority {
            Self::ensure_not_frozen(netuid)?;
            let limit = Self::owner_hyperparameter_limit(netuid);
            Self::ensure_passed(&key, limit, Error::<T>::TxRateLimitExceeded)?;
        }
        ActivityCutoffFactorMilli::<T>::insert(netuid, factor_milli);
        if let Authority::Owner(_) = authority {
            Self::record(&key);
        }
        Self::deposit_event(Event::ActivityCutoffFactorMilliSet { netuid, factor_milli });
        Ok(())
    }
}
