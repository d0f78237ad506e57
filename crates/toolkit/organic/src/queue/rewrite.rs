//! A journal without what is settled.
//!
//! Almost all of it is written without the lock: the live samples of one moment are copied into a file beside, and only
//! what was written meanwhile is copied with the lock held.

use super::{
    JournalError,
    journal::{Live, State, lock, noted},
    journal_file::{Event, Rewriting, Span},
};
use crate::SampleId;
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::Mutex,
};

/// A file that holds what was live when its making began.
pub(super) struct Copied {
    old: File,
    /// Where the old file ended then.
    from: u64,
    new: Rewriting,
    /// Where each sample lies in the new one.
    moved: HashMap<SampleId, Span>,
}

/// Puts a file without what is settled in the place of the journal.
pub(super) fn rewrite<S>(queue: &Mutex<State<S>>) -> Result<(), JournalError> {
    copy_live(queue)?.take_over(queue)
}

/// Copies what is live now, and waits for the disk.
pub(super) fn copy_live<S>(queue: &Mutex<State<S>>) -> Result<Copied, JournalError> {
    let (mut old, from, live, path) = {
        let state = lock(queue);
        let live: BTreeMap<u64, (SampleId, Live)> = state
            .live
            .iter()
            .map(|(id, live)| (live.span.offset, (*id, *live)))
            .collect();
        (
            state.file.reader()?,
            state.file.end,
            live,
            state.file.path.clone(),
        )
    };
    let mut new = Rewriting::start(&path)?;
    let mut moved = HashMap::new();
    for (id, live) in live.into_values() {
        moved.insert(id, new.copy(&mut old, live.span)?);
        for event in since_it_was_added(id, live) {
            new.write(&noted(&event))?;
        }
    }
    new.sync()?;
    Ok(Copied {
        old,
        from,
        new,
        moved,
    })
}

impl Copied {
    /// Copies what was written meanwhile, and gives the new file the old one's name.
    pub(super) fn take_over<S>(mut self, queue: &Mutex<State<S>>) -> Result<(), JournalError> {
        let mut state = lock(queue);
        let base = self.new.end;
        let meanwhile = Span {
            offset: self.from,
            bytes: state.file.end - self.from,
        };
        self.new.copy(&mut self.old, meanwhile)?;
        state.file.replace(self.new)?;
        for (id, live) in &mut state.live {
            match self.moved.get(id) {
                Some(span) => live.span = *span,
                None => live.span.offset = live.span.offset - self.from + base,
            }
        }
        Ok(())
    }
}

fn since_it_was_added(id: SampleId, live: Live) -> impl Iterator<Item = Event<()>> {
    let back = (live.failures > 0).then_some(Event::Back(id, live.failures));
    let taken = live.is_taken.then_some(Event::Taken(id));
    back.into_iter().chain(taken)
}

#[cfg(test)]
mod tests {
    use super::{copy_live, rewrite};
    use crate::{JournalBounds, JournalQueue, Queue, QueueLimits, QueuePolicy, Queued, SampleId};
    use assay_axon::UnixNanos;
    use rand::SeedableRng;
    use std::path::Path;

    fn queued(number: u8) -> Queued<u8> {
        Queued {
            id: SampleId([number; 16]),
            sample: number,
            caller: None,
            queued_at: UnixNanos(0),
            failures: 0,
        }
    }

    fn open(path: &Path) -> JournalQueue<u8> {
        let limits = QueueLimits {
            policy: QueuePolicy::Fifo,
            ..QueueLimits::default()
        };
        let rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        JournalQueue::open(path, limits, JournalBounds::default(), 2, rng).unwrap()
    }

    #[test]
    fn what_happens_while_the_file_is_rewritten_is_in_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue");
        let queue = open(&path);
        for number in 0..6 {
            queue.add(queued(number)).unwrap();
        }
        let next = || queue.sample(UnixNanos(0)).unwrap().next.unwrap();
        queue.settle(next().id).unwrap();
        let mut failed = next();

        let copied = copy_live(&queue.0).unwrap();
        failed.failures = 1;
        queue.put_back(failed.clone()).unwrap();
        queue.add(queued(6)).unwrap();
        queue.add(queued(7)).unwrap();
        assert_eq!(next(), failed);
        queue.settle(failed.id).unwrap();
        queue.settle(next().id).unwrap();
        copied.take_over(&queue.0).unwrap();

        // What was moved is found where it lies now, by another rewriting and by a reader.
        queue.add(queued(8)).unwrap();
        rewrite(&queue.0).unwrap();
        queue.add(queued(9)).unwrap();
        drop(queue);
        let queue = open(&path);
        let left: Vec<u8> = std::iter::from_fn(|| queue.sample(UnixNanos(0)).unwrap().next)
            .map(|queued| queued.sample)
            .collect();
        assert_eq!(left, [3, 4, 5, 6, 7, 8, 9]);
    }
}
