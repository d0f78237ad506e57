//! Every way a request can be turned down: one variant, one status, one code that clients know.
//!
//! The hub does not say whether a repository that the caller may not read exists: without a token the answer is 401,
//! with one it is 404, and both carry `RepoNotFound`.

use crate::{RefName, RefNameError, RepoId, RepoIdError, RepoPathError, RepoTypeError, Revision};
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{io, time::Duration};

/// Machine-readable cause, as the real hub names it.
pub(crate) const ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");
/// Human-readable cause.
pub(crate) const ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-error-message");
/// The commit an answer was read from.
pub(crate) const REPO_COMMIT: HeaderName = HeaderName::from_static("x-repo-commit");

/// Whether the caller proved who it is. It decides between 401 and 403 or 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Anonymous,
    Known,
}

/// A request turned down.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Reject {
    #[error("Invalid credentials in Authorization header")]
    BadCredentials,
    #[error("Invalid username or password.")]
    LoginRequired,
    #[error("{}", match .0 { Identity::Anonymous => "Invalid username or password.", Identity::Known => "Repository not found" })]
    RepoNotFound(Identity),
    #[error("Invalid rev id: {0}")]
    RevisionNotFound(RefName),
    #[error("Entry not found")]
    EntryNotFound { revision: Option<Revision> },
    #[error("Access to this repository is restricted: its owner admits readers one by one")]
    Gated(Identity),
    #[error("Forbidden: this token may only read")]
    ReadOnlyToken,
    #[error("Forbidden: you may not write to the repositories of \"{owner}\"")]
    NotOwner { owner: String },
    #[error("You already created this {repo} repo")]
    RepoExists { repo: RepoId, url: String },
    #[error("Reference {0} exists already")]
    RefExists(RefName),
    #[error("The default branch cannot be removed")]
    DefaultBranch,
    #[error("A commit has happened since. Please refresh and try again.")]
    HeadMoved,
    #[error("Another operation on this repository is in progress: try again")]
    Busy,
    #[error("{what} is larger than the {limit} bytes this hub takes")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("too many {what}: this hub takes {limit}")]
    TooMany { what: &'static str, limit: usize },
    #[error("{what} cannot be understood: {reason}")]
    Malformed { what: &'static str, reason: String },
    #[error(transparent)]
    RepoId(#[from] RepoIdError),
    #[error(transparent)]
    RepoType(#[from] RepoTypeError),
    #[error(transparent)]
    Path(#[from] RepoPathError),
    #[error(transparent)]
    Ref(#[from] RefNameError),
    #[error("\"{path}\" is both a file and a folder in this commit")]
    PathClash { path: String },
    #[error("The content {oid} of {path} is not in this repository: upload it first")]
    ContentMissing { path: String, oid: String },
    #[error("The content is not the one announced: expected {expected}, got {got}")]
    WrongContent { expected: String, got: String },
    #[error("This link is not valid, or no longer")]
    BadLink,
    #[error("The range lies outside the {size} bytes of the file")]
    Range { size: u64 },
    #[error("There is nothing at this address")]
    NoSuchAddress,
    #[error("This hub has no {0}")]
    Unsupported(&'static str),
    #[error("You have exceeded your rate limit: retry after {} s", .retry_after.as_secs())]
    RateLimited {
        resource: &'static str,
        limit: u32,
        window: Duration,
        retry_after: Duration,
    },
    #[error("The hub's disk is full")]
    DiskFull,
    #[error("The hub could not use its own files")]
    Storage(#[source] io::Error),
    #[error("The hub is stopping")]
    Stopping,
}

impl From<io::Error> for Reject {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Storage(error),
        }
    }
}

impl Reject {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadCredentials
            | Self::LoginRequired
            | Self::RepoNotFound(Identity::Anonymous)
            | Self::Gated(Identity::Anonymous) => StatusCode::UNAUTHORIZED,
            Self::RepoNotFound(Identity::Known)
            | Self::RevisionNotFound(_)
            | Self::EntryNotFound { .. }
            | Self::NoSuchAddress => StatusCode::NOT_FOUND,
            Self::Gated(Identity::Known)
            | Self::ReadOnlyToken
            | Self::NotOwner { .. }
            | Self::DefaultBranch
            | Self::BadLink => StatusCode::FORBIDDEN,
            Self::RepoExists { .. } | Self::RefExists(_) | Self::Busy => StatusCode::CONFLICT,
            Self::HeadMoved => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge { .. } | Self::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed { .. }
            | Self::RepoId(_)
            | Self::RepoType(_)
            | Self::Path(_)
            | Self::Ref(_)
            | Self::PathClash { .. }
            | Self::ContentMissing { .. }
            | Self::WrongContent { .. } => StatusCode::BAD_REQUEST,
            Self::Range { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Storage(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> Option<&'static str> {
        match self {
            Self::RepoNotFound(_) => Some("RepoNotFound"),
            Self::RevisionNotFound(_) => Some("RevisionNotFound"),
            Self::EntryNotFound { .. } => Some("EntryNotFound"),
            Self::Gated(_) => Some("GatedRepo"),
            _ => None,
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(code) = self.code() {
            headers.insert(ERROR_CODE, HeaderValue::from_static(code));
        }
        // A message may quote what the caller sent; what no header can carry stays in the body alone.
        if let Ok(message) = HeaderValue::try_from(self.to_string()) {
            headers.insert(ERROR_MESSAGE, message);
        }
        match self {
            Self::EntryNotFound {
                revision: Some(revision),
            } => {
                headers.extend(HeaderValue::try_from(revision.to_string()).map(|value| (REPO_COMMIT, value)));
            }
            Self::Range { size } => {
                let value = HeaderValue::try_from(format!("bytes */{size}"));
                headers.extend(value.map(|value| (header::CONTENT_RANGE, value)));
            }
            Self::RateLimited {
                resource,
                limit,
                window,
                retry_after,
            } => {
                let (wait, window) = (retry_after.as_secs(), window.as_secs());
                headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
                let state = HeaderValue::try_from(format!("\"{resource}\";r=0;t={wait}"));
                headers.extend(state.map(|value| (HeaderName::from_static("ratelimit"), value)));
                let policy =
                    HeaderValue::try_from(format!("\"fixed window\";\"{resource}\";q={limit};w={window}"));
                headers.extend(policy.map(|value| (HeaderName::from_static("ratelimit-policy"), value)));
            }
            Self::BadCredentials | Self::LoginRequired | Self::RepoNotFound(Identity::Anonymous) => {
                let challenge =
                    HeaderValue::from_static("Bearer realm=\"Authentication required\", charset=\"UTF-8\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            _ => {}
        }
        headers
    }
}

impl IntoResponse for Reject {
    fn into_response(self) -> Response {
        if let Self::Storage(cause) = &self {
            tracing::error!(%cause, "the hub could not use its own files");
        }
        let mut body = serde_json::json!({ "error": self.to_string() });
        if let Self::RepoExists { url, .. } = &self {
            body["url"] = url.clone().into();
        }
        (self.status(), self.headers(), Json(body)).into_response()
    }
}
