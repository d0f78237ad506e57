//! The weight rows as the chain stores them.

use crate::{ChainError, NetUid, Snapshot, StoredWeights, Uid, runtime::number_value, snapshot::Query};

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
                entries: typed(entries),
            })
            .collect();
        rows.sort_unstable_by_key(|row| row.uid);
        Ok(rows)
    }

    /// The stored weight row of a slot, in stored order; empty when there is none.
    ///
    /// # Errors
    ///
    /// As [`weights`](Self::weights).
    pub async fn weights_of(&self, netuid: NetUid, uid: Uid) -> Result<Vec<(Uid, u16)>, ChainError> {
        let mut query = Query::default();
        let row =
            query.subtensor::<Vec<(u16, u16)>>("Weights", [number_value(netuid.0), number_value(uid.0)]);
        Ok(typed(self.read(query).await?.get(row)?.unwrap_or_default()))
    }
}

fn typed(entries: Vec<(u16, u16)>) -> Vec<(Uid, u16)> {
    entries
        .into_iter()
        .map(|(uid, value)| (Uid(uid), value))
        .collect()
}
