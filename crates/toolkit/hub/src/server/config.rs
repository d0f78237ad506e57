//! How to run a hub.

use super::{account::Account, quota::Quotas};
use crate::{Clock, SystemClock};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// How to run a hub.
#[derive(Clone, Debug)]
pub struct HubServerConfig {
    /// Folder that holds everything. Made if it is not there; one server at a time.
    pub root: PathBuf,
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may write, and read what is private. Without any, the hub is read-only.
    pub accounts: Vec<Account>,
    /// Bounds of what is accepted.
    pub limits: ServerLimits,
    /// How often a caller may ask.
    pub quotas: Quotas,
    /// Address to write into links, for a hub behind a proxy; by default the one that the client used.
    pub public_url: Option<String>,
    /// Dates commits, and ends links and quotas.
    pub clock: Arc<dyn Clock>,
}

impl HubServerConfig {
    /// A hub on a free port of this machine, with default limits and no accounts.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            accounts: Vec::new(),
            limits: ServerLimits::default(),
            quotas: Quotas::default(),
            public_url: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Listens here instead.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Lets this account in as well.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }
}

/// Bounds of what the server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Largest file that travels inside a commit, in bytes; larger ones take the LFS path. The real hub's is 10 MB:
    /// much more and one commit's line fills the memory, much less and small files need three requests each.
    pub inline_bytes: u64,
    /// Largest body of one commit, in bytes.
    pub commit_bytes: u64,
    /// Most operations of one commit.
    pub commit_operations: usize,
    /// Largest file, in bytes.
    pub file_bytes: u64,
    /// Most files of one repository.
    pub repo_files: usize,
    /// Size above which a large file is asked for in parts of about this size, in bytes. A part is what a broken
    /// connection loses; each costs one request.
    pub part_bytes: u64,
    /// Longest silence within a request, before it is given up.
    pub idle: Duration,
    /// Most connections at once; more wait to be accepted.
    pub connections: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            inline_bytes: 10_000_000,
            commit_bytes: 256 << 20,
            commit_operations: 25_000,
            file_bytes: 50 << 30,
            repo_files: 100_000,
            part_bytes: 64 << 20,
            idle: Duration::from_secs(60),
            connections: 1024,
        }
    }
}
