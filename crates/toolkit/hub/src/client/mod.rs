//! The client: the same calls against the real hub and against [`HubServer`](crate::HubServer).

mod commit;
mod download;
mod listing;
mod operation;
mod refusal;
mod transport;
mod upload;

pub use operation::{CommitRequest, Operation, Source};
pub use transport::{Deadlines, TransferProgress};

use self::transport::{Subject, Transport};
use crate::{HubError, RefName, RepoId, RepoPath, RepoType, Revision, Visibility};
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use std::{env, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};
use time::OffsetDateTime;

/// Largest answer of the calls in this file.
const MAX_ANSWER: usize = 1 << 20;

/// Address of the real hub, used when nothing else is said.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// A connection to one hub with one token. Cloning is cheap and shares the connections.
#[derive(Clone, Debug)]
pub struct HubClient {
    transport: Arc<Transport>,
}

/// What to do when a repository to be created exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingRepo {
    /// Use it.
    Keep,
    /// Fail with [`HubError::AlreadyExists`].
    Refuse,
}

/// Bounds of one download. Every one of them is enforced while the bytes arrive, whatever the hub announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadLimits {
    /// Most bytes of one file.
    pub max_bytes: u64,
    /// Longest time from the first request to the finished file (or snapshot).
    pub deadline: Duration,
}

/// Bounds of the download of a whole repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotLimits {
    /// Most files.
    pub max_files: usize,
    /// Most bytes of one file.
    pub max_file_bytes: u64,
    /// Most bytes together.
    pub max_total_bytes: u64,
    /// Longest time from the first request to the finished folder.
    pub deadline: Duration,
}

/// A finished download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Bytes of the file.
    pub bytes: u64,
    /// The hash by which the hub names the content: SHA-256 for a large file, Git's blob hash for a small one.
    pub etag: String,
    /// The commit it was read from.
    pub revision: Revision,
}

/// A repository at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoInfo {
    /// The name it was asked for by.
    pub id: RepoId,
    /// The commit that the asked revision names now.
    pub sha: Revision,
    /// Whether only its owners see it.
    pub visibility: Visibility,
    /// When `sha` was committed.
    pub last_modified: Option<OffsetDateTime>,
    /// The paths of its files, but for those that cannot be stored safely.
    pub siblings: Vec<RepoPath>,
    /// How many of its files have a path that cannot be stored safely.
    pub unsafe_paths: usize,
}

/// One file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoFile {
    /// Where it lies.
    pub path: RepoPath,
    /// Bytes of its content.
    pub size: u64,
    /// How the content is kept and named.
    pub content: ContentId,
}

/// The hash that names a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentId {
    /// A small file, by its Git blob hash.
    Git([u8; 20]),
    /// A large file, by its SHA-256.
    Lfs([u8; 32]),
}

/// One entry of a branch's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// The commit.
    pub revision: Revision,
    /// First line of its message.
    pub title: String,
    /// The rest of its message.
    pub message: String,
    /// Names of its authors.
    pub authors: Vec<String>,
    /// When it was made.
    pub date: OffsetDateTime,
}

/// The account behind a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whoami {
    /// Name of the account, which is the owner of its repositories.
    pub name: String,
    /// Organisations it may write to.
    pub organizations: Vec<String>,
}

impl HubClient {
    /// A client for the hub at `endpoint` (`https://host`, `http://host:port`).
    ///
    /// # Errors
    ///
    /// [`HubError::Endpoint`], [`HubError::Token`], [`HubError::Setup`].
    pub fn new(endpoint: &str, token: Option<SecretString>) -> Result<Self, HubError> {
        Self::with_deadlines(endpoint, token, Deadlines::default())
    }

