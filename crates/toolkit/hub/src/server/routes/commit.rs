//! The commit: one JSON value a line, applied whole or not at all.

use super::{
    target::{Base, Names, Writable},
    wire::{parse_oid, query_flag},
};
use crate::server::{
    git::{LfsPointer, ObjectKind, ObjectWriter},
    hub::Hub,
    reject::Reject,
    repository::{Change, Draft, Repository},
};
use crate::{RefName, RepoPath, Revision};
use axum::{
    Json,
    body::Body,
    extract::{RawQuery, State},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{StreamExt as _, TryStreamExt as _};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::{borrow::Cow, io, sync::Arc};
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    io::StreamReader,
};

/// Room in a line for everything but the file's content: the path, escaped at its worst, and the keys.
const LINE_OVERHEAD: u64 = 16 << 10;

/// Longest title and description.
const MAX_MESSAGE: usize = 64 << 10;

/// One line: what it is, and the rest, read once that is known.
#[derive(Debug, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    value: &'a RawValue,
}

#[derive(Debug, Deserialize)]
struct Header {
    summary: String,
    #[serde(default)]
    description: String,
    #[serde(rename = "parentCommit")]
    parent: Option<Revision>,
}

#[derive(Debug, Deserialize)]
struct SmallFile<'a> {
    path: RepoPath,
    #[serde(borrow)]
    content: Cow<'a, str>,
    #[serde(default)]
    encoding: Encoding,
}

/// How a small file's content is written in its line.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Text,
    #[serde(rename = "base64")]
    Base64,
}

#[derive(Debug, Deserialize)]
struct LargeFile<'a> {
    path: RepoPath,
    #[serde(borrow)]
    oid: Cow<'a, str>,
    /// Missing when the content is copied from another path of the repository.
    size: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Deleted {
    path: String,
}

/// `POST /api/{kind}/{repo}/commit/{branch}`
pub(crate) async fn commit(
    State(hub): State<Arc<Hub>>,
    Writable { repository, author }: Writable,
    names: Names,
    Base(base): Base,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Json<Value>, Reject> {
    let branch = branch(names.revision()?)?;
    if query_flag(query.as_deref(), "create_pr") {
        return Err(Reject::Unsupported("pull requests"));
    }
    hub.commits
        .count(&format!("{} {}", repository.kind, repository.id), hub.clock.now())?;

    let limit = hub.limits.commit_bytes;
    let limited = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX));
    let bytes = limited.into_data_stream().map_err(io::Error::other);
    let longest = hub.limits.inline_bytes.div_ceil(3) * 4 + LINE_OVERHEAD;
    let codec = LinesCodec::new_with_max_length(usize::try_from(longest).unwrap_or(usize::MAX));
    let mut lines = FramedRead::new(StreamReader::new(bytes), codec);

    let mut header = None;
    let mut changes = Vec::new();
    let mut objects = repository.objects.writer();
    while let Some(line) = lines.next().await {
        let line = line.map_err(|error| broken_line(error, limit, hub.limits.inline_bytes))?;
        if line.trim().is_empty() {
            continue;
        }
        if changes.len() >= hub.limits.commit_operations {
            return Err(Reject::TooMany {
                what: "operations in one commit",
                limit: hub.limits.commit_operations,
            });
        }
        let target = Arc::clone(&repository);
        let (item, written) = hub
            .blocking(move |hub| {
                let mut written = target.objects.writer();
                let item = read_line(&line, &target, &mut written, hub.limits.inline_bytes)?;
                Ok((item, written))
            })
            .await?;
        objects.absorb(written);
        match item {
            Item::Header(read) => header = Some(read),
            Item::Change(change) => changes.push(change),
        }
    }
    let header = header.ok_or_else(|| Reject::Malformed {
        what: "the commit",
        reason: "it has no header line".to_owned(),
    })?;
    let draft = Draft {
        author,
        title: header.summary,
        message: header.description,
        parent: header.parent,
        changes,
        objects,
    };
    let target = Arc::clone(&repository);
    let revision = hub
        .blocking(move |hub| target.commit(&branch, draft, hub.limits.repo_files))
        .await?;
    tracing::info!(repo = %repository.id, kind = %repository.kind, %revision, "a commit was made");
    Ok(Json(json!({
        "success": true,
        "commitOid": revision,
        "commitUrl": format!("{base}/{}{}/commit/{revision}", repository.kind.url_prefix(), repository.id),
        "hookOutput": "",
    })))
}

/// The branch that a revision in an address means.
fn branch(name: RefName) -> Result<RefName, Reject> {
    match name.as_str().strip_prefix("refs/heads/") {
        Some(short) => Ok(short.parse()?),
        None => Ok(name),
    }
}

