//! Recorded epochs of the original (`vectors/yuma`) run through this chain's storage and block hooks: what the epoch
//! reads and writes must be in the right place, bit for bit.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use node_subtensor_runtime::{
    Runtime, System,
    pallets::subtensor::{
        Active, ActivityCutoffFactorMilli, AlphaSigmoidSteepness, AlphaValues, BlockAtRegistration, Bonds,
        BondsMovingAverage, BondsPenalty, CommitRevealWeightsEnabled, Consensus, Dividends, Emission,
        Incentive, Kappa, Keys, LastEpochBlock, LastMechansimStepBlock, LastUpdate, LiquidAlphaOn,
        MaxAllowedValidators, PendingServerEmission, StakeThreshold, StakeWeight, SubnetOwnerHotkey,
        SubnetworkN, SubtokenEnabled, TaoWeight, Tempo, TotalHotkeyAlpha, Uids, ValidatorPermit,
        ValidatorTrust, WeightCommits, Weights, Yuma3On,
    },
};
use serde_json::Value;
use sp_core::H256;
use world::{Event, NETUID, World, key};

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// A number, or a string that holds one.
fn number(value: &Value) -> u64 {
    value
        .as_str()
        .map_or_else(|| value.as_u64().unwrap(), |text| text.parse().unwrap())
}

fn short(value: &Value) -> u16 {
    u16::try_from(number(value)).unwrap()
}

fn shorts(value: &Value) -> Vec<u16> {
    value.as_array().unwrap().iter().map(short).collect()
}

fn flags(value: &Value) -> Vec<bool> {
    numbers(value).into_iter().map(|flag| flag == 1).collect()
}

