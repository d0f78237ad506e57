//! What clients ask by `Trait_method`, encoded and decoded as they do it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod chain;
mod world;

use chain::{Chain, account, signed};
use codec::{Compact, Encode};
use node_subtensor_runtime::{
    AccountId, Runtime, RuntimeCall, api,
    genesis::{Genesis, TAO, development_account},
    pallets::{
        commitments::{self, CommitmentInfo, Data},
        subtensor::{AxonInfo, StakeThreshold, StakeWeight, ValidatorPermit, Weights},
    },
    runtime_api::{
        DelegateInfo, DynamicInfo, HyperparamValue, Metagraph, NeuronInfo, NeuronInfoLite,
        SelectiveMetagraph, SimSwapResult, StakeAvailability, StakeInfo, SubnetHyperparam, SubnetHyperparams,
        SubnetHyperparamsV2, SubnetInfo, SubnetInfov2, SubnetPrice, SubnetState,
    },
};
use sp_core::{Pair, sr25519};
use std::{collections::BTreeMap, panic::catch_unwind};
use world::Call;

/// A chain on which Alice owns the neuron 1 of subnet 1, which serves, has committed and has weights.
fn chain_with_a_neuron() -> (Chain, AccountId) {
    let mut chain = Chain::start(&Genesis::default());
    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let hotkey = sr25519::Pair::from_string("//Hotkey", None).unwrap();
    let me = account(&hotkey);
    let register = Call::burned_register {
        netuid: 1,
        hotkey: me.clone(),
    };
    let serve = Call::serve_axon {
        netuid: 1,
        version: 7,
        ip: 134_744_072,
        port: 8091,
        ip_type: 4,
        protocol: 4,
        placeholder1: 0,
        placeholder2: 0,
    };
    let info = CommitmentInfo {
        fields: vec![Data::Raw(b"hi".to_vec().try_into().unwrap())]
            .try_into()
            .unwrap(),
    };
    let commit = commitments::Call::set_commitment {
        netuid: 1,
        info: Box::new(info),
    };
    let results = chain.block(&[
        signed(&alice, 0, RuntimeCall::SubtensorModule(register)),
        signed(&hotkey, 0, RuntimeCall::SubtensorModule(serve)),
        signed(&hotkey, 1, RuntimeCall::Commitments(commit)),
    ]);
    assert!(results.iter().all(|result| *result == Ok(Ok(()))), "{results:?}");
    chain.read(|| {
        node_subtensor_runtime::pallets::subtensor::SubtokenEnabled::<Runtime>::insert(1, true);
        Weights::<Runtime>::insert(1, 1, vec![(0, 0), (1, 9)]);
        ValidatorPermit::<Runtime>::insert(1, vec![true, true]);
        StakeWeight::<Runtime>::insert(1, vec![0u16, 9]);
    });
    let stake = Call::add_stake {
        hotkey: me.clone(),
        netuid: 1,
        amount_staked: TAO,
    };
    let results = chain.block(&[signed(&alice, 1, RuntimeCall::SubtensorModule(stake))]);
    assert_eq!(results, [Ok(Ok(()))]);
    (chain, me)
}

#[test]
fn a_neuron_reads_the_same_alone_and_in_lists() {
    let (mut chain, me) = chain_with_a_neuron();
    let one: Option<NeuronInfo> = chain.call("NeuronInfoRuntimeApi_get_neuron", (1u16, 1u16));
    let one = one.unwrap();
    assert_eq!((&one.hotkey, &one.coldkey), (&me, &development_account("Alice")));
    assert_eq!(
        (one.axon_info.ip, one.axon_info.port, one.axon_info.version),
        (134_744_072, 8091, 7)
    );
    assert_eq!(one.stake.len(), 1);
    assert!(one.stake[0].1.0 > 0);
    assert_eq!((one.rank.0, one.trust.0, one.pruning_score.0), (0, 0, 65_535));
    assert_eq!(one.weights, [(Compact(1), Compact(9))], "zeros are left out");

    let all: Vec<NeuronInfo> = chain.call("NeuronInfoRuntimeApi_get_neurons", 1u16);
    assert_eq!((all.len(), &all[1]), (2, &one));
    assert_eq!(all[0].axon_info, AxonInfo::default());
    let lite: Vec<NeuronInfoLite> = chain.call("NeuronInfoRuntimeApi_get_neurons_lite", 1u16);
    assert_eq!(lite[1].hotkey, me);
    let none: Option<NeuronInfoLite> = chain.call("NeuronInfoRuntimeApi_get_neuron_lite", (1u16, 2u16));
    assert_eq!(none, None);
    let none: Vec<NeuronInfo> = chain.call("NeuronInfoRuntimeApi_get_neurons", 77u16);
    assert_eq!(none, []);
}

