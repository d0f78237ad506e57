//! Who may set a hyperparameter, and when.

use super::{Config, Error, Pallet, pallet_subtensor};
use frame_support::{dispatch::DispatchResult, ensure};
use frame_system::{ensure_root, pallet_prelude::OriginFor};
use pallet_subtensor::{Authority, Hyperparameter, RateLimitKey, SubnetOwnerHotkey, TransactionKind};
use sp_runtime::{AccountId32, DispatchError};

/// Blocks between two trimmings by an owner: a month of 12-second blocks.
const TRIMMING_LIMIT: u64 = 216_000;

/// Blocks between two choices of the owner's hotkey: a week of 12-second blocks.
const OWNER_HOTKEY_LIMIT: u64 = 50_400;

/// Whether a setter is shut shortly before an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freeze {
    /// It is, for root as for the owner.
    Gated,
    /// It never is.
    Open,
}

impl<T: Config> Pallet<T> {
    fn ensure_may_change(netuid: u16, freeze: Freeze) -> DispatchResult {
        ensure!(
            pallet_subtensor::Pallet::<T>::subnet_exists(netuid),
            Error::<T>::SubnetDoesNotExist
        );
        if freeze == Freeze::Gated {
            pallet_subtensor::Pallet::<T>::ensure_not_frozen(netuid)?;
        }
        Ok(())
    }

    pub(super) fn authorize_root(origin: OriginFor<T>, netuid: u16, freeze: Freeze) -> DispatchResult {
        ensure_root(origin)?;
        Self::ensure_may_change(netuid, freeze)
    }

    /// Lets root pass, and the owner once in a number of tempos. The change is recorded here; a call that then fails
    /// is rolled back with its record.
    pub(super) fn authorize(
        origin: OriginFor<T>,
        netuid: u16,
        freeze: Freeze,
        parameter: Hyperparameter,
    ) -> Result<Authority, DispatchError> {
        let authority = pallet_subtensor::Pallet::<T>::ensure_owner_or_root(origin, netuid)?;
        Self::ensure_may_change(netuid, freeze)?;
        if let Authority::Owner(_) = authority {
            let key = RateLimitKey::OwnerHyperparamUpdate(netuid, parameter);
            let limit = pallet_subtensor::Pallet::<T>::owner_hyperparameter_limit(netuid);
            let error = pallet_subtensor::Error::<T>::TxRateLimitExceeded;
            pallet_subtensor::Pallet::<T>::ensure_passed(&key, limit, error)?;
            pallet_subtensor::Pallet::<T>::record(&key);
        }
        Ok(authority)
    }

    /// As [`Self::authorize`], with the version key's own limit.
    pub(super) fn authorize_version_key(origin: OriginFor<T>, netuid: u16) -> DispatchResult {
        let limit = pallet_subtensor::Pallet::<T>::version_key_limit(netuid);
        Self::authorize_kind(origin, netuid, TransactionKind::SetWeightsVersionKey, limit)
    }

    /// As [`Self::authorize`], with the limit of trimming.
    pub(super) fn authorize_trimming(origin: OriginFor<T>, netuid: u16) -> DispatchResult {
        Self::authorize_kind(origin, netuid, TransactionKind::MaxUidsTrimming, TRIMMING_LIMIT)
    }

    fn authorize_kind(
        origin: OriginFor<T>,
        netuid: u16,
        kind: TransactionKind,
        limit: u64,
    ) -> DispatchResult {
        let authority = pallet_subtensor::Pallet::<T>::ensure_owner_or_root(origin, netuid)?;
        Self::ensure_may_change(netuid, Freeze::Gated)?;
        if let Authority::Owner(owner) = authority {
            let error = pallet_subtensor::Error::<T>::TxRateLimitExceeded;
            pallet_subtensor::Pallet::<T>::ensure_transaction_passed(&owner, netuid, kind, limit, error)?;
            pallet_subtensor::Pallet::<T>::record_transaction(&owner, netuid, kind);
        }
        Ok(())
    }

    /// The owner may choose a hotkey once in [`OWNER_HOTKEY_LIMIT`], whatever the tempo.
    pub(super) fn set_owner_hotkey(origin: OriginFor<T>, netuid: u16, hotkey: AccountId32) -> DispatchResult {
        pallet_subtensor::Pallet::<T>::ensure_subnet_owner(origin, netuid)?;
        ensure!(
            !pallet_subtensor::Pallet::<T>::is_subnet_account(&hotkey),
            pallet_subtensor::Error::<T>::CannotUseSystemAccount
        );
        let key = RateLimitKey::SetSNOwnerHotkey(netuid);
        let error = pallet_subtensor::Error::<T>::TxRateLimitExceeded;
        pallet_subtensor::Pallet::<T>::ensure_passed(&key, OWNER_HOTKEY_LIMIT, error)?;
        pallet_subtensor::Pallet::<T>::record(&key);
        SubnetOwnerHotkey::<T>::insert(netuid, &hotkey);
        let event = pallet_subtensor::Event::SubnetOwnerHotkeySet(netuid, hotkey);
        pallet_subtensor::Pallet::<T>::deposit_event(event);
        Ok(())
    }
}