fn broken_line(error: LinesCodecError, whole: u64, inline: u64) -> Reject {
    match error {
        LinesCodecError::MaxLineLengthExceeded => Reject::TooLarge {
            what: "a file inside the commit (larger ones take the LFS path)",
            limit: inline,
        },
        LinesCodecError::Io(error)
            if error
                .get_ref()
                .is_some_and(|cause| cause.is::<LengthLimitError>()) =>
        {
            Reject::TooLarge {
                what: "the commit",
                limit: whole,
            }
        }
        LinesCodecError::Io(error) => Reject::Malformed {
            what: "the commit",
            reason: error.to_string(),
        },
    }
}

enum Item {
    Header(Header),
    Change(Change),
}

/// Understands one line; a small file's content is written to the store at once, so that only one is in memory.
fn read_line(
    line: &str,
    repository: &Repository,
    objects: &mut ObjectWriter,
    inline_limit: u64,
) -> Result<Item, Reject> {
    let Line { key, value: rest } = value("a line of the commit", line)?;
    let rest = rest.get();
    let change = match &*key {
        "header" => {
            let header: Header = value("the commit's header", rest)?;
            if header.summary.trim().is_empty() {
                let reason = "the summary is empty".to_owned();
                return Err(Reject::Malformed {
                    what: "the commit's header",
                    reason,
                });
            }
            if header.summary.contains('\0') || header.description.contains('\0') {
                let reason = "Git keeps no zero byte in a message".to_owned();
                return Err(Reject::Malformed {
                    what: "the commit's header",
                    reason,
                });
            }
            if header.summary.len() + header.description.len() > MAX_MESSAGE {
                return Err(Reject::TooLarge {
                    what: "the commit's message",
                    limit: MAX_MESSAGE as u64,
                });
            }
            return Ok(Item::Header(one_line_summary(header)));
        }
        "file" => {
            let file: SmallFile<'_> = value("a file of the commit", rest)?;
            let content = match file.encoding {
                Encoding::Text => Cow::Borrowed(file.content.as_bytes()),
                Encoding::Base64 => {
                    Cow::Owned(STANDARD.decode(file.content.as_bytes()).map_err(|error| {
                        Reject::Malformed {
                            what: "a file's content",
                            reason: error.to_string(),
                        }
                    })?)
                }
            };
            if content.len() as u64 > inline_limit {
                return Err(Reject::TooLarge {
                    what: "a file inside the commit (larger ones take the LFS path)",
                    limit: inline_limit,
                });
            }
            let blob = objects.write(ObjectKind::Blob, &content)?;
            Change::Put {
                path: file.path,
                blob,
                size: content.len() as u64,
            }
        }
        "lfsFile" => {
            let file: LargeFile<'_> = value("a large file of the commit", rest)?;
            let oid = parse_oid(&file.oid)?;
            let held = repository.large.size(&oid);
            match held.filter(|held| file.size.is_none_or(|size| size == *held)) {
                Some(size) => Change::PutLarge {
                    path: file.path,
                    pointer: LfsPointer { oid, size },
                },
                None => {
                    return Err(Reject::ContentMissing {
                        path: file.path.to_string(),
                        oid: file.oid.into_owned(),
                    });
                }
            }
        }
        "deletedFile" => Change::DeleteFile { path: deleted(rest)? },
        "deletedFolder" => Change::DeleteFolder { path: deleted(rest)? },
        other => {
            let reason = format!(
                "\"{}\" is no kind of line",
                other.chars().take(32).collect::<String>()
            );
            return Err(Reject::Malformed {
                what: "a line of the commit",
                reason,
            });
        }
    };
    Ok(Item::Change(change))
}

/// A title is one line in Git: what follows the first goes to the description.
fn one_line_summary(header: Header) -> Header {
    match header.summary.trim().split_once('\n') {
        None => Header {
            summary: header.summary.trim().to_owned(),
            ..header
        },
        Some((title, rest)) => {
            let description = [rest.trim(), header.description.trim()]
                .join("\n\n")
                .trim()
                .to_owned();
            Header {
                summary: title.trim().to_owned(),
                description,
                ..header
            }
        }
    }
}

/// A folder may be written with a slash at its end.
fn deleted(text: &str) -> Result<RepoPath, Reject> {
    let Deleted { path } = value("a deletion of the commit", text)?;
    Ok(path.trim_end_matches('/').parse()?)
}

fn value<'a, T: Deserialize<'a>>(what: &'static str, text: &'a str) -> Result<T, Reject> {
    serde_json::from_str(text).map_err(|error| Reject::Malformed {
        what,
        reason: error.to_string(),
    })
}
