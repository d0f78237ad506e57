#![doc = include_str!("../README.md")]

mod client;
mod clock;
mod error;
mod outbox;
mod path;
mod publish;
mod repo;
mod revision;
mod server;

pub use client::{
    CommitInfo, CommitRequest, ContentId, DEFAULT_ENDPOINT, Deadlines, DownloadLimits, Downloaded,
    ExistingRepo, HubClient, Operation, RepoFile, RepoInfo, SnapshotLimits, Source, TransferProgress, Whoami,
};
pub use clock::{Clock, SystemClock};
pub use error::{HubError, Retry};
pub use outbox::{BatchLimits, Delivery, Outbox, OutboxError, Step, Target, Ticket};
pub use path::{MAX_COMPONENT_LENGTH, MAX_PATH_DEPTH, MAX_PATH_LENGTH, RepoPath, RepoPathError};
pub use publish::{Others, Publication, PublishError, Published, publish};
pub use repo::{MAX_REPO_ID_LENGTH, RepoId, RepoIdError, RepoType, RepoTypeError, Visibility};
pub use revision::{RefName, RefNameError, Revision, RevisionError};
pub use server::{Access, Account, HubServer, HubServerConfig, HubServerError, Quota, Quotas, ServerLimits};
