//! Making a commit: what travels where, then one call that moves the branch.

use super::{
    CommitRequest, ContentId, HubClient, Operation, Source,
    transport::{Subject, malformed},
    upload::LargeFile,
};
use crate::{HubError, RefName, RepoId, RepoPath, RepoType, Revision};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha1::{Digest as _, Sha1};
use std::{
    collections::{HashMap, HashSet},
    io::Read as _,
};

/// Largest file that travels inside a commit, whatever the hub would allow: base64 adds a third, and all of it has
/// to be in memory. The real hub's own limit.
const INLINE_FILE_BYTES: u64 = 10_000_000;

/// Most bytes of small files inside one commit. Beyond it they take the large files' way, which any content may.
const INLINE_TOTAL_BYTES: u64 = 64 << 20;

/// Files asked about in one call, the hub's limit.
const PREUPLOAD_FILES: usize = 256;

/// Bytes of a file that the hub looks at to choose its way.
const SAMPLE_BYTES: u64 = 512;

/// Largest answer of these calls.
const MAX_ANSWER: usize = 4 << 20;

#[derive(Debug, Serialize)]
struct PreuploadItem<'a> {
    path: &'a RepoPath,
    size: u64,
    sample: String,
}

#[derive(Debug, Deserialize)]
struct PreuploadAnswer {
    files: Vec<PreuploadMode>,
}

#[derive(Debug, Deserialize)]
struct PreuploadMode {
    path: String,
    #[serde(rename = "uploadMode")]
    upload_mode: UploadMode,
    /// The hash of what is there now, if anything is.
    oid: Option<String>,
}

/// The way of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UploadMode {
    Lfs,
    Regular,
}

#[derive(Debug, Deserialize)]
struct CommitAnswer {
    #[serde(rename = "commitOid")]
    oid: Revision,
}

#[derive(Debug, Deserialize)]
struct PathAnswer {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    lfs: Option<PathLfs>,
}

#[derive(Debug, Deserialize)]
struct PathLfs {
    oid: String,
    size: u64,
}

/// A commit before anything of it is sent.
struct Prepared {
    lines: Vec<Line>,
    large: Vec<LargeFile>,
    /// Whether the branch holds all of it already.
    unchanged: bool,
}

/// One line of the commit, ready to be written.
enum Line {
    Small {
        path: RepoPath,
        content: Bytes,
    },
    Large {
        path: RepoPath,
        oid: [u8; 32],
        size: u64,
    },
    Deleted {
        path: RepoPath,
    },
    DeletedFolder {
        path: RepoPath,
    },
}

impl Source {
    /// Bytes of the content.
    pub(crate) fn size(&self) -> Result<u64, HubError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File(path) => {
                let metadata = fs_err::metadata(path).map_err(|error| HubError::file(path, error))?;
                Ok(metadata.len())
            }
        }
    }

    /// At most the first `limit` bytes.
    fn read(&self, limit: u64) -> Result<Bytes, HubError> {
        match self {
            Self::Bytes(bytes) => {
                Ok(bytes.slice(..bytes.len().min(usize::try_from(limit).unwrap_or(usize::MAX))))
            }
            Self::File(path) => {
                let mut content = Vec::new();
                let read =
                    fs_err::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut content));
                read.map_err(|error| HubError::file(path, error))?;
                Ok(content.into())
            }
        }
    }
}

