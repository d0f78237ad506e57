//! The routes, and what they share.

mod admission;
mod chat;
mod config;
mod events;
mod routes;

pub use config::{Access, Fanout, GatewayConfig, GatewayLimits, GatewayTimes};

pub(crate) use admission::Gate;
pub(crate) use routes::router;

use crate::{backend::Backend, outlet::Outlet, stats::GatewayStats};
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) config: GatewayConfig,
    pub(crate) gate: Gate,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) outlet: Outlet,
    pub(crate) stats: Arc<GatewayStats>,
    /// Places for chats, with those whose other miners are still heard.
    pub(crate) places: Arc<Semaphore>,
    /// Chats under way.
    pub(crate) chats: TaskTracker,
    /// Ends the chats under way.
    pub(crate) end: CancellationToken,
    /// When the gateway began, in seconds since 1970: models have no other time of birth.
    pub(crate) since: u64,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Shared")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
