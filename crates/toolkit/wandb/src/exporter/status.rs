//! How the exporter fares.

use std::path::PathBuf;
use tokio::sync::watch;

/// How the exporter fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The run that is being filled.
    pub run: Option<RunLink>,
    /// Events that were exported since the start.
    pub exported: u64,
    /// Events that the server did not take, which are in the log only.
    pub left_out: u64,
    /// Runs that were ended since the start, because they were full.
    pub ended: u64,
    /// Why nothing moves now, if nothing does. Events wait in the log.
    pub failing: Option<String>,
}

/// Where a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunLink {
    /// Its name in addresses.
    pub id: String,
    /// Its page, when it is on a server.
    pub page: Option<String>,
    /// Its folder, when it is offline: `wandb sync FOLDER` uploads it.
    pub folder: Option<PathBuf>,
}

/// Tells of it.
#[derive(Debug, Default)]
pub(super) struct Reporter(watch::Sender<Status>);

impl Reporter {
    pub(super) fn watch(&self) -> watch::Receiver<Status> {
        self.0.subscribe()
    }

    pub(super) fn failing(&self, why: &str) {
        if self.0.borrow().failing.is_none() {
            tracing::warn!(
                why,
                "nothing goes to W&B now; events wait in the log, and it is tried again"
            );
        }
        self.0.send_modify(|status| status.failing = Some(why.to_owned()));
    }

    pub(super) fn working(&self) {
        if self.0.borrow().failing.is_some() {
            tracing::info!("events go to W&B again");
            self.0.send_modify(|status| status.failing = None);
        }
    }

    pub(super) fn exported(&self, events: usize) {
        self.0.send_modify(|status| status.exported += events as u64);
    }

    pub(super) fn left_out(&self) {
        self.0.send_modify(|status| status.left_out += 1);
    }

    pub(super) fn run(&self, link: RunLink) {
        if self.0.borrow().run.as_ref() == Some(&link) {
            return;
        }
        tracing::info!(
            run = link.id,
            page = link.page,
            folder = link
                .folder
                .as_ref()
                .map(|folder| tracing::field::display(folder.display())),
            "events go into a W&B run"
        );
        self.0.send_modify(|status| status.run = Some(link));
    }

    pub(super) fn ended(&self) {
        self.0.send_modify(|status| {
            status.run = None;
            status.ended += 1;
        });
    }
}