impl HubClient {
    pub(super) async fn make_commit(
        &self,
        repo: &RepoId,
        kind: RepoType,
        request: CommitRequest,
    ) -> Result<Revision, HubError> {
        let what = format!("committing to {kind} {repo}");
        let CommitRequest {
            branch,
            summary,
            description,
            parent,
            operations,
        } = request;
        let subject = Subject::of(&what, repo).at(&branch);
        let asked = self.upload_modes(repo, kind, &branch, &operations, &what).await?;
        let Prepared {
            lines,
            mut large,
            unchanged,
        } = self.prepare(repo, kind, &branch, operations, &asked).await?;
        if unchanged {
            // Everything is there already, after a lost answer for instance: an empty commit would say nothing.
            let head = self.fetch_info(repo, kind, &branch).await?.sha;
            return match parent.filter(|parent| *parent != head) {
                Some(parent) => Err(HubError::HeadMoved {
                    repo: repo.clone(),
                    branch,
                    parent,
                }),
                None => Ok(head),
            };
        }
        // One content may stand at several paths.
        let mut seen = HashSet::new();
        large.retain(|file| seen.insert(file.oid));
        self.upload_large(repo, kind, &branch, large).await?;

        let mut header = json!({ "summary": summary, "description": description });
        if let Some(parent) = parent {
            header["parentCommit"] = json!(parent);
        }
        let url = self.transport.api(kind, repo, &["commit", branch.as_str()]);
        let request = self
            .transport
            .request(Method::POST, url)
            .header(CONTENT_TYPE, "application/x-ndjson")
            .body(body(&header, lines).map_err(|error| malformed(&what, error.to_string()))?);
        match self
            .transport
            .json::<CommitAnswer>(request, subject, MAX_ANSWER)
            .await
        {
            Ok((answer, _)) => Ok(answer.oid),
            Err(HubError::Refused {
                status,
                message,
                what,
            }) => match parent {
                Some(parent) if status == StatusCode::PRECONDITION_FAILED.as_u16() => {
                    Err(HubError::HeadMoved {
                        repo: repo.clone(),
                        branch,
                        parent,
                    })
                }
                _ => Err(HubError::Refused {
                    status,
                    message,
                    what,
                }),
            },
            Err(HubError::AlreadyExists { what }) => Err(HubError::Conflict { what }),
            Err(error) => Err(error),
        }
    }

    /// Chooses the way of each operation and reads what travels inside the commit.
    async fn prepare(
        &self,
        repo: &RepoId,
        kind: RepoType,
        branch: &RefName,
        operations: Vec<Operation>,
        asked: &HashMap<RepoPath, PreuploadMode>,
    ) -> Result<Prepared, HubError> {
        let mut prepared = Prepared {
            lines: Vec::new(),
            large: Vec::new(),
            unchanged: !operations.is_empty(),
        };
        let mut inline_total = 0;
        for operation in operations {
            let (line, same) = match operation {
                Operation::Add { path, source } => {
                    let size = source.size()?;
                    let answer = asked.get(&path);
                    let regular = answer.is_none_or(|answer| answer.upload_mode == UploadMode::Regular);
                    let fits = size <= INLINE_FILE_BYTES && inline_total + size <= INLINE_TOTAL_BYTES;
                    // An empty file has no content to send ahead.
                    let (line, id) = if size == 0 || (regular && fits) {
                        inline_total += size;
                        let content = source.read(size)?;
                        let id = ContentId::Git(git_hash(&content));
                        (Line::Small { path, content }, id)
                    } else {
                        let file = LargeFile::new(source, size).await?;
                        let (oid, id) = (file.oid, ContentId::Lfs(file.oid));
                        prepared.large.push(file);
                        (Line::Large { path, oid, size }, id)
                    };
                    let same = answer.and_then(|answer| answer.oid.as_deref()) == Some(id.digits().as_str());
                    (line, same)
                }
                Operation::Delete { path } => (Line::Deleted { path }, false),
                Operation::DeleteFolder { path } => (Line::DeletedFolder { path }, false),
                Operation::Copy {
                    from,
                    from_revision,
                    to,
                } => {
                    let at = from_revision.as_ref().unwrap_or(branch);
                    (self.copied(repo, kind, at, &from, to).await?, false)
                }
            };
            prepared.unchanged &= same;
            prepared.lines.push(line);
        }
        Ok(prepared)
    }

