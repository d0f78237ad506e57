//! Whatever has no method of its own, by its name in the metadata.

use crate::{ChainClient, ChainError, Item, ShapeError, Snapshot, snapshot::Query};
use scale_value::Value;
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

impl ChainClient {
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
