//! The validators' bonds as the chain stores them.

use crate::{ChainError, NetUid, Snapshot, StoredBonds, Uid, runtime::number_value};

impl Snapshot {
    /// The stored bonds of a subnet, ascending by the validator's uid. Who has none is left out.
    ///
    /// # Errors
    ///
    /// When the node does not answer, or the chain stores bonds in an unknown shape.
    pub async fn bonds(&self, netuid: NetUid) -> Result<Vec<StoredBonds>, ChainError> {
        let uid = |key: &[u8]| {
            let uid = u16::from_le_bytes(*key.last_chunk()?);
            Some((Uid(uid), number_value(uid)))
        };
        let rows: Vec<(Uid, Vec<(u16, u16)>)> = self
            .map("SubtensorModule", "Bonds", vec![number_value(netuid.0)], uid)
            .await?;
        let mut rows: Vec<_> = rows
            .into_iter()
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(uid, entries)| StoredBonds {
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