    /// Asks the hub which way each added file shall take, and what it has at each path.
    async fn upload_modes(
        &self,
        repo: &RepoId,
        kind: RepoType,
        branch: &RefName,
        operations: &[Operation],
        what: &str,
    ) -> Result<HashMap<RepoPath, PreuploadMode>, HubError> {
        let mut items = Vec::new();
        for operation in operations {
            if let Operation::Add { path, source } = operation {
                let sample = STANDARD.encode(source.read(SAMPLE_BYTES)?);
                items.push(PreuploadItem {
                    path,
                    size: source.size()?,
                    sample,
                });
            }
        }
        let mut modes = HashMap::new();
        let url = self.transport.api(kind, repo, &["preupload", branch.as_str()]);
        for files in items.chunks(PREUPLOAD_FILES) {
            let request = self
                .transport
                .request(Method::POST, url.clone())
                .json(&json!({ "files": files }));
            let subject = Subject::of(what, repo).at(branch);
            let (answer, _): (PreuploadAnswer, _) = self.transport.json(request, subject, MAX_ANSWER).await?;
            let chosen = answer.files.into_iter();
            modes.extend(chosen.filter_map(|file| Some((file.path.parse().ok()?, file))));
        }
        Ok(modes)
    }

    /// The line that puts what is at `from` at `to`: a large content by its name, a small one by its bytes.
    async fn copied(
        &self,
        repo: &RepoId,
        kind: RepoType,
        at: &RefName,
        from: &RepoPath,
        to: RepoPath,
    ) -> Result<Line, HubError> {
        let what = format!("copying {from} of {kind} {repo}");
        let subject = Subject {
            path: Some(from),
            ..Subject::of(&what, repo).at(at)
        };
        let url = self.transport.api(kind, repo, &["paths-info", at.as_str()]);
        let request = self
            .transport
            .request(Method::POST, url)
            .form(&[("paths", from.as_str()), ("expand", "false")]);
        let (found, _): (Vec<PathAnswer>, _) = self.transport.json(request, subject, MAX_ANSWER).await?;
        let source = found
            .into_iter()
            .find(|found| found.path == from.as_str() && found.kind == "file");
        let source = source.ok_or_else(|| HubError::EntryNotFound {
            repo: repo.clone(),
            revision: at.clone(),
            path: from.to_string(),
        })?;
        if let Some(lfs) = source.lfs {
            let mut oid = [0; 32];
            hex::decode_to_slice(&lfs.oid, &mut oid).map_err(|error| malformed(&what, error.to_string()))?;
            return Ok(Line::Large {
                path: to,
                oid,
                size: lfs.size,
            });
        }
        let mut parts = vec!["resolve", at.as_str()];
        parts.extend(from.components());
        let url = self.transport.files(kind, repo, "", &parts);
        let limit = usize::try_from(INLINE_FILE_BYTES).unwrap_or(usize::MAX);
        let fetch = async {
            let (response, _) = self
                .transport
                .get(url, reqwest::header::HeaderMap::new(), subject)
                .await?;
            super::transport::read_all(response, &what, limit).await
        };
        let content = self
            .transport
            .within(&what, self.transport.deadlines.call, fetch)
            .await?;
        Ok(Line::Small { path: to, content })
    }
}

/// The hash by which Git names a content.
fn git_hash(content: &[u8]) -> [u8; 20] {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", content.len()));
    hasher.update(content);
    hasher.finalize().into()
}

/// The commit as one JSON value a line.
fn body(header: &serde_json::Value, lines: Vec<Line>) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut write = |key: &str, value: &serde_json::Value| {
        serde_json::to_writer(&mut bytes, &json!({ "key": key, "value": value }))?;
        bytes.push(b'\n');
        Ok(())
    };
    write("header", header)?;
    for line in lines {
        match line {
            Line::Small { path, content } => {
                let content = STANDARD.encode(content);
                write(
                    "file",
                    &json!({ "path": path, "content": content, "encoding": "base64" }),
                )?;
            }
            Line::Large { path, oid, size } => {
                let oid = ContentId::Lfs(oid).digits();
                write(
                    "lfsFile",
                    &json!({ "path": path, "algo": "sha256", "oid": oid, "size": size }),
                )?;
            }
            Line::Deleted { path } => write("deletedFile", &json!({ "path": path }))?,
            Line::DeletedFolder { path } => write("deletedFolder", &json!({ "path": path }))?,
        }
    }
    Ok(bytes)
}
