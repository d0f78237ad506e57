//! A clock that stands still until somebody waits for it.

use assay_hub::Clock;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Starts in November 2023; whoever waits moves it on at once.
#[derive(Debug)]
pub(crate) struct SetClock {
    now: Mutex<SystemTime>,
    waits: Mutex<Vec<Duration>>,
}

impl SetClock {
    pub(crate) fn new() -> Arc<Self> {
        let now = Mutex::new(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        Arc::new(Self {
            now,
            waits: Mutex::default(),
        })
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.now.lock() += by;
    }

    /// How long each wait was.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().clone()
    }
}

impl Clock for SetClock {
    fn now(&self) -> SystemTime {
        *self.now.lock()
    }

    fn sleep_until(&self, time: SystemTime) -> BoxFuture<'_, ()> {
        let mut now = self.now.lock();
        self.waits
            .lock()
            .push(time.duration_since(*now).unwrap_or_default());
        *now = time.max(*now);
        Box::pin(std::future::ready(()))
    }
}
