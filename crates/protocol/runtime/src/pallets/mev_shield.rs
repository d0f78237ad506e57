//! Transactions that nobody can read before they are in a block: a *carrier* brings an encrypted *inner* extrinsic.
//!
//! The carrier is an ordinary extrinsic. Whoever makes the block opens it after it was applied and applies the inner
//! one next, under its own hash; the inner one has the nonce after the carrier's. What cannot be opened, decoded or
//! applied is told by an event of the carrier, so that a client hears of it at once.
//!
//! One key serves for ever here, and nothing is kept for later blocks: the original's calls for rotating keys and for
//! storing extrinsics are left out, their events keep their places.

pub use pallet::*;

use crate::{
    genesis::SEED_KEY,
    shield::{self, Sealed, Shield, ShieldError},
};

/// Why an inner extrinsic cannot follow its carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InnerFailure {
    /// The bytes are no extrinsic of this runtime.
    Undecodable,
    /// It would be refused now; the text says why.
    Invalid(&'static str),
}

/// Judges inner extrinsics in the state their carrier leaves behind.
pub trait InnerExtrinsics {
    /// # Errors
    /// Why it cannot be applied next.
    fn judge(bytes: &[u8]) -> Result<(), InnerFailure>;
}

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::NOMINAL_CALL_WEIGHT;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use sp_core::H256;
    use sp_runtime::DispatchError;

    /// An encapsulation key.
    pub type EncapsulationKey = BoundedVec<u8, ConstU32<2_048>>;

    /// Why something failed, in words.
    pub type Reason = BoundedVec<u8, ConstU32<256>>;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What judges inner extrinsics.
    #[pallet::config]
    pub trait Config: frame_system::Config<Hash = H256, RuntimeEvent: From<Event<Self>>> {
        /// Judges inner extrinsics.
        type Inner: InnerExtrinsics;
    }

    /// The key of the present block.
    #[pallet::storage]
    pub type CurrentKey<T: Config> = StorageValue<_, EncapsulationKey, OptionQuery>;

    /// The key that is about to become the next; none, since keys do not change.
    #[pallet::storage]
    pub type PendingKey<T: Config> = StorageValue<_, EncapsulationKey, OptionQuery>;

    /// The key clients encrypt to.
    #[pallet::storage]
    pub type NextKey<T: Config> = StorageValue<_, EncapsulationKey, OptionQuery>;

    /// The chain's key.
    #[pallet::genesis_config]
    #[derive(Debug, frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The key clients encrypt to; without one nothing can be shielded.
        pub encapsulation_key: Vec<u8>,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let Ok(key) = EncapsulationKey::try_from(self.encapsulation_key.clone()) else {
                return;
            };
            if !key.is_empty() {
                CurrentKey::<T>::put(&key);
                NextKey::<T>::put(&key);
            }
        }
    }

    /// What happened to shielded extrinsics.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A carrier was applied.
        EncryptedSubmitted {
            /// Digest of the ciphertext.
            id: H256,
            /// The carrier's signer.
            who: T::AccountId,
        },
        /// An extrinsic was stored for a later block.
        ExtrinsicStored {
            /// Its number.
            index: u32,
            /// Its signer.
            who: T::AccountId,
        },
        /// What was hidden is no extrinsic.
        ExtrinsicDecodeFailed {
            /// The carrier's place in the block.
            index: u32,
        },
        /// A stored extrinsic failed.
        ExtrinsicDispatchFailed {
            /// Its number.
            index: u32,
            /// What it came to.
            error: DispatchError,
        },
        /// A stored extrinsic was dispatched.
        ExtrinsicDispatched {
            /// Its number.
            index: u32,
        },
        /// A stored extrinsic waited too long.
        ExtrinsicExpired {
            /// Its number.
            index: u32,
        },
        /// A stored extrinsic waits for a block with room.
        ExtrinsicPostponed {
            /// Its number.
            index: u32,
        },
        /// The bound of stored extrinsics was changed.
        MaxPendingExtrinsicsNumberSet {
            /// The bound.
            value: u32,
        },
        /// The weight for stored extrinsics was changed.
        OnInitializeWeightSet {
            /// The weight.
            value: u64,
        },
        /// The lifetime of stored extrinsics was changed.
        ExtrinsicLifetimeSet {
            /// The lifetime.
            value: u32,
        },
        /// The highest weight of a stored extrinsic was changed.
        MaxExtrinsicWeightSet {
            /// The weight.
            value: u64,
        },
        /// A stored extrinsic is too heavy.
        ExtrinsicWeightExceeded {
            /// Its number.
            index: u32,
        },
        /// The carrier hides nothing that can be applied; an event of this name is the original's of earlier days, and
        /// clients still report it.
        DecryptionFailed {
            /// Digest of the ciphertext.
            id: H256,
            /// Why.
            reason: Reason,
        },
    }

    /// Why a call was refused. The names are the original's; its calls for them are left out.
    #[pallet::error]
    pub enum Error<T> {
        /// The encapsulation key has not the length of one.
        BadEncKeyLen,
        /// The author of the block is unknown.
        Unreachable,
        /// Too many extrinsics are stored.
        TooManyPendingExtrinsics,
        /// The weight is above half a block's.
        WeightExceedsAbsoluteMax,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Brings an encrypted extrinsic, which is applied next.
        #[pallet::call_index(1)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn submit_encrypted(
            origin: OriginFor<T>,
            ciphertext: BoundedVec<u8, ConstU32<8_192>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let id = H256(sp_io::hashing::blake2_256(&ciphertext));
            Self::deposit_event(Event::EncryptedSubmitted { id, who });
            let failure = match Self::open(&ciphertext) {
                Err(error) => Self::failed(id, &error.to_string()),
                Ok(inner) => match T::Inner::judge(&inner) {
                    Ok(()) => return Ok(()),
                    Err(InnerFailure::Undecodable) => {
                        let index = frame_system::Pallet::<T>::extrinsic_index().unwrap_or_default();
                        Event::ExtrinsicDecodeFailed { index }
                    }
                    Err(InnerFailure::Invalid(reason)) => {
                        Self::failed(id, &format!("the shielded extrinsic is invalid: {reason}"))
                    }
                },
            };
            Self::deposit_event(failure);
            Ok(())
        }
    }

    impl<T: Config> Pallet<T> {
        fn failed(id: H256, reason: &str) -> Event<T> {
            Event::DecryptionFailed {
                id,
                reason: Reason::truncate_from(reason.as_bytes().to_vec()),
            }
        }
    }
}

impl<T: Config> Pallet<T> {
    /// What a carrier of this chain hides.
    ///
    /// # Errors
    /// When the ciphertext is malformed, for another key, or altered.
    pub fn open(ciphertext: &[u8]) -> Result<Vec<u8>, ShieldError> {
        let seed = frame_support::storage::unhashed::get_or_default::<u64>(SEED_KEY);
        Shield::of_seed(seed).open(ciphertext)
    }

    /// What the pool asks of a carrier: the parts of a ciphertext, made for a key of this chain.
    ///
    /// # Errors
    /// When it has other parts or names another key.
    pub fn check_carrier(ciphertext: &[u8]) -> Result<(), ShieldError> {
        let sealed = Sealed::parse(ciphertext)?;
        let names =
            |key: Option<EncapsulationKey>| key.is_some_and(|key| shield::key_hash(&key) == sealed.key_hash);
        if names(NextKey::<T>::get()) || names(CurrentKey::<T>::get()) {
            Ok(())
        } else {
            Err(ShieldError::OtherKey)
        }
    }
}
