//! The names, indices, hashers and types that clients take from metadata, compared with those of the original pallets
//! (`vectors/runtime/subtensor_metadata.json`, dumped from the original's test runtime).
//!
//! That runtime has 256-bit accounts and 64-bit block numbers and defaults of its own; the tables below say what
//! differs for that reason.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use codec::{Decode, Encode};
use frame_metadata::{
    RuntimeMetadata, RuntimeMetadataPrefixed,
    v14::{RuntimeMetadataV14, StorageEntryModifier, StorageEntryType, StorageHasher},
};
use node_subtensor_runtime::{
    Runtime, RuntimeCall,
    genesis::{Genesis, development_account},
    pallets::{
        commitments::{self, CommitmentInfo, Data},
        subtensor,
    },
};
use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive, form::PortableForm};
use serde_json::Value;
use sp_io::TestExternalities;
use sp_runtime::MultiAddress;
use std::collections::BTreeMap;

fn metadata() -> RuntimeMetadataV14 {
    let mut state = TestExternalities::new(Genesis::default().storage().unwrap());
    let bytes = state.execute_with(|| Runtime::metadata().encode());
    match RuntimeMetadataPrefixed::decode(&mut bytes.as_slice()).unwrap().1 {
        RuntimeMetadata::V14(metadata) => metadata,
        other => panic!("{other:?}"),
    }
}

/// A pallet of the original.
fn original(pallet: &str) -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../vectors/runtime/subtensor_metadata.json"
    );
    let all: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    let pallets = all["pallets"].as_array().unwrap();
    pallets
        .iter()
        .find(|entry| entry["name"] == pallet)
        .unwrap()
        .clone()
}

/// A type as the vectors write it.
fn written(types: &PortableRegistry, id: u32) -> String {
    let ty = types.resolve(id).unwrap();
    let name = ty.path.ident().unwrap_or_default();
    let field = |field: &scale_info::Field<PortableForm>| {
        let ty = written(types, field.ty.id);
        match &field.name {
            Some(name) => format!("{name}:{ty}"),
            None => ty,
        }
    };
    match &ty.type_def {
        TypeDef::Primitive(TypeDefPrimitive::Str) => "Str".into(),
        TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
        TypeDef::Compact(inner) => format!("Compact<{}>", written(types, inner.type_param.id)),
        TypeDef::Sequence(inner) => format!("Vec<{}>", written(types, inner.type_param.id)),
        TypeDef::Array(inner) => format!("[{};{}]", written(types, inner.type_param.id), inner.len),
        TypeDef::Tuple(inner) => {
            let parts: Vec<String> = inner.fields.iter().map(|part| written(types, part.id)).collect();
            format!("({})", parts.join(","))
        }
        TypeDef::Composite(inner) => match name.as_str() {
            "AccountId32" => "U256".into(),
            "H256" | "H160" | "Perquintill" | "Percent" => name,
            "BoundedVec" => format!("BoundedVec<{}>", element(types, inner.fields[0].ty.id)),
            "BTreeMap" => format!("BTreeMap{{{}}}", written(types, inner.fields[0].ty.id)),
            _ => {
                let fields: Vec<String> = inner.fields.iter().map(field).collect();
                format!("{name}{{{}}}", fields.join(","))
            }
        },
        TypeDef::Variant(_) if name == "Option" => {
            format!("Option<{}>", written(types, ty.type_params[0].ty.unwrap().id))
        }
        TypeDef::Variant(_) => name,
        TypeDef::BitSequence(_) => "bits".into(),
    }
}

fn element(types: &PortableRegistry, sequence: u32) -> String {
    match &types.resolve(sequence).unwrap().type_def {
        TypeDef::Sequence(inner) => written(types, inner.type_param.id),
        other => panic!("{other:?}"),
    }
}

