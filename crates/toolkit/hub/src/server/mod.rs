//! The server: an embedded hub.

use secrecy::SecretString;
use std::{net::SocketAddr, path::PathBuf};

/// How to run a hub.
#[derive(Clone, Debug)]
pub struct HubServerConfig {
    /// Folder that holds everything. Made if it is not there; one server at a time.
    pub root: PathBuf,
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may write, and read what is private.
    pub accounts: Vec<Account>,
    /// Bounds of what is accepted.
    pub limits: ServerLimits,
}

/// One user of the hub.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name, which owns the repositories `name/…`.
    pub name: String,
    /// What proves that a request is its own.
    pub token: SecretString,
    /// Other owners it may act for.
    pub organizations: Vec<String>,
    /// What it may do.
    pub access: Access,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read what is its own and what is public.
    Read,
    /// Make, change and remove repositories of its own as well.
    Write,
}

/// Bounds of what the server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Largest file that travels inside a commit; larger ones take the LFS path.
    pub inline_bytes: u64,
    /// Largest body of one commit.
    pub commit_bytes: u64,
    /// Most operations of one commit.
    pub commit_operations: usize,
    /// Largest file.
    pub file_bytes: u64,
    /// Most files of one repository.
    pub repo_files: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            inline_bytes: 10 << 20,
            commit_bytes: 256 << 20,
            commit_operations: 25_000,
            file_bytes: 50 << 30,
            repo_files: 100_000,
        }
    }
}

/// A running hub. Dropping it stops it.
#[derive(Debug)]
pub struct HubServer {
    address: SocketAddr,
}

/// Why a hub could not be started, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubServerError {
    /// Another server has the folder.
    #[error("{root} is in use by another hub: stop that one, or choose another folder", root = .root.display())]
    InUse {
        /// The folder.
        root: PathBuf,
    },
    /// The folder could not be used.
    #[error("the hub's folder could not be used")]
    Io(#[from] std::io::Error),
}

impl HubServer {
    /// Starts a hub. It serves when this returns.
    ///
    /// # Errors
    ///
    /// [`HubServerError::InUse`], [`HubServerError::Io`].
    pub async fn start(config: HubServerConfig) -> Result<Self, HubServerError> {
        todo!("{config:?}")
    }

    /// Its address for clients, `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it: no new requests, those under way are finished within a few seconds.
    ///
    /// # Errors
    ///
    /// [`HubServerError::Io`].
    pub async fn stop(self) -> Result<(), HubServerError> {
        todo!()
    }
}
