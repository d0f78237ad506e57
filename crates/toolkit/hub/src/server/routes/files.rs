//! Contents: `resolve` gives a file, or for a large one the way to it; `raw` gives what stands in the tree.

use super::target::{Names, Readable};
use crate::server::{
    git::{LfsPointer, ObjectKind},
    hub::Hub,
    links::{Action, Permit},
    ranges::Wanted,
    reject::{Identity, REPO_COMMIT, Reject},
    repository::Gate,
    snapshot::FileEntry,
};
use crate::{RefName, RepoPath, Revision};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{io::SeekFrom, path::Path, sync::Arc};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

/// Bytes of a large file.
pub(crate) const LINKED_SIZE: HeaderName = HeaderName::from_static("x-linked-size");
/// SHA-256 of a large file.
pub(crate) const LINKED_ETAG: HeaderName = HeaderName::from_static("x-linked-etag");

/// Bytes read from a large file at once.
const READ_BUFFER: usize = 1 << 17;

/// Fails when the repository's owner admits readers one by one and the caller is not one of its own.
pub(crate) fn check_gate(target: &Readable) -> Result<(), Reject> {
    let gated = target.repository.settings().gate != Gate::Open;
    match target.caller.identity() {
        _ if !gated || target.caller.belongs_to(target.repository.id.owner()) => Ok(()),
        identity @ (Identity::Anonymous | Identity::Known) => Err(Reject::Gated(identity)),
    }
}

/// A file of one commit.
struct Found {
    revision: Revision,
    entry: FileEntry,
    path: RepoPath,
}

async fn find(hub: &Arc<Hub>, target: &Readable, names: &Names) -> Result<Found, Reject> {
    check_gate(target)?;
    let repository = Arc::clone(&target.repository);
    let (wanted, path): (RefName, RepoPath) = (names.revision()?, names.path()?);
    hub.blocking(move |_| {
        let revision = repository.resolve(&wanted)?;
        let entry = repository.snapshot(revision)?.files.get(path.as_str()).copied();
        let entry = entry.ok_or(Reject::EntryNotFound {
            revision: Some(revision),
        })?;
        Ok(Found {
            revision,
            entry,
            path,
        })
    })
    .await
}

/// `GET /{repo}/resolve/{revision}/{path}`
pub(crate) async fn resolve(
    State(hub): State<Arc<Hub>>,
    target: Readable,
    names: Names,
    headers: HeaderMap,
) -> Result<Response, Reject> {
    let found = find(&hub, &target, &names).await?;
    match found.entry.lfs {
        None => small(&hub, &target, &found, &headers).await,
        Some(pointer) => Ok(large(&hub, &target, &found, &pointer)),
    }
}

/// `GET /{repo}/raw/{revision}/{path}`
pub(crate) async fn raw(
    State(hub): State<Arc<Hub>>,
    target: Readable,
    names: Names,
    headers: HeaderMap,
) -> Result<Response, Reject> {
    let found = find(&hub, &target, &names).await?;
    small(&hub, &target, &found, &headers).await
}

/// Answers with the blob itself.
async fn small(
    hub: &Arc<Hub>,
    target: &Readable,
    found: &Found,
    asked: &HeaderMap,
) -> Result<Response, Reject> {
    let id = found.entry.id;
    let limit = found
        .entry
        .lfs
        .map_or(found.entry.size, |_| LfsPointer::MAX_LENGTH);
    let repository = Arc::clone(&target.repository);
    let read = move |_: &Hub| Ok(repository.objects.read_kind(id, ObjectKind::Blob, limit)?);
    let bytes = hub.blocking(read).await?;
    let mut headers = name_headers(&found.path);
    put(&mut headers, REPO_COMMIT, &found.revision.to_string());
    serve(Content::Memory(bytes.into()), &id.to_string(), headers, asked).await
}

