//! When something was last done, and how often it may be.

use frame_support::pallet_macros::pallet_section;

/// When something was last done, and how often it may be.
#[pallet_section]
pub(crate) mod rate_limits_storage {
    /// The block at which a rate-limited thing was last done.
    #[pallet::storage]
    pub type LastRateLimitedBlock<T: Config> = StorageMap<_, Identity, RateLimitKey, u64, ValueQuery>;

    /// The block of an account's last transaction of a kind on a subnet.
    #[pallet::storage]
    pub type TransactionKeyLastBlock<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Identity, NetUid>,
            NMapKey<Identity, u16>,
        ),
        u64,
        ValueQuery,
    >;

    /// Superseded by `LastRateLimitedBlock`.
    #[pallet::storage]
    pub type LastTxBlock<T: Config> = StorageMap<_, Identity, AccountId32, u64, ValueQuery>;

    /// Superseded by `LastRateLimitedBlock`.
    #[pallet::storage]
    pub type LastTxBlockChildKeyTake<T: Config> = StorageMap<_, Identity, AccountId32, u64, ValueQuery>;

    /// Superseded by `LastRateLimitedBlock`.
    #[pallet::storage]
    pub type LastTxBlockDelegateTake<T: Config> = StorageMap<_, Identity, AccountId32, u64, ValueQuery>;

    /// Blocks between two key swaps.
    #[pallet::storage]
    pub type TxRateLimit<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<1_000>>;

    /// Blocks between two increases of a take.
    #[pallet::storage]
    pub type TxDelegateTakeRateLimit<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<216_000>>;

    /// Blocks between two increases of a child key take.
    #[pallet::storage]
    pub type TxChildkeyTakeRateLimit<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<216_000>>;
}
