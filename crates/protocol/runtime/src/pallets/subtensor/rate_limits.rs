//! Things that may be done only so often, and the records of when they were last done.

use super::{
    AdminFreezeWindow, Config, Error, LastRateLimitedBlock, NetUid, OwnerHyperparamRateLimit, Pallet,
    PendingEpochAt, Tempo, TransactionKeyLastBlock, TxDelegateTakeRateLimit, WeightsVersionKeyRateLimit,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::ensure;
use scale_info::TypeInfo;
use sp_runtime::AccountId32;

/// A thing that is limited, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum RateLimitKey {
    /// The owner's hotkey of a subnet was chosen.
    #[codec(index = 0)]
    SetSNOwnerHotkey(NetUid),
    /// The owner changed a hyperparameter.
    #[codec(index = 1)]
    OwnerHyperparamUpdate(NetUid, Hyperparameter),
    /// A subnet was created.
    #[codec(index = 2)]
    NetworkLastRegistered,
    /// Keys were swapped.
    #[codec(index = 3)]
    LastTxBlock(AccountId32),
    /// A child key take was raised.
    #[codec(index = 4)]
    LastTxBlockChildKeyTake(AccountId32),
    /// A take was raised.
    #[codec(index = 5)]
    LastTxBlockDelegateTake(AccountId32),
}

/// The hyperparameters an owner may change, each limited on its own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[expect(missing_docs, reason = "the variants are named like the hyperparameters")]
pub enum Hyperparameter {
    Unknown = 0,
    ServingRateLimit = 1,
    MaxDifficulty = 2,
    AdjustmentAlpha = 3,
    MaxWeightLimit = 4,
    ImmunityPeriod = 5,
    MinAllowedWeights = 6,
    Kappa = 7,
    Rho = 8,
    ActivityCutoff = 9,
    PowRegistrationAllowed = 10,
    MinBurn = 11,
    MaxBurn = 12,
    BondsMovingAverage = 13,
    BondsPenalty = 14,
    CommitRevealEnabled = 15,
    LiquidAlphaEnabled = 16,
    AlphaValues = 17,
    WeightCommitInterval = 18,
    TransferEnabled = 19,
    AlphaSigmoidSteepness = 20,
    Yuma3Enabled = 21,
    BondsResetEnabled = 22,
    ImmuneNeuronLimit = 23,
    RecycleOrBurn = 24,
    MaxAllowedUids = 25,
    BurnHalfLife = 26,
    BurnIncreaseMult = 27,
    SubnetEmissionEnabled = 28,
    MinChildkeyTake = 29,
    ActivityCutoffFactorMilli = 30,
    TriggerEpoch = 31,
    CollateralLockShare = 32,
    CollateralDrainRatio = 33,
    // From here on the numbers are this chain's own.
    OwnerCutEnabled = 34,
    OwnerCutAutoLock = 35,
    MechanismCount = 36,
    MechanismEmissionSplit = 37,
    EpochConsensus = 38,
}

impl RateLimitKey {
    /// The subnet that is limited; none when an account or the whole chain is.
    pub(crate) fn subnet(&self) -> Option<NetUid> {
        match self {
            Self::SetSNOwnerHotkey(netuid) | Self::OwnerHyperparamUpdate(netuid, _) => Some(*netuid),
            Self::NetworkLastRegistered
            | Self::LastTxBlock(_)
            | Self::LastTxBlockChildKeyTake(_)
            | Self::LastTxBlockDelegateTake(_) => None,
        }
    }
}

/// Transactions recorded per account and subnet, numbered as in `TransactionKeyLastBlock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionKind {
    /// The children of a hotkey were changed.
    SetChildren = 0,
    /// The take of a child key was changed.
    SetChildkeyTake = 1,
    /// A subnet was created.
    RegisterNetwork = 3,
    /// The version key of weights was changed.
    SetWeightsVersionKey = 4,
    /// The owner trimmed the uids.
    MaxUidsTrimming = 9,
    /// The owner moved the tempo.
    TempoUpdate = 11,
}

