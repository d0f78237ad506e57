//! How often a caller may ask: fixed windows, counted per caller.

use super::reject::Reject;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

/// So many within so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Most calls of one caller in one window.
    pub count: u32,
    /// Length of a window.
    pub window: Duration,
}

/// What the server counts. The real hub allows 1000 requests in five minutes and 128 commits to a repository in an
/// hour; an embedded hub counts nothing unless it is told to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Requests of any kind, per account (or per address without one).
    pub requests: Option<Quota>,
    /// Commits, per repository.
    pub commits: Option<Quota>,
}

/// Callers remembered at once. Reaching it forgets those whose window is over; an attacker with more addresses than
/// this within one window is let through rather than filling the memory.
const MAX_CALLERS: usize = 100_000;

/// The counters of one quota.
#[derive(Debug)]
pub(crate) struct Meter {
    resource: &'static str,
    quota: Option<Quota>,
    counts: Mutex<HashMap<String, (SystemTime, u32)>>,
}

impl Meter {
    pub(crate) fn new(resource: &'static str, quota: Option<Quota>) -> Self {
        Self {
            resource,
            quota,
            counts: Mutex::default(),
        }
    }

    /// Counts one call, or turns it down and says when the window ends.
    pub(crate) fn count(&self, caller: &str, now: SystemTime) -> Result<(), Reject> {
        let Some(quota) = self.quota else { return Ok(()) };
        let mut counts = self.counts.lock();
        if counts.len() >= MAX_CALLERS {
            counts.retain(|_, (start, _)| elapsed(*start, now) < quota.window);
            if counts.len() >= MAX_CALLERS {
                return Ok(());
            }
        }
        let (start, used) = counts.entry(caller.to_owned()).or_insert((now, 0));
        if elapsed(*start, now) >= quota.window {
            (*start, *used) = (now, 0);
        }
        if *used >= quota.count {
            let left = quota.window.saturating_sub(elapsed(*start, now));
            return Err(Reject::RateLimited {
                resource: self.resource,
                limit: quota.count,
                window: quota.window,
                // Whole seconds, rounded up: who comes back after that many finds the next window open.
                retry_after: Duration::from_secs(left.as_millis().div_ceil(1000) as u64),
            });
        }
        *used += 1;
        Ok(())
    }
}

fn elapsed(start: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(start).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lets_so_many_through_and_says_when_the_next_one_opens() {
        let quota = Quota {
            count: 2,
            window: Duration::from_secs(10),
        };
        let meter = Meter::new("api", Some(quota));
        let start = SystemTime::UNIX_EPOCH;
        let at = |millis| start + Duration::from_millis(millis);
        assert!(meter.count("a", at(0)).is_ok());
        assert!(meter.count("a", at(100)).is_ok());
        assert!(
            meter.count("b", at(100)).is_ok(),
            "another caller has its own count"
        );
        let Err(Reject::RateLimited { retry_after, .. }) = meter.count("a", at(3_500)) else {
            panic!("the third call was let through");
        };
        assert_eq!(retry_after, Duration::from_secs(7));
        assert!(meter.count("a", at(3_500) + retry_after).is_ok());
    }
}
