//! What no public chain has: what this chain was asked to do differently, and what the original does not say.

use assay_timelock::DecryptError;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{AccountId32, DispatchError};

pub use pallet::*;

/// Failed reveals kept for each storage index. Fewer lose the morning's failures by the evening on a busy subnet; more
/// are rewritten with every further failure.
pub const KEPT_FAILURES: u32 = 64;

/// What was to be revealed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum RevealKind {
    /// A timelocked row of weights.
    Weights,
    /// A timelocked field of a commitment.
    Commitment,
}

/// Why something timelocked was not revealed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum RevealFailure {
    /// Its epoch ended before the pulse of its round came.
    Expired,
    /// The stored pulse is no signature.
    BadPulse,
    /// The bytes are no ciphertext, or they name another cipher than the one that there is.
    MalformedCiphertext,
    /// It was encrypted to another round or to another beacon.
    OtherRoundOrBeacon,
    /// The encrypted text was altered.
    Altered,
    /// The text is no row of weights.
    MalformedPayload,
    /// The text does not say whose it is.
    NoHotkey,
    /// The text is another hotkey's.
    OtherHotkey,
    /// The row was opened, and a check of weights refused it.
    Refused(DispatchError),
    /// The text is empty.
    Empty,
}

impl From<DecryptError> for RevealFailure {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::Malformed(_) | DecryptError::OtherCipher { .. } => Self::MalformedCiphertext,
            DecryptError::WrongSignature => Self::OtherRoundOrBeacon,
            _ => Self::Altered,
        }
    }
}

/// Something timelocked that was not revealed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct FailedReveal {
    /// What it was.
    pub kind: RevealKind,
    /// The hotkey that committed to it.
    pub who: AccountId32,
    /// The block of the commit.
    pub committed_at: u64,
    /// The round it was to open with.
    pub round: u64,
    /// The block that gave up.
    pub failed_at: u64,
    /// Why.
    pub reason: RevealFailure,
}

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use super::{FailedReveal, KEPT_FAILURES};
    use frame_support::{pallet_prelude::*, traits::ConstBool};
    use frame_system::pallet_prelude::*;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Nothing to configure: what differs is part of the state.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// The last things timelocked that were not revealed, by storage index, oldest first.
    #[pallet::storage]
    pub type FailedReveals<T: Config> =
        StorageMap<_, Twox64Concat, u16, BoundedVec<FailedReveal, ConstU32<KEPT_FAILURES>>, ValueQuery>;

    /// Whether a new subnet demands commits, as on the public chain.
    #[pallet::storage]
    pub type NewSubnetsCommit<T: Config> = StorageValue<_, bool, ValueQuery, ConstBool<false>>;

    /// Whether timelocked weights count that do not say whose they are, as on the public chain. Anybody can copy such a
    /// ciphertext and commit to it.
    #[pallet::storage]
    pub type AcceptsUnsignedPayloads<T: Config> = StorageValue<_, bool, ValueQuery, ConstBool<false>>;

    /// What the chain does differently.
    #[pallet::genesis_config]
    #[derive(Debug, frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// New subnets demand commits.
        pub new_subnets_commit: bool,
        /// Timelocked weights count that do not say whose they are.
        pub accepts_unsigned_payloads: bool,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            NewSubnetsCommit::<T>::put(self.new_subnets_commit);
            AcceptsUnsignedPayloads::<T>::put(self.accepts_unsigned_payloads);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}

    impl<T: Config> Pallet<T> {
        /// Keeps and logs that something timelocked was not revealed.
        pub(crate) fn note_failed_reveal(index: u16, failure: FailedReveal) {
            tracing::warn!(
                index,
                kind = ?failure.kind,
                who = %failure.who,
                committed_at = failure.committed_at,
                round = failure.round,
                reason = ?failure.reason,
                "a timelocked commit was not revealed"
            );
            FailedReveals::<T>::mutate(index, |kept| {
                if kept.is_full() {
                    kept.remove(0);
                }
                // There is room for it now.
                let _ = kept.try_push(failure);
            });
        }
    }
}