#[test]
fn a_metagraph_holds_the_subnet_and_its_neurons() {
    let (mut chain, me) = chain_with_a_neuron();
    let graph: Option<Metagraph> = chain.call("SubnetInfoRuntimeApi_get_metagraph", 1u16);
    let graph = graph.unwrap();
    assert_eq!(
        (graph.netuid.0, graph.block.0, graph.tempo.0, graph.num_uids.0),
        (1, 2, 100, 2)
    );
    assert_eq!(graph.hotkeys[1], me);
    assert_eq!(graph.coldkeys[1], development_account("Alice"));
    assert_eq!(graph.axons[1].port, 8091);
    assert!(graph.alpha_stake[1].0 > 0);
    assert_eq!(graph.total_stake, graph.alpha_stake, "no root stake");
    assert!(graph.rank.is_empty() && graph.trust.is_empty() && graph.pruning_score.is_empty());
    assert_eq!(graph.identities, [None, None]);

    let none: Option<Metagraph> = chain.call("SubnetInfoRuntimeApi_get_metagraph", 77u16);
    assert_eq!(none, None);
    let all: Vec<Option<Metagraph>> = chain.call("SubnetInfoRuntimeApi_get_all_metagraphs", ());
    assert_eq!(all.len(), 2);
    let mechanism: Option<Metagraph> = chain.call("SubnetInfoRuntimeApi_get_mechagraph", (1u16, 0u8));
    assert_eq!(mechanism.unwrap(), graph);
    let none: Option<Metagraph> = chain.call("SubnetInfoRuntimeApi_get_mechagraph", (1u16, 1u8));
    assert_eq!(none, None);

    let state: Option<SubnetState> = chain.call("SubnetInfoRuntimeApi_get_subnet_state", 1u16);
    let state = state.unwrap();
    assert_eq!(state.hotkeys, graph.hotkeys);
    assert_eq!(state.emission_history, [vec![Compact(0), Compact(0)]]);
}

#[test]
fn a_selective_metagraph_holds_what_was_asked_for() {
    let (mut chain, me) = chain_with_a_neuron();
    let graph: Option<SelectiveMetagraph> = chain.call(
        "SubnetInfoRuntimeApi_get_selective_metagraph",
        (1u16, vec![52u16, 72, 73, 999]),
    );
    let graph = graph.unwrap();
    assert_eq!(graph.netuid.0, 0, "index 0 was not asked for");
    assert_eq!(graph.hotkeys.as_ref().map(|hotkeys| &hotkeys[1]), Some(&me));
    assert_eq!(
        graph.validators,
        Some(vec![Compact(1)]),
        "uid 0 has a permit but no stake"
    );
    let bytes: Vec<Compact<u8>> = [4, 3, 0x68, 0x69].map(Compact).to_vec();
    assert_eq!(graph.commitments, Some(vec![(me, bytes)]));
    assert_eq!((graph.name, graph.coldkeys, graph.tempo), (None, None, None));

    let mechanism: Option<SelectiveMetagraph> = chain.call(
        "SubnetInfoRuntimeApi_get_selective_mechagraph",
        (1u16, 0u8, vec![8u16]),
    );
    let mechanism = mechanism.unwrap();
    assert_eq!((mechanism.netuid.0, mechanism.tempo), (1, Some(Compact(100))));

    let everything: Vec<u16> = (0..74).collect();
    let graph: Option<SelectiveMetagraph> =
        chain.call("SubnetInfoRuntimeApi_get_selective_metagraph", (1u16, everything));
    let graph = graph.unwrap();
    assert!(graph.alpha_dividends_per_hotkey.is_some() && graph.name.is_some());

    chain.read(|| StakeThreshold::<Runtime>::put(100 * TAO));
    let graph: Option<SelectiveMetagraph> = chain.call(
        "SubnetInfoRuntimeApi_get_selective_metagraph",
        (1u16, vec![72u16]),
    );
    assert_eq!(graph.unwrap().validators, Some(vec![]));
}

