//! What became of a sample, for the caller who was told its id.

use crate::{SampleId, Stage};
use serde::Serialize;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How far a sample has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum JobState {
    /// It waits.
    Queued,
    /// It is being scored.
    Scoring,
    /// Its rewards are applied.
    Scored,
    /// A try failed, and another will come.
    Retrying {
        /// Tries so far.
        failures: u32,
    },
    /// It was given up.
    GivenUp {
        /// Where the last try failed.
        #[serde(serialize_with = "by_name")]
        stage: Stage,
    },
    /// It was dropped for newer ones.
    Dropped,
}

fn by_name<S: serde::Serializer>(stage: &Stage, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(stage.name())
}

/// How many are remembered. Twice a full queue, so that what waits is never forgotten.
const ROOM: usize = 20_000;

/// The newest samples and how far they have come.
#[derive(Debug)]
pub(crate) struct JobBoard {
    room: usize,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    states: HashMap<SampleId, JobState>,
    order: VecDeque<SampleId>,
}

impl JobBoard {
    pub(crate) fn new(queue_capacity: usize) -> Self {
        Self {
            room: queue_capacity.saturating_mul(2).max(ROOM),
            board: Mutex::default(),
        }
    }

    pub(crate) fn set(&self, id: SampleId, state: JobState) {
        let mut board = self.lock();
        if board.states.insert(id, state).is_none() {
            board.order.push_back(id);
        }
        while board.order.len() > self.room {
            if let Some(oldest) = board.order.pop_front() {
                board.states.remove(&oldest);
            }
        }
    }

    pub(crate) fn get(&self, id: SampleId) -> Option<JobState> {
        self.lock().states.get(&id).copied()
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
