//! Storage keys and calls as bytes, equal to those that clients compute from the public chain's metadata.

use codec::Encode;
use node_subtensor_runtime::{
    Runtime, RuntimeCall,
    genesis::development_account,
    pallets::{
        commitments::{self, CommitmentInfo, Data},
        subtensor,
    },
};
use sp_runtime::MultiAddress;

#[test]
fn storage_keys_are_the_clients() {
    let alice = development_account("Alice");
    let public = hex::encode(&alice);
    let key = |bytes: Vec<u8>| hex::encode(bytes);
    let module = "658faa385070e074c85bf6b568cf0555";
    let blake = "de1e86a9a8c739864cf3cc5ec2bea59f";
    assert_eq!(
        public,
        "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"
    );
    assert_eq!(
        key(frame_system::Account::<Runtime>::hashed_key_for(&alice)),
        format!("26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9{blake}{public}")
    );
    assert_eq!(
        key(subtensor::Tempo::<Runtime>::hashed_key_for(1)),
        format!("{module}7641384bb339f3758acddfd7053d33170100")
    );
    assert_eq!(
        key(subtensor::SubnetworkN::<Runtime>::hashed_key_for(1)),
        format!("{module}a1048e9d244171852dfe8db314dc68ca0100")
    );
    assert_eq!(
        key(subtensor::Uids::<Runtime>::hashed_key_for(1, &alice)),
        format!("{module}aab1b4e78e1ea8305462ee53b3686dc80100{blake}{public}")
    );
    assert_eq!(
        key(subtensor::IsNetworkMember::<Runtime>::hashed_key_for(&alice, 1)),
        format!("{module}ea6aa4e81a33d2c120ef55203e0eb560{blake}{public}0100")
    );
    assert_eq!(
        key(subtensor::Keys::<Runtime>::hashed_key_for(1, 0)),
        format!("{module}9f99a2ce711f3a31b2fc05604c93f17901000000")
    );
    assert_eq!(
        key(subtensor::MechanismCountCurrent::<Runtime>::hashed_key_for(1)),
        format!("{module}604fb97037feb8522bf37d42d54fa6e9f1577fbf1d628fdd0100")
    );
    assert_eq!(
        key(subtensor::TimelockedWeightCommits::<Runtime>::hashed_key_for(
            1, 5
        )),
        format!(
            "{module}119e1c428ff5c7c6dac4c888a10d1443f1577fbf1d628fdd01003d59c2d52d0bbe890500000000000000"
        )
    );
    assert_eq!(
        key(commitments::CommitmentOf::<Runtime>::hashed_key_for(1, &alice)),
        format!(
            "ca407206ec1ab726b2636c4b145ac287419a60ae8b01e6dcaebd7317e43c69bf0100518366b5b1bc7c99{public}"
        )
    );
    let suffixes = [
        (
            subtensor::Weights::<Runtime>::hashed_key_for(1, 0),
            "a1e7036061f484bc3048a64b64e35ec4",
        ),
        (
            subtensor::Owner::<Runtime>::hashed_key_for(&alice),
            "eca6b7a1fdc9f689184ecb4f359c0518",
        ),
        (
            subtensor::Axons::<Runtime>::hashed_key_for(1, &alice),
            "b4e0c7b1d5f74994fcd58c28ab601fec",
        ),
        (
            subtensor::LastEpochBlock::<Runtime>::hashed_key_for(1),
            "90010c37124c14146041452f9ffba0df",
        ),
        (
            subtensor::TotalNetworks::<Runtime>::hashed_key().to_vec(),
            "5f3bb7bcd0a076a48abf8c256d221721",
        ),
    ];
    for (bytes, item) in suffixes {
        assert!(key(bytes).starts_with(&format!("{module}{item}")), "{item}");
    }
    assert_eq!(
        key(node_subtensor_runtime::pallets::mev_shield::NextKey::<Runtime>::hashed_key().to_vec()),
        "9e94fc9ecf3c8d51c7baba39080fb4339ab50f1d245f1373b95e2a965fa883ac"
    );
    assert_eq!(
        key(pallet_timestamp::Now::<Runtime>::hashed_key().to_vec()),
        "f0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb"
    );
}

#[test]
fn hyperparameters_are_numbered_as_on_the_chain() {
    use subtensor::{Hyperparameter, LastRateLimitedBlock, RateLimitKey};
    let key = |parameter| {
        let key = RateLimitKey::OwnerHyperparamUpdate(7, parameter);
        hex::encode(LastRateLimitedBlock::<Runtime>::hashed_key_for(key))
    };
    // The key is the enum's bytes as they are: its variant, the subnet, the hyperparameter.
    for (parameter, number) in [
        (Hyperparameter::BurnIncreaseMult, 27),
        (Hyperparameter::SubnetEmissionEnabled, 28),
        (Hyperparameter::MinChildkeyTake, 29),
        (Hyperparameter::ActivityCutoffFactorMilli, 30),
        (Hyperparameter::TriggerEpoch, 31),
        (Hyperparameter::CollateralLockShare, 32),
        (Hyperparameter::CollateralDrainRatio, 33),
    ] {
        assert!(
            key(parameter).ends_with(&format!("010700{number:02x}")),
            "{parameter:?}"
        );
    }
}

#[test]
fn encoded_calls_are_the_clients() {
    let bob = development_account("Bob");
    let public = hex::encode(&bob);
    let calls: [(RuntimeCall, String); 5] = [
        (
            RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
                dest: MultiAddress::Id(bob.clone()),
                value: 1_500_000_000,
            }),
            format!("050300{public}03002f6859"),
        ),
        (
            RuntimeCall::SubtensorModule(subtensor::Call::burned_register {
                netuid: 1,
                hotkey: bob.clone(),
            }),
            format!("07070100{public}"),
        ),
        (
            RuntimeCall::SubtensorModule(subtensor::Call::set_mechanism_weights {
                netuid: 1,
                mecid: 0,
                dests: vec![0, 1],
                weights: vec![28_086, 65_535],
                version_key: 0,
            }),
            "0777010000080000010008b66dffff0000000000000000".into(),
        ),
        (
            RuntimeCall::SubtensorModule(subtensor::Call::serve_axon {
                netuid: 1,
                version: 1,
                ip: 0x7f00_0001,
                port: 8091,
                ip_type: 4,
                protocol: 4,
                placeholder1: 0,
                placeholder2: 0,
            }),
            "07040100010000000100007f0000000000000000000000009b1f04040000".into(),
        ),
        (
            RuntimeCall::Commitments(commitments::Call::set_commitment {
                netuid: 1,
                info: Box::new(CommitmentInfo {
                    fields: vec![Data::Raw(b"hello".to_vec().try_into().unwrap())]
                        .try_into()
                        .unwrap(),
                }),
            }),
            "12000100040668656c6c6f".into(),
        ),
    ];
    for (call, expected) in calls {
        assert_eq!(hex::encode(call.encode()), expected);
    }
}