    /// A client with other deadlines than the default ones.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_deadlines(
        endpoint: &str,
        token: Option<SecretString>,
        deadlines: Deadlines,
    ) -> Result<Self, HubError> {
        let transport = Transport::new(endpoint, token.as_ref(), deadlines)?;
        Ok(Self {
            transport: Arc::new(transport),
        })
    }

    /// The same client, telling of contents as they move.
    #[must_use]
    pub fn with_progress(&self, progress: Arc<dyn TransferProgress>) -> Self {
        let mut transport = Transport::clone(&self.transport);
        transport.progress = Some(progress);
        Self {
            transport: Arc::new(transport),
        }
    }

    /// The client that the environment describes: `HF_ENDPOINT` (default [`DEFAULT_ENDPOINT`]) and `HF_TOKEN`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_env() -> Result<Self, HubError> {
        let set = |name| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let endpoint = set("HF_ENDPOINT");
        Self::new(
            endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT),
            set("HF_TOKEN").map(SecretString::from),
        )
    }

    /// The hub's address.
    #[must_use]
    pub fn endpoint(&self) -> &url::Url {
        self.transport.endpoint()
    }

    /// The account the token belongs to.
    ///
    /// # Errors
    ///
    /// [`HubError::Unauthorized`] without a valid token.
    pub async fn whoami(&self) -> Result<Whoami, HubError> {
        let subject = Subject {
            what: "asking whose token this is",
            repo: None,
            revision: None,
            path: None,
        };
        let request = self
            .transport
            .request(Method::GET, self.transport.address("api/whoami-v2", &[]));
        let (answer, _): (WhoamiAnswer, _) = self.transport.json(request, subject, MAX_ANSWER).await?;
        let organizations = answer
            .orgs
            .into_iter()
            .map(|organization| organization.name)
            .collect();
        Ok(Whoami {
            name: answer.name,
            organizations,
        })
    }

    /// Makes a repository.
    ///
    /// # Errors
    ///
    /// [`HubError::AlreadyExists`] with [`ExistingRepo::Refuse`]; [`HubError::Forbidden`] below another's name.
    pub async fn create_repo(
        &self,
        repo: &RepoId,
        kind: RepoType,
        visibility: Visibility,
        existing: ExistingRepo,
    ) -> Result<(), HubError> {
        let what = format!("making {kind} {repo}");
        let body = json!({
            "name": repo.name(),
            "organization": repo.owner(),
            "type": kind,
            "visibility": visibility,
        });
        let request = self
            .transport
            .request(Method::POST, self.transport.address("api/repos/create", &[]));
        match self
            .transport
            .bytes(request.json(&body), Subject::of(&what, repo), MAX_ANSWER)
            .await
        {
            Err(HubError::AlreadyExists { .. }) if existing == ExistingRepo::Keep => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    /// Removes a repository with all its history.
    ///
    /// # Errors
    ///
    /// [`HubError::RepoNotFound`], [`HubError::Forbidden`].
    pub async fn delete_repo(&self, repo: &RepoId, kind: RepoType) -> Result<(), HubError> {
        let what = format!("removing {kind} {repo}");
        let body = json!({ "name": repo.name(), "organization": repo.owner(), "type": kind });
        let request = self
            .transport
            .request(Method::DELETE, self.transport.address("api/repos/delete", &[]));
        self.transport
            .bytes(request.json(&body), Subject::of(&what, repo), MAX_ANSWER)
            .await?;
        Ok(())
    }

    /// Opens a repository to everyone, or closes it.
    ///
    /// # Errors
    ///
    /// [`HubError::RepoNotFound`], [`HubError::Forbidden`].
    pub async fn set_visibility(
        &self,
        repo: &RepoId,
        kind: RepoType,
        visibility: Visibility,
    ) -> Result<(), HubError> {
        let what = format!("changing who sees {kind} {repo}");
        let url = self.transport.api(kind, repo, &["settings"]);
        let request = self
            .transport
            .request(Method::PUT, url)
            .json(&json!({ "visibility": visibility }));
        self.transport
            .bytes(request, Subject::of(&what, repo), MAX_ANSWER)
            .await?;
        Ok(())
    }

    /// Makes a branch at a branch, tag or commit.
    ///
    /// # Errors
    ///
    /// [`HubError::AlreadyExists`], [`HubError::RevisionNotFound`].
    pub async fn create_branch(
        &self,
        repo: &RepoId,
        kind: RepoType,
        branch: &RefName,
        at: &RefName,
    ) -> Result<(), HubError> {
        let what = format!("making branch {branch} of {kind} {repo}");
        let url = self.transport.api(kind, repo, &["branch", branch.as_str()]);
        let request = self
            .transport
            .request(Method::POST, url)
            .json(&json!({ "startingPoint": at }));
        self.transport
            .bytes(request, Subject::of(&what, repo).at(at), MAX_ANSWER)
            .await?;
        Ok(())
    }

    /// Makes one commit of all the request's operations: large files travel first, each once, as they are; small ones
    /// inside the commit. The branch moves once, or not at all.
    ///
    /// When the branch holds exactly the added files already, no commit is made and its head is the answer: sending a
    /// request again after a lost answer does no harm.
    ///
    /// # Errors
    ///
    /// [`HubError::HeadMoved`] when the request names a parent that is no longer the head.
    pub async fn commit(
        &self,
        repo: &RepoId,
        kind: RepoType,
        request: CommitRequest,
    ) -> Result<Revision, HubError> {
        self.make_commit(repo, kind, request).await
    }

    /// Commits one file to `main`.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit).
    pub async fn upload_file(
        &self,
        repo: &RepoId,
        kind: RepoType,
        path: &RepoPath,
        source: Source,
        message: &str,
    ) -> Result<Revision, HubError> {
        let request = CommitRequest::new(message).add(path.clone(), source);
        self.commit(repo, kind, request).await
    }

    /// Commits the removal of one file from `main`.
    ///
    /// # Errors
    ///
    /// [`HubError::EntryNotFound`], and as [`commit`](Self::commit).
    pub async fn delete_file(
        &self,
        repo: &RepoId,
        kind: RepoType,
        path: &RepoPath,
        message: &str,
    ) -> Result<Revision, HubError> {
        self.commit(repo, kind, CommitRequest::new(message).delete(path.clone()))
            .await
    }

    /// The repository at a branch, tag or commit.
    ///
    /// # Errors
    ///
    /// [`HubError::RepoNotFound`], [`HubError::RevisionNotFound`].
    pub async fn repo_info(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &RefName,
    ) -> Result<RepoInfo, HubError> {
        self.fetch_info(repo, kind, revision).await
    }

    /// Every file of the repository at a branch, tag or commit, in the hub's order; at most `max_files` of them.
    ///
    /// # Errors
    ///
    /// [`HubError::TooManyFiles`], and as [`repo_info`](Self::repo_info).
    pub async fn list_files(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &RefName,
        max_files: usize,
    ) -> Result<Vec<RepoFile>, HubError> {
        self.fetch_files(repo, kind, revision, max_files).await
    }

    /// The newest `most` commits up to `revision`, newest first.
    ///
    /// # Errors
    ///
    /// As [`repo_info`](Self::repo_info).
    pub async fn list_commits(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &RefName,
        most: NonZeroUsize,
    ) -> Result<Vec<CommitInfo>, HubError> {
        self.fetch_commits(repo, kind, revision, most).await
    }

    /// Puts one file, as it is at one commit, at `destination`. The destination appears complete and checked against
    /// the hub's hash, or not at all.
    ///
    /// # Errors
    ///
    /// [`HubError::TooLarge`], [`HubError::TimedOut`], [`HubError::Damaged`], [`HubError::EntryNotFound`] and all of
    /// [`repo_info`](Self::repo_info).
    pub async fn download(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &Revision,
        path: &RepoPath,
        destination: &Path,
        limits: DownloadLimits,
    ) -> Result<Downloaded, HubError> {
        self.fetch_file(repo, kind, revision, path, destination, limits)
            .await
    }

    /// Puts the whole repository, as it is at one commit, into the folder `destination`, which must not exist. It
    /// appears complete or not at all.
    ///
    /// # Errors
    ///
    /// [`HubError::TooManyFiles`], [`HubError::UnsafePath`], and as [`download`](Self::download).
    pub async fn download_snapshot(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &Revision,
        destination: &Path,
        limits: SnapshotLimits,
    ) -> Result<Vec<RepoFile>, HubError> {
        self.fetch_snapshot(repo, kind, revision, destination, limits)
            .await
    }
}

#[derive(Debug, Deserialize)]
struct WhoamiAnswer {
    name: String,
    #[serde(default)]
    orgs: Vec<OrganizationAnswer>,
}

#[derive(Debug, Deserialize)]
struct OrganizationAnswer {
    name: String,
}
