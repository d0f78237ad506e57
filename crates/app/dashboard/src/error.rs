//! Why the dashboard does not serve.

use std::net::SocketAddr;

/// Why the dashboard does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DashboardError {
    /// The address cannot be listened on. Another address works at once; this one when whoever has it lets go.
    #[error("the dashboard cannot listen on {listen}: {source}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}
