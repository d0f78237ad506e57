//! The server: an embedded hub that real clients use unmodified.
//!
//! # How it keeps things
//!
//! ```text
//! root/
//!   lock                                   held by the running server
//!   link.key                               signs links to large files
//!   repos/{models,datasets,spaces}/OWNER/NAME.git
//!     HEAD config objects/ refs/           a bare Git repository: `git log` and `git clone` work on it
//!     lfs/objects/                         large files, where Git LFS looks for them
//!     assay-hub.json                       visibility and the like
//!   parts/                                 large files that arrive in parts
//!   xorbs/                                 packs of chunks, of which large files were put together
//!   scratch/                               everything else under way; emptied at start
//! ```
//!
//! A file gets its name by a rename after it is complete, and a branch moves by one rename after everything it names
//! is on the disk. So a kill at any moment leaves each branch at its old or its new commit, and at most some objects
//! that nothing refers to, which `git gc` in the repository's folder removes.
//!
//! # What it does not do
//!
//! No pull requests, no Git over HTTP, no web pages, no search beyond owner and name. Links to large files work for
//! whoever has them until they expire, as with the real hub's storage. TLS is a proxy's job.

mod account;
mod config;
mod durable;
mod git;
mod history;
mod hub;
mod intake;
mod large_files;
mod links;
mod listen;
mod quota;
mod ranges;
mod references;
mod reject;
mod repository;
mod routes;
mod shelf;
mod snapshot;
mod xet;

pub use account::{Access, Account};
pub use config::{HubServerConfig, ServerLimits};
pub use quota::{Quota, Quotas};

use self::{
    account::Accounts, hub::Hub, links::LinkKey, listen::Listening, quota::Meter, shelf::Shelf,
    xet::XorbStore,
};
use crate::{RepoId, RepoIdError};
use secrecy::ExposeSecret as _;
use std::{collections::HashSet, fs::TryLockError, io, net::SocketAddr, path::PathBuf, sync::Arc};

/// A running hub. Dropping it stops it at once; [`stop`](Self::stop) lets requests finish.
#[derive(Debug)]
pub struct HubServer {
    address: SocketAddr,
    listening: Listening,
    /// Held as long as the server runs.
    _lock: fs_err::File,
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
    /// The address cannot be listened on.
    #[error("the hub cannot listen on {address}: choose another port, or 0 for any free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// An account's name, or an organisation of it, cannot own repositories.
    #[error("\"{name}\" cannot own repositories")]
    AccountName {
        /// The name.
        name: String,
        /// The cause.
        #[source]
        source: RepoIdError,
    },
    /// An account's token is empty, or another account has it.
    #[error("the token of account \"{name}\" is empty, or another account has the same")]
    AccountToken {
        /// The account.
        name: String,
    },
    /// The folder could not be used.
    #[error("the hub's folder could not be used: {0}")]
    Io(#[from] io::Error),
}

impl HubServer {
    /// Starts a hub. It serves when this returns.
    ///
    /// # Errors
    ///
    /// [`HubServerError`], as its variants say.
    pub async fn start(config: HubServerConfig) -> Result<Self, HubServerError> {
        check_accounts(&config)?;
        let (listen, limits) = (config.listen, config.limits);
        let opened = tokio::task::spawn_blocking(move || open(config)).await;
        let (hub, lock) = opened.map_err(io::Error::other)??;
        let listener =
            tokio::net::TcpListener::bind(listen)
                .await
                .map_err(|source| HubServerError::Listen {
                    address: listen,
                    source,
                })?;
        let address = listener.local_addr()?;
        let listening = Listening::start(listener, routes::router(Arc::new(hub)), limits);
        tracing::info!(%address, "the hub is listening");
        Ok(Self {
            address,
            listening,
            _lock: lock,
        })
    }

    /// Its address for clients on this machine, `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            // "Any address" is where it listens, not where it can be reached.
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{address}")
    }

    /// Stops it: no new requests; those under way get a few seconds to finish.
    pub async fn stop(self) {
        self.listening.stop().await;
    }
}

fn check_accounts(config: &HubServerConfig) -> Result<(), HubServerError> {
    let mut tokens = HashSet::new();
    for account in &config.accounts {
        for name in std::iter::once(&account.name).chain(&account.organizations) {
            RepoId::new(name, "x").map_err(|source| HubServerError::AccountName {
                name: name.clone(),
                source,
            })?;
        }
        let token = account.token.expose_secret();
        if token.is_empty() || !tokens.insert(token) {
            return Err(HubServerError::AccountToken {
                name: account.name.clone(),
            });
        }
    }
    Ok(())
}

/// Takes the folder and reads what is in it.
fn open(config: HubServerConfig) -> Result<(Hub, fs_err::File), HubServerError> {
    let root = config.root;
    fs_err::create_dir_all(&root)?;
    let lock = fs_err::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(root.join("lock"))?;
    match lock.file().try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(HubServerError::InUse { root }),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let (scratch, parts) = (root.join("scratch"), root.join("parts"));
    if scratch.exists() {
        fs_err::remove_dir_all(&scratch)?;
    }
    fs_err::create_dir_all(&scratch)?;
    fs_err::create_dir_all(&parts)?;
    let hub = Hub {
        shelf: Shelf::open(root.join("repos"), scratch.clone())?,
        accounts: Accounts::new(config.accounts),
        links: LinkKey::open(&root.join("link.key"))?,
        limits: config.limits,
        requests: Meter::new("api", config.quotas.requests),
        commits: Meter::new("commits", config.quotas.commits),
        clock: config.clock,
        public_url: config.public_url.map(|url| url.trim_end_matches('/').to_owned()),
        scratch,
        parts,
        xorbs: XorbStore::new(root.join("xorbs")),
    };
    hub.remove_old_parts()?;
    Ok((hub, lock))
}