/// Two spellings of one type made equal: the vectors leave out what enums and inner structs are made of, and their
/// block numbers have 64 bits.
fn plain(written: &str) -> String {
    let variants = written.ends_with(']') && !written.starts_with('[');
    let text = if variants {
        written.split('[').next().unwrap()
    } else {
        written
    };
    [
        ("FixedU128{bits:u128}", "FixedU128"),
        ("FixedI128{bits:i128}", "FixedI128"),
        ("Metadata{beacon_id:BoundedVec<u8>}", "Metadata"),
        ("end_block:Option<u32>", "end_block:Option<u64>"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (long, short)| text.replace(long, short))
}

/// Items whose value holds a block number, 64 bits wide in the vectors.
const WITH_BLOCK_NUMBERS: [(&str, &str); 5] = [
    ("DissolveNetworkScheduleDuration", "u32"),
    ("ColdkeySwapAnnouncementDelay", "u32"),
    ("ColdkeySwapReannouncementDelay", "u32"),
    ("ColdkeySwapAnnouncements", "(u32,H256)"),
    ("ColdkeySwapDisputes", "u32"),
];

fn hasher(hasher: &StorageHasher) -> &'static str {
    match hasher {
        StorageHasher::Identity => "Identity",
        StorageHasher::Blake2_128Concat => "Blake2_128Concat",
        StorageHasher::Twox64Concat => "Twox64Concat",
        other => panic!("the original uses no {other:?}"),
    }
}

/// Compares every storage item of an original pallet with ours; returns how many were compared.
fn compare_storage(original_pallet: &str, our_pallet: &str, missing: &[&str]) -> usize {
    let metadata = metadata();
    let ours = metadata
        .pallets
        .iter()
        .find(|pallet| pallet.name == our_pallet)
        .unwrap();
    let ours: BTreeMap<&str, _> = ours
        .storage
        .as_ref()
        .unwrap()
        .entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry))
        .collect();
    let mut compared = 0;
    for entry in original(original_pallet)["storage"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        if missing.contains(&name) {
            continue;
        }
        let our = ours.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        let (hashers, key, value) = match &our.ty {
            StorageEntryType::Plain(value) => (vec![], String::new(), value),
            StorageEntryType::Map { hashers, key, value } => (
                hashers.iter().map(hasher).collect(),
                written(&metadata.types, key.id),
                value,
            ),
        };
        let expected: Vec<&str> = entry["hashers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_str().unwrap())
            .collect();
        assert_eq!(hashers, expected, "hashers of {name}");
        assert_eq!(key, entry["key"].as_str().unwrap(), "key of {name}");
        let modifier = match our.modifier {
            StorageEntryModifier::Optional => "Optional",
            StorageEntryModifier::Default => "Default",
        };
        assert_eq!(
            modifier,
            entry["modifier"].as_str().unwrap(),
            "modifier of {name}"
        );
        let differs = WITH_BLOCK_NUMBERS
            .iter()
            .find(|(item, _)| *item == name)
            .map(|(_, ty)| *ty);
        let expected = differs.unwrap_or_else(|| entry["value"].as_str().unwrap());
        let value = written(&metadata.types, value.id);
        assert_eq!(plain(&value), plain(expected), "value of {name}");
        assert!(!our.docs.is_empty(), "{name} has no documentation");
        compared += 1;
    }
    compared
}

#[test]
fn storage_is_the_originals() {
    assert_eq!(compare_storage("SubtensorModule", "SubtensorModule", &[]), 222);
    assert_eq!(compare_storage("Swap", "Swap", &[]), 5);
    // The value of this item is a block number.
    assert_eq!(compare_storage("Drand", "Drand", &["NextUnsignedAt"]), 5);
}

