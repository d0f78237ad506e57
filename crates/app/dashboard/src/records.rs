//! What was recorded, as pages: followed in the background, drawn when somebody asks.

mod card;
mod cell;
mod doctor;
mod likeness;
mod metrics;
mod miner;
mod order;
mod pages;
mod report;
mod routes;

pub(crate) use cell::Links;
pub use cell::words as in_words;
pub use report::{About, Plotted, Report, report};
pub(crate) use routes::{Shared, router};

use crate::frame::Places;
use assay_analysis::{Follower, Holds, Limits, Scope, Store};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the records are looked at. An event is written within a tenth of a second, and an eye wants no more than one
/// change a second of a table.
const LOOK: Duration = Duration::from_secs(1);

/// What was recorded in some folders, and is recorded now.
#[derive(Debug)]
pub(crate) struct Records {
    follower: RwLock<Follower>,
    /// What there was at the last look.
    holds: Mutex<Holds>,
    /// Grows with every look that found something.
    revision: watch::Sender<u64>,
}

impl Records {
    pub(crate) fn new(folders: &[PathBuf]) -> Records {
        Records {
            follower: RwLock::new(Follower::new(folders, Scope::default(), Limits::live())),
            holds: Mutex::default(),
            revision: watch::Sender::new(0),
        }
    }

    /// Reads on until the stop.
    pub(crate) async fn follow(self: Arc<Records>, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                () = stop.cancelled() => return,
            }
            let records = Arc::clone(&self);
            // It waits for the disk. A panic in it is reported, and the next look goes on.
            let read = tokio::task::spawn_blocking(move || {
                let mut follower = records.follower.write().unwrap_or_else(PoisonError::into_inner);
                let events = follower.read();
                *records.holds.lock().unwrap_or_else(PoisonError::into_inner) = follower.store().holds();
                events
            });
            if read.await.is_ok_and(|events| events > 0) {
                self.revision.send_modify(|revision| *revision += 1);
            }
        }
    }

    /// Looks at what was read, on a thread that may take its time.
    pub(crate) async fn with<T: Send + 'static>(
        self: Arc<Records>,
        look: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Option<T> {
        let looked = tokio::task::spawn_blocking(move || {
            let follower = self.follower.read().unwrap_or_else(PoisonError::into_inner);
            look(follower.store())
        });
        looked.await.ok()
    }

    /// Which pages the records fill, or will: a run of a system is going to have those of that system.
    pub(crate) fn places(&self, places: Places, system: Option<&str>) -> Places {
        let holds = *self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        Places {
            records: true,
            rounds: holds.rounds || system == Some("datasets"),
            requests: holds.requests || system == Some("organic"),
            prompts: holds.questions || system == Some("prompting"),
            ..places
        }
    }

    /// Changes when there is more.
    pub(crate) fn revision(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }
}
