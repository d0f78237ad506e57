//! Reads what is recorded into a store, and goes on with what is recorded later.

use crate::{
    Scope,
    store::{Limits, Store, Taken},
};
use assay_records::{Event, Place, RecordsError, Row, Stream, streams as recorded};
use serde_json::Value;
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Problems that are kept: the same file is damaged at every look.
const PROBLEMS: usize = 50;

/// Follows the records in some folders.
pub struct Follower {
    store: Store,
    /// Nobody shares them. The lock only lets those who look at the store share the follower.
    folders: Mutex<Vec<Folder>>,
    problems: Vec<RecordsError>,
}

/// A folder of records, and up to where it was read.
struct Folder {
    path: PathBuf,
    rows: assay_records::Follower,
}

impl Follower {
    /// A follower that has read nothing yet. A folder need not be there yet.
    #[must_use]
    pub fn new(folders: &[PathBuf], scope: Scope, limits: Limits) -> Self {
        let folders = folders.iter().map(|path| Folder {
            rows: assay_records::Follower::new(path, Place::default()).since(scope.since),
            path: path.clone(),
        });
        Self {
            store: Store::new(scope, limits),
            folders: Mutex::new(folders.collect()),
            problems: Vec::new(),
        }
    }

    /// Reads what was recorded since the last time; how many events that were. It reads from the disk, so it belongs on a
    /// thread that may wait.
    pub fn read(&mut self) -> usize {
        let Self {
            store,
            folders,
            problems,
        } = self;
        let mut taken = 0;
        for folder in folders.get_mut().unwrap_or_else(PoisonError::into_inner) {
            taken += folder.read(store, &mut |problem| {
                let is_known = problems
                    .iter()
                    .any(|known| known.to_string() == problem.to_string());
                if !is_known && problems.len() < PROBLEMS {
                    tracing::warn!(%problem, "events cannot be read");
                    problems.push(problem);
                }
            });
        }
        if taken > 0 {
            store.settle();
        }
        taken
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

impl fmt::Debug for Follower {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Follower")
            .field("events", &self.store.events())
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Folder {
    fn read(&mut self, store: &mut Store, problem: &mut impl FnMut(RecordsError)) -> usize {
        if !self.path.is_dir() {
            return 0;
        }
        if let Err(error) = self.rows.look() {
            problem(error);
            return 0;
        }
        let mut taken = 0;
        loop {
            match self.rows.next_row() {
                Ok(Some(row)) => match take(store, row, &self.path) {
                    Ok(is_taken) => taken += usize::from(is_taken),
                    Err(error) => problem(error),
                },
                Ok(None) => return taken,
                Err(error) => problem(error),
            }
        }
    }
}

/// Puts a row where it belongs; whether it is of a stream that the store knows.
fn take(store: &mut Store, row: Row, folder: &Path) -> Result<bool, RecordsError> {
    macro_rules! streams {
        ($($event:ty),*) => {
            match row.stream.as_str() {
                $(<$event as Stream>::NAME => typed::<$event>(store, row, folder)?,)*
                _ => return Ok(false),
            }
        };
    }
    streams!(
        recorded::EpochNeuron,
        recorded::Score,
        recorded::OrganicIteration,
        recorded::DatasetEvaluation,
        recorded::WeightStep,
        recorded::Forward,
        recorded::AxonCalls,
        recorded::BlockSeen,
        recorded::Hardware,
        recorded::PromptingStep
    );
    Ok(true)
}

fn typed<S: Taken>(store: &mut Store, row: Row, folder: &Path) -> Result<(), RecordsError> {
    let event = serde_json::from_value(Value::Object(row.fields)).map_err(|error| RecordsError::Damaged {
        file: folder.join(S::NAME),
        why: error.to_string(),
    })?;
    S::take(
        store,
        Event {
            stamp: row.stamp,
            event,
        },
    );
    Ok(())
}
