//! What became of a sample, for the caller who was told its id.

use crate::{SampleId, Stage};
use assay_axon::{
    server::Synapse,
    synapse::{Field, FieldType, PythonValue},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How far a sample has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
        stage: Stage,
    },
    /// It was dropped without being scored.
    Dropped {
        /// Why.
        why: DropReason,
    },
}

/// Why a sample was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full, and another one took its place.
    ForAnother,
    /// It waited for longer than samples may.
    TooOld,
    /// The queue could not take it.
    NotKept,
}

impl DropReason {
    /// As it is told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForAnother => "for another",
            Self::TooOld => "too old",
            Self::NotKept => "not kept",
        }
    }
}

impl JobState {
    /// As it is told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Scoring => "scoring",
            Self::Scored => "scored",
            Self::Retrying { .. } => "retrying",
            Self::GivenUp { .. } => "given up",
            Self::Dropped { .. } => "dropped",
        }
    }
}

/// What became of a sample: the question, by the id that the caller was told, and the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobQuestion {
    /// Which sample, in hexadecimal digits.
    pub sample_id: String,
    /// The [name](JobState::name) of its state; nothing for one that is unknown or long gone.
    pub state: Option<String>,
    /// Where its last try failed, if it was given up.
    pub stage: Option<String>,
    /// The [name](DropReason::name) of the reason, if it was dropped.
    #[serde(default)]
    pub dropped: Option<String>,
}

impl Synapse for JobQuestion {
    const NAME: &'static str = "OrganicJob";
    const HASHED: &'static [&'static str] = &["sample_id"];

    fn fields() -> Vec<Field> {
        let text = || FieldType::optional(FieldType::Str);
        vec![
            Field::required("sample_id", FieldType::Str),
            Field::with_default("state", text(), PythonValue::None),
            Field::with_default("stage", text(), PythonValue::None),
            Field::with_default("dropped", text(), PythonValue::None),
        ]
    }
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