/// Whether a thing last done at `last` may be done again at `now`. What was never done (0) always may, and so may
/// everything under a limit of 0.
pub(crate) fn passed(last: u64, now: u64, limit: u64) -> bool {
    last == 0 || limit == 0 || now.saturating_sub(last) >= limit
}

/// The same for what the chain limits until one block later: swaps of keys, and takes.
pub(crate) fn passed_beyond(last: u64, now: u64, limit: u64) -> bool {
    last == 0 || limit == 0 || now.saturating_sub(last) > limit
}

impl<T: Config> Pallet<T> {
    pub(crate) fn ensure_passed(key: &RateLimitKey, limit: u64, error: Error<T>) -> Result<(), Error<T>> {
        ensure!(
            passed(LastRateLimitedBlock::<T>::get(key), Self::now(), limit),
            error
        );
        Ok(())
    }

    pub(crate) fn ensure_passed_beyond(
        key: &RateLimitKey,
        limit: u64,
        error: Error<T>,
    ) -> Result<(), Error<T>> {
        ensure!(
            passed_beyond(LastRateLimitedBlock::<T>::get(key), Self::now(), limit),
            error
        );
        Ok(())
    }

    pub(crate) fn record(key: &RateLimitKey) {
        LastRateLimitedBlock::<T>::insert(key, Self::now());
    }

    pub(crate) fn ensure_transaction_passed(
        who: &AccountId32,
        netuid: NetUid,
        kind: TransactionKind,
        limit: u64,
        error: Error<T>,
    ) -> Result<(), Error<T>> {
        let last = TransactionKeyLastBlock::<T>::get((who, netuid, kind as u16));
        ensure!(passed(last, Self::now(), limit), error);
        Ok(())
    }

    pub(crate) fn record_transaction(who: &AccountId32, netuid: NetUid, kind: TransactionKind) {
        TransactionKeyLastBlock::<T>::insert((who, netuid, kind as u16), Self::now());
    }

    /// The owner may change each hyperparameter once in this many blocks.
    pub(crate) fn owner_hyperparameter_limit(netuid: NetUid) -> u64 {
        u64::from(OwnerHyperparamRateLimit::<T>::get()).saturating_mul(u64::from(Tempo::<T>::get(netuid)))
    }

    /// The owner may change the version key once in this many blocks.
    pub(crate) fn version_key_limit(netuid: NetUid) -> u64 {
        WeightsVersionKeyRateLimit::<T>::get().saturating_mul(u64::from(Tempo::<T>::get(netuid)))
    }

    /// Hyperparameters are frozen, for root as for the owner, while fewer than `AdminFreezeWindow` blocks remain to
    /// the next automatic epoch and while a triggered one is pending.
    #[must_use]
    pub fn is_frozen(netuid: NetUid) -> bool {
        if PendingEpochAt::<T>::get(netuid) > 0 {
            return true;
        }
        match Self::next_automatic_epoch(netuid) {
            Some(block) => block.saturating_sub(Self::now()) < u64::from(AdminFreezeWindow::<T>::get()),
            None => false,
        }
    }

    /// # Errors
    /// In the freeze window.
    pub fn ensure_not_frozen(netuid: NetUid) -> Result<(), Error<T>> {
        ensure!(
            !Self::is_frozen(netuid),
            Error::<T>::AdminActionProhibitedDuringWeightsWindow
        );
        Ok(())
    }

    pub(crate) fn ensure_take_may_rise(hotkey: &AccountId32) -> Result<(), Error<T>> {
        Self::ensure_passed_beyond(
            &RateLimitKey::LastTxBlockDelegateTake(hotkey.clone()),
            TxDelegateTakeRateLimit::<T>::get(),
            Error::<T>::DelegateTxRateLimitExceeded,
        )
    }
}
