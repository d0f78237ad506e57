//! What was read of the chain and is kept for the next who asks: a block does not change, so neither does what was
//! read at it.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// Keeps the values used last, within a weight. Whoever asks for a value that is just being read waits for it instead
/// of reading it again.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    most: usize,
    entries: Mutex<VecDeque<Entry<K, V>>>,
}

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: Arc<OnceCell<Arc<V>>>,
    weight: usize,
}

/// The weight of a value that is still being read, and the least of any.
const LEAST: usize = 1;

impl<K: PartialEq + Clone, V> Kept<K, V> {
    /// Keeps values of at most this weight together.
    pub(super) fn new(most: usize) -> Kept<K, V> {
        Kept {
            most,
            entries: Mutex::default(),
        }
    }

    /// The value, read with `read` when it is not there. A failure is not kept.
    pub(super) async fn get_or_read<E>(
        &self,
        key: K,
        weight: impl FnOnce(&V) -> usize,
        read: impl Future<Output = Result<V, E>>,
    ) -> Result<Arc<V>, E> {
        let cell = self.cell(&key);
        let value = cell
            .get_or_try_init(async || read.await.map(Arc::new))
            .await
            .cloned()?;
        self.weigh(&key, weight(&value).max(LEAST));
        Ok(value)
    }

    fn cell(&self, key: &K) -> Arc<OnceCell<Arc<V>>> {
        let mut entries = self.entries();
        let place = entries.iter().position(|entry| entry.key == *key);
        let entry = place
            .and_then(|place| entries.remove(place))
            .unwrap_or_else(|| Entry {
                key: key.clone(),
                value: Arc::default(),
                weight: LEAST,
            });
        let cell = Arc::clone(&entry.value);
        entries.push_back(entry);
        Kept::trim(&mut entries, self.most);
        cell
    }

    fn weigh(&self, key: &K, weight: usize) {
        let mut entries = self.entries();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *key) {
            entry.weight = weight;
        }
        Kept::trim(&mut entries, self.most);
    }

    /// Lets the values go that were used longest ago. The newest stays, however heavy it is.
    fn trim(entries: &mut VecDeque<Entry<K, V>>, most: usize) {
        let mut weight: usize = entries.iter().map(|entry| entry.weight).sum();
        while weight > most && entries.len() > 1 {
            weight -= entries.pop_front().map_or(0, |entry| entry.weight);
        }
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry<K, V>>> {
        // Every change leaves the list whole, so a panic of another thread took nothing away.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    async fn read(kept: &Kept<u32, u32>, key: u32, counter: &mut u32) -> u32 {
        let value = kept.get_or_read(key, |value| *value as usize, async {
            *counter += 1;
            Ok::<_, Infallible>(key)
        });
        *value.await.unwrap_or_else(|never| match never {})
    }

    #[tokio::test]
    async fn what_was_used_last_stays_within_the_weight() {
        let kept = Kept::new(10);
        let mut reads = 0;
        for key in [3, 4, 3, 4] {
            assert_eq!(read(&kept, key, &mut reads).await, key);
        }
        assert_eq!(reads, 2, "each was read once");
        // 3 + 4 + 5 is too much, and 3 was used longest ago.
        read(&kept, 5, &mut reads).await;
        read(&kept, 4, &mut reads).await;
        assert_eq!(reads, 3);
        read(&kept, 3, &mut reads).await;
        assert_eq!(reads, 4, "it was let go");
        // One that is too heavy alone is kept alone.
        read(&kept, 99, &mut reads).await;
        read(&kept, 99, &mut reads).await;
        assert_eq!(reads, 5);
        read(&kept, 3, &mut reads).await;
        assert_eq!(reads, 6);
    }

    #[tokio::test]
    async fn a_failure_is_tried_again() {
        let kept: Kept<u32, u32> = Kept::new(10);
        let failed = kept.get_or_read(1, |_| 1, async { Err("no") }).await;
        assert_eq!(failed, Err("no"));
        let read = kept.get_or_read(1, |_| 1, async { Ok::<_, &str>(7) }).await;
        assert_eq!(read.as_deref(), Ok(&7));
    }
}
