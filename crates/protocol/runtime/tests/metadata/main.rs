//! The names, indices, hashers and types that clients take from metadata, compared with those of the original pallets
//! (`vectors/runtime/subtensor_metadata.json`, dumped from the original's test runtime).
//!
//! That runtime has 256-bit accounts and 64-bit block numbers and defaults of its own; the tables below say what
//! differs for that reason.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod api_names;
mod client_names;
mod storage;
mod types;
mod variants;

use codec::{Decode, Encode};
use frame_metadata::{RuntimeMetadata, RuntimeMetadataPrefixed, v14::RuntimeMetadataV14};
use node_subtensor_runtime::{Runtime, genesis::Genesis};
use serde_json::Value;
use sp_io::TestExternalities;

/// Our metadata, version 14.
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
            (13, "Multisig"),
            (16, "Proxy"),
            (18, "Commitments"),
            (19, "AdminUtils"),
            (26, "Drand"),
            (28, "Swap"),
            (30, "MevShield"),
            (31, "AlphaAssets"),
            (200, "Devnet"),
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