/// Sends the caller on to the large file's content, with all that it may want to know before it goes there.
fn large(hub: &Hub, target: &Readable, found: &Found, pointer: &LfsPointer) -> Response {
    let (repo, kind) = (&target.repository.id, target.repository.kind);
    let oid = hex::encode(pointer.oid);
    let permit = Permit {
        action: Action::Read,
        kind,
        repo,
        oid: &oid,
        size: pointer.size,
    };
    let seal = hub.links.seal(&permit, hub.clock.now());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("size", &seal.size.to_string())
        .append_pair("expires", &seal.expires.to_string())
        .append_pair("signature", &seal.signature)
        .append_pair("commit", &found.revision.to_string())
        .append_pair("name", found.path.file_name())
        .finish();
    let mut headers = name_headers(&found.path);
    put(&mut headers, REPO_COMMIT, &found.revision.to_string());
    put(&mut headers, LINKED_SIZE, &pointer.size.to_string());
    put(&mut headers, LINKED_ETAG, &format!("\"{oid}\""));
    put(
        &mut headers,
        header::LOCATION,
        &format!("/_hub/objects/{}/{repo}/{oid}?{query}", kind.plural()),
    );
    (StatusCode::FOUND, headers).into_response()
}

/// Headers that tell a browser to save the file under its name, and to show it as nothing but text.
pub(crate) fn name_headers(path: &RepoPath) -> HeaderMap {
    let name = path.file_name();
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && c != '"' { c } else { '_' })
        .collect();
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let mut headers = HeaderMap::new();
    put(
        &mut headers,
        header::CONTENT_DISPOSITION,
        &format!("inline; filename*=UTF-8''{encoded}; filename=\"{plain}\""),
    );
    let text = matches!(
        name.rsplit('.').next(),
        Some(
            "txt"
                | "md"
                | "json"
                | "jsonl"
                | "csv"
                | "tsv"
                | "yaml"
                | "yml"
                | "toml"
                | "py"
                | "rs"
                | "gitattributes"
        )
    );
    let kind = if text {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers
}

pub(crate) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::try_from(value) {
        Ok(value) => {
            headers.insert(name, value);
        }
        // Every value written here is printable by construction.
        Err(error) => tracing::error!(%name, %error, "a header was left out"),
    }
}

/// What is to be sent.
pub(crate) enum Content<'a> {
    Memory(Bytes),
    File(&'a Path, u64),
}

/// Answers with a content or a part of it, as the conditions in the request allow.
pub(crate) async fn serve(
    content: Content<'_>,
    etag: &str,
    mut headers: HeaderMap,
    asked: &HeaderMap,
) -> Result<Response, Reject> {
    let etag = format!("\"{etag}\"");
    put(&mut headers, header::ETAG, &etag);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    let named = |list: &str| {
        list.split(',')
            .any(|tag| matches!(tag.trim().trim_start_matches("W/"), tag if tag == etag || tag == "*"))
    };
    if text(header::IF_NONE_MATCH).is_some_and(named) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let size = match &content {
        Content::Memory(bytes) => bytes.len() as u64,
        Content::File(_, size) => *size,
    };
    // A part is of use only if it is a part of what the caller has the rest of.
    let same = text(header::IF_RANGE).is_none_or(|tag| tag == etag);
    let wanted = text(header::RANGE)
        .filter(|_| same)
        .map_or(Wanted::Whole, |range| Wanted::parse(range, size));
    let (status, range) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(range) => {
            let part = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            put(&mut headers, header::CONTENT_RANGE, &part);
            (StatusCode::PARTIAL_CONTENT, range)
        }
        Wanted::Outside => return Err(Reject::Range { size }),
    };
    let length = range.end - range.start;
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let body = match content {
        // A content in memory is no longer than `usize` can count.
        Content::Memory(bytes) => Body::from(bytes.slice(range.start as usize..range.end as usize)),
        Content::File(path, _) => {
            let mut file = tokio::fs::File::open(path).await?;
            file.seek(SeekFrom::Start(range.start)).await?;
            Body::from_stream(ReaderStream::with_capacity(file.take(length), READ_BUFFER))
        }
    };
    Ok((status, headers, body).into_response())
}
