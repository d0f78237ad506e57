//! An event as a line of JSON: the stamp's fields, then its own.

use crate::{error::RecordError, stream::Stream};
use aho_corasick::AhoCorasick;
use std::{cell::RefCell, io::Write, sync::Arc};
use time::{OffsetDateTime, UtcOffset};

/// What stands where a secret was.
const STRUCK_OUT: &str = "***";

/// A line before it has its number.
pub(super) struct Line<'a> {
    pub(super) moment: &'a Moment,
    pub(super) source_json: &'a str,
    /// The event's own fields, from the first to the closing brace.
    pub(super) tail: &'a [u8],
}

impl Line<'_> {
    pub(super) fn write(&self, seq: u64, to: &mut Vec<u8>) {
        let before = to.len();
        // Writing to memory does not fail.
        let _ = write!(to, "{{\"seq\":{seq},\"time\":\"");
        to.extend_from_slice(&self.moment.0);
        to.extend_from_slice(b"\",\"source\":");
        to.extend_from_slice(self.source_json.as_bytes());
        if self.tail != b"}" {
            to.push(b',');
        }
        to.extend_from_slice(self.tail);
        to.push(b'\n');
        debug_assert!(!to[before..to.len() - 1].contains(&b'\n'), "a line is one line");
    }
}

/// A time as RFC 3339 with microseconds, in UTC.
pub(super) struct Moment([u8; 27]);

impl Moment {
    /// `None` outside the years 1970 to 9999: before them there is no number of it that every reader takes, after them
    /// the text has other places.
    pub(super) fn of(time: OffsetDateTime) -> Option<Self> {
        let time = time.to_offset(UtcOffset::UTC);
        if !(1970..=9999).contains(&time.year()) {
            return None;
        }
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |at: usize, digits: usize, mut value: u32| {
            for place in (at..at + digits).rev() {
                text[place] = b'0' + (value % 10) as u8;
                value /= 10;
            }
        };
        put(0, 4, time.year().unsigned_abs());
        put(5, 2, u32::from(u8::from(time.month())));
        put(8, 2, u32::from(time.day()));
        put(11, 2, u32::from(time.hour()));
        put(14, 2, u32::from(time.minute()));
        put(17, 2, u32::from(time.second()));
        put(20, 6, time.microsecond());
        Some(Self(text))
    }
}

/// Memory that a thread writes its events in, one after the other.
#[derive(Default)]
pub(super) struct Scratch {
    json: Vec<u8>,
    struck: Vec<u8>,
}

impl Scratch {
    /// What a thread keeps from one event to the next. A rare large one must not stay in every thread for ever.
    const KEPT: usize = 64 * 1024;

    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        thread_local! {
            static SCRATCH: RefCell<Scratch> = RefCell::default();
        }
        SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => {
                let result = work(&mut scratch);
                scratch.json.shrink_to(Self::KEPT);
                scratch.struck.shrink_to(Self::KEPT);
                result
            }
            // An event whose serialization records another event.
            Err(_) => work(&mut Self::default()),
        })
    }

    /// The event's fields and the closing brace.
    pub(super) fn event<S: Stream>(
        &mut self,
        event: &S,
        limit: usize,
        secrets: Option<&AhoCorasick>,
    ) -> Result<&[u8], RecordError> {
        self.json.clear();
        serde_json::to_writer(&mut self.json, event).map_err(|source| RecordError::Unwritable {
            stream: S::NAME,
            source: Arc::new(source),
        })?;
        if self.json.len() > limit {
            return Err(RecordError::TooLarge {
                stream: S::NAME,
                bytes: self.json.len(),
                limit,
            });
        }
        let json = match secrets.filter(|secrets| secrets.is_match(&self.json)) {
            Some(secrets) => {
                self.struck.clear();
                secrets.replace_all_with_bytes(&self.json, &mut self.struck, |_, _, line| {
                    line.extend_from_slice(STRUCK_OUT.as_bytes());
                    true
                });
                &self.struck
            }
            None => &self.json,
        };
        json.strip_prefix(b"{")
            .ok_or_else(|| crate::error::ShapeError::NoStruct { stream: S::NAME }.into())
    }
}