#[test]
fn defaults_are_those_of_the_public_chain() {
    let metadata = metadata();
    let pallet = metadata
        .pallets
        .iter()
        .find(|pallet| pallet.name == "SubtensorModule")
        .unwrap();
    let default = |name: &str| {
        let entries = &pallet.storage.as_ref().unwrap().entries;
        hex::encode(&entries.iter().find(|entry| entry.name == name).unwrap().default)
    };
    let known = [
        ("Tempo", 360u16.encode()),
        ("Rho", 10u16.encode()),
        ("Kappa", 32_767u16.encode()),
        ("MinAllowedWeights", 1_024u16.encode()),
        ("MaxAllowedValidators", 128u16.encode()),
        ("ImmunityPeriod", 4_096u16.encode()),
        ("ServingRateLimit", 50u64.encode()),
        ("WeightsSetRateLimit", 100u64.encode()),
        ("MaxEpochsPerBlock", 2u8.encode()),
        ("Burn", 100_000_000u64.encode()),
        ("MaxBurn", 100_000_000_000u64.encode()),
        ("MinDelegateTake", 0u16.encode()),
        ("SubnetOwnerCut", 11_796u16.encode()),
        ("TaoWeight", 971_718_665_099_567_868u64.encode()),
        ("TxRateLimit", 1_000u64.encode()),
        ("NetworkRateLimit", 7_200u64.encode()),
        ("NetworkLockReductionInterval", 100_800u64.encode()),
        ("NetworkMinLockCost", 1_000_000_000_000u64.encode()),
        ("MaxDifficulty", ((1u64 << 62) - 1).encode()),
        ("CommitRevealWeightsEnabled", true.encode()),
        ("AlphaValues", (45_875u16, 58_982u16).encode()),
        ("TokenSymbol", "\u{1d70f}".as_bytes().to_vec().encode()),
    ];
    for (name, value) in known {
        assert_eq!(default(name), hex::encode(value), "default of {name}");
    }
    // Where the test runtime did not change a default, it is the original's byte for byte.
    let same = [
        "SubnetMovingAlpha",
        "BurnIncreaseMult",
        "FlowNormExponent",
        "FlowEmaSmoothingFactor",
        "RootClaimableThreshold",
        "VotingPowerEmaAlpha",
        "ActivityCutoffFactorMilli",
        "BondsMovingAverage",
        "NetworkImmunityPeriod",
        "MaturityRate",
        "EMAPriceHalvingBlocks",
    ];
    let original = original("SubtensorModule");
    let entries = original["storage"].as_array().unwrap();
    for name in same {
        let entry = entries.iter().find(|entry| entry["name"] == name).unwrap();
        let expected = entry["default"].as_str().unwrap().trim_start_matches("0x");
        assert_eq!(default(name), expected, "default of {name}");
    }
    assert_eq!(default("Keys"), "00".repeat(32));
}

/// The variants of an enum: index, name, fields as (name, type).
type Variants = Vec<(u8, String, Vec<(String, String)>)>;

fn variants(metadata: &RuntimeMetadataV14, ty: u32) -> Variants {
    let TypeDef::Variant(definition) = &metadata.types.resolve(ty).unwrap().type_def else {
        panic!("{ty}")
    };
    let field = |field: &scale_info::Field<PortableForm>| {
        let name = field.name.clone().unwrap_or_default();
        (name, plain(&written(&metadata.types, field.ty.id)))
    };
    definition
        .variants
        .iter()
        .map(|variant| {
            (
                variant.index,
                variant.name.clone(),
                variant.fields.iter().map(field).collect(),
            )
        })
        .collect()
}

fn original_variants(pallet: &str, kind: &str) -> Variants {
    let fields = |entry: &Value| {
        entry["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                let ty = field["type"].as_str().unwrap();
                (field["name"].as_str().unwrap().to_owned(), plain(ty))
            })
            .collect()
    };
    let read = |entry: &Value| {
        let index = u8::try_from(entry["index"].as_u64().unwrap()).unwrap();
        (index, entry["name"].as_str().unwrap().to_owned(), fields(entry))
    };
    original(pallet)[kind]
        .as_array()
        .unwrap()
        .iter()
        .map(read)
        .collect()
}

#[test]
fn errors_and_events_have_the_originals_order_and_fields() {
    let metadata = metadata();
    for name in ["SubtensorModule", "Drand", "Swap"] {
        let pallet = metadata
            .pallets
            .iter()
            .find(|pallet| pallet.name == name)
            .unwrap();
        let ours = variants(&metadata, pallet.error.as_ref().unwrap().ty.id);
        let theirs = original_variants(name, "errors");
        assert_eq!(ours, theirs, "errors of {name}");
    }
    for name in ["SubtensorModule", "Drand"] {
        let pallet = metadata
            .pallets
            .iter()
            .find(|pallet| pallet.name == name)
            .unwrap();
        let ours = variants(&metadata, pallet.event.as_ref().unwrap().ty.id);
        let mut theirs = original_variants(name, "events");
        for (_, _, fields) in &mut theirs {
            for (_, ty) in fields {
                // The vectors name a result by its arguments.
                *ty = ty.replace("Result<(),DispatchError>", "Result");
            }
        }
        assert_eq!(ours, theirs, "events of {name}");
    }
}