/// The row of a uid in a map of flat rows.
fn row(rows: &Value, uid: u16) -> Vec<(u16, u16)> {
    let flat = rows.get(uid.to_string()).map(shorts).unwrap_or_default();
    flat.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

/// A hotkey for each uid; the owner's hotkey when the case has one.
fn hotkey(uid: u16) -> sp_runtime::AccountId32 {
    let mut bytes = [9; 32];
    bytes[..2].copy_from_slice(&uid.to_be_bytes());
    bytes.into()
}

/// Fills the subnet with the hotkeys of a case.
fn seat(count: u16) {
    SubnetworkN::<Runtime>::insert(NETUID, count);
    let _ = Uids::<Runtime>::clear_prefix(NETUID, u32::MAX, None);
    for uid in 0..count {
        Keys::<Runtime>::insert(NETUID, uid, hotkey(uid));
        Uids::<Runtime>::insert(NETUID, hotkey(uid), uid);
    }
}

fn set_parameters(case: &Value) {
    let params = &case["params"];
    let flag = |name: &str| params[name].as_bool().unwrap();
    Kappa::<Runtime>::insert(NETUID, short(&params["kappa"]));
    BondsPenalty::<Runtime>::insert(NETUID, short(&params["bonds_penalty"]));
    BondsMovingAverage::<Runtime>::insert(NETUID, number(&params["bonds_moving_average"]));
    Yuma3On::<Runtime>::insert(NETUID, flag("yuma3"));
    LiquidAlphaOn::<Runtime>::insert(NETUID, flag("liquid_alpha"));
    AlphaValues::<Runtime>::insert(
        NETUID,
        (short(&params["alpha_low"]), short(&params["alpha_high"])),
    );
    let steepness = i16::try_from(params["alpha_sigmoid_steepness"].as_i64().unwrap()).unwrap();
    AlphaSigmoidSteepness::<Runtime>::insert(NETUID, steepness);
    MaxAllowedValidators::<Runtime>::insert(NETUID, short(&params["max_allowed_validators"]));
    let factor = u32::try_from(number(&params["activity_cutoff_factor_milli"])).unwrap();
    ActivityCutoffFactorMilli::<Runtime>::insert(NETUID, factor);
    Tempo::<Runtime>::insert(NETUID, short(&params["tempo"]));
    StakeThreshold::<Runtime>::put(number(&params["stake_threshold"]));
    TaoWeight::<Runtime>::put(number(&params["tao_weight"]));
    CommitRevealWeightsEnabled::<Runtime>::insert(NETUID, flag("commit_reveal"));
    let owner = params["owner_uid"]
        .as_u64()
        .map(|uid| hotkey(u16::try_from(uid).unwrap()));
    SubnetOwnerHotkey::<Runtime>::insert(NETUID, owner.unwrap_or_else(|| key(250)));
}

/// Puts the neurons of an epoch's input into storage and the clock to the block before it.
fn set_input(case: &Value, input: &Value) {
    let block = number(&input["block"]);
    System::set_block_number(u32::try_from(block - 1).unwrap());
    LastEpochBlock::<Runtime>::insert(NETUID, block.saturating_sub(number(&case["params"]["tempo"])));
    LastMechansimStepBlock::<Runtime>::insert(NETUID, number(&input["last_mechanism_step_block"]));
    PendingServerEmission::<Runtime>::insert(NETUID, number(&input["rao_emission"]));
    LastUpdate::<Runtime>::insert(NETUID, numbers(&input["last_update"]));
    ValidatorPermit::<Runtime>::insert(NETUID, flags(&input["validator_permit"]));
    let (alpha, root) = (numbers(&input["alpha_stake"]), numbers(&input["root_stake"]));
    let registered = numbers(&input["block_at_registration"]);
    for uid in 0..short(&case["n"]) {
        let index = usize::from(uid);
        TotalHotkeyAlpha::<Runtime>::insert(hotkey(uid), NETUID, alpha[index]);
        TotalHotkeyAlpha::<Runtime>::insert(hotkey(uid), 0, root[index]);
        BlockAtRegistration::<Runtime>::insert(NETUID, uid, registered[index]);
        Weights::<Runtime>::insert(NETUID, uid, row(&input["weights"], uid));
        if input["bonds"].is_object() {
            Bonds::<Runtime>::insert(NETUID, uid, row(&input["bonds"], uid));
        }
        WeightCommits::<Runtime>::remove(NETUID, hotkey(uid));
        if let Some(block) = input["commit_blocks"].get(uid.to_string()) {
            // The epoch index is 0 before the first epoch and grows with each, so a commit of the future stays open.
            let commit = (H256::zero(), 1_000, number(block), 0);
            WeightCommits::<Runtime>::insert(NETUID, hotkey(uid), std::collections::VecDeque::from([commit]));
        }
    }
}

/// Compares what the epoch stored.
fn check(case: &Value, expected: &Value, what: &str) {
    assert_eq!(
        Active::<Runtime>::get(NETUID),
        flags(&expected["active"]),
        "active of {what}"
    );
    assert_eq!(
        StakeWeight::<Runtime>::get(NETUID),
        shorts(&expected["stake_weight"]),
        "stake of {what}"
    );
    assert_eq!(
        Consensus::<Runtime>::get(NETUID),
        shorts(&expected["consensus"]),
        "consensus of {what}"
    );
    assert_eq!(
        Incentive::<Runtime>::get(NETUID),
        shorts(&expected["incentive"]),
        "incentive of {what}"
    );
    assert_eq!(
        Dividends::<Runtime>::get(NETUID),
        shorts(&expected["dividends"]),
        "dividends of {what}"
    );
    assert_eq!(
        ValidatorTrust::<Runtime>::get(NETUID),
        shorts(&expected["validator_trust"]),
        "trust of {what}"
    );
    assert_eq!(
        ValidatorPermit::<Runtime>::get(NETUID),
        flags(&expected["validator_permit"]),
        "permits of {what}"
    );
    assert_eq!(
        Emission::<Runtime>::get(NETUID),
        numbers(&expected["emission"]),
        "emission of {what}"
    );
    for uid in 0..short(&case["n"]) {
        assert_eq!(
            Bonds::<Runtime>::get(NETUID, uid),
            row(&expected["bonds"], uid),
            "bonds {uid} of {what}"
        );
    }
}

fn replay(file: &str) {
    let path = format!("{}/../../../vectors/yuma/{file}", env!("CARGO_MANIFEST_DIR"));
    let vectors: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let mut world = World::with_subnet();
        world.read(|| {
            // Not started, so that nothing but the recorded emission is pending.
            SubtokenEnabled::<Runtime>::insert(NETUID, false);
            seat(short(&case["n"]));
            set_parameters(case);
        });
        for (number, epoch) in case["epochs"].as_array().unwrap().iter().enumerate() {
            world.read(|| set_input(case, &epoch["input"]));
            world.advance(1);
            let what = format!("{} epoch {number}", case["id"]);
            world.read(|| check(case, &epoch["expected"], &what));
            let paid = Event::IncentiveAlphaEmittedToMiners {
                netuid: NETUID,
                emissions: numbers(&epoch["expected"]["server_emission"]),
            };
            assert!(world.events().contains(&paid), "server emission of {what}");
        }
    }
}

#[test]
fn recorded_epochs_of_four_neurons_come_out_bit_for_bit() {
    replay("yuma_n4.json");
}

#[test]
fn recorded_epochs_of_sixteen_neurons_come_out_bit_for_bit() {
    replay("yuma_n16.json");
}
