//! Events that wait for the thread that writes them.

use super::{Health, line::Line};
use crate::{
    columns::Columns,
    error::{RecordError, RecordsError, ShapeError},
    layout::Day,
};
use parking_lot::{Condvar, Mutex};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long events wait at most: what a kill may take. Shorter, and a slow trickle of events costs a write each.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Bytes that are worth a write before that time.
const WORTH_WRITING: usize = 256 * 1024;

/// How long a caller waits for the disk before it is told that it hangs.
const LONGEST_FLUSH: Duration = Duration::from_secs(60);

/// Lines of one stream and day, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) stream: &'static str,
    pub(super) columns: Arc<Columns>,
    pub(super) day: Day,
    pub(super) first: u64,
    pub(super) lines: Vec<u8>,
}

/// What the writer is asked for.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) chunks: Vec<Chunk>,
    /// Somebody waits until everything up to this request is on the disk.
    pub(super) flush: Option<u64>,
    /// Segments are to be closed with it.
    pub(super) close_segments: bool,
    /// There will be no more.
    pub(super) last: bool,
}

#[derive(Debug)]
pub(super) struct Pending {
    state: Mutex<State>,
    /// The writer waits for work here.
    work: Condvar,
    /// Those who flush wait for the writer here.
    done: Condvar,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    streams: BTreeMap<&'static str, Waiting>,
    /// Next numbers of streams that were there when the log was opened.
    next: BTreeMap<String, u64>,
    /// Bytes here and with the writer.
    bytes: usize,
    /// Bytes here.
    waiting: usize,
    health: Health,
    requested: u64,
    /// Requests that the writer has done, and those that it has at least tried.
    completed: u64,
    tried: u64,
    close_segments: bool,
    closed: bool,
    writer_gone: bool,
}

#[derive(Debug)]
struct Waiting {
    next: u64,
    columns: Arc<Columns>,
    chunks: Vec<Chunk>,
}

impl Pending {
    pub(super) fn new(next: BTreeMap<String, u64>, limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                next,
                ..State::default()
            }),
            work: Condvar::new(),
            done: Condvar::new(),
            limit,
        }
    }

    pub(super) fn push(
        &self,
        stream: &'static str,
        version: u32,
        day: Day,
        line: &Line<'_>,
        columns: impl FnOnce() -> Result<Columns, ShapeError>,
    ) -> Result<(), RecordError> {
        let mut state = self.state.lock();
        let state = &mut *state;
        if state.closed {
            return Err(RecordError::Closed);
        }
        if state.bytes > self.limit {
            state.health.dropped += 1;
            return Err(RecordError::Full { waiting: state.bytes });
        }
        let waiting = match state.streams.entry(stream) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Waiting {
                next: state.next.get(stream).copied().unwrap_or(0),
                columns: Arc::new(columns()?),
                chunks: Vec::new(),
            }),
        };
        debug_assert_eq!(waiting.columns.version, version, "one type a stream");
        let seq = waiting.next;
        waiting.next += 1;
        if waiting.chunks.last().is_none_or(|chunk| chunk.day != day) {
            waiting.chunks.push(Chunk {
                stream,
                columns: waiting.columns.clone(),
                day,
                first: seq,
                lines: Vec::new(),
            });
        }
        let mut added = 0;
        if let Some(chunk) = waiting.chunks.last_mut() {
            let before = chunk.lines.len();
            line.write(seq, &mut chunk.lines);
            added = chunk.lines.len() - before;
        }
        let worth_it = WORTH_WRITING.min(self.limit / 2);
        let was_worth_it = state.waiting >= worth_it;
        state.bytes += added;
        state.waiting += added;
        state.health.recorded += 1;
        if !was_worth_it && state.waiting >= worth_it {
            self.work.notify_one();
        }
        Ok(())
    }

    pub(super) fn flush(&self) -> Result<(), RecordsError> {
        self.request(false)
    }

    pub(super) fn close_segments(&self) -> Result<(), RecordsError> {
        self.request(true)
    }

    fn request(&self, close_segments: bool) -> Result<(), RecordsError> {
        let mut state = self.state.lock();
        state.requested += 1;
        state.close_segments |= close_segments;
        let ticket = state.requested;
        self.work.notify_one();
        let deadline = Instant::now() + LONGEST_FLUSH;
        while state.completed < ticket {
            if state.writer_gone {
                return Err(RecordsError::WriterGone);
            }
            if state.tried >= ticket
                && let Some(failure) = &state.health.failure
            {
                return Err(failure.clone());
            }
            if self.done.wait_until(&mut state, deadline).timed_out() {
                return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
            }
        }
        Ok(())
    }

    pub(super) fn health(&self) -> Health {
        let state = self.state.lock();
        Health {
            waiting: state.bytes,
            ..state.health.clone()
        }
    }

    /// Lets the writer write what waits, and end.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.work.notify_one();
    }

    /// What there is to write, when it is worth it or old enough. Waits at most `patience`.
    pub(super) fn take(&self, patience: Duration) -> Work {
        let deadline = Instant::now() + patience.min(LONGEST_WAIT);
        let mut state = self.state.lock();
        let worth_it = WORTH_WRITING.min(self.limit / 2);
        while state.waiting < worth_it && state.requested == state.tried && !state.closed {
            if self.work.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        let state = &mut *state;
        state.waiting = 0;
        let mut work = Work {
            flush: (state.requested > state.completed).then_some(state.requested),
            close_segments: mem::take(&mut state.close_segments),
            last: state.closed,
            ..Work::default()
        };
        for waiting in state.streams.values_mut() {
            work.chunks.append(&mut waiting.chunks);
        }
        work
    }

    /// The writer tells how its work went: so many bytes are written, and a request is done, or nothing can be.
    pub(super) fn told(&self, written: usize, request: Option<u64>, failure: Option<RecordsError>) {
        let mut state = self.state.lock();
        state.bytes = state.bytes.saturating_sub(written);
        if let Some(ticket) = request {
            state.tried = ticket;
            if failure.is_none() {
                state.completed = ticket;
            }
        }
        state.health.failure = failure;
        self.done.notify_all();
    }

    /// Tells everybody who waits that nobody writes any more.
    pub(super) fn writer_is_gone(&self) {
        self.state.lock().writer_gone = true;
        self.done.notify_all();
    }
}
