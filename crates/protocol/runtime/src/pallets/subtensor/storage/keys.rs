//! Takes, child keys, identities and swaps of keys.

use frame_support::pallet_macros::pallet_section;

/// Takes, child keys, identities and swaps of keys.
#[pallet_section]
pub(crate) mod keys_storage {
    /// The take of a hotkey, of 65535.
    #[pallet::storage]
    pub type Delegates<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, u16, ValueQuery, ConstU16<11_796>>;

    /// The highest take, of 65535.
    #[pallet::storage]
    pub type MaxDelegateTake<T: Config> = StorageValue<_, u16, ValueQuery, ConstU16<11_796>>;

    /// The lowest take, of 65535.
    #[pallet::storage]
    pub type MinDelegateTake<T: Config> = StorageValue<_, u16, ValueQuery>;

    /// The take of a child key, of 65535.
    #[pallet::storage]
    pub type ChildkeyTake<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountId32, Identity, NetUid, u16, ValueQuery>;

    /// The highest child key take, of 65535.
    #[pallet::storage]
    pub type MaxChildkeyTake<T: Config> = StorageValue<_, u16, ValueQuery, ConstU16<11_796>>;

    /// The lowest child key take, of 65535.
    #[pallet::storage]
    pub type MinChildkeyTake<T: Config> = StorageValue<_, u16, ValueQuery>;

    /// The lowest child key take on one subnet, of 65535.
    #[pallet::storage]
    pub type MinChildkeyTakePerSubnet<T: Config> = StorageMap<_, Identity, NetUid, u16, ValueQuery>;

    /// The children of a hotkey with the share of 2^64 - 1 each receives.
    #[pallet::storage]
    pub type ChildKeys<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        AccountId32,
        Identity,
        NetUid,
        Vec<(u64, AccountId32)>,
        ValueQuery,
    >;

    /// The parents of a hotkey with the share each gives.
    #[pallet::storage]
    pub type ParentKeys<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        AccountId32,
        Identity,
        NetUid,
        Vec<(u64, AccountId32)>,
        ValueQuery,
    >;

    /// Children that wait, and until which block.
    #[pallet::storage]
    pub type PendingChildKeys<T: Config> = StorageDoubleMap<
        _,
        Identity,
        NetUid,
        Blake2_128Concat,
        AccountId32,
        (Vec<(u64, AccountId32)>, u64),
        ValueQuery,
    >;

    /// Blocks new children wait.
    #[pallet::storage]
    pub type PendingChildKeyCooldown<T: Config> = StorageValue<_, u64, ValueQuery, ConstU64<7_200>>;

    /// A root validator lends its stake to new subnets.
    #[pallet::storage]
    pub type AutoParentDelegationEnabled<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, bool, ValueQuery, ConstBool<true>>;

    /// The share of child key dividends that is burned, of 2^64 - 1.
    #[pallet::storage]
    pub type CKBurn<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// Switches of an account, one bit each.
    #[pallet::storage]
    pub type AccountFlags<T: Config> = StorageMap<_, Blake2_128Concat, AccountId32, u128, ValueQuery>;

    /// What a coldkey says about itself.
    #[pallet::storage]
    pub type IdentitiesV2<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, ChainIdentityV2, OptionQuery>;

    /// The block of a coldkey's last hotkey swap on a subnet.
    #[pallet::storage]
    pub type LastHotkeySwapOnNetuid<T: Config> =
        StorageDoubleMap<_, Identity, NetUid, Blake2_128Concat, AccountId32, u64, ValueQuery>;

    /// Blocks between the announcement of a coldkey swap and the swap.
    #[pallet::storage]
    pub type ColdkeySwapAnnouncementDelay<T: Config> = StorageValue<_, u32, ValueQuery, ConstU32<36_000>>;

    /// Blocks between two announcements.
    #[pallet::storage]
    pub type ColdkeySwapReannouncementDelay<T: Config> = StorageValue<_, u32, ValueQuery, ConstU32<7_200>>;

    /// The announced swap: earliest block and hash of the new coldkey.
    #[pallet::storage]
    pub type ColdkeySwapAnnouncements<T: Config> =
        StorageMap<_, Twox64Concat, AccountId32, (u32, H256), OptionQuery>;

    /// The block at which a swap was disputed.
    #[pallet::storage]
    pub type ColdkeySwapDisputes<T: Config> = StorageMap<_, Twox64Concat, AccountId32, u32, OptionQuery>;

    /// A later runtime's item: the hotkey's children are suspended.
    #[pallet::storage]
    pub type ChildkeyThresholdSuspended<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId32, bool, ValueQuery>;
}
