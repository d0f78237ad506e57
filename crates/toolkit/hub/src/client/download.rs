//! Contents to the disk: bounded, checked, and complete or not there.

use super::{
    ContentId, DownloadLimits, Downloaded, HubClient, RepoFile, SnapshotLimits,
    transport::{Subject, malformed},
};
use crate::{HubError, RefName, RepoId, RepoPath, RepoType, Revision};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{
    Response,
    header::{ACCEPT_ENCODING, ETAG, HeaderMap, HeaderValue},
};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::{io, path::Path};
use tempfile::NamedTempFile;
use tokio::io::{AsyncWriteExt as _, BufWriter};

/// Files of a snapshot that arrive at once. A few hide the wait between small files; many would only share the same
/// line, and count against the hub's limit on requests.
const PARALLEL_FILES: usize = 4;

impl ContentId {
    /// The hash in hexadecimal digits.
    #[must_use]
    pub fn digits(&self) -> String {
        match self {
            Self::Git(id) => hex::encode(id),
            Self::Lfs(oid) => hex::encode(oid),
        }
    }

    /// What an `ETag` says of the content.
    fn parse(etag: &str) -> Option<Self> {
        let digits = etag.trim().trim_start_matches("W/").trim_matches('"');
        let bytes = hex::decode(digits).ok()?;
        match bytes.len() {
            20 => Some(Self::Git(bytes.try_into().ok()?)),
            32 => Some(Self::Lfs(bytes.try_into().ok()?)),
            _ => None,
        }
    }
}

/// One file to fetch.
struct Wanted<'a> {
    repo: &'a RepoId,
    kind: RepoType,
    revision: &'a Revision,
    path: &'a RepoPath,
}

impl HubClient {
    pub(super) async fn fetch_file(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &Revision,
        path: &RepoPath,
        destination: &Path,
        limits: DownloadLimits,
    ) -> Result<Downloaded, HubError> {
        let what = format!("downloading {path} of {kind} {repo}");
        let wanted = Wanted {
            repo,
            kind,
            revision,
            path,
        };
        let work = self.fetch_to(&wanted, &what, destination, limits.max_bytes);
        self.transport.within(&what, limits.deadline, work).await
    }

    async fn fetch_to(
        &self,
        wanted: &Wanted<'_>,
        what: &str,
        destination: &Path,
        max_bytes: u64,
    ) -> Result<Downloaded, HubError> {
        let Wanted {
            repo,
            kind,
            revision,
            path,
        } = *wanted;
        let name = RefName::from(*revision);
        let mut parts = vec!["resolve", name.as_str()];
        parts.extend(path.components());
        let url = self.transport.files(kind, repo, "", &parts);
        let subject = Subject {
            path: Some(path),
            ..Subject::of(what, repo).at(&name)
        };
        let identity = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
        let (response, headers) = self.transport.get(url, identity, subject).await?;

        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let commit = text("x-repo-commit").unwrap_or_default();
        if commit != name.as_str() {
            let got = commit.chars().take(64).collect();
            return Err(HubError::WrongRevision {
                path: path.clone(),
                expected: *revision,
                got,
            });
        }
        let etag = text("x-linked-etag").or_else(|| text(ETAG.as_str()));
        let content = etag
            .and_then(ContentId::parse)
            .ok_or_else(|| malformed(what, "it does not name the content's hash".to_owned()))?;
        let announced = match text("x-linked-size") {
            Some(size) => size.parse().ok(),
            None => response.content_length(),
        };
        if announced.is_some_and(|size| size > max_bytes) {
            return Err(HubError::TooLarge {
                what: path.to_string(),
                size: announced,
                limit: max_bytes,
            });
        }
        let bytes = self
            .receive(response, what, path, &content, destination, max_bytes)
            .await?;
        Ok(Downloaded {
            bytes,
            etag: content.digits(),
            revision: *revision,
        })
    }

