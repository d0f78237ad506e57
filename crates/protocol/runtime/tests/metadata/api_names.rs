//! Runtime APIs: traits, methods and the few argument and field names that clients use.

use codec::Decode;
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed};
use node_subtensor_runtime::{Runtime, genesis::Genesis};
use scale_info::TypeDef;
use sp_io::TestExternalities;

#[test]
fn runtime_apis_have_the_names_that_clients_call() {
    let mut state = TestExternalities::new(Genesis::default().storage().unwrap());
    let opaque = state.execute_with(|| Runtime::metadata_at_version(15)).unwrap();
    let RuntimeMetadata::V15(metadata) = RuntimeMetadataPrefixed::decode(&mut opaque.as_slice()).unwrap().1
    else {
        panic!("not version 15")
    };
    let arguments = |api: &str, method: &str| -> Option<Vec<String>> {
        let api = metadata.apis.iter().find(|entry| entry.name == api)?;
        let method = api.methods.iter().find(|entry| entry.name == method)?;
        Some(method.inputs.iter().map(|input| input.name.clone()).collect())
    };
    let called = [
        (
            "NeuronInfoRuntimeApi",
            "get_neurons get_neuron get_neurons_lite get_neuron_lite",
        ),
        (
            "SubnetInfoRuntimeApi",
            "get_metagraph get_selective_mechagraph get_selective_metagraph get_all_metagraphs get_all_mechagraphs \
             get_mechagraph get_subnet_state get_all_dynamic_info get_dynamic_info get_subnet_info \
             get_subnets_info get_subnet_info_v2 get_subnets_info_v2 get_subnet_hyperparams \
             get_subnet_hyperparams_v2 get_subnet_hyperparams_v3 get_next_epoch_start_block get_subnet_to_prune \
             get_coldkey_auto_stake_hotkey get_subnet_account_id",
        ),
        (
            "StakeInfoRuntimeApi",
            "get_stake_info_for_coldkey get_stake_info_for_coldkeys get_stake_info_for_hotkey_coldkey_netuid \
             get_stake_availability_for_coldkeys get_stake_fee get_coldkey_lock get_hotkey_conviction \
             get_most_convicted_hotkey_on_subnet",
        ),
        (
            "DelegateInfoRuntimeApi",
            "get_delegates get_delegate get_delegated",
        ),
        ("SubnetRegistrationRuntimeApi", "get_network_registration_cost"),
        ("SwapRuntimeApi", "current_alpha_price current_alpha_price_all"),
        (
            "BetaBasketRuntimeApi",
            "get_root_basket_owed get_root_basket_positions",
        ),
        ("Core", "version"),
        ("Metadata", "metadata metadata_at_version metadata_versions"),
        ("AccountNonceApi", "account_nonce"),
        ("TransactionPaymentApi", "query_info"),
    ];
    for (api, methods) in called {
        for method in methods.split_whitespace() {
            assert!(arguments(api, method).is_some(), "{api}.{method} is missing");
        }
    }
    // Here one client passes a dictionary.
    assert_eq!(
        arguments("SwapRuntimeApi", "sim_swap_tao_for_alpha").unwrap(),
        ["netuid", "tao"]
    );
    assert_eq!(
        arguments("SwapRuntimeApi", "sim_swap_alpha_for_tao").unwrap(),
        ["netuid", "alpha"]
    );

    let info = metadata
        .types
        .types
        .iter()
        .find(|ty| ty.ty.path.ident().as_deref() == Some("SubnetInfov2"));
    let TypeDef::Composite(info) = &info.unwrap().ty.type_def else {
        panic!("not a struct")
    };
    let named = |name: &str| {
        info.fields
            .iter()
            .any(|field| field.name.as_deref() == Some(name))
    };
    assert!(
        named("emission_value") && named("identity"),
        "the names the Python SDK 10 reads"
    );
}
