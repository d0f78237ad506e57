//! Which subnets exist, who owns them, what they are called.

use frame_support::pallet_macros::pallet_section;

/// Which subnets exist, who owns them, what they are called.
#[pallet_section]
pub(crate) mod subnets_storage {
    /// The subnet exists.
    #[pallet::storage]
    pub type NetworksAdded<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

    /// How many subnets exist, root included.
    #[pallet::storage]
    pub type TotalNetworks<T: Config> = StorageValue<_, u16, ValueQuery>;

    /// How many subnets may exist beside root.
    #[pallet::storage]
    pub type SubnetLimit<T: Config> = StorageValue<_, u16, ValueQuery, ConstU16<128>>;

    /// How many uids of the subnet are taken.
    #[pallet::storage]
    pub type SubnetworkN<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

    /// The block at which the subnet was created.
    #[pallet::storage]
    pub type NetworkRegisteredAt<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// How often the netuid has been given to a new subnet.
    #[pallet::storage]
    pub type RegisteredSubnetCounter<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// How the pool prices alpha: 0 one to one with TAO, 1 by the reserves.
    #[pallet::storage]
    pub type SubnetMechanism<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

    /// The owner's coldkey.
    #[pallet::storage]
    pub type SubnetOwner<T: Config> = StorageMap<_, Identity, NetUid, AccountId32, ValueQuery, ZeroAccount>;

    /// The hotkey that receives the owner's cut.
    #[pallet::storage]
    pub type SubnetOwnerHotkey<T: Config> =
        StorageMap<_, Identity, NetUid, AccountId32, ValueQuery, ZeroAccount>;

    /// What the owner paid for the subnet, in rao.
    #[pallet::storage]
    pub type SubnetLocked<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// The largest lock so far, in rao; kept for old clients, never written.
    #[pallet::storage]
    pub type LargestLocked<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// The symbol of the subnet's alpha, UTF-8.
    #[pallet::storage]
    pub type TokenSymbol<T: Config> =
        StorageMap<_, Identity, NetUid, Vec<u8>, ValueQuery, DefaultTokenSymbol>;

    /// What the owner says about the subnet.
    #[pallet::storage]
    pub type SubnetIdentitiesV3<T: Config> =
        StorageMap<_, Blake2_128Concat, NetUid, SubnetIdentityV3, OptionQuery>;

    /// The block from which the subnet emits; set by `start_call`.
    #[pallet::storage]
    pub type FirstEmissionBlockNumber<T: Config> = StorageMap<_, Identity, NetUid, u64, OptionQuery>;

    /// Staking and emission are open.
    #[pallet::storage]
    pub type SubtokenEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

    /// Blocks between the creation of a subnet and the earliest `start_call`.
    #[pallet::storage]
    pub type StartCallDelay<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The first block at which subnets may be created.
    #[pallet::storage]
    pub type NetworkRegistrationStartBlock<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// Blocks during which a new subnet cannot be dissolved to make room.
    #[pallet::storage]
    pub type NetworkImmunityPeriod<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<1_296_000>>;

    /// The least a subnet costs, in rao.
    #[pallet::storage]
    pub type NetworkMinLockCost<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<1_000_000_000_000>>;

    /// What the last subnet cost, in rao.
    #[pallet::storage]
    pub type NetworkLastLockCost<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<1_000_000_000_000>>;

    /// Blocks over which the cost of a subnet falls by the last price.
    #[pallet::storage]
    pub type NetworkLockReductionInterval<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<100_800>>;

    /// Blocks between two creations of subnets.
    #[pallet::storage]
    pub type NetworkRateLimit<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<7_200>>;

    /// Blocks a scheduled dissolution waits; never read here.
    #[pallet::storage]
    pub type DissolveNetworkScheduleDuration<T: Config> = StorageValue<_, u32, ValueQuery, ConstU32<36_000>>;

    /// The block from which dissolved subnets refund their reserves; never read here.
    #[pallet::storage]
    pub type TaoInRefundDeploymentBlock<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// Subnet creations that wait for room; a later runtime's item, always empty here.
    #[pallet::storage]
    pub type NetworkRegistrationQueue<T: Config> =
        StorageValue<_, Vec<QueuedNetworkRegistration>, ValueQuery>;

    /// Dissolved subnets whose storage is still being cleared; a later runtime's item, always empty here.
    #[pallet::storage]
    pub type DissolveCleanupQueue<T: Config> = StorageValue<_, Vec<NetUid>, ValueQuery>;

    /// Progress of that clearing; a later runtime's item, always absent here.
    #[pallet::storage]
    pub type CurrentDissolveCleanupStatus<T: Config> = StorageValue<_, u32, OptionQuery>;
}
