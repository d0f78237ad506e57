//! When epochs run.

use frame_support::pallet_macros::pallet_section;

/// When epochs run.
#[pallet_section]
pub(crate) mod epochs_storage {
    /// The block from which the next automatic epoch is counted.
    #[pallet::storage]
    pub type LastEpochBlock<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// The block at which a triggered or deferred epoch runs; 0 for none.
    #[pallet::storage]
    pub type PendingEpochAt<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// How many epochs have run.
    #[pallet::storage]
    pub type SubnetEpochIndex<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Blocks since the last epoch.
    #[pallet::storage]
    pub type BlocksSinceLastStep<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// The block of the last epoch. The name is misspelt on the chain.
    #[pallet::storage]
    pub type LastMechansimStepBlock<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// How many epochs one block runs; the rest wait.
    #[pallet::storage]
    pub type MaxEpochsPerBlock<T: Config> = StorageValue<_, u8, ValueQuery, ConstU8<2>>;
}
