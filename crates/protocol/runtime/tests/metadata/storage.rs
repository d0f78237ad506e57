//! Storage items: names, hashers, keys, values, modifiers and defaults.

use crate::{
    metadata, original,
    types::{plain, written},
};
use codec::Encode;
use frame_metadata::v14::{StorageEntryModifier, StorageEntryType, StorageHasher};
use std::collections::BTreeMap;

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
