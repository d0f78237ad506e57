//! Large files on their way to the hub: as they are, from the disk, once each.

use super::{
    HubClient, Source,
    transport::{Subject, TransferProgress, allowed, counted, malformed},
};
use crate::{HubError, RefName, RepoId, RepoType};
use futures::{StreamExt as _, stream};
use reqwest::{
    Method, Response,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    io::{self, SeekFrom},
    sync::{Arc, atomic::AtomicU64},
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;
use url::Url;

/// Contents asked about in one call.
const BATCH_OBJECTS: usize = 100;

/// Largest answer to a batch call: each of up to 10,000 parts of a content has a signed address.
const MAX_BATCH_ANSWER: usize = 32 << 20;

/// Largest answer to any other call here.
const MAX_ANSWER: usize = 1 << 20;

/// Bytes read from the disk at once.
const READ_BUFFER: usize = 1 << 17;

/// The media type of the LFS calls.
const LFS_JSON: HeaderValue = HeaderValue::from_static("application/vnd.git-lfs+json");

/// A content with its name.
#[derive(Clone, Debug)]
pub(super) struct LargeFile {
    source: Source,
    pub(super) oid: [u8; 32],
    size: u64,
}

impl LargeFile {
    /// Reads the content once for its hash.
    pub(super) async fn new(source: Source, size: u64) -> Result<Self, HubError> {
        let hashing = tokio::task::spawn_blocking(move || {
            let mut hasher = Sha256::new();
            match &source {
                Source::Bytes(bytes) => hasher.update(bytes),
                Source::File(path) => {
                    let copied =
                        fs_err::File::open(path).and_then(|mut file| io::copy(&mut file, &mut hasher));
                    let copied = copied.map_err(|error| HubError::file(path, error))?;
                    if copied != size {
                        return Err(HubError::SourceChanged { path: path.clone() });
                    }
                }
            }
            Ok(Self {
                oid: hasher.finalize().into(),
                source,
                size,
            })
        });
        match hashing.await {
            Ok(hashed) => hashed,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(malformed("hashing a file", error.to_string())),
        }
    }

    /// The bytes from `start`, `length` of them, read as they are sent.
    async fn body(
        &self,
        start: u64,
        length: u64,
        moved: &Arc<AtomicU64>,
        progress: Option<Arc<dyn TransferProgress>>,
    ) -> Result<reqwest::Body, HubError> {
        match &self.source {
            Source::Bytes(bytes) => {
                // A content in memory is no longer than `usize` can count.
                let part = bytes.slice(start as usize..(start + length) as usize);
                let pieces = (0..part.len())
                    .step_by(READ_BUFFER)
                    .map(move |at| Ok::<_, io::Error>(part.slice(at..part.len().min(at + READ_BUFFER))));
                let pieces: Vec<_> = pieces.collect();
                Ok(reqwest::Body::wrap_stream(counted(
                    stream::iter(pieces),
                    Arc::clone(moved),
                    progress,
                )))
            }
            Source::File(path) => {
                let local = |error| HubError::file(path, error);
                let mut file = tokio::fs::File::open(path).await.map_err(local)?;
                file.seek(SeekFrom::Start(start)).await.map_err(local)?;
                let pieces = ReaderStream::with_capacity(file.take(length), READ_BUFFER);
                Ok(reqwest::Body::wrap_stream(counted(
                    pieces.boxed(),
                    Arc::clone(moved),
                    progress,
                )))
            }
        }
    }

    /// Fails when the file is no longer as long as it was: what was sent of it is not what was named.
    fn check_unchanged(&self) -> Result<(), HubError> {
        match &self.source {
            Source::File(path) if self.source.size()? != self.size => {
                Err(HubError::SourceChanged { path: path.clone() })
            }
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Deserialize)]
struct BatchAnswer {
    objects: Vec<BatchObject>,
}

#[derive(Debug, Deserialize)]
struct BatchObject {
    oid: String,
    actions: Option<Actions>,
    error: Option<BatchError>,
}

#[derive(Debug, Deserialize)]
struct Actions {
    upload: Option<Action>,
    verify: Option<Action>,
}

#[derive(Debug, Deserialize)]
struct Action {
    href: String,
    #[serde(default)]
    header: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct BatchError {
    code: u16,
    message: String,
}

impl HubClient {
    /// Sends the contents that the hub does not have yet.
    pub(super) async fn upload_large(
        &self,
        repo: &RepoId,
        kind: RepoType,
        branch: &RefName,
        files: Vec<LargeFile>,
    ) -> Result<(), HubError> {
        let what = format!("uploading large files to {kind} {repo}");
        let subject = Subject::of(&what, repo).at(branch);
        let url = self
            .transport
            .files(kind, repo, ".git", &["info", "lfs", "objects", "batch"]);
        for group in files.chunks(BATCH_OBJECTS) {
            let objects = group
                .iter()
                .map(|file| json!({ "oid": hex::encode(file.oid), "size": file.size }));
            let body = json!({
                "operation": "upload",
                "transfers": ["basic", "multipart"],
                "objects": objects.collect::<Vec<_>>(),
                "hash_algo": "sha256",
                "ref": { "name": branch },
            });
            let request = self
                .transport
                .request(Method::POST, url.clone())
                .json(&body)
                .header(ACCEPT, LFS_JSON)
                .header(CONTENT_TYPE, LFS_JSON);
            let (answer, _): (BatchAnswer, _) =
                self.transport.json(request, subject, MAX_BATCH_ANSWER).await?;
            for file in group {
                let oid = hex::encode(file.oid);
                let object = answer.objects.iter().find(|object| object.oid == oid);
                let object = object.ok_or_else(|| malformed(&what, format!("it says nothing of {oid}")))?;
                self.upload_one(file, object, subject).await?;
            }
        }
        Ok(())
    }

    async fn upload_one(
        &self,
        file: &LargeFile,
        object: &BatchObject,
        subject: Subject<'_>,
    ) -> Result<(), HubError> {
        let what = subject.what.to_owned();
        if let Some(BatchError { code, message }) = &object.error {
            return Err(HubError::Refused {
                what,
                status: *code,
                message: message.clone(),
            });
        }
        // No actions, or none to upload: the hub has the content already.
        let Some(actions) = &object.actions else {
            return Ok(());
        };
        let Some(upload) = &actions.upload else {
            return Ok(());
        };
        match upload.header.get("chunk_size") {
            None => drop(self.put(file, 0, file.size, upload, subject).await?),
            Some(bytes) => {
                let bytes = bytes.parse().ok().filter(|bytes| *bytes > 0);
                let bytes = bytes.ok_or_else(|| malformed(&what, "its parts have no size".to_owned()))?;
                self.put_parts(file, bytes, upload, subject).await?;
            }
        }
        file.check_unchanged()?;
        if let Some(verify) = &actions.verify {
            let body = json!({ "oid": hex::encode(file.oid), "size": file.size });
            let request = self
                .transport
                .request(Method::POST, self.link(&verify.href, subject)?)
                .json(&body);
            self.transport
                .bytes(request.headers(extra(&verify.header)), subject, MAX_ANSWER)
                .await?;
        }
        Ok(())
    }

    /// Sends a stretch of the content to a link.
    async fn put(
        &self,
        file: &LargeFile,
        start: u64,
        length: u64,
        action: &Action,
        subject: Subject<'_>,
    ) -> Result<Response, HubError> {
        let moved = Arc::new(AtomicU64::new(0));
        let body = file
            .body(start, length, &moved, self.transport.progress.clone())
            .await?;
        let request = self
            .transport
            .anonymous(Method::PUT, self.link(&action.href, subject)?)
            .headers(extra(&action.header))
            .header(CONTENT_LENGTH, length)
            .body(body);
        let sent = self
            .transport
            .while_moving(subject.what, &moved, self.transport.send(request, subject))
            .await;
        // A file that shrank ends the body early, which looks like a broken connection.
        if sent.is_err() {
            file.check_unchanged()?;
        }
        sent
    }

    async fn put_parts(
        &self,
        file: &LargeFile,
        bytes: u64,
        upload: &Action,
        subject: Subject<'_>,
    ) -> Result<(), HubError> {
        let what = subject.what;
        let count = file.size.div_ceil(bytes);
        let mut parts = Vec::new();
        for number in 1..=count {
            let href = upload.header.get(&number.to_string()).cloned();
            let href =
                href.ok_or_else(|| malformed(what, format!("part {number} of {count} has no address")))?;
            let start = (number - 1) * bytes;
            let part = Action {
                href,
                header: BTreeMap::new(),
            };
            let answer = self
                .put(file, start, bytes.min(file.size - start), &part, subject)
                .await?;
            let etag = answer.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
            let etag = etag.ok_or_else(|| malformed(what, format!("part {number} got no ETag")))?;
            parts.push(json!({ "partNumber": number, "etag": etag }));
        }
        let request = self
            .transport
            .anonymous(Method::POST, self.link(&upload.href, subject)?)
            .json(&json!({ "oid": hex::encode(file.oid), "parts": parts }))
            .header(ACCEPT, LFS_JSON)
            .header(CONTENT_TYPE, LFS_JSON);
        // Joining the parts of a large file takes the hub a while, so this has the time of a transfer.
        let moved = AtomicU64::new(0);
        self.transport
            .while_moving(what, &moved, self.transport.send(request, subject))
            .await?;
        Ok(())
    }

    /// A link that the hub gave, if it may be followed.
    fn link(&self, href: &str, subject: Subject<'_>) -> Result<Url, HubError> {
        let url = Url::parse(href).map_err(|error| malformed(subject.what, format!("a link: {error}")))?;
        if allowed(self.transport.endpoint(), &url) {
            Ok(url)
        } else {
            Err(malformed(
                subject.what,
                "a link leads from a protected to an open connection".to_owned(),
            ))
        }
    }
}

/// The headers that the hub asks to be sent with a transfer, but for those that the transfer sets itself.
fn extra(header: &BTreeMap<String, String>) -> HeaderMap {
    let parsed = header
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "chunk_size"))
        .filter_map(|(name, value)| {
            let name = HeaderName::try_from(name)
                .ok()
                .filter(|name| *name != CONTENT_LENGTH)?;
            Some((name, HeaderValue::try_from(value).ok()?))
        });
    parsed.collect()
}
