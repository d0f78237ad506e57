//! A dissolved subnet leaves nothing to the next one that has its number.
//!
//! The maps are those of the metadata, so that one that is added later is asked for too.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod world;

use codec::{Decode, Encode};
use frame_metadata::{
    RuntimeMetadata, RuntimeMetadataPrefixed,
    v14::{RuntimeMetadataV14, StorageEntryModifier, StorageEntryType, StorageHasher},
};
use frame_support::BoundedVec;
use node_subtensor_runtime::{
    Runtime, RuntimeCall,
    pallets::{
        alpha_assets::{AlphaBurned, AlphaRecycled},
        commitments::{self, CommitmentInfo, Data, TimelockedIndex},
        subtensor::{LastRateLimitedBlock, RegisteredSubnetCounter, TransactionKeyLastBlock},
    },
};
use scale_info::{TypeDef, TypeDefPrimitive};
use sp_io::hashing::{blake2_128, twox_64, twox_128};
use std::collections::BTreeSet;
use world::{Admin, Call, Event, NETUID, OWNER, OWNER_HOTKEY, World, key};

/// The maps that keep what they have of a dissolved subnet: one because it counts how often its number was given, the
/// others because no call of this chain ever writes them.
const KEPT: &str = "SubtensorModule.RegisteredSubnetCounter \
    SubtensorModule.MaxWeightsLimit SubtensorModule.LargestLocked SubtensorModule.PruningScores \
    SubtensorModule.LoadedEmission SubtensorModule.CRV3WeightCommits SubtensorModule.CRV3WeightCommitsV2 \
    SubtensorModule.ValidatorPruneLen SubtensorModule.ScalingLawPower \
    SubtensorModule.POWRegistrationsThisInterval SubtensorModule.BurnRegistrationsThisInterval \
    SubtensorModule.LastHotkeyEmissionOnNetuid SubtensorModule.SubnetTaoFlow SubtensorModule.SubnetEmaTaoFlow \
    SubtensorModule.SubnetProtocolFlow SubtensorModule.SubnetEmaProtocolFlow SubtensorModule.SubnetExcessTao \
    SubtensorModule.SubnetRootSellTao SubtensorModule.SubnetProtocolAlpha SubtensorModule.TotalAlphaStaked \
    SubtensorModule.TotalHotkeyShares SubtensorModule.Alpha SubtensorModule.Lock SubtensorModule.LockingColdkeys \
    SubtensorModule.HotkeyLock SubtensorModule.DecayingHotkeyLock SubtensorModule.OwnerLock \
    SubtensorModule.DecayingOwnerLock SubtensorModule.DecayingLock SubtensorModule.RootClaimed \
    SubtensorModule.SubnetUidToLeaseId SubtensorModule.MinerCollateral \
    Swap.FeeRate Swap.SwapBalancer Swap.PalSwapInitialized Swap.ScrapReservoirAlpha";

/// Pallets whose maps are kept by subnet when a `u16` is among their keys.
const BY_SUBNET: [&str; 5] = ["SubtensorModule", "Commitments", "Swap", "AlphaAssets", "Devnet"];

fn metadata() -> RuntimeMetadataV14 {
    let bytes = Runtime::metadata().encode();
    match RuntimeMetadataPrefixed::decode(&mut bytes.as_slice()).unwrap().1 {
        RuntimeMetadata::V14(metadata) => metadata,
        other => panic!("{other:?}"),
    }
}

fn hashed(hasher: &StorageHasher, part: &[u8]) -> Vec<u8> {
    match hasher {
        StorageHasher::Identity => part.to_vec(),
        StorageHasher::Blake2_128Concat => [&blake2_128(part)[..], part].concat(),
        StorageHasher::Twox64Concat => [&twox_64(part)[..], part].concat(),
        other => panic!("no map has {other:?}"),
    }
}

/// An entry for the subnet in each of its maps, as (name, key, value). Where a key has an account it is the owner's
/// hotkey, and everything else is zero.
fn entries(metadata: &RuntimeMetadataV14) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let is_u16 = |id: u32| {
        let ty = metadata.types.resolve(id).unwrap();
        matches!(ty.type_def, TypeDef::Primitive(TypeDefPrimitive::U16))
    };
    let mut entries = Vec::new();
    for pallet in metadata
        .pallets
        .iter()
        .filter(|pallet| BY_SUBNET.contains(&pallet.name.as_str()))
    {
        for entry in &pallet.storage.as_ref().unwrap().entries {
            let StorageEntryType::Map { hashers, key: id, .. } = &entry.ty else {
                continue;
            };
            let parts: Vec<u32> = match &metadata.types.resolve(id.id).unwrap().type_def {
                TypeDef::Tuple(tuple) if hashers.len() > 1 => {
                    tuple.fields.iter().map(|field| field.id).collect()
                }
                _ => vec![id.id],
            };
            // The first such part is the subnet's number, or the index that is equal to it.
            let Some(subnet) = parts.iter().position(|part| is_u16(*part)) else {
                continue;
            };
            let mut bytes = [
                twox_128(pallet.storage.as_ref().unwrap().prefix.as_bytes()),
                twox_128(entry.name.as_bytes()),
            ]
            .concat();
            for (place, (part, hasher)) in parts.iter().zip(hashers).enumerate() {
                let ty = metadata.types.resolve(*part).unwrap();
                let part = match &ty.type_def {
                    _ if place == subnet => NETUID.encode(),
                    TypeDef::Primitive(TypeDefPrimitive::U16) => 0u16.encode(),
                    TypeDef::Primitive(TypeDefPrimitive::U64) => 0u64.encode(),
                    _ if ty.path.segments.last().is_some_and(|name| name == "AccountId32") => {
                        key(OWNER_HOTKEY).encode()
                    }
                    other => panic!("{}.{} has a key of {other:?}", pallet.name, entry.name),
                };
                bytes.extend(hashed(hasher, &part));
            }
            let value = match entry.modifier {
                StorageEntryModifier::Default => entry.default.clone(),
                StorageEntryModifier::Optional => vec![0; 256],
            };
            entries.push((format!("{}.{}", pallet.name, entry.name), bytes, value));
        }
    }
    entries
}

