//! What goes, and when.

use crate::{
    error::RecordsError,
    layout::{self, Day, Segment},
};
use fs_err as fs;
use std::path::Path;
use time::Duration;

/// How much is kept. The oldest days go first, whole files at a time, and never what is still being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days before today that are kept; all of them when there is none.
    pub days: Option<u32>,
    /// Bytes of rolled files that are kept, of all streams together.
    pub bytes: Option<u64>,
}

impl Retention {
    /// The rolled files that have to go, of those that are there with their sizes.
    fn doomed(&self, mut files: Vec<(Segment, u64)>, today: Day) -> Vec<Segment> {
        files.sort_by_key(|(segment, _)| (segment.day, segment.first));
        let oldest = self
            .days
            .and_then(|days| today.0.checked_sub(Duration::days(i64::from(days))))
            .map(Day);
        let mut left: u64 = files.iter().map(|(_, bytes)| bytes).sum();
        let mut doomed = Vec::new();
        for (segment, bytes) in files {
            let is_old = oldest.is_some_and(|oldest| segment.day < oldest);
            let is_too_much = self.bytes.is_some_and(|limit| left > limit);
            if is_old || is_too_much {
                left -= bytes;
                doomed.push(segment);
            }
        }
        doomed
    }

    /// Removes what has to go.
    pub(crate) fn apply(&self, root: &Path, today: Day) -> Result<(), RecordsError> {
        if self == &Self::default() {
            return Ok(());
        }
        let mut files = Vec::new();
        for (stream, segments) in layout::streams(root)? {
            let mut next = 0;
            for segment in segments.live {
                if let Some(last) = segment.last {
                    next = next.max(last + 1);
                    let bytes = fs::metadata(&segment.path)?.len();
                    files.push((segment, bytes));
                }
            }
            // With every file of the stream gone its numbers would begin anew, and tell two events apart no more.
            layout::keep_next(root, &stream, next)?;
        }
        for segment in self.doomed(files, today) {
            tracing::info!(file = %segment.path.display(), "events are too old or too many, and go");
            fs::remove_file(&segment.path)?;
            if let Some(folder) = segment.path.parent() {
                // It goes with its last file; while it has others, it does not.
                let _ = std::fs::remove_dir(folder);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn file(day: time::Date, first: u64, bytes: u64) -> (Segment, u64) {
        let segment = Segment {
            path: format!("{first}").into(),
            version: 1,
            day: Day(day),
            first,
            last: Some(first),
        };
        (segment, bytes)
    }

    #[test]
    fn the_oldest_go_until_neither_age_nor_size_is_too_much() {
        let files = vec![
            file(date!(2026 - 11 - 29), 3, 50),
            file(date!(2026 - 11 - 20), 0, 10),
            file(date!(2026 - 11 - 28), 1, 40),
            file(date!(2026 - 11 - 28), 2, 40),
        ];
        let firsts = |retention: Retention| -> Vec<u64> {
            let doomed = retention.doomed(files.clone(), Day(date!(2026 - 11 - 29)));
            doomed.iter().map(|segment| segment.first).collect()
        };
        let keep = |days, bytes| Retention { days, bytes };
        assert_eq!(firsts(keep(None, None)), [0; 0]);
        assert_eq!(firsts(keep(Some(1), None)), [0]);
        assert_eq!(firsts(keep(None, Some(95))), [0, 1]);
        assert_eq!(firsts(keep(Some(0), Some(1_000))), [0, 1, 2]);
        assert_eq!(firsts(keep(None, Some(0))), [0, 1, 2, 3]);
    }
}
