//! The exporter: one thread that follows the event log. Nothing that scores waits for it, whatever its disk or its server
//! does.

mod intake;
mod offline;
mod online;
mod status;
mod worker;

pub use status::{RunLink, Status};

use crate::{
    WandbError,
    config::{Mode, WandbConfig},
    state::Folder,
};
use status::Reporter;
use std::{io, thread};
use time::OffsetDateTime;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use worker::Worker;

/// Exports the event log to W&B; see [`WandbConfig`] for how.
#[derive(Debug)]
pub struct Exporter {
    config: WandbConfig,
    /// `None` when it is off.
    folder: Option<Folder>,
    reporter: Reporter,
}

impl Exporter {
    /// Checks the settings and takes the exporter's folder. Switched off it touches nothing.
    ///
    /// # Errors
    /// When a setting cannot work, or the folder cannot be written or is another exporter's.
    pub fn open(config: WandbConfig) -> Result<Self, WandbError> {
        let folder = match config.mode {
            Mode::Off => None,
            Mode::Offline | Mode::Online(_) => {
                config.check()?;
                Some(Folder::open(&config.folder)?)
            }
        };
        Ok(Self {
            config,
            folder,
            reporter: Reporter::default(),
        })
    }

    /// How it fares, while it runs.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.reporter.watch()
    }

    /// Exports until `stop` is ready, then what is left, within [`Timing::finish`](crate::Timing::finish). What is not
    /// exported by then is at the next start, in the same run.
    ///
    /// It works in a thread of its own. When this future is dropped the thread stops by itself. Switched off it waits for
    /// `stop`.
    ///
    /// # Errors
    /// When the server refuses us for good, or what the exporter kept is damaged. An outage, of the server or of the
    /// disk, is no error: it is waited out.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), WandbError> {
        let Some(folder) = self.folder else {
            stop.await;
            return Ok(());
        };
        let (config, reporter) = (self.config, self.reporter);
        let token = CancellationToken::new();
        let _stops_when_dropped = token.clone().drop_guard();
        let (done, mut ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let stopping = token.clone();
        thread::Builder::new().name("wandb".to_owned()).spawn(move || {
            let outcome = runtime.block_on(async {
                let worker = Worker::begin(config, folder, reporter, OffsetDateTime::now_utc())?;
                worker.run(&stopping).await
            });
            // Nobody waits for it any more when this fails.
            let _ = done.send(outcome);
        })?;
        let outcome = tokio::select! {
            outcome = &mut ended => outcome,
            () = stop => {
                token.cancel();
                ended.await
            }
        };
        outcome.unwrap_or_else(|_| Err(io::Error::other("the W&B exporter's thread panicked").into()))
    }
}
