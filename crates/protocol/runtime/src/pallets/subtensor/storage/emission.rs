//! What is minted, and what waits for the next epoch.

use frame_support::pallet_macros::pallet_section;

/// What is minted, and what waits for the next epoch.
#[pallet_section]
pub(crate) mod emission_storage {
    /// All TAO there is, in rao.
    #[pallet::storage]
    pub type TotalIssuance<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// TAO minted a block before halvings, in rao.
    #[pallet::storage]
    pub type BlockEmission<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<1_000_000_000>>;

    /// The subnet shares in the TAO emission; not in the alpha emission.
    #[pallet::storage]
    pub type SubnetEmissionEnabled<T: Config> =
        StorageMap<_, Identity, NetUid, bool, ValueQuery, ConstBool<true>>;

    /// Alpha added to the pool a block, in rao.
    #[pallet::storage]
    pub type SubnetAlphaInEmission<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Alpha paid out a block, in rao.
    #[pallet::storage]
    pub type SubnetAlphaOutEmission<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// TAO added to the pool a block, in rao.
    #[pallet::storage]
    pub type SubnetTaoInEmission<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Alpha that waits for the miners, in rao.
    #[pallet::storage]
    pub type PendingServerEmission<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Alpha that waits for the validators, in rao.
    #[pallet::storage]
    pub type PendingValidatorEmission<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Alpha that waits for root stakers, in rao.
    #[pallet::storage]
    pub type PendingRootAlphaDivs<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Alpha that waits for the owner, in rao.
    #[pallet::storage]
    pub type PendingOwnerCut<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// The owner's share of the alpha emission, of 65535.
    #[pallet::storage]
    pub type SubnetOwnerCut<T: Config> = StorageValue<_, u16, ValueQuery, ConstU16<11_796>>;

    /// The owner's share is taken.
    #[pallet::storage]
    pub type OwnerCutEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery, ConstBool<true>>;

    /// The owner's share is locked at once; never done here.
    #[pallet::storage]
    pub type OwnerCutAutoLockEnabled<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

    /// What becomes of incentive earned by the owner's own hotkeys.
    #[pallet::storage]
    pub type RecycleOrBurn<T: Config> = StorageMap<_, Identity, NetUid, RecycleOrBurnEnum, ValueQuery>;

    /// The share of the last epoch's incentive that was burned or recycled.
    #[pallet::storage]
    pub type MinerBurned<T: Config> = StorageMap<_, Identity, NetUid, U96F32, ValueQuery>;

    /// Alpha dividends of a hotkey in the last epoch after its take, in rao.
    #[pallet::storage]
    pub type AlphaDividendsPerSubnet<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, u64, ValueQuery>;

    /// The same for root stake; nothing is paid on root stake here.
    #[pallet::storage]
    pub type RootAlphaDividendsPerSubnet<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, u64, ValueQuery>;

    /// Retired by the chain.
    #[pallet::storage]
    pub type LastHotkeyEmissionOnNetuid<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, u64, ValueQuery>;

    /// The weight of a block's price in the moving price.
    #[pallet::storage]
    pub type SubnetMovingAlpha<T: Config> = StorageValue<_, I96F32, ValueQuery, DefaultSubnetMovingAlpha>;

    /// The smoothed price of alpha in TAO.
    #[pallet::storage]
    pub type SubnetMovingPrice<T: Config> = StorageMap<_, Identity, NetUid, I96F32, ValueQuery>;

    /// Age in blocks at which the moving price reaches half its final speed.
    #[pallet::storage]
    pub type EMAPriceHalvingBlocks<T: Config> =
        StorageMap<_, Identity, NetUid, u64, ValueQuery, ConstU64<201_600>>;

    /// Root stake's share of the dividends.
    #[pallet::storage]
    pub type RootProp<T: Config> = StorageMap<_, Identity, NetUid, U96F32, ValueQuery>;

    /// TAO that flowed into the subnet in this block, in rao; not tracked here.
    #[pallet::storage]
    pub type SubnetTaoFlow<T: Config> = StorageMap<_, Identity, NetUid, i64, ValueQuery>;

    /// The smoothed flow and its block; not tracked here.
    #[pallet::storage]
    pub type SubnetEmaTaoFlow<T: Config> = StorageMap<_, Identity, NetUid, (u64, I64F64), OptionQuery>;

    /// Emission follows net flow; inert here.
    #[pallet::storage]
    pub type NetTaoFlowEnabled<T: Config> = StorageValue<_, bool, ValueQuery, ConstBool<true>>;

    /// TAO the chain itself moved; not tracked here.
    #[pallet::storage]
    pub type SubnetProtocolFlow<T: Config> = StorageMap<_, Identity, NetUid, i64, ValueQuery>;

    /// The same smoothed; not tracked here.
    #[pallet::storage]
    pub type SubnetEmaProtocolFlow<T: Config> = StorageMap<_, Identity, NetUid, (u64, I64F64), OptionQuery>;

    /// The flow below which a subnet gets no TAO; inert here.
    #[pallet::storage]
    pub type TaoFlowCutoff<T: Config> = StorageValue<_, I64F64, ValueQuery>;

    /// The exponent of the flow's share; inert here.
    #[pallet::storage]
    pub type FlowNormExponent<T: Config> = StorageValue<_, U64F64, ValueQuery, DefaultFlowNormExponent>;

    /// The smoothing of the flow; inert here.
    #[pallet::storage]
    pub type FlowEmaSmoothingFactor<T: Config> =
        StorageValue<_, u64, ValueQuery, ConstU64<29_597_889_189_277>>;

    /// TAO that found no room in the pool; not tracked here.
    #[pallet::storage]
    pub type SubnetExcessTao<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// TAO from selling root dividends; not tracked here.
    #[pallet::storage]
    pub type SubnetRootSellTao<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;
}
