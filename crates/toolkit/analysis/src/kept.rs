//! The rows of a stream that are kept in memory.

use time::OffsetDateTime;

/// The newest rows of a stream. What is older than the oldest is forgotten, and it is known since when.
#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    rows: Vec<(OffsetDateTime, T)>,
    most: usize,
    /// Everything up to this moment was forgotten.
    forgotten: Option<OffsetDateTime>,
    /// Whether the rows are in the order of time.
    is_sorted: bool,
}

impl<T> Kept<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            rows: Vec::new(),
            most,
            forgotten: None,
            is_sorted: true,
        }
    }

    pub(crate) fn push(&mut self, time: OffsetDateTime, row: T) {
        if self.forgotten.is_some_and(|forgotten| time <= forgotten) {
            return;
        }
        self.is_sorted &= self.rows.last().is_none_or(|(last, _)| *last <= time);
        self.rows.push((time, row));
    }

    /// Brings the rows into the order of time, and forgets the oldest where there are too many.
    pub(crate) fn settle(&mut self) {
        if !self.is_sorted {
            self.rows.sort_by_key(|(time, _)| *time);
            self.is_sorted = true;
        }
        // A tenth more is let in, so that not every event moves all others.
        if self.rows.len() <= self.most.saturating_add(self.most / 10) {
            return;
        }
        let last = self.rows[self.rows.len() - self.most - 1].0;
        self.forgotten = Some(last);
        self.rows.retain(|(time, _)| *time > last);
    }

    /// The rows, the oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (OffsetDateTime, &T)> {
        self.rows.iter().map(|(time, row)| (*time, row))
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn forgotten(&self) -> Option<OffsetDateTime> {
        self.forgotten
    }
}
