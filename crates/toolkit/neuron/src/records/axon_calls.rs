//! What an axon was asked, counted by minute.

use super::Recorder;
use assay_axon::server::{FinishedRequest, Observer};
use assay_chain::AccountId;
use assay_records::streams::AxonCalls;
use std::{
    collections::{HashMap, hash_map::Entry},
    convert::Infallible,
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

const MINUTE: Duration = Duration::from_secs(60);

/// Rows of a minute beyond which callers are counted together. A subnet has 256 neurons with a route or two each; an axon
/// that lets anybody in may be asked by any number of hotkeys, and each row takes memory, and disk for a long time.
const MOST_ROWS: usize = 1_024;

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Row {
    route: Option<Box<str>>,
    caller: Option<AccountId>,
    dialect: Option<&'static str>,
    status: u16,
    refusal: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    calls: u64,
    request_bytes: u64,
    answer_bytes: u64,
    took: Duration,
    longest: Duration,
}

/// The calls since the last minute was told.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<HashMap<Row, Sum>>);

impl Tally {
    fn count(&self, request: &FinishedRequest<'_>) {
        let row = Row {
            route: request.route.map(Into::into),
            caller: request.caller,
            dialect: request.dialect.map(assay_axon::Dialect::name),
            status: request.status,
            refusal: request.refusal,
        };
        // Held for a look-up and some sums, also by whoever takes the minute away.
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = rows.len() >= MOST_ROWS;
        let sum = match rows.entry(row) {
            Entry::Vacant(vacant) if is_full && vacant.key().caller.is_some() => {
                let mut row = vacant.into_key();
                row.caller = None;
                rows.entry(row).or_default()
            }
            // Without a caller there are only as many as the axon's own routes and answers make.
            entry => entry.or_default(),
        };
        sum.calls += 1;
        sum.request_bytes += request.request_bytes;
        sum.answer_bytes += request.answer_bytes;
        sum.took += request.took;
        sum.longest = sum.longest.max(request.took);
    }

    fn take(&self) -> Vec<(Row, Sum)> {
        let rows = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        rows
    }
}

impl Observer for Recorder {
    fn finished(&self, request: &FinishedRequest<'_>) {
        self.0.calls.count(request);
    }
}

impl Recorder {
    /// Records the calls of each minute when it is over.
    pub(super) async fn minutes(&self) -> Infallible {
        let mut minute = interval_at(Instant::now() + MINUTE, MINUTE);
        minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            minute.tick().await;
            self.calls_so_far();
        }
    }

    /// Records the calls of the minute that is not over.
    pub(super) fn calls_so_far(&self) {
        for (row, sum) in self.0.calls.take() {
            self.record(&AxonCalls {
                route: row.route.map(Into::into),
                caller: row.caller.map(|hotkey| hotkey.to_string()),
                dialect: row.dialect.map(str::to_owned),
                status: row.status,
                refusal: row.refusal.map(str::to_owned),
                calls: sum.calls,
                request_bytes: sum.request_bytes,
                answer_bytes: sum.answer_bytes,
                seconds_mean: Some(sum.took.as_secs_f64() / sum.calls as f64),
                seconds_max: Some(sum.longest.as_secs_f64()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_of_callers_is_counted_together_and_nobody_is_lost() {
        let tally = Tally::default();
        let request = |caller: u32| FinishedRequest {
            route: Some("Echo"),
            caller: Some(AccountId(std::array::from_fn(|place| {
                caller.to_le_bytes().get(place).copied().unwrap_or_default()
            }))),
            dialect: None,
            status: 200,
            refusal: None,
            request_bytes: 10,
            answer_bytes: 1,
            took: Duration::from_secs(u64::from(caller)),
        };
        let crowd = 3 * MOST_ROWS as u32;
        for caller in 0..crowd {
            tally.count(&request(caller));
        }
        // Whoever has a row of its own goes on with it.
        tally.count(&request(0));
        let rows = tally.take();
        assert_eq!(rows.len(), MOST_ROWS + 1);
        let (together, sum) = &rows[0];
        assert_eq!(together.caller, None);
        assert_eq!(sum.calls, u64::from(crowd) - MOST_ROWS as u64);
        assert_eq!(sum.longest, Duration::from_secs(u64::from(crowd) - 1));
        assert_eq!(
            rows.iter().map(|(_, sum)| sum.request_bytes).sum::<u64>(),
            10 * (u64::from(crowd) + 1)
        );
        assert!(tally.take().is_empty(), "each call is in one minute");
    }
}
