//! What a repository holds and how it came about.

use super::{
    CommitInfo, ContentId, HubClient, RepoFile, RepoInfo,
    transport::{Subject, malformed},
};
use crate::{HubError, RefName, RepoId, RepoPath, RepoType, Revision, Visibility};
use serde::Deserialize;
use std::num::NonZeroUsize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Largest answer that lists things. A thousand tree entries are some 300 kB; a repository's description names all
/// its files at once.
const MAX_LISTING: usize = 64 << 20;

#[derive(Debug, Deserialize)]
struct InfoAnswer {
    sha: Option<Revision>,
    #[serde(default)]
    private: bool,
    #[serde(rename = "lastModified")]
    last_modified: Option<String>,
    #[serde(default)]
    siblings: Vec<SiblingAnswer>,
}

#[derive(Debug, Deserialize)]
struct SiblingAnswer {
    rfilename: String,
}

#[derive(Debug, Deserialize)]
struct TreeAnswer {
    #[serde(rename = "type")]
    kind: EntryKind,
    oid: String,
    #[serde(default)]
    size: u64,
    path: String,
    lfs: Option<LfsAnswer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EntryKind {
    File,
    Directory,
}

#[derive(Debug, Deserialize)]
struct LfsAnswer {
    oid: String,
    size: u64,
}

#[derive(Debug, Deserialize)]
struct CommitAnswer {
    id: Revision,
    title: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    authors: Vec<AuthorAnswer>,
    date: String,
}

#[derive(Debug, Deserialize)]
struct AuthorAnswer {
    user: String,
}

impl HubClient {
    pub(super) async fn fetch_info(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &RefName,
    ) -> Result<RepoInfo, HubError> {
        let what = format!("looking up {kind} {repo}");
        let subject = Subject::of(&what, repo).at(revision);
        let url = self.transport.api(kind, repo, &["revision", revision.as_str()]);
        let (answer, _): (InfoAnswer, _) = self.transport.get_json(url, subject, MAX_LISTING).await?;
        let sha = answer
            .sha
            .ok_or_else(|| malformed(&what, "it names no commit".to_owned()))?;
        let paths = answer
            .siblings
            .iter()
            .map(|sibling| sibling.rfilename.parse().ok());
        let siblings: Vec<RepoPath> = paths.flatten().collect();
        Ok(RepoInfo {
            unsafe_paths: answer.siblings.len() - siblings.len(),
            siblings,
            last_modified: answer
                .last_modified
                .and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok()),
            visibility: if answer.private {
                Visibility::Private
            } else {
                Visibility::Public
            },
            id: repo.clone(),
            sha,
        })
    }

    pub(super) async fn fetch_files(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &RefName,
        max_files: usize,
    ) -> Result<Vec<RepoFile>, HubError> {
        let what = format!("listing the files of {kind} {repo}");
        let subject = Subject::of(&what, repo).at(revision);
        let mut url = self.transport.api(kind, repo, &["tree", revision.as_str()]);
        url.set_query(Some("recursive=true&expand=false"));
        let mut files = Vec::new();
        let mut next = Some(url);
        // Folders are listed too, and a hub may give small pages: this ends a listing that never does.
        let mut pages = max_files / 10 + 100;
        while let Some(url) = next {
            let (page, headers): (Vec<TreeAnswer>, _) =
                self.transport.get_json(url, subject, MAX_LISTING).await?;
            for entry in page.into_iter().filter(|entry| entry.kind == EntryKind::File) {
                if files.len() >= max_files {
                    return Err(HubError::TooManyFiles {
                        repo: repo.clone(),
                        limit: max_files,
                    });
                }
                files.push(file(repo, &what, entry)?);
            }
            pages = pages
                .checked_sub(1)
                .ok_or_else(|| malformed(&what, "the listing does not end".to_owned()))?;
            next = self.transport.next_page(&headers);
        }
        Ok(files)
    }

    pub(super) async fn fetch_commits(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &RefName,
        most: NonZeroUsize,
    ) -> Result<Vec<CommitInfo>, HubError> {
        let what = format!("listing the commits of {kind} {repo}");
        let subject = Subject::of(&what, repo).at(revision);
        let mut commits = Vec::new();
        let mut next = Some(self.transport.api(kind, repo, &["commits", revision.as_str()]));
        while let Some(url) = next {
            let (page, headers): (Vec<CommitAnswer>, _) =
                self.transport.get_json(url, subject, MAX_LISTING).await?;
            if page.is_empty() {
                break;
            }
            for commit in page {
                if commits.len() >= most.get() {
                    return Ok(commits);
                }
                let date = OffsetDateTime::parse(&commit.date, &Rfc3339)
                    .map_err(|error| malformed(&what, format!("a commit's date: {error}")))?;
                commits.push(CommitInfo {
                    revision: commit.id,
                    title: commit.title,
                    message: commit.message,
                    authors: commit.authors.into_iter().map(|author| author.user).collect(),
                    date,
                });
            }
            next = self.transport.next_page(&headers);
        }
        Ok(commits)
    }
}

fn safe(repo: &RepoId, path: &str) -> Result<RepoPath, HubError> {
    path.parse().map_err(|source| HubError::UnsafePath {
        repo: repo.clone(),
        source,
    })
}

fn file(repo: &RepoId, what: &str, entry: TreeAnswer) -> Result<RepoFile, HubError> {
    let no_hash = || malformed(what, format!("{} has no hash", entry.path.escape_debug()));
    let (size, content) = match &entry.lfs {
        Some(lfs) => {
            let mut oid = [0; 32];
            hex::decode_to_slice(&lfs.oid, &mut oid).map_err(|_| no_hash())?;
            (lfs.size, ContentId::Lfs(oid))
        }
        None => {
            let mut oid = [0; 20];
            hex::decode_to_slice(&entry.oid, &mut oid).map_err(|_| no_hash())?;
            (entry.size, ContentId::Git(oid))
        }
    };
    Ok(RepoFile {
        path: safe(repo, &entry.path)?,
        size,
        content,
    })
}
