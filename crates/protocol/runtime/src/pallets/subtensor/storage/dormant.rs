//! Items of concerns this chain does not simulate (locks, leases, root claims, collateral): clients read them by name
//! and find the defaults, or what accounts have wished for.

use frame_support::pallet_macros::pallet_section;

/// Items of concerns this chain does not simulate.
#[pallet_section]
pub(crate) mod dormant_storage {
    /// Locked stake of (coldkey, netuid, hotkey).
    #[pallet::storage]
    pub type Lock<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Identity, NetUid>,
            NMapKey<Blake2_128Concat, AccountId32>,
        ),
        LockState,
        OptionQuery,
    >;

    /// The coldkeys that locked stake on a hotkey.
    #[pallet::storage]
    pub type LockingColdkeys<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Identity, NetUid>,
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Blake2_128Concat, AccountId32>,
        ),
        (),
        OptionQuery,
    >;

    /// All locked stake of a hotkey.
    #[pallet::storage]
    pub type HotkeyLock<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, LockState, OptionQuery>;

    /// The part of it that decays.
    #[pallet::storage]
    pub type DecayingHotkeyLock<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, LockState, OptionQuery>;

    /// The owner's locked stake.
    #[pallet::storage]
    pub type OwnerLock<T: Config> = StorageMap<_, Identity, NetUid, LockState, OptionQuery>;

    /// The part of it that decays.
    #[pallet::storage]
    pub type DecayingOwnerLock<T: Config> = StorageMap<_, Identity, NetUid, LockState, OptionQuery>;

    /// A coldkey's lock decays.
    #[pallet::storage]
    pub type DecayingLock<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, bool, OptionQuery>;

    /// Blocks in which conviction matures.
    #[pallet::storage]
    pub type MaturityRate<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<934_866>>;

    /// Blocks in which a lock decays.
    #[pallet::storage]
    pub type UnlockRate<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<934_866>>;

    /// The least root dividend worth claiming, in rao.
    #[pallet::storage]
    pub type RootClaimableThreshold<T: Config> =
        StorageMap<_, Blake2_128Concat, NetUid, I96F32, ValueQuery, DefaultRootClaimableThreshold>;

    /// Root dividends per staked TAO of a hotkey, by subnet.
    #[pallet::storage]
    pub type RootClaimable<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, BTreeMap<NetUid, I96F32>, ValueQuery>;

    /// Root dividends already claimed.
    #[pallet::storage]
    pub type RootClaimed<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Identity, NetUid>,
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Blake2_128Concat, AccountId32>,
        ),
        u128,
        ValueQuery,
    >;

    /// What a coldkey wants done with root dividends.
    #[pallet::storage]
    pub type RootClaimType<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, RootClaimTypeEnum, ValueQuery>;

    /// How many claims a block runs.
    #[pallet::storage]
    pub type NumRootClaim<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<5>>;

    /// Leased subnets.
    #[pallet::storage]
    pub type SubnetLeases<T: Config> = StorageMap<_, Twox64Concat, u32, SubnetLease, OptionQuery>;

    /// The share of a contributor in a lease.
    #[pallet::storage]
    pub type SubnetLeaseShares<T: Config> =
        StorageDoubleMap<_, Twox64Concat, u32, Identity, AccountId32, U64F64, ValueQuery>;

    /// The lease of a subnet.
    #[pallet::storage]
    pub type SubnetUidToLeaseId<T: Config> = StorageMap<_, Twox64Concat, NetUid, u32, OptionQuery>;

    /// The number of the next lease.
    #[pallet::storage]
    pub type NextSubnetLeaseId<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Dividends of a lease that wait, in rao.
    #[pallet::storage]
    pub type AccumulatedLeaseDividends<T: Config> = StorageMap<_, Twox64Concat, u32, u64, ValueQuery>;

    /// A later runtime's item: the share of a registration kept as collateral.
    #[pallet::storage]
    pub type CollateralLockShare<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

    /// A later runtime's item: how fast collateral drains.
    #[pallet::storage]
    pub type CollateralDrainRatio<T: Config> = StorageMap<_, Identity, NetUid, U64F64, ValueQuery>;

    /// A later runtime's item: a miner's collateral.
    #[pallet::storage]
    pub type MinerCollateral<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Identity, NetUid>,
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Blake2_128Concat, AccountId32>,
        ),
        MinerCollateralState,
        OptionQuery,
    >;

    /// A later runtime's item: units of a basket made per rao of root stake so far.
    #[pallet::storage]
    pub type BasketRate<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, I96F32, ValueQuery>;

    /// A later runtime's item: what of a basket a coldkey has claimed already.
    #[pallet::storage]
    pub type BasketClaimed<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Blake2_128Concat, AccountId32, i128, ValueQuery>;

    /// Which migrations of the chain have run; none here.
    #[pallet::storage]
    pub type HasMigrationRun<T: Config> = StorageMap<_, Identity, Vec<u8>, bool, ValueQuery>;
}
