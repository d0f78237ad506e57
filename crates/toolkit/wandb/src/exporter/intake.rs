//! What was read of the log and is not exported yet: little, since the log itself is what waits.

use crate::{WandbError, state::State};
use assay_records::{Follower, RecordsError, Row};
use std::{collections::VecDeque, path::Path};

/// Most events of one batch. Smaller batches are more requests; larger ones take longer to send anew after a kill.
const MOST_ROWS: usize = 1_000;

/// Bytes of events after which a batch is full. The server takes ten million bytes in a request, an event may have four,
/// and what is quoted twice grows.
const MOST_BYTES: usize = 2 * 1024 * 1024;

pub(super) struct Intake {
    follower: Follower,
    /// In the order of the log.
    pub(super) rows: VecDeque<Row>,
    /// Whether these are the rows of a batch that may have arrived before a kill, and nothing after.
    is_replay: bool,
    was_read: bool,
}

impl Intake {
    pub(super) fn new(records: &Path, state: &State) -> Self {
        Self {
            follower: Follower::new(records, state.place.clone())
                .since(state.since)
                .until(state.ahead.clone()),
            rows: VecDeque::new(),
            is_replay: state.ahead.is_some(),
            was_read: false,
        }
    }

    /// Whether the batch before the kill was read, and was dealt with.
    pub(super) fn is_replayed(&self) -> bool {
        self.is_replay && self.was_read && self.rows.is_empty()
    }

    /// Reads what there is, up to a batch; whether there may be more.
    pub(super) fn fill(&mut self) -> Result<bool, WandbError> {
        self.follower.look()?;
        let mut bytes: usize = self.rows.iter().map(|row| row.bytes).sum();
        while self.rows.len() < MOST_ROWS && bytes < MOST_BYTES {
            match self.follower.next_row() {
                Ok(Some(row)) => {
                    bytes += row.bytes;
                    self.rows.push_back(row);
                }
                Ok(None) => {
                    self.was_read = true;
                    return Ok(false);
                }
                // It stays as it is; what comes after it can be exported.
                Err(error @ RecordsError::Damaged { .. }) => {
                    tracing::warn!(%error, "a file of events is not exported");
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.was_read = true;
        Ok(true)
    }
}
