//! Who has staked how much, and the pools that price it.

use frame_support::pallet_macros::pallet_section;

/// Who has staked how much, and the pools that price it.
#[pallet_section]
pub(crate) mod stake_storage {
    /// The coldkey of a hotkey; the zero account when nobody owns it.
    #[pallet::storage]
    pub type Owner<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, AccountId32, ValueQuery, ZeroAccount>;

    /// The hotkeys of a coldkey.
    #[pallet::storage]
    pub type OwnedHotkeys<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, Vec<AccountId32>, ValueQuery>;

    /// The hotkeys a coldkey has staked to.
    #[pallet::storage]
    pub type StakingHotkeys<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, Vec<AccountId32>, ValueQuery>;

    /// All TAO in pools, in rao.
    #[pallet::storage]
    pub type TotalStake<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// TAO in the pool, in rao.
    #[pallet::storage]
    pub type SubnetTAO<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Alpha in the pool, in rao.
    #[pallet::storage]
    pub type SubnetAlphaIn<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Alpha outside the pool, in rao.
    #[pallet::storage]
    pub type SubnetAlphaOut<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Alpha the chain itself holds; none here.
    #[pallet::storage]
    pub type SubnetProtocolAlpha<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// TAO that ever passed through the pool, in rao.
    #[pallet::storage]
    pub type SubnetVolume<T: Config> = StorageMap<_, Identity, NetUid, u128, ValueQuery>;

    /// Alpha staked to a hotkey by everybody, in rao.
    #[pallet::storage]
    pub type TotalHotkeyAlpha<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, u64, ValueQuery>;

    /// The same at the end of the last epoch, in rao.
    #[pallet::storage]
    pub type TotalHotkeyAlphaLastEpoch<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, u64, ValueQuery>;

    /// An older form of the shares; always zero.
    #[pallet::storage]
    pub type TotalHotkeyShares<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, U64F64, ValueQuery>;

    /// All shares of a hotkey's alpha.
    #[pallet::storage]
    pub type TotalHotkeySharesV2<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, SafeFloat, ValueQuery>;

    /// An older form of the shares; always zero.
    #[pallet::storage]
    pub type Alpha<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Identity, NetUid>,
        ),
        U64F64,
        ValueQuery,
    >;

    /// A coldkey's shares of a hotkey's alpha: keys hotkey, coldkey, netuid.
    #[pallet::storage]
    pub type AlphaV2<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Blake2_128Concat, AccountId32>,
            NMapKey<Identity, NetUid>,
        ),
        SafeFloat,
        ValueQuery,
    >;

    /// Where a migration of the chain stopped; never used here.
    #[pallet::storage]
    pub type AlphaMapLastKey<T: Config> = StorageValue<_, Option<Vec<u8>>, ValueQuery>;

    /// Where a migration of the chain stopped; never used here.
    #[pallet::storage]
    pub type AlphaV2MapLastKey<T: Config> = StorageValue<_, Option<Vec<u8>>, ValueQuery>;

    /// What root stake counts beside alpha, of 2^64 - 1.
    #[pallet::storage]
    pub type TaoWeight<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<971_718_665_099_567_868>>;

    /// The least a nomination may be, in rao.
    #[pallet::storage]
    pub type NominatorMinRequiredStake<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The voting power of a hotkey.
    #[pallet::storage]
    pub type VotingPower<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, u64, ValueQuery>;

    /// Voting power is tracked.
    #[pallet::storage]
    pub type VotingPowerTrackingEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

    /// The block at which tracking stops.
    #[pallet::storage]
    pub type VotingPowerDisableAtBlock<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// The smoothing of voting power.
    #[pallet::storage]
    pub type VotingPowerEmaAlpha<T: Config> =
        StorageMap<_, Identity, NetUid, u64, ValueQuery, ConstU64<3_570_000_000_000_000>>;

    /// Retired by the chain.
    #[pallet::storage]
    pub type LastColdkeyHotkeyStakeBlock<T: Config> =
        StorageDoubleMap<_, Twox64Concat, AccountId32, Twox64Concat, AccountId32, u64, OptionQuery>;

    /// Retired by the chain.
    #[pallet::storage]
    pub type NextStakeJobId<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The hotkey a coldkey's mining income is staked to.
    #[pallet::storage]
    pub type AutoStakeDestination<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, AccountId32, OptionQuery>;

    /// The coldkeys that chose a hotkey for that.
    #[pallet::storage]
    pub type AutoStakeDestinationColdkeys<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, Vec<AccountId32>, ValueQuery>;

    /// The coldkeys that stake, numbered; not kept here.
    #[pallet::storage]
    pub type StakingColdkeysByIndex<T: Config> = StorageMap<_, Identity, u64, AccountId32, OptionQuery>;

    /// The number of a coldkey; not kept here.
    #[pallet::storage]
    pub type StakingColdkeys<T: Config> = StorageMap<_, Identity, AccountId32, u64, OptionQuery>;

    /// How many coldkeys stake; not kept here.
    #[pallet::storage]
    pub type NumStakingColdkeys<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// A later runtime's item: alpha staked on the subnet.
    #[pallet::storage]
    pub type TotalAlphaStaked<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// A later runtime's item: blocks root stake stays locked.
    #[pallet::storage]
    pub type RootStakeUnlockInterval<T: Config> = StorageValue<_, u64, ValueQuery>;
}
