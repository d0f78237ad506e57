//! A queue that outlives the process.

use super::{
    Added, Drawn, JournalError, Queue, QueueError, QueueLimits, ids,
    journal_file::{Event, JournalFile, Record, Span, line},
    rewrite::rewrite,
    shelf::Shelf,
};
use crate::{Queued, SampleId};
use assay_axon::UnixNanos;
use rand::RngCore;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

/// How large a durable queue may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalBounds {
    /// Bytes of all samples together; the oldest go beyond it. More, and a start reads gigabytes; less, and long
    /// conversations push each other out.
    pub samples: u64,
    /// Bytes of settled samples that the file may hold beyond as many as live ones. Less, and a quiet queue rewrites its
    /// file all the time; more, and the disk fills with what nobody needs.
    pub spare: u64,
}

impl Default for JournalBounds {
    fn default() -> Self {
        Self {
            samples: 256 * 1024 * 1024,
            spare: 1024 * 1024,
        }
    }
}

/// A queue in memory with a journal on disk: what is added is there again after the process was killed.
///
/// Adding writes to the file but does not wait for the disk, so a power cut may cost the last seconds; `kill -9` costs
/// nothing. The file is rewritten in a thread of its own when more than half of it is settled.
///
/// A sample that was in flight at the end comes again. If that happens `max_attempts` times it is given up: it may be the
/// very thing that ends the process.
///
/// Dropped, it waits for such a rewriting to end, and then another process may open the file.
pub struct JournalQueue<S>(pub(super) Arc<Mutex<State<S>>>);

pub(super) struct State<S> {
    shelf: Shelf<S>,
    pub(super) file: JournalFile,
    /// Where the line of each live sample lies, and what became of it since.
    pub(super) live: HashMap<SampleId, Live>,
    live_bytes: u64,
    bounds: JournalBounds,
    is_rewriting: bool,
    rewriting: Option<JoinHandle<()>>,
    /// How long the file was when rewriting it last failed. The next try waits until it is twice as long: a full disk
    /// would otherwise get a copy of everything at each request.
    failed_at: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Live {
    pub(super) span: Span,
    pub(super) failures: u32,
    pub(super) is_taken: bool,
}

/// What an opened queue found.
struct Found<S> {
    arrival: u64,
    queued: Queued<S>,
    live: Live,
}

impl<S: Serialize + DeserializeOwned + Send + 'static> JournalQueue<S> {
    /// Opens the queue of this file, or starts an empty one. `max_attempts` is the configuration's.
    ///
    /// # Errors
    /// [`JournalError`] when the file is another's, in use, or cannot be read.
    pub fn open(
        path: &Path,
        limits: QueueLimits,
        bounds: JournalBounds,
        max_attempts: u32,
        rng: impl RngCore + Send + 'static,
    ) -> Result<Self, JournalError> {
        let mut found: HashMap<SampleId, Found<S>> = HashMap::new();
        let mut unreadable = 0;
        let mut arrivals = 0;
        let (file, reading) = JournalFile::open(path, |json, span| match serde_json::from_slice(json) {
            Ok(Event::Added(record)) => {
                arrivals += 1;
                found.insert(record.id, Found::new(record, arrivals, span));
            }
            Ok(Event::Taken(id)) => {
                if let Some(found) = found.get_mut(&id) {
                    found.live.is_taken = true;
                }
            }
            Ok(Event::Back(id, failures)) => {
                if let Some(found) = found.get_mut(&id) {
                    found.live.is_taken = false;
                    found.live.failures = failures;
                }
            }
            Ok(Event::Settled(id)) => {
                found.remove(&id);
            }
            Err(_) => unreadable += 1,
        })?;
        if reading.damaged + unreadable > 0 || reading.cut > 0 {
            tracing::warn!(
                path = %path.display(),
                damaged_lines = reading.damaged + unreadable,
                torn_bytes = reading.cut,
                "the queue of organic samples was damaged; what could be read is kept"
            );
        }
        let mut state = State {
            shelf: Shelf::new(limits, rng),
            file,
            live: HashMap::new(),
            live_bytes: 0,
            bounds,
            is_rewriting: false,
            rewriting: None,
            failed_at: 0,
        };
        state.restore(found, max_attempts)?;
        let queue = Self(Arc::new(Mutex::new(state)));
        queue.rewrite_if_wanted(&mut queue.state());
        Ok(queue)
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        lock(&self.0)
    }

