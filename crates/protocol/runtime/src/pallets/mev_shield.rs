//! The keys to which clients encrypt what they want to hide from other bidders.
//!
//! Only storage so far: without a key clients fall back to sending in clear, where they may.

pub use pallet::*;

/// See the module's documentation.
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;

    /// An encapsulation key.
    pub type EncapsulationKey = BoundedVec<u8, ConstU32<2_048>>;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Nothing to configure.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// The key of the present block.
    #[pallet::storage]
    pub type CurrentKey<T: Config> = StorageValue<_, EncapsulationKey, OptionQuery>;

    /// The key that is about to become the next.
    #[pallet::storage]
    pub type PendingKey<T: Config> = StorageValue<_, EncapsulationKey, OptionQuery>;

    /// The key clients encrypt to.
    #[pallet::storage]
    pub type NextKey<T: Config> = StorageValue<_, EncapsulationKey, OptionQuery>;

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {}
}
