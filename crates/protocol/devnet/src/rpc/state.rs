//! `state_*`: storage, runtime calls, metadata, at any block of the chain.

use super::{Arguments, Methods, Node, RpcError, node::in_hex};
use crate::{DevnetError, StoreError, executor, store::State};
use serde_json::{Value, json};
use sp_state_machine::{Backend, IterArgs};

/// Keys of one page. Clients page by 64 to 1000.
const MAX_PAGE: u64 = 1000;

/// Blocks of one query of a range. Each costs a read of every key.
const MAX_QUERIED_BLOCKS: u32 = 1000;

/// Reads of one query of a range, keys times blocks: seconds of one of the few threads that read.
const MAX_QUERIED_VALUES: usize = 200_000;

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
        let state = node.chain.state_of(&header)?;
        let mut room = Room::of(node);
        let changes: Result<Vec<_>, RpcError> = arguments
            .list_of_bytes(0)?
            .iter()
            .map(|key| {
                let value = value(&state, key)?;
                room.take(key.len() + value.as_ref().map_or(0, Vec::len))?;
                Ok((in_hex(key), value.map(in_hex)))
            })
            .collect();
        Ok(json!([{ "block": header.hash(), "changes": changes? }]))
    });
    methods.reading(
        "state_queryStorage",
        &["keys", "fromBlock", "toBlock"],
        query_storage,
    );
    methods.reading("state_getReadProof", &["keys", "at"], |node, arguments| {
        let header = node.header(arguments.hash(1)?)?;
        let state = node.chain.state_of(&header)?;
        let proof = sp_state_machine::prove_read(state, arguments.list_of_bytes(0)?)
            .map_err(|_| StoreError::Damaged { what: "trie node" })?;
        let nodes: Vec<String> = proof.iter_nodes().map(in_hex).collect();
        Ok(json!({ "at": header.hash(), "proof": nodes }))
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
            keys(&state, &prefix, after.as_deref(), Some(count), Room::of(node))
        },
    );
    methods.alias("state_getKeysPagedAt", "state_getKeysPaged");
    methods.reading("state_getKeys", &["prefix", "at"], |node, arguments| {
        let state = node.state(arguments.hash(1)?)?;
        keys(&state, &arguments.bytes(0)?, None, None, Room::of(node))
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
    methods.reading("state_getRuntimeVersion", &["at"], |node, arguments| {
        let header = node.header(arguments.hash(0)?)?;
        Ok(node.version(&header)?.json.clone())
    });
    methods.alias("chain_getRuntimeVersion", "state_getRuntimeVersion");
}

/// What is left of the longest answer. The server measures an answer when it is whole, and one value's key a hundred
/// thousand times would make it fill the memory first.
pub(super) struct Room {
    left: usize,
    max: u32,
}

impl Room {
    pub(super) fn of(node: &Node) -> Self {
        let max = node.limits.response_bytes;
        Self {
            left: max as usize,
            max,
        }
    }

    /// Takes the place of so many bytes in hex.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), RpcError> {
        self.left = self
            .left
            .checked_sub(bytes.saturating_mul(2))
            .ok_or(RpcError::TooLong { max: self.max })?;
        Ok(())
    }
}

/// The values of keys after a block, and after each later one up to another those that changed.
fn query_storage(node: &Node, arguments: &Arguments) -> Result<Vec<Value>, RpcError> {
    let keys = arguments.list_of_bytes(0)?;
    let from = node.header(arguments.hash(1)?)?;
    let to = node.header(arguments.hash(2)?)?;
    let length = to.number.checked_sub(from.number);
    let Some(length) = length.filter(|length| *length <= MAX_QUERIED_BLOCKS) else {
        return Err(arguments.refuse(2, "a block at most 1000 after fromBlock"));
    };
    let blocks = length as usize + 1;
    if keys.len().saturating_mul(blocks) > MAX_QUERIED_VALUES {
        return Err(arguments.refuse(0, "fewer keys for so many blocks: at most 200000 values in all"));
    }
    let mut room = Room::of(node);
    let mut answer = Vec::new();
    let mut known: Option<Vec<Option<Vec<u8>>>> = None;
    for number in from.number..=to.number {
        if node.chain.is_stopping() {
            return Err(DevnetError::Stopping.into());
        }
        let header = node.chain.header_at(number)?.ok_or(RpcError::UnknownBlock)?;
        let state = node.chain.state_of(&header)?;
        let values: Result<Vec<_>, RpcError> = keys.iter().map(|key| value(&state, key)).collect();
        let values = values?;
        let changes: Vec<(String, Option<String>)> = keys
            .iter()
            .zip(&values)
            .enumerate()
            .filter(|(place, (_, value))| known.as_ref().is_none_or(|known| known[*place] != **value))
            .map(|(_, (key, value))| {
                room.take(key.len() + value.as_ref().map_or(0, Vec::len))?;
                Ok((in_hex(key), value.as_ref().map(in_hex)))
            })
            .collect::<Result<_, RpcError>>()?;
        if known.is_none() || !changes.is_empty() {
            answer.push(json!({ "block": header.hash(), "changes": changes }));
        }
        known = Some(values);
    }
    Ok(answer)
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
    mut room: Room,
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
        .map(|key| {
            let key = key.map_err(damaged)?;
            room.take(key.len())?;
            Ok(in_hex(key))
        })
        .collect()
}