#[test]
fn hyperparameters_come_in_three_forms_that_agree() {
    let (mut chain, _) = chain_with_a_neuron();
    let first: Option<SubnetHyperparams> = chain.call("SubnetInfoRuntimeApi_get_subnet_hyperparams", 1u16);
    let second: Option<SubnetHyperparamsV2> =
        chain.call("SubnetInfoRuntimeApi_get_subnet_hyperparams_v2", 1u16);
    let third: Option<Vec<SubnetHyperparam>> =
        chain.call("SubnetInfoRuntimeApi_get_subnet_hyperparams_v3", 1u16);
    let (first, second, third) = (first.unwrap(), second.unwrap(), third.unwrap());
    assert!(
        second.encode().starts_with(&first.encode()),
        "the second form only appends"
    );
    assert_eq!(third.len(), 34);
    assert_eq!(third[0].name, b"kappa");
    let named = |name: &str| {
        third
            .iter()
            .find(|entry| entry.name == name.as_bytes())
            .unwrap()
            .value
            .clone()
    };
    assert_eq!(named("tempo"), HyperparamValue::U16(Compact(100)));
    assert_eq!(named("activity_cutoff"), HyperparamValue::U64(Compact(1_388)));
    assert_eq!(named("commit_reveal_period"), HyperparamValue::U64(Compact(1)));
    assert_eq!(first.tempo.0, 100);
    assert_eq!(
        (second.yuma_version.0, second.alpha_sigmoid_steepness.bits),
        (2, 1_000 << 32)
    );
}

#[test]
fn subnets_are_listed_without_gaps() {
    let (mut chain, _) = chain_with_a_neuron();
    let subnets: Vec<Option<SubnetInfo>> = chain.call("SubnetInfoRuntimeApi_get_subnets_info", ());
    let netuids: Vec<u16> = subnets.iter().flatten().map(|subnet| subnet.netuid.0).collect();
    assert_eq!(netuids, [0, 1]);
    let one: Option<SubnetInfov2> = chain.call("SubnetInfoRuntimeApi_get_subnet_info_v2", 1u16);
    assert_eq!(one.unwrap().subnetwork_n.0, 2);
    let pools: Vec<Option<DynamicInfo>> = chain.call("SubnetInfoRuntimeApi_get_all_dynamic_info", ());
    let pool = pools[1].as_ref().unwrap();
    assert!(
        pool.tao_in.0 > 11 * TAO,
        "ten from genesis, the burn and the stake"
    );
    let next: Option<u64> = chain.call("SubnetInfoRuntimeApi_get_next_epoch_start_block", 1u16);
    assert_eq!(next, Some(100));
    let holder: Option<AccountId> = chain.call("SubnetInfoRuntimeApi_get_subnet_account_id", 1u16);
    assert!(holder.is_some());
    let cost: u64 = chain.call("SubnetRegistrationRuntimeApi_get_network_registration_cost", ());
    assert_eq!(cost, 1_000 * TAO);
}

