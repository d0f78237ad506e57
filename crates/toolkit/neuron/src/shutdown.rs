//! Ending on purpose: one token that every task watches, and a hard end for what does not.

use crate::STUCK;
use std::{future::Future, time::Duration};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// Exit code of a process that was asked twice to end, as shells give it for an interrupt.
const INTERRUPTED: i32 = 130;

/// The wish to end. Clones share it; once it is there it stays.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Nobody wants to end yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins at SIGINT or SIGTERM, for tasks that have `grace` to end. A second signal ends the process at once, with
    /// code 130; tasks that do not end in time end it with [`STUCK`].
    ///
    /// # Errors
    ///
    /// When the operating system does not let signals be watched.
    pub fn at_signals(grace: Duration) -> std::io::Result<Self> {
        let shutdown = Self::new();
        shutdown.begin_at_signals(INTERRUPTED)?;
        // The supervisor is given the grace, and what comes after it some seconds.
        shutdown.enforce(grace + Duration::from_secs(10), i32::from(STUCK));
        Ok(shutdown)
    }

    /// Asks everybody to end.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Whether it was asked.
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is asked.
    pub fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.0.cancelled()
    }

    /// A shutdown of a part: it begins with this one, and can begin alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }

    /// The token itself, for libraries that take one.
    pub fn token(&self) -> &CancellationToken {
        &self.0
    }

    /// Does the work unless the shutdown comes first; nothing then. The work is dropped where it waits.
    pub async fn unless_begun<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.begun() => None,
            done = work => Some(done),
        }
    }

    /// Begins at the first SIGINT or SIGTERM. A second one ends the process at once with `hard_code`: somebody is
    /// impatient.
    ///
    /// # Errors
    ///
    /// When the operating system does not let signals be watched.
    pub fn begin_at_signals(&self, hard_code: i32) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            next().await;
            tracing::info!("asked to stop; once more ends at once");
            shutdown.begin();
            next().await;
            tracing::warn!("asked twice: ending at once");
            std::process::exit(hard_code);
        });
        Ok(())
    }

    /// Ends the process with `hard_code` when it still runs `grace` after the shutdown has begun. From a thread of its
    /// own: a task that blocks a worker thread must not keep the end from coming.
    pub fn enforce(&self, grace: Duration, hard_code: i32) {
        let shutdown = self.clone();
        let runtime = tokio::runtime::Handle::current();
        std::thread::spawn(move || {
            runtime.block_on(shutdown.begun());
            std::thread::sleep(grace);
            tracing::error!(?grace, "still running after the grace period: ending hard");
            std::process::exit(hard_code);
        });
    }
}