    /// Rewrites the file without what is settled, and waits for it. Nothing where that is under way already.
    ///
    /// # Errors
    /// [`JournalError`]; the old file stays then.
    pub fn compact(&self) -> Result<(), JournalError> {
        if std::mem::replace(&mut self.state().is_rewriting, true) {
            return Ok(());
        }
        let done = rewrite(&self.0);
        self.state().rewritten(&done);
        done
    }

    /// Bytes of the file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.state().file.end
    }

    fn rewrite_if_wanted(&self, state: &mut State<S>) {
        let proportionate = state
            .live_bytes
            .saturating_mul(2)
            .saturating_add(state.bounds.spare);
        let wanted = state.file.end > proportionate.max(state.failed_at.saturating_mul(2));
        if !wanted || state.is_rewriting {
            return;
        }
        state.is_rewriting = true;
        let shared = self.0.clone();
        let spawned = std::thread::Builder::new()
            .name("organic-queue".to_owned())
            .spawn(move || {
                let done = rewrite(&shared);
                lock(&shared).rewritten(&done);
                if let Err(error) = done {
                    tracing::warn!(%error, "the queue of organic samples could not be rewritten; it goes on as it is");
                }
            });
        match spawned {
            Ok(rewriting) => state.rewriting = Some(rewriting),
            Err(error) => {
                tracing::warn!(%error, "no thread to rewrite the queue of organic samples; it goes on as it is");
                state.is_rewriting = false;
                state.failed_at = state.file.end;
            }
        }
    }
}

impl<S> State<S> {
    /// A rewriting has come to its end.
    fn rewritten(&mut self, done: &Result<(), JournalError>) {
        self.is_rewriting = false;
        self.failed_at = if done.is_ok() { 0 } else { self.file.end };
    }
}

pub(super) fn lock<S>(state: &Mutex<State<S>>) -> MutexGuard<'_, State<S>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S> Found<S> {
    fn new(record: Record<S>, arrival: u64, span: Span) -> Self {
        Self {
            arrival,
            live: Live {
                span,
                failures: record.failures,
                is_taken: false,
            },
            queued: Queued {
                id: record.id,
                sample: record.sample,
                caller: record.caller,
                queued_at: UnixNanos(record.at),
                failures: record.failures,
            },
        }
    }
}

impl<S: Serialize> State<S> {
    /// Puts what was found where it belongs.
    fn restore(&mut self, found: HashMap<SampleId, Found<S>>, max_attempts: u32) -> Result<(), JournalError> {
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_by_key(|found| found.arrival);
        for Found {
            mut queued, mut live, ..
        } in found
        {
            let was_in_flight = live.is_taken;
            live.is_taken = false;
            live.failures += u32::from(was_in_flight);
            queued.failures = live.failures;
            let id = queued.id;
            if queued.failures >= max_attempts {
                tracing::warn!(sample_id = %id, "an organic sample was in flight at too many ends of the process; it is given up");
                self.note(Event::Settled(id))?;
                continue;
            }
            self.live.insert(id, live);
            self.live_bytes += live.span.bytes;
            if was_in_flight {
                self.note(Event::Back(id, queued.failures))?;
            }
            // In their old order, so those that were tried before are no longer first.
            let evicted = self.shelf.make_room(queued.caller);
            self.shelf.add(queued);
            self.forget_all(&evicted)?;
        }
        Ok(())
    }

    fn note(&mut self, event: Event<()>) -> Result<(), JournalError> {
        self.file.append(&noted(&event)).map(drop)
    }

    fn forget(&mut self, id: SampleId) -> Result<(), JournalError> {
        let Some(live) = self.live.remove(&id) else {
            return Ok(());
        };
        self.live_bytes = self.live_bytes.saturating_sub(live.span.bytes);
        self.note(Event::Settled(id))
    }

    /// Forgets all of these, whatever the file says to some of them: the first error.
    fn forget_all(&mut self, dropped: &[Queued<S>]) -> Result<(), JournalError> {
        let noted = dropped.iter().map(|queued| self.forget(queued.id));
        noted.fold(Ok(()), Result::and)
    }

