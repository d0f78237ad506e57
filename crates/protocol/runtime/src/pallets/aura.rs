//! Aura as far as clients see it: the constant `SlotDuration`, from which they compute every wait and every reveal
//! round.
//!
//! The constant is read from this chain's state, so two chains in one process may have different block times.
//! Caveats: metadata can only be generated with a state at hand (inside externalities), and clients cache metadata by
//! (genesis hash, spec version), so a block time changed after genesis is seen only by clients that connect afresh
//! without a cache.

pub use pallet::*;

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{pallet_prelude::*, traits::ConstU64};
    use frame_system::pallet_prelude::*;

    /// The block time of the public chain.
    pub const DEFAULT_SLOT_DURATION_MS: u64 = 12_000;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Nothing to configure: the slot duration is part of the state.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// The interval between blocks in milliseconds.
    #[pallet::storage]
    pub type SlotDurationMs<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<DEFAULT_SLOT_DURATION_MS>>;

    /// The block time to start with.
    #[pallet::genesis_config]
    #[derive(Debug)]
    pub struct GenesisConfig<T: Config> {
        /// The interval between blocks in milliseconds.
        pub slot_duration_ms: u64,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self {
                slot_duration_ms: DEFAULT_SLOT_DURATION_MS,
                _config: core::marker::PhantomData,
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            SlotDurationMs::<T>::put(self.slot_duration_ms);
        }
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        /// The interval between blocks in milliseconds.
        #[pallet::constant_name(SlotDuration)]
        fn slot_duration() -> u64 {
            SlotDurationMs::<T>::get()
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}

    impl<T: Config> Pallet<T> {
        /// Sets the interval between blocks; for the node, which owns the clock.
        pub fn set_slot_duration(milliseconds: u64) {
            SlotDurationMs::<T>::put(milliseconds);
        }
    }
}