#[test]
fn every_map_of_a_dissolved_subnet_is_empty() {
    let mut world = World::with_subnet();
    let entries = world.read(|| entries(&metadata()));
    assert!(entries.len() > 120, "{} maps", entries.len());
    world.read(|| {
        for (_, key, value) in &entries {
            // What the subnet has already is better than zeros.
            if sp_io::storage::get(key).is_none() {
                sp_io::storage::set(key, value);
            }
        }
    });
    world
        .root(Call::root_dissolve_network { netuid: NETUID })
        .unwrap();
    let left: BTreeSet<&str> = world.read(|| {
        entries
            .iter()
            .filter(|(_, key, _)| sp_io::storage::get(key).is_some())
            .map(|(name, ..)| name.as_str())
            .collect()
    });
    let kept: BTreeSet<&str> = KEPT.split_whitespace().collect();
    let unexpected: Vec<_> = left.difference(&kept).collect();
    assert!(unexpected.is_empty(), "still there: {unexpected:?}");
    let needless: Vec<_> = kept.difference(&left).collect();
    assert!(
        needless.is_empty(),
        "cleared and yet listed as kept: {needless:?}"
    );
}

#[test]
fn the_next_subnet_starts_with_its_own_rules_limits_and_statements() {
    let mut world = World::with_subnet();
    let netuid = NETUID;
    let identity = Call::set_subnet_identity {
        netuid,
        subnet_name: b"assay".to_vec(),
        github_repo: vec![],
        subnet_contact: vec![],
        subnet_url: vec![],
        discord: vec![],
        description: vec![],
        logo_url: vec![],
        additional: vec![],
    };
    world.signed(&key(OWNER), identity).unwrap();
    let rules: [RuntimeCall; 5] = [
        Admin::sudo_set_max_difficulty {
            netuid,
            max_difficulty: 7,
        }
        .into(),
        Admin::sudo_set_weights_version_key {
            netuid,
            weights_version_key: 3,
        }
        .into(),
        Admin::sudo_set_sn_owner_hotkey {
            netuid,
            hotkey: key(OWNER_HOTKEY),
        }
        .into(),
        Call::set_tempo { netuid, tempo: 400 }.into(),
        commitments::Call::set_commitment {
            netuid,
            info: Box::new(CommitmentInfo {
                fields: vec![Data::TimelockEncrypted {
                    encrypted: BoundedVec::truncate_from(vec![1]),
                    reveal_round: 1_000,
                }]
                .try_into()
                .unwrap(),
            }),
        }
        .into(),
    ];
    for call in rules {
        let who = match &call {
            RuntimeCall::Commitments(_) => OWNER_HOTKEY,
            _ => OWNER,
        };
        world.signed(&key(who), call).unwrap();
    }
    world.register(1);
    world.stake(1, 100);
    for call in [
        Call::burn_alpha {
            hotkey: key(1),
            amount: 10,
            netuid,
        },
        Call::recycle_alpha {
            hotkey: key(1),
            amount: 10,
            netuid,
        },
    ] {
        world.signed(&key(101), call).unwrap();
    }
    let limits = || {
        let hyperparameters = LastRateLimitedBlock::<Runtime>::iter_keys().count();
        let transactions = TransactionKeyLastBlock::<Runtime>::iter_keys()
            .filter(|(_, subnet, _)| *subnet == NETUID)
            .count();
        (hyperparameters, transactions)
    };
    // The owner's maximum of difficulty and hotkey, and when the subnet was created; the version key and the tempo.
    assert_eq!(world.read(limits), (3, 2));
    world.read(|| {
        assert_eq!(TimelockedIndex::<Runtime>::get().len(), 1);
        assert!(AlphaBurned::<Runtime>::get(NETUID) > 0 && AlphaRecycled::<Runtime>::get(NETUID) > 0);
    });

    world.root(Call::root_dissolve_network { netuid }).unwrap();

    let events = world.events();
    assert!(
        events.ends_with(&[
            Event::SubnetIdentityRemoved(netuid),
            Event::NetworkRemoved(netuid)
        ]),
        "{events:?}"
    );
    assert_eq!(world.read(limits), (1, 0), "the chain's own limit stays");
    world.read(|| {
        assert!(TimelockedIndex::<Runtime>::get().is_empty());
        assert_eq!(AlphaBurned::<Runtime>::get(NETUID), 0);
        assert_eq!(AlphaRecycled::<Runtime>::get(NETUID), 0);
        assert_eq!(RegisteredSubnetCounter::<Runtime>::get(NETUID), 1);
    });
    world
        .root(Admin::sudo_set_network_rate_limit { rate_limit: 0 })
        .unwrap();
    world
        .signed(&key(150), Call::register_network { hotkey: key(50) })
        .unwrap();
    assert_eq!(world.read(|| RegisteredSubnetCounter::<Runtime>::get(NETUID)), 2);
    world.root(Call::root_dissolve_network { netuid }).unwrap();
    let removed = |event: &Event| matches!(event, Event::SubnetIdentityRemoved(_));
    assert_eq!(
        world.events().iter().filter(|event| removed(event)).count(),
        1,
        "a subnet without an identity loses none"
    );
}
