//! Whatever has no method of its own, by its name in the metadata.

use crate::{Call, ChainClient, ChainError, DecodedTransaction, Item, ShapeError, Snapshot, snapshot::Query};
use scale_value::Value;
use serde::Serialize;
use serde_json::Value as Json;
use std::time::Duration;

impl Snapshot {
    /// The value of any storage entry, as the metadata describes it; its default where nothing is stored, and nothing
    /// where there is no default.
    ///
    /// # Errors
    ///
    /// When the chain has no such entry, the keys do not fit it, or the node does not answer.
    pub async fn storage(
        &self,
        pallet: &str,
        entry: &str,
        keys: Vec<Value>,
    ) -> Result<Option<Value>, ChainError> {
        let mut query = Query::default();
        let field = query.entry::<Value>(pallet.to_owned(), entry.to_owned(), keys);
        let answer = self.read(query).await?;
        if !answer.runtime().has_storage(pallet, entry) {
            return Err(ChainError::Shape(ShapeError::Missing {
                item: Item::storage(pallet, entry),
                spec_version: answer.runtime().version().spec,
            }));
        }
        answer.get(field)
    }
}

/// An entry of a map on chain, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StorageEntry {
    /// Its keys. Where the chain keeps only the hash of one, that hash.
    pub keys: Vec<Json>,
    /// Its value.
    pub value: Json,
}

/// By name, with JSON in and out. How values look is told at [`ChainClient::call_from_json`].
impl Snapshot {
    /// The value of any storage entry; its default where nothing is stored, `null` where there is no default.
    ///
    /// # Errors
    ///
    /// [`ChainError::Argument`] when the keys do not fit; otherwise when the chain has no such entry, or the node does
    /// not answer.
    pub async fn storage_json(&self, pallet: &str, entry: &str, keys: &[Json]) -> Result<Json, ChainError> {
        let runtime = self.shared.runtime_at(self.block.hash).await?;
        let keys = runtime.keys_from_json(pallet, entry, keys)?;
        let key = runtime.storage_key(pallet, entry, keys)?;
        let found = self.values(std::slice::from_ref(&key)).await?;
        runtime.storage_json(pallet, entry, found.get(&key).map(Vec::as_slice))
    }

    /// The entries of any map under its first keys, as many of them as are given; at most `limit`, in the order of
    /// their storage keys.
    ///
    /// # Errors
    ///
    /// As [`storage_json`](Self::storage_json).
    pub async fn storage_entries_json(
        &self,
        pallet: &str,
        entry: &str,
        first_keys: &[Json],
        limit: usize,
    ) -> Result<Vec<StorageEntry>, ChainError> {
        let runtime = self.shared.runtime_at(self.block.hash).await?;
        let is_whole_key = first_keys.len() == runtime.key_count(pallet, entry)?;
        let first_keys = runtime.keys_from_json(pallet, entry, first_keys)?;
        let storage_keys = if is_whole_key {
            vec![runtime.storage_key(pallet, entry, first_keys)?]
        } else {
            let prefix = runtime.storage_prefix(pallet, entry, first_keys)?;
            self.keys(&prefix, Some(limit)).await?
        };
        let values = self.values(&storage_keys).await?;
        storage_keys
            .iter()
            .filter_map(|key| Some((key, values.get(key)?)))
            .map(|(key, value)| {
                Ok(StorageEntry {
                    keys: runtime.keys_json(pallet, entry, key)?,
                    value: runtime.storage_json(pallet, entry, Some(value))?,
                })
            })
            .collect()
    }

    /// The answer of any runtime API; the arguments as an object or as an array.
    ///
    /// # Errors
    ///
    /// As [`storage_json`](Self::storage_json).
    pub async fn runtime_api_json(
        &self,
        api: &str,
        method: &str,
        arguments: &Json,
    ) -> Result<Json, ChainError> {
        let runtime = self.shared.runtime_at(self.block.hash).await?;
        let arguments = runtime.api_arguments_from_json(api, method, arguments)?;
        let bytes = self.api_bytes(api, method, &arguments).await?;
        runtime.api_answer_json(api, method, &bytes)
    }
}

impl ChainClient {
    /// Any call by its name, its arguments an object or an array in JSON. Accounts are SS58 addresses, bytes `"0x…"` or
    /// text, numbers beyond 64 bits text, options `null` or the value, enums `"Name"` or `{"Name": fields}`; so a call
    /// inside a call is `{"Balances": {"transfer_keep_alive": {"dest": "5F…", "value": 1}}}`.
    ///
    /// # Errors
    ///
    /// [`ChainError::Argument`] when the arguments do not fit, with the place; otherwise when the runtime has no such
    /// call.
    pub async fn call_from_json(
        &self,
        pallet: &str,
        name: &str,
        arguments: &Json,
    ) -> Result<Call, ChainError> {
        self.shared
            .with_newest_runtime(|runtime| runtime.call_from_json(pallet, name, arguments))
            .await
    }

    /// What bytes say that somebody is about to sign or send: a transaction, with or without its length in front, or a
    /// call. Nothing is sent. A signature is read, not checked.
    ///
    /// # Errors
    ///
    /// [`ChainError::NotATransaction`] when the runtime has nothing that looks like it; otherwise when the node does not
    /// answer.
    pub async fn decode_transaction(&self, bytes: &[u8]) -> Result<DecodedTransaction, ChainError> {
        self.shared
            .with_newest_runtime(|runtime| runtime.decode_transaction(bytes))
            .await
    }

    /// Any constant of the runtime in JSON.
    ///
    /// # Errors
    ///
    /// When the runtime has no such constant.
    pub fn constant_json(&self, pallet: &str, name: &str) -> Result<Json, ChainError> {
        self.shared.runtime().constant_json(pallet, name)
    }

    /// The key under which a storage entry lies in the chain's state.
    ///
    /// # Errors
    ///
    /// When the chain has no such entry, or the keys do not fit it.
    pub fn storage_key(&self, pallet: &str, entry: &str, keys: Vec<Value>) -> Result<Vec<u8>, ChainError> {
        Ok(self.shared.runtime().storage_key(pallet, entry, keys)?)
    }

    /// Any constant of the runtime, as the metadata describes it.
    ///
    /// # Errors
    ///
    /// When the runtime has no such constant.
    pub fn constant(&self, pallet: &str, name: &str) -> Result<Value, ChainError> {
        Ok(self.shared.runtime().constant(pallet, name)?)
    }

    /// The time between two blocks that the runtime is made for; 12 s on the main network. A devnet may be faster.
    ///
    /// # Errors
    ///
    /// When the runtime does not say.
    pub fn block_time(&self) -> Result<Duration, ChainError> {
        let milliseconds = self.shared.runtime().constant::<u64>("Aura", "SlotDuration")?;
        Ok(Duration::from_millis(milliseconds))
    }
}
