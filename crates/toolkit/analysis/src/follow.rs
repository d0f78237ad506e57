//! Reads what is recorded into a store, and goes on with what is recorded later.

use crate::Scope;
use crate::store::{Limits, Store, Taken};
use assay_records::{Events, RecordsError, read, streams as recorded};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Problems that are kept: the same file is damaged at every look.
const PROBLEMS: usize = 50;

/// Follows the records in some folders.
pub struct Follower {
    store: Store,
    /// Nobody shares them. The lock only lets those who look at the store share the follower.
    readers: Mutex<Vec<Box<dyn Reader>>>,
    problems: Vec<RecordsError>,
}

impl Follower {
    /// A follower that has read nothing yet. A folder need not be there yet.
    #[must_use]
    pub fn new(folders: &[PathBuf], scope: Scope, limits: Limits) -> Self {
        let mut readers: Vec<Box<dyn Reader>> = Vec::new();
        for folder in folders {
            readers.push(Streamed::<recorded::EpochNeuron>::of(folder));
            readers.push(Streamed::<recorded::Score>::of(folder));
            readers.push(Streamed::<recorded::OrganicIteration>::of(folder));
            readers.push(Streamed::<recorded::DatasetEvaluation>::of(folder));
            readers.push(Streamed::<recorded::WeightStep>::of(folder));
            readers.push(Streamed::<recorded::Forward>::of(folder));
            readers.push(Streamed::<recorded::AxonCalls>::of(folder));
            readers.push(Streamed::<recorded::BlockSeen>::of(folder));
            readers.push(Streamed::<recorded::Hardware>::of(folder));
            readers.push(Streamed::<recorded::PromptingStep>::of(folder));
        }
        Self {
            store: Store::new(scope, limits),
            readers: Mutex::new(readers),
            problems: Vec::new(),
        }
    }

    /// Reads what was recorded since the last time; how many events that were. It reads from the disk, so it belongs on a
    /// thread that may wait.
    pub fn read(&mut self) -> usize {
        let Self {
            store,
            readers,
            problems,
        } = self;
        let mut events = 0;
        for reader in readers.get_mut().unwrap_or_else(PoisonError::into_inner) {
            events += reader.read(store, &mut |problem| {
                let is_known = problems
                    .iter()
                    .any(|known| known.to_string() == problem.to_string());
                if !is_known && problems.len() < PROBLEMS {
                    tracing::warn!(%problem, "events cannot be read");
                    problems.push(problem);
                }
            });
        }
        if events > 0 {
            store.settle();
        }
        events
    }

    /// What has been read.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What could not be read.
    #[must_use]
    pub fn problems(&self) -> &[RecordsError] {
        &self.problems
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Follower")
            .field("events", &self.store.events())
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

/// Reads one stream of one folder.
trait Reader: Send {
    fn read(&mut self, store: &mut Store, problem: &mut dyn FnMut(RecordsError)) -> usize;
}

struct Streamed<S> {
    folder: PathBuf,
    /// Nothing until the folder is there.
    events: Option<Events<S>>,
}

impl<S: Taken + Send + 'static> Streamed<S> {
    fn of(folder: &Path) -> Box<dyn Reader> {
        Box::new(Self {
            folder: folder.to_owned(),
            events: None,
        })
    }
}

impl<S: Taken + Send> Reader for Streamed<S> {
    fn read(&mut self, store: &mut Store, problem: &mut dyn FnMut(RecordsError)) -> usize {
        let opened = match &mut self.events {
            Some(events) => events.again(),
            None if !self.folder.is_dir() => return 0,
            None => read::<S>(&self.folder, ..).map(|events| self.events = Some(events)),
        };
        if let Err(error) = opened {
            problem(error);
            return 0;
        }
        let mut taken = 0;
        for event in self.events.iter_mut().flatten() {
            match event {
                Ok(event) => {
                    S::take(store, event);
                    taken += 1;
                }
                Err(error) => problem(error),
            }
        }
        taken
    }
}
