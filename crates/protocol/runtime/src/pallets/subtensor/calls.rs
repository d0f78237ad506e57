//! The calls of the pallet at the original's indices, each with its signer's check and nothing more; what they do is in
//! the files of their concerns.
//!
//! Weights, serving, takes and commits are free: a hotkey needs no balance.

use frame_support::pallet_macros::pallet_section;

/// The calls of the pallet.
#[pallet_section]
pub(crate) mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Sets a hotkey's weights on a subnet without commit-reveal.
        #[pallet::call_index(0)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn set_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            dests: Vec<Uid>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_set_weights(&hotkey, netuid, 0, &dests, &weights, version_key)
        }

        /// Buys alpha with TAO and stakes it to a hotkey.
        #[pallet::call_index(2)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn add_stake(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            netuid: NetUid,
            amount_staked: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_add_stake(&coldkey, &hotkey, netuid, amount_staked, PriceLimit::None)
        }

        /// Takes alpha from a stake and sells it for TAO.
        #[pallet::call_index(3)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn remove_stake(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            netuid: NetUid,
            amount_unstaked: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_remove_stake(&coldkey, &hotkey, netuid, amount_unstaked, PriceLimit::None)
        }

        /// Announces where a hotkey serves requests.
        #[pallet::call_index(4)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn serve_axon(
            origin: OriginFor<T>,
            netuid: NetUid,
            version: u32,
            ip: u128,
            port: u16,
            ip_type: u8,
            protocol: u8,
            placeholder1: u8,
            placeholder2: u8,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            let axon = AxonInfo {
                block: 0,
                version,
                ip,
                port,
                ip_type,
                protocol,
                placeholder1,
                placeholder2,
            };
            Self::do_serve_axon(&hotkey, netuid, axon, None)
        }

        /// Announces where a hotkey serves metrics.
        #[pallet::call_index(5)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn serve_prometheus(
            origin: OriginFor<T>,
            netuid: NetUid,
            version: u32,
            ip: u128,
            port: u16,
            ip_type: u8,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            let endpoint = PrometheusInfo {
                block: 0,
                version,
                ip,
                port,
                ip_type,
            };
            Self::do_serve_prometheus(&hotkey, netuid, endpoint)
        }

        /// Registers a hotkey by burn; the arguments of the proof of work are ignored.
        #[pallet::call_index(6)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn register(
            origin: OriginFor<T>,
            netuid: NetUid,
            _block_number: u64,
            _nonce: u64,
            _work: Vec<u8>,
            hotkey: AccountId32,
            _coldkey: AccountId32,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_register(&coldkey, netuid, &hotkey, None)
        }

        /// Registers a hotkey at the present price.
        #[pallet::call_index(7)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn burned_register(origin: OriginFor<T>, netuid: NetUid, hotkey: AccountId32) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_register(&coldkey, netuid, &hotkey, None)
        }

        /// Announces where a hotkey serves requests, with the certificate of its server.
        #[pallet::call_index(40)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn serve_axon_tls(
            origin: OriginFor<T>,
            netuid: NetUid,
            version: u32,
            ip: u128,
            port: u16,
            ip_type: u8,
            protocol: u8,
            placeholder1: u8,
            placeholder2: u8,
            certificate: Vec<u8>,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            let axon = AxonInfo {
                block: 0,
                version,
                ip,
                port,
                ip_type,
                protocol,
                placeholder1,
                placeholder2,
            };
            Self::do_serve_axon(&hotkey, netuid, axon, Some(&certificate))
        }

        /// Creates a subnet with the hotkey as its first neuron.
        #[pallet::call_index(59)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn register_network(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_register_network(&coldkey, &hotkey, None)
        }

        /// Dissolves a subnet; root only.
        #[pallet::call_index(61)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn dissolve_network(
            origin: OriginFor<T>,
            _coldkey: AccountId32,
            netuid: NetUid,
        ) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_dissolve_network(netuid)
        }

        /// Takes a seat on the root network.
        #[pallet::call_index(62)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn root_register(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_root_register(&coldkey, &hotkey)
        }

        /// Lowers the share of dividends a hotkey keeps.
        #[pallet::call_index(65)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn decrease_take(origin: OriginFor<T>, hotkey: AccountId32, take: u16) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_decrease_take(&coldkey, &hotkey, take)
        }

        /// Raises the share of dividends a hotkey keeps.
        #[pallet::call_index(66)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn increase_take(origin: OriginFor<T>, hotkey: AccountId32, take: u16) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_increase_take(&coldkey, &hotkey, take)
        }

        /// Describes a coldkey.
        #[pallet::call_index(68)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_identity(
            origin: OriginFor<T>,
            name: Vec<u8>,
            url: Vec<u8>,
            github_repo: Vec<u8>,
            image: Vec<u8>,
            discord: Vec<u8>,
            description: Vec<u8>,
            additional: Vec<u8>,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let identity = ChainIdentityV2 {
                name,
                url,
                github_repo,
                image,
                discord,
                description,
                additional,
            };
            Self::do_set_identity(&coldkey, identity)
        }

        /// Describes a subnet; its owner only.
        #[pallet::call_index(78)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_subnet_identity(
            origin: OriginFor<T>,
            netuid: NetUid,
            subnet_name: Vec<u8>,
            github_repo: Vec<u8>,
            subnet_contact: Vec<u8>,
            subnet_url: Vec<u8>,
            discord: Vec<u8>,
            description: Vec<u8>,
            logo_url: Vec<u8>,
            additional: Vec<u8>,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
            ensure!(SubnetOwner::<T>::get(netuid) == owner, Error::<T>::NotSubnetOwner);
            let identity = SubnetIdentityV3 {
                subnet_name,
                github_repo,
                subnet_contact,
                subnet_url,
                discord,
                description,
                logo_url,
                additional,
            };
            Self::do_set_subnet_identity(netuid, identity)
        }

        /// Creates a subnet and describes it.
        #[pallet::call_index(79)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn register_network_with_identity(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            identity: Option<SubnetIdentityV3>,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_register_network(&coldkey, &hotkey, identity)
        }

        /// Sets weights on several subnets; a failing one does not stop the others.
        #[pallet::call_index(80)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn batch_set_weights(
            origin: OriginFor<T>,
            netuids: Vec<Compact<NetUid>>,
            weights: Vec<Vec<(Compact<Uid>, Compact<u16>)>>,
            version_keys: Vec<Compact<u64>>,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_batch_set_weights(&hotkey, netuids, weights, version_keys)
        }

        /// Buys and stakes alpha up to a price.
        #[pallet::call_index(88)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn add_stake_limit(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            netuid: NetUid,
            amount_staked: u64,
            limit_price: u64,
            allow_partial: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let limit = PriceLimit::new(limit_price, allow_partial);
            Self::do_add_stake(&coldkey, &hotkey, netuid, amount_staked, limit)
        }

        /// Sells staked alpha down to a price.
        #[pallet::call_index(89)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn remove_stake_limit(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            netuid: NetUid,
            amount_unstaked: u64,
            limit_price: u64,
            allow_partial: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let limit = PriceLimit::new(limit_price, allow_partial);
            Self::do_remove_stake(&coldkey, &hotkey, netuid, amount_unstaked, limit)
        }

        /// Takes ownership of a hotkey without registering it.
        #[pallet::call_index(91)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn try_associate_hotkey(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_associate_hotkey(&coldkey, &hotkey)
        }

        /// Opens a subnet for staking and emission; its owner only.
        #[pallet::call_index(92)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn start_call(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
            ensure!(Self::subnet_exists(netuid), Error::<T>::SubnetNotExists);
            Self::ensure_subnet_owner(origin, netuid)?;
            Self::do_start_call(netuid)
        }

        /// Sells a whole stake down to a price.
        #[pallet::call_index(103)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn remove_stake_full_limit(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            netuid: NetUid,
            limit_price: Option<u64>,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let limit = limit_price.map_or(PriceLimit::None, PriceLimit::Whole);
            Self::do_remove_stake(&coldkey, &hotkey, netuid, u64::MAX, limit)
        }

        /// Sets a hotkey's weights for one mechanism of a subnet without commit-reveal.
        #[pallet::call_index(119)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn set_mechanism_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            mecid: MechId,
            dests: Vec<Uid>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_set_weights(&hotkey, netuid, mecid, &dests, &weights, version_key)
        }

        /// Dissolves a subnet; root only.
        #[pallet::call_index(120)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn root_dissolve_network(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_dissolve_network(netuid)
        }

        /// Registers a hotkey if the price is at most the limit.
        #[pallet::call_index(134)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn register_limit(
            origin: OriginFor<T>,
            netuid: NetUid,
            hotkey: AccountId32,
            limit_price: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_register(&coldkey, netuid, &hotkey, Some(limit_price))
        }

        /// Changes the tempo of a subnet and restarts its cycle; its owner only.
        #[pallet::call_index(139)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_tempo(origin: OriginFor<T>, netuid: NetUid, tempo: u16) -> DispatchResult {
            let owner = Self::ensure_subnet_owner(origin, netuid)?;
            Self::do_set_tempo(&owner, netuid, tempo)
        }

        /// Changes after how many thousandths of a tempo a silent validator is inactive.
        #[pallet::call_index(140)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_activity_cutoff_factor(
            origin: OriginFor<T>,
            netuid: NetUid,
            factor_milli: u32,
        ) -> DispatchResult {
            let authority = Self::ensure_owner_or_root(origin, netuid)?;
            Self::do_set_activity_cutoff_factor(&authority, netuid, factor_milli)
        }

        /// Asks for an epoch before its time; the owner of the subnet only.
        #[pallet::call_index(141)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn trigger_epoch(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
            let owner = Self::ensure_subnet_owner(origin, netuid)?;
            Self::do_trigger_epoch(&owner, netuid)
        }
    }
}
