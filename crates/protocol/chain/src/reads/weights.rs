//! The weight rows as the chain stores them.

use crate::{ChainError, NetUid, Snapshot, StoredWeights, Uid, runtime::number_value};

impl Snapshot {
    /// The stored weight rows of a subnet, ascending by uid. Validators that never set any have none.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain stores weights in an unknown shape.
    pub async fn weights(&self, netuid: NetUid) -> Result<Vec<StoredWeights>, ChainError> {
        let uid = |key: &[u8]| {
            let uid = u16::from_le_bytes(*key.last_chunk()?);
            Some((Uid(uid), number_value(uid)))
        };
        let rows: Vec<(Uid, Vec<(u16, u16)>)> = self
            .map("SubtensorModule", "Weights", vec![number_value(netuid.0)], uid)
            .await?;
        let mut rows: Vec<_> = rows
            .into_iter()
            .map(|(uid, entries)| StoredWeights {
                uid,
                entries: entries
                    .into_iter()
                    .map(|(uid, value)| (Uid(uid), value))
                    .collect(),
            })
            .collect();
        rows.sort_unstable_by_key(|row| row.uid);
        Ok(rows)
    }
}
