//! The calls of the pallet at the original's indices, each with its signer's check and nothing more; what they do is in
//! the files of their concerns. FRAME wants them all in one block, so this file is as long as the table of calls.
//!
//! Absent are the calls of concerns this chain does not simulate: locks (136, 137, 138, 142) and leases (110, 111).
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
            Self::do_add_stake(&coldkey, &hotkey, netuid, amount_staked, PriceLimit::None).map(|_| ())
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

        /// Gives parts of a hotkey's stake to other hotkeys on a subnet.
        #[pallet::call_index(67)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_children(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            netuid: NetUid,
            children: Vec<(u64, AccountId32)>,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_set_children(&coldkey, &hotkey, netuid, children)
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

        /// Sets how often a child key take may rise; root only.
        #[pallet::call_index(69)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_tx_childkey_take_rate_limit(
            origin: OriginFor<T>,
            tx_rate_limit: u64,
        ) -> DispatchResult {
            ensure_root(origin)?;
            TxChildkeyTakeRateLimit::<T>::put(tx_rate_limit);
            Self::deposit_event(Event::TxChildKeyTakeRateLimitSet(tx_rate_limit));
            Ok(())
        }

        /// Replaces a hotkey on a subnet, or everywhere.
        #[pallet::call_index(70)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn swap_hotkey(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            new_hotkey: AccountId32,
            netuid: Option<NetUid>,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_swap_hotkey(&coldkey, &hotkey, &new_hotkey, netuid, StakeAtSwap::Moves)
        }

        /// Replaces a coldkey and charges the old one; root only.
        #[pallet::call_index(71)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn swap_coldkey(
            origin: OriginFor<T>,
            old_coldkey: AccountId32,
            new_coldkey: AccountId32,
            swap_cost: u64,
        ) -> DispatchResult {
            ensure_root(origin)?;
            if swap_cost > 0 {
                let error = Error::<T>::NotEnoughBalanceToPaySwapColdKey;
                Self::recycle_tao(&old_coldkey, swap_cost, error)?;
            }
            Self::do_swap_coldkey(&old_coldkey, &new_coldkey)?;
            Self::forget_coldkey_swap(&old_coldkey);
            Ok(())
        }

        /// Replaces a hotkey on a subnet, or everywhere, with its stake or without.
        #[pallet::call_index(72)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn swap_hotkey_v2(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            new_hotkey: AccountId32,
            netuid: Option<NetUid>,
            keep_stake: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let stake = if keep_stake {
                StakeAtSwap::Stays
            } else {
                StakeAtSwap::Moves
            };
            Self::do_swap_hotkey(&coldkey, &hotkey, &new_hotkey, netuid, stake)
        }

        /// Always fails: coldkey swaps are announced.
        #[pallet::call_index(73)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn schedule_swap_coldkey(origin: OriginFor<T>, _new_coldkey: AccountId32) -> DispatchResult {
            ensure_signed(origin)?;
            Err(Error::<T>::Deprecated.into())
        }

        /// Sets what a child key keeps of its parents' dividends on a subnet.
        #[pallet::call_index(75)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_childkey_take(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            netuid: NetUid,
            take: u16,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_set_childkey_take(&coldkey, &hotkey, netuid, take)
        }

        /// Sets the lowest child key take; root only.
        #[pallet::call_index(76)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_min_childkey_take(origin: OriginFor<T>, take: u16) -> DispatchResult {
            ensure_root(origin)?;
            MinChildkeyTake::<T>::put(take);
            Self::deposit_event(Event::MinChildKeyTakeSet(take));
            Ok(())
        }

        /// Sets the highest child key take; root only.
        #[pallet::call_index(77)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_max_childkey_take(origin: OriginFor<T>, take: u16) -> DispatchResult {
            ensure_root(origin)?;
            MaxChildkeyTake::<T>::put(take);
            Self::deposit_event(Event::MaxChildKeyTakeSet(take));
            Ok(())
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

        /// Sells every stake on a hotkey.
        #[pallet::call_index(83)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn unstake_all(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_unstake_all(&coldkey, &hotkey)
        }

        /// Sells every stake on a hotkey but that on root, and stakes the TAO on root.
        #[pallet::call_index(84)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn unstake_all_alpha(origin: OriginFor<T>, hotkey: AccountId32) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_unstake_all_alpha(&coldkey, &hotkey)
        }

        /// Moves stake to another hotkey, on the same subnet or another.
        #[pallet::call_index(85)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn move_stake(
            origin: OriginFor<T>,
            origin_hotkey: AccountId32,
            destination_hotkey: AccountId32,
            origin_netuid: NetUid,
            destination_netuid: NetUid,
            alpha_amount: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let origin = (&origin_hotkey, origin_netuid);
            let destination = (&destination_hotkey, destination_netuid);
            Self::do_move_stake(&coldkey, origin, destination, alpha_amount, PriceLimit::None)
        }

        /// Gives stake to another coldkey.
        #[pallet::call_index(86)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn transfer_stake(
            origin: OriginFor<T>,
            destination_coldkey: AccountId32,
            hotkey: AccountId32,
            origin_netuid: NetUid,
            destination_netuid: NetUid,
            alpha_amount: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let origin = (&hotkey, origin_netuid);
            let destination = (&hotkey, destination_netuid);
            Self::do_transfer_stake(&coldkey, &destination_coldkey, origin, destination, alpha_amount)
        }

        /// Swaps the alpha of one subnet for that of another.
        #[pallet::call_index(87)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn swap_stake(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            origin_netuid: NetUid,
            destination_netuid: NetUid,
            alpha_amount: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let netuids = (origin_netuid, destination_netuid);
            Self::do_swap_stake(&coldkey, &hotkey, netuids, alpha_amount, PriceLimit::None)
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
            Self::do_add_stake(&coldkey, &hotkey, netuid, amount_staked, limit).map(|_| ())
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

        /// Swaps the alpha of one subnet for that of another down to a price.
        #[pallet::call_index(90)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn swap_stake_limit(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            origin_netuid: NetUid,
            destination_netuid: NetUid,
            alpha_amount: u64,
            limit_price: u64,
            allow_partial: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let netuids = (origin_netuid, destination_netuid);
            let limit = PriceLimit::new(limit_price, allow_partial);
            Self::do_swap_stake(&coldkey, &hotkey, netuids, alpha_amount, limit)
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

        /// Ties an Ethereum address to a hotkey's uid.
        #[pallet::call_index(93)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn associate_evm_key(
            origin: OriginFor<T>,
            netuid: NetUid,
            evm_key: H160,
            block_number: u64,
            signature: [u8; 65],
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_associate_evm_key(&hotkey, netuid, evm_key, block_number, &signature)
        }

        /// Commits to a row of weights by its hash.
        #[pallet::call_index(96)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn commit_weights(origin: OriginFor<T>, netuid: NetUid, commit_hash: H256) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_commit_weights(&hotkey, netuid, 0, commit_hash)
        }

        /// Shows a row that was committed by its hash.
        #[pallet::call_index(97)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn reveal_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            uids: Vec<Uid>,
            values: Vec<u16>,
            salt: Vec<u16>,
            version_key: u64,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            let row = CommittedRow {
                uids: &uids,
                values: &values,
                salt: &salt,
                version_key,
            };
            Self::do_reveal_weights(&hotkey, netuid, 0, &row)
        }

        /// Shows several committed rows, all or none.
        #[pallet::call_index(98)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn batch_reveal_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            uids_list: Vec<Vec<Uid>>,
            values_list: Vec<Vec<u16>>,
            salts_list: Vec<Vec<u16>>,
            version_keys: Vec<u64>,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_batch_reveal_weights(
                &hotkey,
                netuid,
                &uids_list,
                &values_list,
                &salts_list,
                &version_keys,
            )
        }

        /// Commits on several subnets; a failing one does not stop the others.
        #[pallet::call_index(100)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn batch_commit_weights(
            origin: OriginFor<T>,
            netuids: Vec<Compact<NetUid>>,
            commit_hashes: Vec<H256>,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_batch_commit_weights(&hotkey, netuids, commit_hashes)
        }

        /// Takes staked alpha out of the issuance.
        #[pallet::call_index(101)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn recycle_alpha(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            amount: u64,
            netuid: NetUid,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_recycle_alpha(&coldkey, &hotkey, amount, netuid)
        }

        /// Destroys staked alpha without taking it out of the issuance.
        #[pallet::call_index(102)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn burn_alpha(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            amount: u64,
            netuid: NetUid,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_burn_alpha(&coldkey, &hotkey, amount, netuid)
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

        /// Sets how many blocks new children wait; root only.
        #[pallet::call_index(109)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_pending_childkey_cooldown(origin: OriginFor<T>, cooldown: u64) -> DispatchResult {
            ensure_root(origin)?;
            PendingChildKeyCooldown::<T>::put(cooldown);
            Ok(())
        }

        /// Gives a subnet another symbol.
        #[pallet::call_index(112)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn update_symbol(origin: OriginFor<T>, netuid: NetUid, symbol: Vec<u8>) -> DispatchResult {
            Self::ensure_owner_or_root(origin, netuid)?;
            Self::do_update_symbol(netuid, symbol)
        }

        /// Commits to a row that is encrypted to a round of the beacon.
        #[pallet::call_index(113)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn commit_timelocked_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            commit: BoundedVec<u8, ConstU32<5_000>>,
            reveal_round: u64,
            commit_reveal_version: u16,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_commit_timelocked_weights(
                &hotkey,
                netuid,
                0,
                commit,
                reveal_round,
                commit_reveal_version,
            )
        }

        /// Chooses the hotkey to which a coldkey's mining income is staked.
        #[pallet::call_index(114)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_coldkey_auto_stake_hotkey(
            origin: OriginFor<T>,
            netuid: NetUid,
            hotkey: AccountId32,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_set_auto_stake(&coldkey, netuid, &hotkey)
        }

        /// Commits to a row for one mechanism by its hash.
        #[pallet::call_index(115)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn commit_mechanism_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            mecid: MechId,
            commit_hash: H256,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_commit_weights(&hotkey, netuid, mecid, commit_hash)
        }

        /// Shows a row for one mechanism that was committed by its hash.
        #[pallet::call_index(116)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn reveal_mechanism_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            mecid: MechId,
            uids: Vec<Uid>,
            values: Vec<u16>,
            salt: Vec<u16>,
            version_key: u64,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            let row = CommittedRow {
                uids: &uids,
                values: &values,
                salt: &salt,
                version_key,
            };
            Self::do_reveal_weights(&hotkey, netuid, mecid, &row)
        }

        /// Commits to an encrypted row for one mechanism, in the present scheme, which the call's name is older than.
        #[pallet::call_index(117)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn commit_crv3_mechanism_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            mecid: MechId,
            commit: BoundedVec<u8, ConstU32<5_000>>,
            reveal_round: u64,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_commit_timelocked_weights(&hotkey, netuid, mecid, commit, reveal_round, IMPLIED_VERSION)
        }

        /// Commits to an encrypted row for one mechanism.
        #[pallet::call_index(118)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn commit_timelocked_mechanism_weights(
            origin: OriginFor<T>,
            netuid: NetUid,
            mecid: MechId,
            commit: BoundedVec<u8, ConstU32<5_000>>,
            reveal_round: u64,
            commit_reveal_version: u16,
        ) -> DispatchResult {
            let hotkey = ensure_signed(origin)?;
            Self::do_commit_timelocked_weights(
                &hotkey,
                netuid,
                mecid,
                commit,
                reveal_round,
                commit_reveal_version,
            )
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

        /// Claims dividends on root stake, of which this chain pays none.
        #[pallet::call_index(121)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn claim_root(origin: OriginFor<T>, subnets: BTreeSet<NetUid>) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_claim_root(coldkey, &subnets)
        }

        /// Says what to do with dividends on root stake.
        #[pallet::call_index(122)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_root_claim_type(
            origin: OriginFor<T>,
            new_root_claim_type: RootClaimTypeEnum,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_set_root_claim_type(coldkey, new_root_claim_type)
        }

        /// Sets how many claims a block runs; root only.
        #[pallet::call_index(123)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_num_root_claims(origin: OriginFor<T>, new_value: u64) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_num_root_claims(new_value)
        }

        /// Sets the least root dividend worth claiming.
        #[pallet::call_index(124)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_root_claim_threshold(
            origin: OriginFor<T>,
            netuid: NetUid,
            new_value: u64,
        ) -> DispatchResult {
            Self::ensure_owner_or_root(origin, netuid)?;
            Self::do_set_root_claim_threshold(netuid, new_value)
        }

        /// Announces that a coldkey will be replaced, by the hash of the new one.
        #[pallet::call_index(125)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn announce_coldkey_swap(origin: OriginFor<T>, new_coldkey_hash: H256) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_announce_coldkey_swap(&coldkey, new_coldkey_hash)
        }

        /// Replaces the signer by the coldkey it has announced.
        #[pallet::call_index(126)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn swap_coldkey_announced(origin: OriginFor<T>, new_coldkey: AccountId32) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_swap_coldkey_announced(&coldkey, &new_coldkey)
        }

        /// Freezes the signer until root decides about its announced swap.
        #[pallet::call_index(127)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn dispute_coldkey_swap(origin: OriginFor<T>) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_dispute_coldkey_swap(&coldkey)
        }

        /// Forgets a coldkey's announcement and dispute; root only.
        #[pallet::call_index(128)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn reset_coldkey_swap(origin: OriginFor<T>, coldkey: AccountId32) -> DispatchResult {
            ensure_root(origin)?;
            Self::forget_coldkey_swap(&coldkey);
            Self::deposit_event(Event::ColdkeySwapReset { who: coldkey });
            Ok(())
        }

        /// Begins to track the voting power of a subnet's validators.
        #[pallet::call_index(129)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn enable_voting_power_tracking(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
            Self::ensure_owner_or_root(origin, netuid)?;
            Self::do_enable_voting_power(netuid)
        }

        /// Ends the tracking of voting power, two weeks later.
        #[pallet::call_index(130)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn disable_voting_power_tracking(origin: OriginFor<T>, netuid: NetUid) -> DispatchResult {
            Self::ensure_owner_or_root(origin, netuid)?;
            Self::do_disable_voting_power(netuid)
        }

        /// Sets how fast voting power follows stake; root only.
        #[pallet::call_index(131)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn sudo_set_voting_power_ema_alpha(
            origin: OriginFor<T>,
            netuid: NetUid,
            alpha: u64,
        ) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_voting_power_alpha(netuid, alpha)
        }

        /// Buys alpha and burns it.
        #[pallet::call_index(132)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn add_stake_burn(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            netuid: NetUid,
            amount: u64,
            limit: Option<u64>,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let limit = limit.map_or(PriceLimit::None, PriceLimit::Whole);
            Self::do_add_stake_burn(&coldkey, &hotkey, netuid, amount, limit)
        }

        /// Gives up an announced swap.
        #[pallet::call_index(133)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn clear_coldkey_swap_announcement(origin: OriginFor<T>) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_clear_coldkey_swap(&coldkey)
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

        /// Says whether a root validator lends its stake to new subnets.
        #[pallet::call_index(135)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn set_auto_parent_delegation_enabled(
            origin: OriginFor<T>,
            hotkey: AccountId32,
            enabled: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_set_auto_parent_delegation(&coldkey, &hotkey, enabled)
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

        /// Registers a hotkey by a proof of work, without burn and fee; a later runtime's call.
        #[pallet::call_index(143)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::No))]
        pub fn pow_register(
            origin: OriginFor<T>,
            netuid: NetUid,
            work_block: u64,
            nonce: u64,
            work: Vec<u8>,
            hotkey: AccountId32,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let proof = ProofOfWork {
                block: work_block,
                nonce,
                seal: &work,
            };
            Self::do_pow_register(&coldkey, netuid, &hotkey, proof)
        }

        /// Moves stake to another hotkey and, between subnets, down to a price; a call of later runtimes.
        #[pallet::call_index(144)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn move_stake_limit(
            origin: OriginFor<T>,
            origin_hotkey: AccountId32,
            destination_hotkey: AccountId32,
            origin_netuid: NetUid,
            destination_netuid: NetUid,
            alpha_amount: u64,
            limit_price: u64,
            allow_partial: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let origin = (&origin_hotkey, origin_netuid);
            let destination = (&destination_hotkey, destination_netuid);
            let limit = PriceLimit::new(limit_price, allow_partial);
            Self::do_move_stake(&coldkey, origin, destination, alpha_amount, limit)
        }

        /// Gives stake to another coldkey on another hotkey; a call of later runtimes.
        #[pallet::call_index(145)]
        #[pallet::weight((NOMINAL_CALL_WEIGHT, DispatchClass::Normal, Pays::Yes))]
        pub fn transfer_stake_and_hotkey(
            origin: OriginFor<T>,
            destination_coldkey: AccountId32,
            origin_hotkey: AccountId32,
            destination_hotkey: AccountId32,
            origin_netuid: NetUid,
            destination_netuid: NetUid,
            alpha_amount: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let origin = (&origin_hotkey, origin_netuid);
            let destination = (&destination_hotkey, destination_netuid);
            Self::do_transfer_stake(&coldkey, &destination_coldkey, origin, destination, alpha_amount)
        }
    }
}
