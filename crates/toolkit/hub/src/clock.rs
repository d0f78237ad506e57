//! The time of day, as something that a test can hold in its hand.

use futures::future::BoxFuture;
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// Tells the time and waits for it. Commit dates, expiry of links, quotas and the outbox's pauses go through this, so
/// that a test or a simulation decides what time it is.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> SystemTime;

    /// Completes when [`now`](Self::now) is `time` or later.
    fn sleep_until(&self, time: SystemTime) -> BoxFuture<'_, ()>;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// Longest single wait before the clock is read again. The timer below runs on monotonic time: without this, a clock
/// that is set forward while the outbox waits an hour would not shorten the wait.
const REREAD: Duration = Duration::from_secs(30);

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep_until(&self, time: SystemTime) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            while let Ok(left) = time.duration_since(self.now()) {
                if left.is_zero() {
                    break;
                }
                tokio::time::sleep(left.min(REREAD)).await;
            }
        })
    }
}
