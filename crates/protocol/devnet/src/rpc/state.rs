//! `state_*`: storage, runtime calls, metadata, at any block of the chain.

use super::{Methods, RpcError, node::in_hex};
use crate::{StoreError, executor, store::State};
use serde_json::json;
use sp_state_machine::{Backend, IterArgs};

/// Keys of one page. Clients page by 64 to 1000.
const MAX_PAGE: u64 = 1000;

pub(super) fn register(methods: &mut Methods) {
    methods.reading("state_getStorage", &["key", "at"], |node, arguments| {
        let value = value(&node.state(arguments.hash(1)?)?, &arguments.bytes(0)?)?;
        Ok(value.map(in_hex))
    });
    methods.alias("state_getStorageAt", "state_getStorage");
    methods.reading("state_getStorageHash", &["key", "at"], |node, arguments| {
        let value = value(&node.state(arguments.hash(1)?)?, &arguments.bytes(0)?)?;
        Ok(value.map(|value| in_hex(sp_crypto_hashing::blake2_256(&value))))
    });
    methods.alias("state_getStorageHashAt", "state_getStorageHash");
    methods.reading("state_getStorageSize", &["key", "at"], |node, arguments| {
        let value = value(&node.state(arguments.hash(1)?)?, &arguments.bytes(0)?)?;
        Ok(value.map(|value| value.len()))
    });
    methods.alias("state_getStorageSizeAt", "state_getStorageSize");
    methods.reading("state_queryStorageAt", &["keys", "at"], |node, arguments| {
        let header = node.header(arguments.hash(1)?)?;
        let state = node.chain.state_of(&header);
        let changes: Result<Vec<_>, RpcError> = arguments
            .list_of_bytes(0)?
            .iter()
            .map(|key| Ok((in_hex(key), value(&state, key)?.map(in_hex))))
            .collect();
        Ok(json!([{ "block": header.hash(), "changes": changes? }]))
    });
    methods.reading(
        "state_getKeysPaged",
        &["prefix", "count", "startKey", "at"],
        |node, arguments| {
            let count = arguments
                .number(1)?
                .ok_or_else(|| arguments.refuse(1, "a number of keys"))?;
            if count > MAX_PAGE {
                return Err(RpcError::TooManyKeys {
                    value: count,
                    max: MAX_PAGE,
                });
            }
            let prefix = arguments.optional_bytes(0)?.unwrap_or_default();
            let after = arguments.optional_bytes(2)?;
            let state = node.state(arguments.hash(3)?)?;
            keys(&state, &prefix, after.as_deref(), Some(count))
        },
    );
    methods.alias("state_getKeysPagedAt", "state_getKeysPaged");
    methods.reading("state_getKeys", &["prefix", "at"], |node, arguments| {
        let state = node.state(arguments.hash(1)?)?;
        keys(&state, &arguments.bytes(0)?, None, None)
    });
    methods.reading("state_call", &["name", "data", "at"], |node, arguments| {
        let state = node.state(arguments.hash(2)?)?;
        let data = arguments.optional_bytes(1)?.unwrap_or_default();
        Ok(in_hex(executor::call(&state, arguments.text(0)?, &data)?))
    });
    methods.alias("state_callAt", "state_call");
    methods.reading("state_getMetadata", &["at"], |node, arguments| {
        let state = node.state(arguments.hash(0)?)?;
        let metadata: Vec<u8> = executor::query(&state, "Metadata_metadata", &[])?;
        Ok(in_hex(metadata))
    });
    methods.quick("state_getRuntimeVersion", &["at"], |node, arguments| {
        node.header(arguments.hash(0)?)?;
        Ok(node.version.json.clone())
    });
    methods.alias("chain_getRuntimeVersion", "state_getRuntimeVersion");
}

pub(super) fn value(state: &State, key: &[u8]) -> Result<Option<Vec<u8>>, RpcError> {
    state
        .storage(key)
        .map_err(|_| StoreError::Damaged { what: "trie node" }.into())
}

/// Keys with a prefix in ascending order of bytes, beginning strictly after `after`.
fn keys(
    state: &State,
    prefix: &[u8],
    after: Option<&[u8]>,
    count: Option<u64>,
) -> Result<Vec<String>, RpcError> {
    let damaged = |_| StoreError::Damaged { what: "trie node" };
    let mut arguments = IterArgs::default();
    arguments.prefix = Some(prefix);
    // A start before the prefix is no start: the walk would end at the first key outside of the prefix.
    if let Some(after) = after.filter(|after| *after >= prefix) {
        arguments.start_at = Some(after);
        arguments.start_at_exclusive = true;
    }
    let limit = count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let keys = state.keys(arguments).map_err(damaged)?;
    keys.take(limit)
        .map(|key| Ok(in_hex(key.map_err(damaged)?)))
        .collect()
}
