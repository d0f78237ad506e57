//! The runtime APIs, reached by their `Trait_method` names through [`api::dispatch`].
//!
//! Caveat: `dispatch` panics when it cannot decode its arguments; the node catches that.

use crate::{
    AccountId, Balance, Block, Executive, Header, InherentDataExt, LazyBlock, Nonce, Runtime, RuntimeCall,
    RuntimeGenesisConfig, System, TransactionPayment, genesis,
    upgrade::{self, CurrentVersion},
};
use crate::{
    SubtensorModule,
    fixed_point::U64F64,
    pallets::subtensor::{AutoStakeDestination, LockState, SwapDirection},
    runtime_api::{self, *},
};
use codec::Compact;
use frame_support::genesis_builder_helper;
use frame_support::{traits::Get, weights::Weight};
use sp_api::impl_runtime_apis;
use sp_core::OpaqueMetadata;
use sp_genesis_builder::PresetId;
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
    ApplyExtrinsicResult, ExtrinsicInclusionMode,
    traits::Block as BlockT,
    transaction_validity::{TransactionSource, TransactionValidity},
};
use sp_version::RuntimeVersion;
use std::collections::BTreeMap;

impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            CurrentVersion::get()
        }

        fn execute_block(block: LazyBlock) {
            Executive::execute_block(block);
        }

        fn initialize_block(header: &Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            upgrade::metadata(OpaqueMetadata::new(Runtime::metadata().into()))
        }

        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version).map(upgrade::metadata)
        }

        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }

        fn finalize_block() -> Header {
            Executive::finalize_block()
        }

        fn inherent_extrinsics(data: InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
            data.create_extrinsics()
        }

        fn check_inherents(block: LazyBlock, data: InherentData) -> CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            tx: <Block as BlockT>::Extrinsic,
            block_hash: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, tx, block_hash)
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
        fn query_info(
            uxt: <Block as BlockT>::Extrinsic,
            len: u32,
        ) -> pallet_transaction_payment::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_info(uxt, len)
        }

        fn query_fee_details(
            uxt: <Block as BlockT>::Extrinsic,
            len: u32,
        ) -> pallet_transaction_payment::FeeDetails<Balance> {
            TransactionPayment::query_fee_details(uxt, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall>
        for Runtime
    {
        fn query_call_info(
            call: RuntimeCall,
            len: u32,
        ) -> pallet_transaction_payment::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_call_info(call, len)
        }

        fn query_call_fee_details(
            call: RuntimeCall,
            len: u32,
        ) -> pallet_transaction_payment::FeeDetails<Balance> {
            TransactionPayment::query_call_fee_details(call, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
            genesis_builder_helper::build_state::<RuntimeGenesisConfig>(config)
        }

        fn get_preset(id: &Option<PresetId>) -> Option<Vec<u8>> {
            genesis_builder_helper::get_preset::<RuntimeGenesisConfig>(id, genesis::preset)
        }

        fn preset_names() -> Vec<PresetId> {
            vec![PresetId::from(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET)]
        }
    }

    impl runtime_api::NeuronInfoRuntimeApi<Block> for Runtime {
        fn get_neurons(netuid: u16) -> Vec<NeuronInfo> {
            NeuronTable::read(netuid).map(|table| table.all(NeuronTable::full)).unwrap_or_default()
        }

        fn get_neuron(netuid: u16, uid: u16) -> Option<NeuronInfo> {
            NeuronTable::read(netuid)?.full(uid)
        }

        fn get_neurons_lite(netuid: u16) -> Vec<NeuronInfoLite> {
            NeuronTable::read(netuid).map(|table| table.all(NeuronTable::lite)).unwrap_or_default()
        }

        fn get_neuron_lite(netuid: u16, uid: u16) -> Option<NeuronInfoLite> {
            NeuronTable::read(netuid)?.lite(uid)
        }
    }

    impl runtime_api::SubnetInfoRuntimeApi<Block> for Runtime {
        fn get_subnet_info(netuid: u16) -> Option<SubnetInfo> {
            SubnetInfov2::read(netuid).map(SubnetInfo::from)
        }

        fn get_subnets_info() -> Vec<Option<SubnetInfo>> {
            every_subnet(|netuid| SubnetInfov2::read(netuid).map(SubnetInfo::from))
        }

        fn get_subnet_info_v2(netuid: u16) -> Option<SubnetInfov2> {
            SubnetInfov2::read(netuid)
        }

        fn get_subnets_info_v2() -> Vec<Option<SubnetInfov2>> {
            every_subnet(SubnetInfov2::read)
        }

        fn get_subnet_hyperparams(netuid: u16) -> Option<SubnetHyperparams> {
            SubnetHyperparamsV2::read(netuid).map(SubnetHyperparams::from)
        }

        fn get_subnet_hyperparams_v2(netuid: u16) -> Option<SubnetHyperparamsV2> {
            SubnetHyperparamsV2::read(netuid)
        }

        fn get_subnet_hyperparams_v3(netuid: u16) -> Option<Vec<SubnetHyperparam>> {
            runtime_api::named(netuid)
        }

        fn get_all_dynamic_info() -> Vec<Option<DynamicInfo>> {
            every_subnet(DynamicInfo::read)
        }

        fn get_dynamic_info(netuid: u16) -> Option<DynamicInfo> {
            DynamicInfo::read(netuid)
        }

        fn get_all_metagraphs() -> Vec<Option<Metagraph>> {
            every_subnet(Metagraph::read)
        }

        fn get_metagraph(netuid: u16) -> Option<Metagraph> {
            Metagraph::read(netuid)
        }

        fn get_all_mechagraphs() -> Vec<Option<Metagraph>> {
            let mechanisms = |netuid| SubtensorModule::mechanisms(netuid).map(move |mechanism| (netuid, mechanism));
            SubtensorModule::netuids()
                .into_iter()
                .flat_map(mechanisms)
                .map(|(netuid, mechanism)| Metagraph::read_mechanism(netuid, mechanism))
                .collect()
        }

        fn get_mechagraph(netuid: u16, mecid: u8) -> Option<Metagraph> {
            Metagraph::read_mechanism(netuid, mecid)
        }

        fn get_selective_metagraph(netuid: u16, metagraph_indexes: Vec<u16>) -> Option<SelectiveMetagraph> {
            SelectiveMetagraph::read(netuid, &metagraph_indexes)
        }

        fn get_selective_mechagraph(
            netuid: u16,
            subid: u8,
            metagraph_indexes: Vec<u16>,
        ) -> Option<SelectiveMetagraph> {
            SelectiveMetagraph::read_mechanism(netuid, subid, &metagraph_indexes)
        }

        fn get_subnet_state(netuid: u16) -> Option<SubnetState> {
            SubnetState::read(netuid)
        }

        fn get_coldkey_auto_stake_hotkey(coldkey: AccountId, netuid: u16) -> Option<AccountId> {
            AutoStakeDestination::<Runtime>::get(coldkey, netuid)
        }

        fn get_subnet_to_prune() -> Option<u16> {
            SubtensorModule::subnet_to_prune()
        }

        fn get_subnet_account_id(netuid: u16) -> Option<AccountId> {
            SubtensorModule::subnet_exists(netuid).then(|| SubtensorModule::subnet_account(netuid))
        }

        fn get_next_epoch_start_block(netuid: u16) -> Option<u64> {
            SubtensorModule::next_epoch(netuid)
        }
    }

    impl runtime_api::StakeInfoRuntimeApi<Block> for Runtime {
        fn get_stake_info_for_coldkey(coldkey_account: AccountId) -> Vec<StakeInfo> {
            StakeInfo::of_coldkey(&coldkey_account)
        }

        fn get_stake_info_for_coldkeys(
            coldkey_accounts: Vec<AccountId>,
        ) -> Vec<(AccountId, Vec<StakeInfo>)> {
            let stakes = |coldkey: AccountId| {
                let stakes = StakeInfo::of_coldkey(&coldkey);
                (coldkey, stakes)
            };
            coldkey_accounts.into_iter().map(stakes).collect()
        }

        fn get_stake_info_for_hotkey_coldkey_netuid(
            hotkey_account: AccountId,
            coldkey_account: AccountId,
            netuid: u16,
        ) -> Option<StakeInfo> {
            Some(StakeInfo::read(&hotkey_account, &coldkey_account, netuid))
        }

        fn get_stake_availability_for_coldkeys(
            coldkey_accounts: Vec<AccountId>,
            netuids: Option<Vec<u16>>,
        ) -> BTreeMap<AccountId, BTreeMap<u16, StakeAvailability>> {
            let free = |coldkey: AccountId| {
                let free = runtime_api::stake_availability(&coldkey, netuids.as_deref());
                (coldkey, free)
            };
            coldkey_accounts.into_iter().map(free).collect()
        }

        fn get_stake_fee(
            _origin: Option<(AccountId, u16)>,
            _origin_coldkey_account: AccountId,
            _destination: Option<(AccountId, u16)>,
            _destination_coldkey_account: AccountId,
            _amount: u64,
        ) -> u64 {
            0
        }

        fn get_coldkey_lock(_coldkey: AccountId, _netuid: u16) -> Option<LockState> {
            None
        }

        fn get_hotkey_conviction(_hotkey: AccountId, _netuid: u16) -> U64F64 {
            U64F64::default()
        }

        fn get_most_convicted_hotkey_on_subnet(_netuid: u16) -> Option<AccountId> {
            None
        }
    }

    impl runtime_api::DelegateInfoRuntimeApi<Block> for Runtime {
        fn get_delegates() -> Vec<DelegateInfo> {
            DelegateInfo::all()
        }

        fn get_delegate(delegate_account: AccountId) -> Option<DelegateInfo> {
            DelegateInfo::read(&delegate_account)
        }

        fn get_delegated(delegatee_account: AccountId) -> Vec<(DelegateInfo, (Compact<u16>, Compact<u64>))> {
            DelegateInfo::chosen_by(&delegatee_account)
        }
    }

    impl runtime_api::SubnetRegistrationRuntimeApi<Block> for Runtime {
        fn get_network_registration_cost() -> u64 {
            SubtensorModule::lock_cost()
        }
    }

    impl runtime_api::SwapRuntimeApi<Block> for Runtime {
        fn current_alpha_price(netuid: u16) -> u64 {
            SubtensorModule::alpha_price(netuid)
        }

        fn current_alpha_price_all() -> Vec<SubnetPrice> {
            let price = |netuid| SubnetPrice { netuid, price: SubtensorModule::alpha_price(netuid) };
            SubtensorModule::netuids().into_iter().map(price).collect()
        }

        fn sim_swap_tao_for_alpha(netuid: u16, tao: u64) -> SimSwapResult {
            SimSwapResult::simulate(netuid, SwapDirection::Buy, tao)
        }

        fn sim_swap_alpha_for_tao(netuid: u16, alpha: u64) -> SimSwapResult {
            SimSwapResult::simulate(netuid, SwapDirection::Sell, alpha)
        }
    }

    impl runtime_api::BetaBasketRuntimeApi<Block> for Runtime {
        fn get_root_basket_owed(_coldkey: AccountId) -> u64 {
            0
        }

        fn get_root_basket_positions(_coldkey: AccountId) -> Vec<(AccountId, u64, u64)> {
            Vec::new()
        }

        fn get_root_basket_portfolio(_coldkey: AccountId) -> Vec<BasketPosition> {
            Vec::new()
        }

        fn get_basket_position(_hotkey: AccountId, _coldkey: AccountId) -> Option<BasketPosition> {
            None
        }

        fn basket_position(_hotkey: AccountId, _coldkey: AccountId) -> Option<BasketPosition> {
            None
        }

        fn get_basket_payout(_hotkey: AccountId, _coldkey: AccountId) -> u64 {
            0
        }

        fn get_basket_claim_preview(_hotkey: AccountId, _coldkey: AccountId) -> Option<BasketClaimPreview> {
            None
        }

        fn get_root_basket_claim_previews(_coldkey: AccountId) -> Vec<BasketClaimPreview> {
            Vec::new()
        }

        fn get_validator_basket(_hotkey: AccountId) -> Vec<(u16, u64, u64)> {
            Vec::new()
        }

        fn get_validator_basket_nav(_hotkey: AccountId) -> u64 {
            0
        }

        fn get_validator_basket_summary(hotkey: AccountId) -> BasketSummary {
            BasketSummary::empty(hotkey)
        }

        fn get_all_validator_baskets() -> Vec<BasketSummary> {
            Vec::new()
        }

        fn get_root_basket_total_nav() -> u64 {
            0
        }

        fn get_basket_trading_status(_hotkey: AccountId) -> BasketTradingStatus {
            BasketTradingStatus::CLOSED
        }
    }
}

/// What there is to read of every subnet.
fn every_subnet<V>(read: impl Fn(u16) -> Option<V>) -> Vec<Option<V>> {
    SubtensorModule::netuids()
        .into_iter()
        .map(read)
        .filter(Option::is_some)
        .collect()
}
