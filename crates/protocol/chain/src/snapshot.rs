//! The chain at one block: every read of a [`Snapshot`] sees the same state.
//!
//! Reads are decoded with the runtime of their own block. Storage reads bring along which runtime wrote the block (one
//! more key in the same request); when it is not the one that this client knows, the metadata is read anew and the
//! answer decoded again.

use crate::{
    BlockRef, ChainError, Item, ShapeError,
    connection::{Params, hex_bytes},
    runtime::{LAST_RUNTIME_UPGRADE, Runtime},
    shape::Mismatch,
    shared::Shared,
};
use codec::{Compact, Decode};
use scale_value::Value;
use serde::Deserialize;
use std::{borrow::Cow, collections::HashMap, marker::PhantomData, sync::Arc};
use subxt::ext::scale_decode::DecodeAsType;

/// Keys of one request. Nodes accept some 10 MB; a thousand keys are near 200 kB of text.
const KEYS_PER_REQUEST: usize = 1000;
/// Keys that one page of a listing brings; the node's own limit.
const KEYS_PER_PAGE: u32 = 1000;
/// Pages of one listing. A map of a subnet has at most some hundred entries; what has more than this is not one.
const PAGES: usize = 200;

/// The chain at one block.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) shared: Arc<Shared>,
    pub(crate) block: BlockRef,
}

/// What is to be read in one request.
#[derive(Default)]
pub(crate) struct Query {
    entries: Vec<QueryEntry>,
}

struct QueryEntry {
    pallet: Cow<'static, str>,
    entry: Cow<'static, str>,
    keys: Vec<Value>,
}

/// A place in a query, and the type of what will be there.
pub(crate) struct Field<T>(usize, PhantomData<T>);

impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

impl Query {
    /// One more entry of SubtensorModule.
    pub(crate) fn subtensor<T>(
        &mut self,
        entry: &'static str,
        keys: impl IntoIterator<Item = Value>,
    ) -> Field<T> {
        self.entry("SubtensorModule", entry, keys)
    }

    /// One more entry.
    pub(crate) fn entry<T>(
        &mut self,
        pallet: impl Into<Cow<'static, str>>,
        entry: impl Into<Cow<'static, str>>,
        keys: impl IntoIterator<Item = Value>,
    ) -> Field<T> {
        self.entries.push(QueryEntry {
            pallet: pallet.into(),
            entry: entry.into(),
            keys: keys.into_iter().collect(),
        });
        Field(self.entries.len() - 1, PhantomData)
    }
}

/// What a query found.
pub(crate) struct Answer {
    runtime: Arc<Runtime>,
    query: Query,
    values: Vec<Option<Vec<u8>>>,
}

impl Answer {
    /// The value; nothing where the chain has no such entry, or nothing is stored and there is no default.
    pub(crate) fn get<T: DecodeAsType>(&self, field: Field<T>) -> Result<Option<T>, ChainError> {
        let QueryEntry { pallet, entry, .. } = &self.query.entries[field.0];
        if !self.runtime.has_storage(pallet, entry) {
            return Ok(None);
        }
        Ok(self
            .runtime
            .storage_value(pallet, entry, self.values[field.0].as_deref())?)
    }

    /// The value, which must be there.
    pub(crate) fn need<T: DecodeAsType>(&self, field: Field<T>) -> Result<T, ChainError> {
        let QueryEntry { pallet, entry, .. } = &self.query.entries[field.0];
        self.get(field)?.ok_or_else(|| {
            ChainError::Shape(ShapeError::Missing {
                item: Item::storage(pallet, entry),
                spec_version: self.runtime.version().spec,
            })
        })
    }

    /// Whether something is stored there.
    pub(crate) fn is_stored<T>(&self, field: Field<T>) -> bool {
        self.values[field.0].is_some()
    }

    /// The stored bytes.
    pub(crate) fn bytes<T>(&self, field: Field<T>) -> Option<&[u8]> {
        self.values[field.0].as_deref()
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }
}