#[test]
fn stakes_are_found_by_coldkey_and_by_hotkey() {
    let (mut chain, me) = chain_with_a_neuron();
    let alice = development_account("Alice");
    let stakes: Vec<StakeInfo> = chain.call("StakeInfoRuntimeApi_get_stake_info_for_coldkey", &alice);
    assert_eq!(stakes.len(), 1);
    assert_eq!(
        (&stakes[0].hotkey, stakes[0].netuid.0, stakes[0].is_registered),
        (&me, 1, true)
    );
    let many: Vec<(AccountId, Vec<StakeInfo>)> = chain.call(
        "StakeInfoRuntimeApi_get_stake_info_for_coldkeys",
        vec![alice.clone(), development_account("Bob")],
    );
    assert_eq!((many[0].1.len(), many[1].1.len()), (1, 0));
    let one: Option<StakeInfo> = chain.call(
        "StakeInfoRuntimeApi_get_stake_info_for_hotkey_coldkey_netuid",
        (&me, &alice, 0u16),
    );
    assert_eq!(one.unwrap().stake.0, 0, "answered although there is none");
    let free: BTreeMap<AccountId, BTreeMap<u16, StakeAvailability>> = chain.call(
        "StakeInfoRuntimeApi_get_stake_availability_for_coldkeys",
        (vec![alice.clone()], Some(vec![1u16])),
    );
    assert_eq!(free[&alice][&1].available, stakes[0].stake);

    let delegates: Vec<DelegateInfo> = chain.call("DelegateInfoRuntimeApi_get_delegates", ());
    assert_eq!(delegates[0].delegate_ss58, me);
    assert_eq!(delegates[0].nominators[0].0, alice);
    assert_eq!(delegates[0].validator_permits, [Compact(1)]);
    let chosen: Vec<(DelegateInfo, (Compact<u16>, Compact<u64>))> =
        chain.call("DelegateInfoRuntimeApi_get_delegated", &alice);
    assert_eq!(chosen[0].1, (Compact(1), stakes[0].stake));

    let owed: u64 = chain.call("BetaBasketRuntimeApi_get_root_basket_owed", &alice);
    let baskets: Vec<(AccountId, u64, u64)> =
        chain.call("BetaBasketRuntimeApi_get_root_basket_positions", &alice);
    assert_eq!((owed, baskets.len()), (0, 0));
}

#[test]
fn prices_and_simulated_trades_agree_with_the_pool() {
    let (mut chain, me) = chain_with_a_neuron();
    let prices: Vec<SubnetPrice> = chain.call("SwapRuntimeApi_current_alpha_price_all", ());
    let price: u64 = chain.call("SwapRuntimeApi_current_alpha_price", 1u16);
    assert_eq!(
        prices[0],
        SubnetPrice {
            netuid: 0,
            price: TAO
        }
    );
    assert_eq!(prices[1], SubnetPrice { netuid: 1, price });
    let simulated: SimSwapResult = chain.call("SwapRuntimeApi_sim_swap_tao_for_alpha", (1u16, TAO));
    assert!(simulated.alpha_slippage > 0 && simulated.tao_fee == 0);

    let alice = sr25519::Pair::from_string("//Alice", None).unwrap();
    let before: Vec<StakeInfo> =
        chain.call("StakeInfoRuntimeApi_get_stake_info_for_coldkey", account(&alice));
    let stake = Call::add_stake {
        hotkey: me,
        netuid: 1,
        amount_staked: TAO,
    };
    chain.block(&[signed(&alice, 2, RuntimeCall::SubtensorModule(stake))]);
    let after: Vec<StakeInfo> = chain.call("StakeInfoRuntimeApi_get_stake_info_for_coldkey", account(&alice));
    assert_eq!(after[0].stake.0 - before[0].stake.0, simulated.alpha_amount);
    let back: SimSwapResult = chain.call(
        "SwapRuntimeApi_sim_swap_alpha_for_tao",
        (1u16, simulated.alpha_amount),
    );
    assert!(back.tao_amount <= TAO && back.tao_amount > TAO - 10);
    let too_much: SimSwapResult = chain.call("SwapRuntimeApi_sim_swap_alpha_for_tao", (1u16, u64::MAX));
    assert_eq!(too_much, SimSwapResult::default());
}

#[test]
fn an_unknown_method_has_no_answer_and_rubbish_unwinds() {
    let (mut chain, _) = chain_with_a_neuron();
    assert_eq!(chain.read(|| api::dispatch("Nope_nope", &[])), None);
    let storage = Genesis::default().storage().unwrap();
    let rubbish = catch_unwind(|| {
        sp_io::TestExternalities::new(storage)
            .execute_with(|| api::dispatch("SubnetInfoRuntimeApi_get_metagraph", &[]))
    });
    assert!(rubbish.is_err(), "the node turns this into an error answer");
}
