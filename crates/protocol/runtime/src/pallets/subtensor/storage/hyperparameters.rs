//! What owners and root tune.

use frame_support::pallet_macros::pallet_section;

/// What owners and root tune.
#[pallet_section]
pub(crate) mod hyperparameters_storage {
    /// Blocks between two epochs.
    #[pallet::storage]
    pub type Tempo<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<360>>;

    /// The stake majority of the consensus, of 65535.
    #[pallet::storage]
    pub type Kappa<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<32_767>>;

    /// Unused by the chain.
    #[pallet::storage]
    pub type Rho<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<10>>;

    /// How much of old bonds an epoch keeps, in parts per million.
    #[pallet::storage]
    pub type BondsMovingAverage<T: Config> =
        StorageMap<_, Identity, NetUid, u64, ValueQuery, ConstU64<900_000>>;

    /// How far bonds follow the clipped weights, of 65535.
    #[pallet::storage]
    pub type BondsPenalty<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<65_535>>;

    /// A miner may reset the bonds towards itself by a commitment.
    #[pallet::storage]
    pub type BondsResetOn<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery>;

    /// Bonds move at a speed of their own per validator and miner.
    #[pallet::storage]
    pub type LiquidAlphaOn<T: Config> = StorageMap<_, Blake2_128Concat, NetUid, bool, ValueQuery>;

    /// The slowest and fastest such speed, of 65535.
    #[pallet::storage]
    pub type AlphaValues<T: Config> =
        StorageMap<_, Identity, NetUid, (u16, u16), ValueQuery, DefaultAlphaValues>;

    /// How sharply the speed changes with disagreement.
    #[pallet::storage]
    pub type AlphaSigmoidSteepness<T: Config> =
        StorageMap<_, Identity, NetUid, i16, ValueQuery, ConstI16<1_000>>;

    /// The third form of Yuma Consensus.
    #[pallet::storage]
    pub type Yuma3On<T: Config> = StorageMap<_, Blake2_128Concat, NetUid, bool, ValueQuery>;

    /// Superseded by `ActivityCutoffFactorMilli`.
    #[pallet::storage]
    pub type ActivityCutoff<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<5_000>>;

    /// Thousandths of a tempo after which a silent validator is inactive.
    #[pallet::storage]
    pub type ActivityCutoffFactorMilli<T: Config> =
        StorageMap<_, Identity, NetUid, u32, ValueQuery, ConstU32<13_889>>;

    /// Lower bound of the superseded cut-off.
    #[pallet::storage]
    pub type MinActivityCutoff<T: Config> = StorageValue<_, u16, ValueQuery, ConstU16<360>>;

    /// How many permits an epoch hands out.
    #[pallet::storage]
    pub type MaxAllowedValidators<T: Config> =
        StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<128>>;

    /// How many uids the subnet has.
    #[pallet::storage]
    pub type MaxAllowedUids<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<256>>;

    /// How few uids the subnet may be trimmed to.
    #[pallet::storage]
    pub type MinAllowedUids<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<64>>;

    /// Blocks during which a new neuron cannot be replaced.
    #[pallet::storage]
    pub type ImmunityPeriod<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<4_096>>;

    /// How many replaceable neurons stay untouched before an immune one goes.
    #[pallet::storage]
    pub type MinNonImmuneUids<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<10>>;

    /// How many of the owner's hotkeys can never be replaced.
    #[pallet::storage]
    pub type ImmuneOwnerUidsLimit<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<1>>;

    /// The least total stake that lets a hotkey set weights, in rao.
    #[pallet::storage]
    pub type StakeThreshold<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// Blocks between two announcements of an endpoint.
    #[pallet::storage]
    pub type ServingRateLimit<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery, ConstU64<50>>;

    /// Retired by the chain.
    #[pallet::storage]
    pub type ValidatorPruneLen<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery, ConstU64<1>>;

    /// Retired by the chain.
    #[pallet::storage]
    pub type ScalingLawPower<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<50>>;

    /// Stake may be transferred between coldkeys.
    #[pallet::storage]
    pub type TransferToggle<T: Config> = StorageMap<_, Identity, NetUid, bool, ValueQuery, ConstBool<true>>;

    /// Blocks before an epoch in which hyperparameters cannot change.
    #[pallet::storage]
    pub type AdminFreezeWindow<T: Config> = StorageValue<_, u16, ValueQuery, ConstU16<10>>;

    /// Tempos between two changes of one hyperparameter by the owner.
    #[pallet::storage]
    pub type OwnerHyperparamRateLimit<T: Config> = StorageValue<_, u16, ValueQuery, ConstU16<2>>;

    /// What decides the epoch; a later runtime's item, always Yuma here.
    #[pallet::storage]
    pub type SubnetEpochConsensus<T: Config> = StorageMap<_, Identity, NetUid, EpochConsensus, ValueQuery>;
}
