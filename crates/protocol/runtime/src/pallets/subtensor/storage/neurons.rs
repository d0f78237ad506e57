//! The neurons of a subnet: one entry per uid, and what each hotkey serves.

use frame_support::pallet_macros::pallet_section;

/// The neurons of a subnet: one entry per uid, and what each hotkey serves.
#[pallet_section]
pub(crate) mod neurons_storage {
    /// The hotkey of a uid; the zero account when the uid is free.
    #[pallet::storage]
    pub type Keys<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Identity, Uid, AccountId32, ValueQuery, ZeroAccount>;

    /// The uid of a hotkey.
    #[pallet::storage]
    pub type Uids<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, Uid, OptionQuery>;

    /// The hotkey has a uid on the subnet.
    #[pallet::storage]
    pub type IsNetworkMember<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, bool, ValueQuery>;

    /// The block at which the uid was taken by its present hotkey.
    #[pallet::storage]
    pub type BlockAtRegistration<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Identity, Uid, u64, ValueQuery>;

    /// Per uid: weights were updated within the activity cut-off, as of the last epoch.
    #[pallet::storage]
    pub type Active<T: Config> = StorageMap<_, Identity, NetUid, Vec<bool>, ValueQuery>;

    /// Per uid: stake-weighted median of the weights towards it, of 65535.
    #[pallet::storage]
    pub type Consensus<T: Config> = StorageMap<_, Identity, NetUid, Vec<u16>, ValueQuery>;

    /// Per uid: share of the miners' pot, of 65535.
    #[pallet::storage]
    pub type Incentive<T: Config> = StorageMap<_, Identity, StorageIndex, Vec<u16>, ValueQuery>;

    /// Per uid: share of the validators' pot, of 65535.
    #[pallet::storage]
    pub type Dividends<T: Config> = StorageMap<_, Identity, NetUid, Vec<u16>, ValueQuery>;

    /// Per uid: how much of its weights agreed with the consensus, of 65535.
    #[pallet::storage]
    pub type ValidatorTrust<T: Config> = StorageMap<_, Identity, NetUid, Vec<u16>, ValueQuery>;

    /// Per uid: it may set weights on others.
    #[pallet::storage]
    pub type ValidatorPermit<T: Config> = StorageMap<_, Identity, NetUid, Vec<bool>, ValueQuery>;

    /// Per uid: share of the total stake, of 65535; shorter than the subnet until the next epoch after a registration.
    #[pallet::storage]
    pub type StakeWeight<T: Config> = StorageMap<_, Identity, NetUid, Vec<u16>, ValueQuery>;

    /// Per uid: alpha earned in the last epoch, in rao.
    #[pallet::storage]
    pub type Emission<T: Config> = StorageMap<_, Identity, NetUid, Vec<u64>, ValueQuery>;

    /// Retired by the chain: which uid goes first is decided by emission; always empty.
    #[pallet::storage]
    pub type PruningScores<T: Config> = StorageMap<_, Identity, NetUid, Vec<u16>, ValueQuery>;

    /// Per uid: block of the last weights set or committed.
    #[pallet::storage]
    pub type LastUpdate<T: Config> = StorageMap<_, Identity, StorageIndex, Vec<u64>, ValueQuery>;

    /// Where a hotkey serves requests.
    #[pallet::storage]
    pub type Axons<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, AxonInfo, OptionQuery>;

    /// The key a hotkey's server presents.
    #[pallet::storage]
    pub type NeuronCertificates<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, NeuronCertificate, OptionQuery>;

    /// Where a hotkey serves metrics.
    #[pallet::storage]
    pub type Prometheus<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, PrometheusInfo, OptionQuery>;

    /// Retired by the chain; always absent.
    #[pallet::storage]
    pub type LoadedEmission<T: Config> =
        StorageMap<_, Identity, NetUid, Vec<(AccountId32, u64, u64)>, OptionQuery>;

    /// The EVM address a uid is tied to, and since which block.
    #[pallet::storage]
    pub type AssociatedEvmAddress<T: Config> =
        StorageDoubleMap<_, Twox64Concat, NetUid, Twox64Concat, Uid, (H160, u64), OptionQuery>;
}
