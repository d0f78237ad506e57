//! What can go wrong between this client and a hub, and whether trying again can help.

use crate::{RefName, RepoId, RepoPath, Revision};
use std::{io, path::PathBuf, time::Duration};

/// Whether the same call can succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Not without a change of what was asked.
    Never,
    /// Not before this much time has passed, counted from the answer: the hub said so.
    After(Duration),
    /// Perhaps, after a pause of the caller's choice that grows with each attempt.
    Backoff,
}

/// A failed call to a hub.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The endpoint is not an `http://` or `https://` address.
    #[error("\"{endpoint}\" cannot be a hub's address: write it as https://host or http://host:port")]
    Endpoint {
        /// What was given.
        endpoint: String,
    },
    /// The token holds characters that no header can carry.
    #[error("the token cannot be sent: it holds characters that no HTTP header can carry")]
    Token,
    /// No HTTP client could be set up on this machine.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
    /// The hub could not be reached, or the connection broke.
    #[error("{what}: the hub could not be reached")]
    Unreachable {
        /// What was being done.
        what: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The deadline of the call passed.
    #[error("{what}: not finished after {after:?}")]
    TimedOut {
        /// What was being done.
        what: String,
        /// The time it had.
        after: Duration,
    },
    /// The token is missing, unknown or expired.
    #[error("{what}: the hub does not accept the token")]
    Unauthorized {
        /// What was being done.
        what: String,
    },
    /// The token is known and may not do this.
    #[error("{what}: the token has no right to: {message}")]
    Forbidden {
        /// What was being done.
        what: String,
        /// The hub's words.
        message: String,
    },
    /// No such repository, or none that this token may see.
    #[error("there is no repository {repo} that this token may see")]
    RepoNotFound {
        /// The repository asked for.
        repo: RepoId,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{repo} has no revision {revision}")]
    RevisionNotFound {
        /// The repository asked for.
        repo: RepoId,
        /// The revision asked for.
        revision: RefName,
    },
    /// There is no such file at that revision.
    #[error("{repo} has no file {path} at {revision}")]
    EntryNotFound {
        /// The repository asked for.
        repo: RepoId,
        /// The revision asked for.
        revision: RefName,
        /// The path asked for.
        path: String,
    },
    /// The repository exists, and its owner has to admit readers one by one.
    #[error("{repo} is gated: ask its owner for access")]
    Gated {
        /// The repository asked for.
        repo: RepoId,
    },
    /// What was to be made is there already.
    #[error("{what}: it exists already")]
    AlreadyExists {
        /// What was being done.
        what: String,
    },
    /// Something else is being done to the same repository right now.
    #[error("{what}: another operation on the repository is in progress")]
    Conflict {
        /// What was being done.
        what: String,
    },
    /// The branch moved on after `parent`: somebody else committed first.
    #[error("{repo}: {branch} is no longer at {parent}")]
    HeadMoved {
        /// The repository committed to.
        repo: RepoId,
        /// The branch committed to.
        branch: RefName,
        /// The commit that was expected at its head.
        parent: Revision,
    },
    /// The hub counts calls, and this one was too many.
    #[error("{what}: too many requests{}", .retry_after.map(|wait| format!(", retry after {wait:?}")).unwrap_or_default())]
    RateLimited {
        /// What was being done.
        what: String,
        /// The pause the hub asks for, counted from its answer; none when it did not say.
        retry_after: Option<Duration>,
    },
    /// Something is larger than its limit. Nothing was kept of it.
    #[error("{what} has {} bytes: at most {limit} are taken", .size.map_or_else(|| "too many".to_owned(), |size| size.to_string()))]
    TooLarge {
        /// What is too large.
        what: String,
        /// Its size, where it is known.
        size: Option<u64>,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A repository holds more files than the limit. Nothing was kept of it.
    #[error("{repo} holds more than {limit} files")]
    TooManyFiles {
        /// The repository.
        repo: RepoId,
        /// The limit.
        limit: usize,
    },
    /// A name in the hub's answer cannot be a file's path; a repository with it is not downloaded.
    #[error("{repo} lists a file that cannot be stored safely")]
    UnsafePath {
        /// The repository.
        repo: RepoId,
        /// The reason.
        #[source]
        source: crate::RepoPathError,
    },
    /// The received bytes are not those the revision names.
    #[error("{path} arrived damaged: its hash is {got}, the hub names {expected}")]
    Damaged {
        /// The file.
        path: RepoPath,
        /// The hash the hub gave, in hexadecimal digits.
        expected: String,
        /// The hash of what came.
        got: String,
    },
    /// The hub answered for another commit than the one asked for.
    #[error("{path} was asked for at {expected} and answered from {got}")]
    WrongRevision {
        /// The file.
        path: RepoPath,
        /// The commit asked for.
        expected: Revision,
        /// What the answer names.
        got: String,
    },
    /// The hub's answer does not have the form it should have.
    #[error("{what}: the answer cannot be understood: {reason}")]
    Malformed {
        /// What was being done.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The hub failed (5xx).
    #[error("{what}: the hub failed with {status}: {message}")]
    Server {
        /// What was being done.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The hub's words.
        message: String,
        /// The pause the hub asks for, if it does.
        retry_after: Option<Duration>,
    },
    /// The hub refused the request (4xx).
    #[error("{what}: refused with {status}: {message}")]
    Refused {
        /// What was being done.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The hub's words.
        message: String,
    },
    /// A local file could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A local file is not what it was when its upload began.
    #[error("{path} changed while it was being uploaded", path = .path.display())]
    SourceChanged {
        /// The file.
        path: PathBuf,
    },
}

impl HubError {
    /// Whether the same call can succeed later.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Server { retry_after, .. } => {
                retry_after.map_or(Retry::Backoff, Retry::After)
            }
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Damaged { .. }
            | Self::Conflict { .. }
            | Self::HeadMoved { .. } => Retry::Backoff,
            _ => Retry::Never,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File {
            path: path.into(),
            source,
        }
    }
}