    async fn receive(
        &self,
        response: Response,
        what: &str,
        path: &RepoPath,
        content: &ContentId,
        destination: &Path,
        max_bytes: u64,
    ) -> Result<u64, HubError> {
        let local = |error| HubError::file(destination, error);
        let folder = destination
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        tokio::fs::create_dir_all(folder).await.map_err(local)?;
        let file = NamedTempFile::with_prefix_in(".download-", folder).map_err(local)?;
        let mut out =
            BufWriter::with_capacity(1 << 17, tokio::fs::File::from_std(file.reopen().map_err(local)?));
        let mut sha256 = Sha256::new();
        let mut size = 0;
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| self.transport.unreachable(what, error))?;
            size += chunk.len() as u64;
            if let Some(progress) = &self.transport.progress {
                progress.received(chunk.len() as u64);
            }
            if size > max_bytes {
                return Err(HubError::TooLarge {
                    what: path.to_string(),
                    size: None,
                    limit: max_bytes,
                });
            }
            if matches!(content, ContentId::Lfs(_)) {
                sha256.update(&chunk);
            }
            out.write_all(&chunk).await.map_err(local)?;
        }
        out.flush().await.map_err(local)?;
        out.get_ref().sync_data().await.map_err(local)?;
        let got = match content {
            ContentId::Lfs(_) => ContentId::Lfs(sha256.finalize().into()),
            // Git's hash begins with the length, which is only certain now. Such files are small.
            ContentId::Git(_) => ContentId::Git(git_blob_hash(file.path(), size).map_err(local)?),
        };
        if got != *content {
            let (expected, got) = (content.digits(), got.digits());
            return Err(HubError::Damaged {
                path: path.clone(),
                expected,
                got,
            });
        }
        file.persist(destination).map_err(|error| local(error.error))?;
        Ok(size)
    }

    pub(super) async fn fetch_snapshot(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &Revision,
        destination: &Path,
        limits: SnapshotLimits,
    ) -> Result<Vec<RepoFile>, HubError> {
        let what = format!("downloading {kind} {repo}");
        let work = self.fetch_folder(repo, kind, revision, destination, limits);
        self.transport.within(&what, limits.deadline, work).await
    }

    async fn fetch_folder(
        &self,
        repo: &RepoId,
        kind: RepoType,
        revision: &Revision,
        destination: &Path,
        limits: SnapshotLimits,
    ) -> Result<Vec<RepoFile>, HubError> {
        let local = |error| HubError::file(destination, error);
        if destination.exists() {
            return Err(local(io::Error::from(io::ErrorKind::AlreadyExists)));
        }
        let files = self
            .fetch_files(repo, kind, &(*revision).into(), limits.max_files)
            .await?;
        // What the listing says is refused before a byte is fetched; what arrives is counted again.
        let total = files.iter().map(|file| file.size).fold(0, u64::saturating_add);
        if total > limits.max_total_bytes {
            let what = format!("{kind} {repo}");
            return Err(HubError::TooLarge {
                what,
                size: Some(total),
                limit: limits.max_total_bytes,
            });
        }
        if let Some(file) = files.iter().find(|file| file.size > limits.max_file_bytes) {
            let (what, size) = (file.path.to_string(), Some(file.size));
            return Err(HubError::TooLarge {
                what,
                size,
                limit: limits.max_file_bytes,
            });
        }
        let parent = destination
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs_err::create_dir_all(parent).map_err(local)?;
        let draft = tempfile::Builder::new()
            .prefix(".download-")
            .tempdir_in(parent)
            .map_err(local)?;
        let fetch = |file: &RepoFile| {
            let (path, size, content) = (file.path.clone(), file.size, file.content);
            let target = path.below(draft.path());
            async move {
                let what = format!("downloading {path} of {kind} {repo}");
                let wanted = Wanted {
                    repo,
                    kind,
                    revision,
                    path: &path,
                };
                let got = self.fetch_to(&wanted, &what, &target, size).await?;
                if got.etag != content.digits() {
                    return Err(HubError::Damaged {
                        path,
                        expected: content.digits(),
                        got: got.etag,
                    });
                }
                Ok(())
            }
        };
        // Boxed one by one: the compiler cannot see that a stream of borrowing futures may move between threads.
        let mut fetches: Vec<futures::future::BoxFuture<'_, Result<(), HubError>>> = Vec::new();
        for file in &files {
            fetches.push(Box::pin(fetch(file)));
        }
        stream::iter(fetches)
            .buffer_unordered(PARALLEL_FILES)
            .try_collect::<Vec<()>>()
            .await?;
        fs_err::rename(draft.keep(), destination).map_err(local)?;
        Ok(files)
    }
}

/// The hash by which Git names a file's content.
pub(super) fn git_blob_hash(path: &Path, size: u64) -> io::Result<[u8; 20]> {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {size}\0"));
    io::copy(&mut fs_err::File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().into())
}