#[test]
fn calls_have_the_originals_indices_and_arguments() {
    let metadata = metadata();
    let pallet = metadata
        .pallets
        .iter()
        .find(|pallet| pallet.name == "SubtensorModule")
        .unwrap();
    let theirs: BTreeMap<u8, _> = original_variants("SubtensorModule", "calls")
        .into_iter()
        .map(|(index, name, fields)| (index, (name, fields)))
        .collect();
    let ours = variants(&metadata, pallet.calls.as_ref().unwrap().ty.id);
    assert!(ours.len() >= 28);
    for (index, name, fields) in ours {
        let (their_name, their_fields) = theirs
            .get(&index)
            .unwrap_or_else(|| panic!("{name} has no original"));
        assert_eq!(&name, their_name);
        let names =
            |fields: &[(String, String)]| fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&fields), names(their_fields), "arguments of {name}");
        // The vectors name a struct without its fields.
        let short = |fields: &[(String, String)]| -> Vec<String> {
            let cut = |ty: &str| match (ty.split_once('{'), ty.rsplit_once('}')) {
                (Some((name, _)), Some((_, rest))) => format!("{name}{rest}"),
                _ => ty.to_owned(),
            };
            fields.iter().map(|(_, ty)| cut(ty)).collect()
        };
        assert_eq!(short(&fields), short(their_fields), "types of {name}");
    }
}

#[test]
fn every_error_says_what_it_means() {
    let metadata = metadata();
    for pallet in &metadata.pallets {
        let Some(error) = &pallet.error else { continue };
        let TypeDef::Variant(definition) = &metadata.types.resolve(error.ty.id).unwrap().type_def else {
            continue;
        };
        for variant in &definition.variants {
            assert!(
                !variant.docs.is_empty(),
                "{}.{} has no documentation",
                pallet.name,
                variant.name
            );
        }
    }
}

#[test]
fn pallets_and_extensions_are_where_clients_look() {
    let metadata = metadata();
    let pallets: Vec<(u8, &str)> = metadata
        .pallets
        .iter()
        .map(|pallet| (pallet.index, pallet.name.as_str()))
        .collect();
    assert_eq!(
        pallets,
        [
            (0, "System"),
            (2, "Timestamp"),
            (3, "Aura"),
            (5, "Balances"),
            (6, "TransactionPayment"),
            (7, "SubtensorModule"),
            (11, "Utility"),
            (12, "Sudo"),
            (18, "Commitments"),
            (19, "AdminUtils"),
            (26, "Drand"),
            (28, "Swap"),
            (30, "MevShield"),
        ]
    );
    let extensions: Vec<&str> = metadata
        .extrinsic
        .signed_extensions
        .iter()
        .map(|extension| extension.identifier.as_str())
        .collect();
    assert_eq!(
        extensions,
        [
            "CheckNonZeroSender",
            "CheckSpecVersion",
            "CheckTxVersion",
            "CheckGenesis",
            "CheckMortality",
            "CheckNonce",
            "CheckWeight",
            "ChargeTransactionPayment",
            "SubtensorTransactionExtension",
            "CheckMetadataHash",
        ]
    );
    assert_eq!(metadata.extrinsic.version, 4);
    let event = metadata
        .types
        .types
        .iter()
        .find(|ty| ty.ty.path.segments == ["node_subtensor_runtime", "RuntimeEvent"]);
    assert!(
        event.is_some(),
        "Python clients recognise the event type by this path"
    );
}

#[test]
fn the_block_time_is_the_chains_own_constant() {
    let slot = |slot_duration_ms| {
        let genesis = Genesis {
            slot_duration_ms,
            ..Genesis::default()
        };
        let mut state = TestExternalities::new(genesis.storage().unwrap());
        let bytes = state.execute_with(|| Runtime::metadata().encode());
        let RuntimeMetadata::V14(metadata) =
            RuntimeMetadataPrefixed::decode(&mut bytes.as_slice()).unwrap().1
        else {
            panic!("not version 14")
        };
        let aura = metadata
            .pallets
            .into_iter()
            .find(|pallet| pallet.name == "Aura")
            .unwrap();
        aura.constants
            .into_iter()
            .find(|constant| constant.name == "SlotDuration")
            .unwrap()
            .value
    };
    assert_eq!(slot(250), 250u64.encode());
    assert_eq!(slot(12_000), 12_000u64.encode());
}

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