#[derive(Deserialize)]
struct ChangeSet {
    changes: Vec<(String, Option<String>)>,
}

impl Snapshot {
    /// The block at which it is.
    pub fn block(&self) -> BlockRef {
        self.block
    }

    /// Reads a query in one request.
    pub(crate) async fn read(&self, query: Query) -> Result<Answer, ChainError> {
        let (runtime, values) = self
            .read_keys(|runtime| {
                let key = |wanted: &QueryEntry| {
                    if runtime.has_storage(&wanted.pallet, &wanted.entry) {
                        runtime
                            .storage_key(&wanted.pallet, &wanted.entry, wanted.keys.clone())
                            .map(Some)
                    } else {
                        Ok(None)
                    }
                };
                query.entries.iter().map(key).collect()
            })
            .await?;
        Ok(Answer {
            runtime,
            query,
            values,
        })
    }

    /// Reads the keys that `keys` makes of the block's runtime.
    async fn read_keys(
        &self,
        keys: impl Fn(&Runtime) -> Result<Vec<Option<Vec<u8>>>, ShapeError>,
    ) -> Result<(Arc<Runtime>, Vec<Option<Vec<u8>>>), ChainError> {
        let (pallet, entry) = LAST_RUNTIME_UPGRADE;
        let written_by = subxt::ext::frame_decode::storage::encode_storage_key_prefix(pallet, entry).to_vec();
        let mut runtime = self.shared.runtime();
        // Two rounds at most: with the runtime known here, then with the block's own.
        let mut is_the_blocks_own = false;
        loop {
            let wanted = match keys(&runtime) {
                Ok(wanted) => wanted,
                Err(error) if is_the_blocks_own => return Err(error.into()),
                Err(error) => {
                    let own = self.shared.runtime_at(self.block.hash).await?;
                    if own.version() == runtime.version() {
                        return Err(error.into());
                    }
                    (runtime, is_the_blocks_own) = (own, true);
                    continue;
                }
            };
            let mut flat: Vec<Vec<u8>> = wanted.iter().flatten().cloned().collect();
            flat.push(written_by.clone());
            let mut found = self.values(&flat).await?;
            let spec = found
                .get(&written_by)
                .and_then(|bytes| Compact::<u32>::decode(&mut bytes.as_slice()).ok())
                .map(|spec| spec.0);
            if !is_the_blocks_own && spec != Some(runtime.version().spec) {
                let own = self.shared.runtime_at(self.block.hash).await?;
                is_the_blocks_own = true;
                if own.version() != runtime.version() {
                    runtime = own;
                    continue;
                }
            }
            // The same key may be asked for twice.
            let values = wanted
                .into_iter()
                .map(|key| key.and_then(|key| found.get(&key).cloned()))
                .collect();
            found.clear();
            return Ok((runtime, values));
        }
    }

