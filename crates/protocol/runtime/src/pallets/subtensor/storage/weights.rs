//! Weights, bonds and the commits that hide weights until they count.

use frame_support::pallet_macros::pallet_section;

/// Weights, bonds and the commits that hide weights until they count.
#[pallet_section]
pub(crate) mod weights_storage {
    /// The row a uid set: (uid, value of 65535) in the order it was submitted.
    #[pallet::storage]
    pub type Weights<T: Config> =
        StorageDoubleMap<_, Identity, StorageIndex, Identity, Uid, Vec<(u16, u16)>, ValueQuery>;

    /// The bonds of a validator: (uid, value of 65535).
    #[pallet::storage]
    pub type Bonds<T: Config> =
        StorageDoubleMap<_, Identity, StorageIndex, Identity, Uid, Vec<(u16, u16)>, ValueQuery>;

    /// Hash commits: (hash, epoch, block, 0), oldest first.
    #[pallet::storage]
    pub type WeightCommits<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        StorageIndex,
        Twox64Concat,
        AccountId32,
        VecDeque<(H256, u64, u64, u64)>,
        OptionQuery,
    >;

    /// Commits of an epoch: (hotkey, block, ciphertext, drand round).
    #[pallet::storage]
    pub type TimelockedWeightCommits<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        StorageIndex,
        Twox64Concat,
        u64,
        VecDeque<(AccountId32, u64, BoundedVec<u8, ConstU32<5_000>>, u64)>,
        ValueQuery,
    >;

    /// An older form of timelocked commits; always empty.
    #[pallet::storage]
    pub type CRV3WeightCommits<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        StorageIndex,
        Twox64Concat,
        u64,
        VecDeque<(AccountId32, BoundedVec<u8, ConstU32<5_000>>, u64)>,
        ValueQuery,
    >;

    /// An older form of timelocked commits; always empty.
    #[pallet::storage]
    pub type CRV3WeightCommitsV2<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        StorageIndex,
        Twox64Concat,
        u64,
        VecDeque<(AccountId32, u64, BoundedVec<u8, ConstU32<5_000>>, u64)>,
        ValueQuery,
    >;

    /// Weights must be committed first and revealed later.
    #[pallet::storage]
    pub type CommitRevealWeightsEnabled<T: Config> =
        StorageMap<_, Identity, NetUid, bool, ValueQuery, ConstBool<true>>;

    /// The commit scheme in force.
    #[pallet::storage]
    pub type CommitRevealWeightsVersion<T: Config> = StorageValue<_, u16, ValueQuery, ConstU16<4>>;

    /// Epochs between a commit and its reveal.
    #[pallet::storage]
    pub type RevealPeriodEpochs<T: Config> =
        StorageMap<_, Twox64Concat, NetUid, u64, ValueQuery, ConstU64<1>>;

    /// The lowest version key weights may carry.
    #[pallet::storage]
    pub type WeightsVersionKey<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery>;

    /// Tempos between two changes of the version key by the owner.
    #[pallet::storage]
    pub type WeightsVersionKeyRateLimit<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<5>>;

    /// Blocks between two weight settings of a uid.
    #[pallet::storage]
    pub type WeightsSetRateLimit<T: Config> = StorageMap<_, Identity, NetUid, u64, ValueQuery, ConstU64<100>>;

    /// The fewest entries a row may have, unless it is a self-weight.
    #[pallet::storage]
    pub type MinAllowedWeights<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<1_024>>;

    /// The largest single weight; the chain ignores it.
    #[pallet::storage]
    pub type MaxWeightsLimit<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery, ConstU16<65_535>>;

    /// How many incentive mechanisms the subnet runs.
    #[pallet::storage]
    pub type MechanismCountCurrent<T: Config> =
        StorageMap<_, Twox64Concat, NetUid, u8, ValueQuery, ConstU8<1>>;

    /// How many a subnet may run.
    #[pallet::storage]
    pub type MaxMechanismCount<T: Config> = StorageValue<_, u8, ValueQuery, ConstU8<2>>;

    /// How emission divides among mechanisms, of 65535; evenly when absent.
    #[pallet::storage]
    pub type MechanismEmissionSplit<T: Config> = StorageMap<_, Twox64Concat, NetUid, Vec<u16>, OptionQuery>;
}
