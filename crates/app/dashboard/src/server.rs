//! The server.

use crate::error::DashboardError;
use crate::state::DashboardState;
use std::future::Future;
use std::net::SocketAddr;
use tokio::sync::watch;

/// How the dashboard serves.
#[derive(Debug, Clone)]
pub struct DashboardConfig {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Names under which the page may be opened besides `localhost` and addresses written as numbers.
    pub allowed_hosts: Vec<String>,
}

impl DashboardConfig {
    /// The port that Assay uses.
    pub const PORT: u16 = 8420;
}

impl Default for DashboardConfig {
    /// This machine only, port 8420.
    fn default() -> DashboardConfig {
        DashboardConfig { listen: ([127, 0, 0, 1], DashboardConfig::PORT).into(), allowed_hosts: Vec::new() }
    }
}

/// A dashboard that listens.
#[derive(Debug)]
pub struct Dashboard {
    address: SocketAddr,
    state: watch::Receiver<DashboardState>,
}

impl Dashboard {
    /// Listens.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(
        config: DashboardConfig,
        state: watch::Receiver<DashboardState>,
    ) -> Result<Dashboard, DashboardError> {
        let _ = (config, state);
        todo!("the server follows")
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The page's address for a browser.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves until `stop` is ready, then ends every connection and returns.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) {
        let _ = (self.state, stop.await);
        todo!("the server follows")
    }
}
