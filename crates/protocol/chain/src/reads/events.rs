//! What a transaction of the block did.

use crate::{ChainError, Snapshot, runtime::Outcome, snapshot::Query};

impl Snapshot {
    /// The events of the block's transaction at a position.
    pub(crate) async fn outcome(&self, index: u32) -> Result<Outcome, ChainError> {
        let mut query = Query::default();
        let events = query.entry::<()>("System", "Events", []);
        let answer = self.read(query).await?;
        let bytes = answer.bytes(events).unwrap_or_default();
        Ok(answer.runtime().outcome(bytes, index)?)
    }
}
