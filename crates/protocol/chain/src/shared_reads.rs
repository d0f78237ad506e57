//! Reads of a whole subnet at a block, made once however many ask for them at the same time or shortly after.
//!
//! A block's state never changes, so what was read of it stays right; only the newest few are kept.

use crate::{BlockHash, ChainError, NetUid};
use parking_lot::Mutex;
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::OnceCell;

/// Reads kept of each kind. Modules that work at the same block share theirs; a metagraph of 1,024 neurons has some
/// 250 kB, so hundreds would be felt.
const KEPT: usize = 16;

type Key = (BlockHash, NetUid);

/// A read under way or done.
type Cell<T> = Arc<OnceCell<Arc<T>>>;

pub(crate) struct SharedReads<T>(Mutex<VecDeque<(Key, Cell<T>)>>);

impl<T> Default for SharedReads<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> SharedReads<T> {
    /// What `read` gives, read by one of those who ask for it. When that one fails or gives up, the next one reads.
    pub(crate) async fn get(
        &self,
        block: BlockHash,
        netuid: NetUid,
        read: impl Future<Output = Result<T, ChainError>>,
    ) -> Result<Arc<T>, ChainError> {
        let cell = self.cell((block, netuid));
        let value = cell
            .get_or_try_init(|| async { read.await.map(Arc::new) })
            .await?;
        Ok(Arc::clone(value))
    }

    fn cell(&self, key: Key) -> Cell<T> {
        let mut kept = self.0.lock();
        if let Some((_, cell)) = kept.iter().find(|(known, _)| *known == key) {
            return Arc::clone(cell);
        }
        let cell = Arc::new(OnceCell::new());
        kept.push_back((key, Arc::clone(&cell)));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        cell
    }
}