    fn add(&mut self, queued: Queued<S>) -> Result<Added, QueueError> {
        let id = queued.id;
        let json = serde_json::to_string(&Event::Added(Record {
            id,
            at: queued.queued_at.0,
            caller: queued.caller,
            failures: queued.failures,
            sample: &queued.sample,
        }))?;
        let bytes = line(&json);
        let failures = queued.failures;
        let mut evicted = self.shelf.make_room(queued.caller);
        let mut kept = self.live_bytes;
        for queued in &evicted {
            kept = kept.saturating_sub(self.bytes_of(queued.id));
        }
        // All others are gone before it goes in: one that is larger than the bound stays for as long as it is the newest.
        while kept + bytes.len() as u64 > self.bounds.samples {
            let Some(oldest) = self.shelf.evict_oldest() else {
                break;
            };
            kept = kept.saturating_sub(self.bytes_of(oldest.id));
            evicted.push(oldest);
        }
        self.shelf.add(queued);
        let forgotten = self.forget_all(&evicted);
        let evicted = ids(evicted);
        let written = self.file.append(&bytes).map(|span| {
            self.live_bytes += span.bytes;
            let live = Live {
                span,
                failures,
                is_taken: false,
            };
            self.live.insert(id, live);
        });
        match forgotten.and(written) {
            Ok(()) => Ok(Added { evicted }),
            Err(source) => Err(QueueError::NotDurable { evicted, source }),
        }
    }

    fn bytes_of(&self, id: SampleId) -> u64 {
        self.live.get(&id).map_or(0, |live| live.span.bytes)
    }
}

impl<S: Serialize + DeserializeOwned + Send + 'static> Queue<S> for JournalQueue<S> {
    fn add(&self, sample: Queued<S>) -> Result<Added, QueueError> {
        let mut state = self.state();
        let added = state.add(sample);
        self.rewrite_if_wanted(&mut state);
        added
    }

    fn sample(&self, now: UnixNanos) -> Result<Drawn<S>, QueueError> {
        let mut state = self.state();
        let (next, expired) = state.shelf.take(now);
        let mut noted = state.forget_all(&expired);
        if let Some(queued) = &next {
            if let Some(live) = state.live.get_mut(&queued.id) {
                live.is_taken = true;
            }
            noted = noted.and(state.note(Event::Taken(queued.id)));
        }
        if let Err(error) = noted {
            // It is taken all the same: at worst it comes again after a restart.
            tracing::warn!(%error, "the queue of organic samples cannot be written to");
        }
        Ok(Drawn {
            next,
            expired: ids(expired),
        })
    }

    fn put_back(&self, sample: Queued<S>) -> Result<Added, QueueError> {
        let mut state = self.state();
        let (id, failures) = (sample.id, sample.failures);
        if let Some(live) = state.live.get_mut(&id) {
            live.is_taken = false;
            live.failures = failures;
        }
        let evicted = state.shelf.put_back(sample);
        let noted = state.note(Event::Back(id, failures));
        let forgotten = state.forget_all(&evicted);
        let evicted = ids(evicted);
        match noted.and(forgotten) {
            Ok(()) => Ok(Added { evicted }),
            Err(source) => Err(QueueError::NotDurable { evicted, source }),
        }
    }

    fn settle(&self, id: SampleId) -> Result<(), QueueError> {
        let mut state = self.state();
        state.forget(id)?;
        self.rewrite_if_wanted(&mut state);
        Ok(())
    }

    fn len(&self) -> usize {
        self.state().shelf.len()
    }
}

impl<S> Drop for JournalQueue<S> {
    fn drop(&mut self) {
        let rewriting = lock(&self.0).rewriting.take();
        if let Some(rewriting) = rewriting {
            // A panic in it has been told.
            let _ = rewriting.join();
        }
    }
}

impl<S> fmt::Debug for JournalQueue<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.0);
        formatter
            .debug_struct("JournalQueue")
            .field("path", &state.file.path)
            .field("len", &state.shelf.len())
            .finish_non_exhaustive()
    }
}

pub(super) fn noted(event: &Event<()>) -> Vec<u8> {
    // Ids and numbers can always be written.
    line(&serde_json::to_string(event).unwrap_or_default())
}
