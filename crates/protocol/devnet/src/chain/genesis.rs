//! Block 0: made from a description, or found and compared with one.

use crate::{
    BlockProduction, DevnetConfig, DevnetError, MAX_BLOCK_TIME, MIN_BLOCK_TIME, Storage, draft,
    store::{Nodes, SealedBlock, Store, StoreError},
};
use node_subtensor_runtime::{Header, genesis::Genesis};
use sp_core::H256;
use sp_runtime::{
    StateVersion,
    traits::{BlakeTwo256, Hash, Header as _},
};
use sp_state_machine::{Backend, new_in_mem};
use std::path::PathBuf;

/// Makes block 0 of an empty store, or checks that of a store that has one. Returns its description and hash.
pub(super) fn open(
    store: &Store,
    config: &DevnetConfig,
    wanted: Option<Genesis>,
) -> Result<(Genesis, H256), DevnetError> {
    if let BlockProduction::Every(interval) = config.blocks
        && !(MIN_BLOCK_TIME..=MAX_BLOCK_TIME).contains(&interval)
    {
        return Err(DevnetError::BlockTime(interval));
    }
    match store.genesis()? {
        None => begin(store, config, wanted),
        Some(found) => resume(store, config, wanted, found),
    }
}

fn begin(
    store: &Store,
    config: &DevnetConfig,
    wanted: Option<Genesis>,
) -> Result<(Genesis, H256), DevnetError> {
    let mut genesis = wanted.unwrap_or_default();
    if let BlockProduction::Every(interval) = config.blocks
        && config.restore.is_none()
    {
        // In range, so it fits by far.
        genesis.slot_duration_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    }
    let (block, nodes) = block_of(&genesis)?;
    store.begin(&genesis, &block, &nodes)?;
    Ok((genesis, block.hash))
}

fn resume(
    store: &Store,
    config: &DevnetConfig,
    wanted: Option<Genesis>,
    found: Genesis,
) -> Result<(Genesis, H256), DevnetError> {
    if let Some(wanted) = wanted {
        // The block time of a chain is settled when it begins; asking for another pace later is no other chain.
        let wanted = Genesis {
            slot_duration_ms: found.slot_duration_ms,
            ..wanted
        };
        if wanted != found {
            return Err(DevnetError::OtherGenesis {
                folder: folder(config),
            });
        }
    }
    let held = store
        .header_at(0)?
        .ok_or(StoreError::Damaged { what: "block 0" })?
        .hash();
    let (made, _) = block_of(&found)?;
    if made.hash != held {
        return Err(DevnetError::OtherRuntime {
            folder: folder(config),
            found: held,
            wanted: made.hash,
        });
    }
    Ok((found, held))
}

/// Hash of the block 0 that this build makes of a description. A folder whose chain has another is of another build.
///
/// # Errors
/// When the description cannot become a state.
pub fn block_zero(genesis: &Genesis) -> Result<H256, DevnetError> {
    Ok(block_of(genesis)?.0.hash)
}

/// Block 0 of a description. Equal descriptions and equal builds make equal blocks.
pub(super) fn block_of(genesis: &Genesis) -> Result<(SealedBlock, Nodes), DevnetError> {
    let storage = genesis.storage()?;
    let top = storage
        .top
        .iter()
        .map(|(key, value)| (&key[..], Some(&value[..])));
    let children = storage.children_default.values().map(|child| {
        let pairs = child.data.iter().map(|(key, value)| (&key[..], Some(&value[..])));
        (&child.child_info, pairs)
    });
    let (state_root, changes) =
        new_in_mem::<BlakeTwo256>().full_storage_root(top, children, StateVersion::V1);
    let no_extrinsics = BlakeTwo256::ordered_trie_root(Vec::new(), StateVersion::V0);
    // Clients take a parent hash of zeros for the mark of block 0.
    let header = Header::new(0, no_extrinsics, state_root, H256::zero(), Default::default());
    let block = SealedBlock {
        hash: header.hash(),
        header,
        extrinsics: Vec::new(),
    };
    Ok((block, draft::added_nodes(changes)))
}

fn folder(config: &DevnetConfig) -> PathBuf {
    match &config.data {
        Storage::Folder(folder) => folder.clone(),
        // A store in memory is new, so it never holds another chain.
        Storage::Memory => PathBuf::new(),
    }
}
