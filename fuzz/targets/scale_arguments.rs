//! Any bytes as arguments of any function of the runtime.
#![no_main]

use arbitrary::Arbitrary;
use assay_fuzz::{ask, check_alive, hexed};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// Functions of every kind of argument: none, numbers, accounts, lists, options, blocks, transactions.
const FUNCTIONS: [&str; 28] = [
    "AccountNonceApi_account_nonce",
    "BlockBuilder_apply_extrinsic",
    "BlockBuilder_check_inherents",
    "BlockBuilder_inherent_extrinsics",
    "Core_execute_block",
    "Core_initialize_block",
    "Core_version",
    "DelegateInfoRuntimeApi_get_delegate",
    "DelegateInfoRuntimeApi_get_delegated",
    "GenesisBuilder_build_state",
    "GenesisBuilder_get_preset",
    "Metadata_metadata_at_version",
    "NeuronInfoRuntimeApi_get_neuron",
    "NeuronInfoRuntimeApi_get_neurons_lite",
    "StakeInfoRuntimeApi_get_stake_availability_for_coldkeys",
    "StakeInfoRuntimeApi_get_stake_fee",
    "StakeInfoRuntimeApi_get_stake_info_for_coldkeys",
    "StakeInfoRuntimeApi_get_stake_info_for_hotkey_coldkey_netuid",
    "SubnetInfoRuntimeApi_get_mechagraph",
    "SubnetInfoRuntimeApi_get_metagraph",
    "SubnetInfoRuntimeApi_get_selective_mechagraph",
    "SubnetInfoRuntimeApi_get_selective_metagraph",
    "SubnetInfoRuntimeApi_get_subnet_hyperparams_v3",
    "SubnetInfoRuntimeApi_get_subnet_state",
    "SwapRuntimeApi_sim_swap_alpha_for_tao",
    "SwapRuntimeApi_sim_swap_tao_for_alpha",
    "TaggedTransactionQueue_validate_transaction",
    "TransactionPaymentApi_query_info",
];

#[derive(Debug, Arbitrary)]
struct Call {
    function: u8,
    arguments: Vec<u8>,
}

fuzz_target!(|call: Call| {
    let function = FUNCTIONS[usize::from(call.function) % FUNCTIONS.len()];
    ask("state_call", &json!([function, hexed(&call.arguments)]));
    check_alive();
});
