//! The subnets of a fresh localnet: root, and subnet 1 with a small pool and the zero account as its only neuron.
//!
//! Neither has been started, so staking on them fails until root enables it; tests and tools create a subnet of their
//! own.

use frame_support::pallet_macros::pallet_section;

/// The genesis of the pallet.
#[pallet_section]
pub(crate) mod genesis {
    /// What the pallet starts with.
    #[pallet::genesis_config]
    #[derive(Debug, frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// All TAO there is, in rao.
        pub total_issuance: u64,
        /// Whether the first subnets demand commits.
        pub commit_reveal: bool,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> GenesisConfig<T> {
        /// TAO and alpha in subnet 1's pool, in rao.
        pub const FIRST_POOL: u64 = 10_000_000_000;

        fn open(&self, netuid: NetUid, uids: u16) {
            CommitRevealWeightsEnabled::<T>::insert(netuid, self.commit_reveal);
            NetworksAdded::<T>::insert(netuid, true);
            TotalNetworks::<T>::mutate(|count| *count = count.saturating_add(1));
            MaxAllowedUids::<T>::insert(netuid, uids);
            MaxAllowedValidators::<T>::insert(netuid, 64);
            MinAllowedWeights::<T>::insert(netuid, 0);
            Tempo::<T>::insert(netuid, 100);
            NetworkRegistrationAllowed::<T>::insert(netuid, true);
            SubnetOwner::<T>::insert(netuid, ZeroAccount::get());
            Pallet::<T>::set_easy_work(netuid);
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            TotalIssuance::<T>::put(self.total_issuance);

            self.open(0, 64);
            TokenSymbol::<T>::insert(0, "\u{3a4}".as_bytes().to_vec());
            TargetRegistrationsPerInterval::<T>::insert(0, 1);

            self.open(1, 256);
            TokenSymbol::<T>::insert(1, "\u{3b1}".as_bytes().to_vec());
            SubnetMechanism::<T>::insert(1, 1);
            SubnetTAO::<T>::insert(1, Self::FIRST_POOL);
            SubnetAlphaIn::<T>::insert(1, Self::FIRST_POOL);
            SubnetAlphaOut::<T>::insert(1, 1_000_000_000);
            TotalStake::<T>::put(Self::FIRST_POOL);
            let nobody = ZeroAccount::get();
            SubnetOwnerHotkey::<T>::insert(1, &nobody);
            Pallet::<T>::own_if_free(&nobody, &nobody);
            Pallet::<T>::append_neuron(1, &nobody);
        }
    }
}
