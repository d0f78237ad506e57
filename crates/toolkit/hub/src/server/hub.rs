//! What all requests share.

use super::{
    account::Accounts, config::ServerLimits, links::LinkKey, quota::Meter, reject::Reject, shelf::Shelf,
    xet::XorbStore,
};
use crate::Clock;
use std::{path::PathBuf, sync::Arc, time::UNIX_EPOCH};

/// The state of a running hub.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) shelf: Shelf,
    pub(crate) accounts: Accounts,
    pub(crate) links: LinkKey,
    pub(crate) limits: ServerLimits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) requests: Meter,
    pub(crate) commits: Meter,
    /// Address to write into links when it is not the one that the client used.
    pub(crate) public_url: Option<String>,
    /// Files under way. Emptied at start.
    pub(crate) scratch: PathBuf,
    /// Parts of large files under way. Kept over a restart.
    pub(crate) parts: PathBuf,
    /// Packs of chunks that clients have sent and may name again.
    pub(crate) xorbs: XorbStore,
}

impl Hub {
    /// Seconds since 1970, as commits count them.
    pub(crate) fn seconds(&self) -> i64 {
        let since = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// Runs work that waits for the disk where it holds up no other request.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Reject> + Send + 'static,
    ) -> Result<T, Reject> {
        let hub = Arc::clone(self);
        match tokio::task::spawn_blocking(move || work(&hub)).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is going down and takes no more work.
            Err(_) => Err(Reject::Stopping),
        }
    }
}