    pub(crate) async fn values(&self, keys: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Vec<u8>>, ChainError> {
        const METHOD: &str = "state_queryStorageAt";
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(KEYS_PER_REQUEST) {
            let keys: Vec<String> = keys.iter().map(|key| hex_bytes(key)).collect();
            let sets: Vec<ChangeSet> = self
                .shared
                .connection
                .read_at(METHOD, Params::none().with(&keys), self.block.hash)
                .await?;
            for (key, value) in sets.into_iter().flat_map(|set| set.changes) {
                if let Some(value) = value {
                    found.insert(unhex(METHOD, &key)?, unhex(METHOD, &value)?);
                }
            }
        }
        Ok(found)
    }

    /// All entries of a map under a first key: what `key` makes of the last bytes of each storage key, and the
    /// value. `key` gives the remaining key parts as well, from which the storage key must come out again.
    pub(crate) async fn map<K, T: DecodeAsType>(
        &self,
        pallet: &'static str,
        entry: &'static str,
        first: Vec<Value>,
        key: impl Fn(&[u8]) -> Option<(K, Value)>,
    ) -> Result<Vec<(K, T)>, ChainError> {
        let runtime = self.shared.runtime_at(self.block.hash).await?;
        let prefix = runtime.storage_prefix(pallet, entry, first.clone())?;
        let storage_keys = self.keys(&prefix, None).await?;
        let values = self.values(&storage_keys).await?;
        let unknown = |source: Mismatch| {
            ChainError::Shape(ShapeError::Unknown {
                item: Item::storage(pallet, entry),
                spec_version: runtime.version().spec,
                source,
            })
        };
        let mut entries = Vec::with_capacity(storage_keys.len());
        for storage_key in &storage_keys {
            let Some(value) = values.get(storage_key) else {
                continue;
            };
            let (last, part) = key(storage_key).ok_or_else(|| unknown(Mismatch::new(OpaqueKey)))?;
            let parts = first.iter().cloned().chain([part]).collect();
            if runtime.storage_key(pallet, entry, parts)? != *storage_key {
                return Err(unknown(Mismatch::new(OpaqueKey)));
            }
            if let Some(value) = runtime.storage_value(pallet, entry, Some(value))? {
                entries.push((last, value));
            }
        }
        Ok(entries)
    }

    /// The keys under a prefix; with a limit the first so many, without one all.
    pub(crate) async fn keys(&self, prefix: &[u8], limit: Option<usize>) -> Result<Vec<Vec<u8>>, ChainError> {
        const METHOD: &str = "state_getKeysPaged";
        let prefix = hex_bytes(prefix);
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for _ in 0..PAGES {
            let parameters = Params::none().with(&prefix).with(&KEYS_PER_PAGE);
            let parameters = parameters.with(&keys.last().map(|key| hex_bytes(key)));
            let page: Vec<String> = self
                .shared
                .connection
                .read_at(METHOD, parameters, self.block.hash)
                .await?;
            let is_last = page.len() < KEYS_PER_PAGE as usize;
            for key in page {
                keys.push(unhex(METHOD, &key)?);
            }
            if is_last || limit.is_some_and(|limit| keys.len() >= limit) {
                keys.truncate(limit.unwrap_or(usize::MAX));
                return Ok(keys);
            }
        }
        // A part would pass for the whole.
        Err(ShapeError::answer(METHOD, TooManyKeys { keys: keys.len() }).into())
    }

    /// Calls a runtime API.
    pub(crate) async fn api<T: DecodeAsType>(
        &self,
        api: &'static str,
        method: &'static str,
        arguments: Vec<Value>,
    ) -> Result<T, ChainError> {
        let runtime = self.shared.runtime_at(self.block.hash).await?;
        let arguments = runtime.api_arguments(api, method, arguments)?;
        let bytes = self.api_bytes(api, method, &arguments).await?;
        Ok(runtime.api_answer(api, method, &bytes)?)
    }

    /// Calls a runtime API with encoded arguments; the answer's bytes.
    pub(crate) async fn api_bytes(
        &self,
        api: &str,
        method: &str,
        arguments: &[u8],
    ) -> Result<Vec<u8>, ChainError> {
        const METHOD: &str = "state_call";
        let parameters = Params::none()
            .with(&format!("{api}_{method}"))
            .with(&hex_bytes(arguments));
        let answer: String = self
            .shared
            .connection
            .read_at(METHOD, parameters, self.block.hash)
            .await?;
        unhex(METHOD, &answer)
    }
}

/// The key of a map cannot be read back from its storage key.
#[derive(Debug, thiserror::Error)]
#[error("its keys are hashed in a way that hides them")]
struct OpaqueKey;

/// A listing that does not end.
#[derive(Debug, thiserror::Error)]
#[error("there are more than {keys} keys")]
struct TooManyKeys {
    keys: usize,
}

pub(crate) fn unhex(method: &'static str, text: &str) -> Result<Vec<u8>, ChainError> {
    hex::decode(text.trim_start_matches("0x")).map_err(|error| ShapeError::answer(method, error).into())
}

impl Shared {
    pub(crate) fn snapshot(self: &Arc<Self>, block: BlockRef) -> Snapshot {
        Snapshot {
            shared: Arc::clone(self),
            block,
        }
    }
}
