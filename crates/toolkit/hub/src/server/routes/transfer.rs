//! The contents of large files on their way, by signed links: whole, in parts, and out again.

use super::{
    files::{Content, LINKED_ETAG, LINKED_SIZE, name_headers, put, serve},
    target::Names,
    wire::{parse, parse_oid, query_field},
};
use crate::server::{
    config::ServerLimits,
    git::LfsPointer,
    hub::Hub,
    intake::{receive, receive_small},
    links::{Action, Permit, Seal},
    reject::{Identity, REPO_COMMIT, Reject},
    repository::Repository,
};
use crate::{RepoPath, Revision};
use axum::{
    Json,
    body::Body,
    extract::{Query, RawQuery, State},
    http::{HeaderMap, header},
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::NamedTempFile;

/// Most parts of one file, the limit of the storage services that clients know.
const MAX_PARTS: u64 = 10_000;

/// Parts that nobody asked about for so long belong to an upload that was given up.
const PARTS_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// Largest body that completes an upload: it names each part.
const MAX_BODY: u64 = 4 << 20;

/// How a large file is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// Bytes of each part but the last.
    pub(super) bytes: u64,
    pub(super) count: u64,
}

impl Parts {
    pub(super) fn of(size: u64, limits: &ServerLimits) -> Self {
        let bytes = limits.part_bytes.max(size.div_ceil(MAX_PARTS)).max(1);
        Self {
            bytes,
            count: size.div_ceil(bytes),
        }
    }

    /// Bytes of the part with this number, counted from 1; `None` when there is no such part.
    fn length(self, number: u64, size: u64) -> Option<u64> {
        (1..=self.count)
            .contains(&number)
            .then(|| self.bytes.min(size - (number - 1) * self.bytes))
    }
}

/// A content that the sender of a signed link may do something with.
struct Linked {
    repository: Arc<Repository>,
    oid: [u8; 32],
    size: u64,
}

impl Linked {
    fn open(hub: &Hub, names: &Names, seal: &Seal, action: Action) -> Result<Self, Reject> {
        let (kind, repo, oid) = (names.kind()?, names.repo()?, names.oid()?);
        let digits = hex::encode(oid);
        let permit = Permit {
            action,
            kind,
            repo: &repo,
            oid: &digits,
            size: seal.size,
        };
        hub.links.check(&permit, seal, hub.clock.now())?;
        // The repository may have been removed since the link was given out.
        let repository = hub
            .shelf
            .get(kind, &repo)
            .ok_or(Reject::RepoNotFound(Identity::Known))?;
        Ok(Self {
            repository,
            oid,
            size: seal.size,
        })
    }

    fn check_hash(&self, got: [u8; 32], size: u64) -> Result<(), Reject> {
        if (got, size) == (self.oid, self.size) {
            return Ok(());
        }
        Err(Reject::WrongContent {
            expected: format!("{} ({} bytes)", hex::encode(self.oid), self.size),
            got: format!("{} ({size} bytes)", hex::encode(got)),
        })
    }

    /// Where the parts of this content are gathered.
    fn parts_folder(&self, hub: &Hub) -> PathBuf {
        let name = format!(
            "{} {} {}",
            self.repository.kind,
            self.repository.id,
            hex::encode(self.oid)
        );
        hub.parts.join(hex::encode(Sha256::digest(name)))
    }
}

/// `GET /_hub/objects/…`: a large file's content.
pub(crate) async fn read(
    State(hub): State<Arc<Hub>>,
    names: Names,
    Query(seal): Query<Seal>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Reject> {
    let linked = Linked::open(&hub, &names, &seal, Action::Read)?;
    let path = linked.repository.large.path(&linked.oid);
    let etag = hex::encode(linked.oid);
    // Clients that follow the redirect before they look at it find the same headers here.
    let field = |name| query_field(query.as_deref(), name);
    let name = field("name").and_then(|name| name.parse::<RepoPath>().ok());
    let mut answer = name.as_ref().map(name_headers).unwrap_or_default();
    if let Some(revision) = field("commit").and_then(|commit| commit.parse::<Revision>().ok()) {
        put(&mut answer, REPO_COMMIT, &revision.to_string());
    }
    put(&mut answer, LINKED_SIZE, &linked.size.to_string());
    put(&mut answer, LINKED_ETAG, &format!("\"{etag}\""));
    serve(Content::File(&path, linked.size), &etag, answer, &headers).await
}

/// `PUT /_hub/objects/…`: a large file in one piece.
pub(crate) async fn write(
    State(hub): State<Arc<Hub>>,
    names: Names,
    Query(seal): Query<Seal>,
    body: Body,
) -> Result<HeaderMap, Reject> {
    let linked = Linked::open(&hub, &names, &seal, Action::Write)?;
    let received = receive(body, &hub.scratch, linked.size).await?;
    linked.check_hash(received.sha256, received.size)?;
    let etag = etag_header(&received.sha256);
    hub.blocking(move |_| Ok(linked.repository.large.adopt(received.file, &linked.oid)?))
        .await?;
    Ok(etag)
}

/// `PUT /_hub/parts/…`: one part of a large file.
pub(crate) async fn write_part(
    State(hub): State<Arc<Hub>>,
    names: Names,
    Query(seal): Query<Seal>,
    body: Body,
) -> Result<HeaderMap, Reject> {
    let linked = Linked::open(&hub, &names, &seal, Action::Write)?;
    let number = names.part()?;
    let length = Parts::of(linked.size, &hub.limits).length(number.into(), linked.size);
    let length = length.ok_or(Reject::BadLink)?;
    let received = receive(body, &hub.scratch, length).await?;
    if received.size != length {
        return Err(Reject::WrongContent {
            expected: format!("a part of {length} bytes"),
            got: format!("{} bytes", received.size),
        });
    }
    let etag = etag_header(&received.sha256);
    hub.blocking(move |hub| {
        let folder = linked.parts_folder(hub);
        fs_err::create_dir_all(&folder)?;
        received
            .file
            .persist(folder.join(number.to_string()))
            .map_err(|error| Reject::from(error.error))?;
        Ok(())
    })
    .await?;
    Ok(etag)
}

fn etag_header(sha256: &[u8; 32]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    put(
        &mut headers,
        header::ETAG,
        &format!("\"{}\"", hex::encode(sha256)),
    );
    headers
}

#[derive(Debug, Deserialize)]
struct CompleteBody {
    oid: String,
}

/// `POST /_hub/objects/…`: all parts are there. Whether they are the right ones, the content's hash tells.
pub(crate) async fn complete(
    State(hub): State<Arc<Hub>>,
    names: Names,
    Query(seal): Query<Seal>,
    body: Body,
) -> Result<Json<serde_json::Value>, Reject> {
    let linked = Linked::open(&hub, &names, &seal, Action::Write)?;
    let body: CompleteBody = parse("the completion", &receive_small(body, MAX_BODY).await?)?;
    if parse_oid(&body.oid)? != linked.oid {
        return Err(Reject::BadLink);
    }
    hub.blocking(move |hub| {
        let pointer = LfsPointer {
            oid: linked.oid,
            size: linked.size,
        };
        if linked.repository.large.has(&pointer) {
            // The answer to an earlier completion was lost.
            return Ok(());
        }
        let folder = linked.parts_folder(hub);
        let (file, sha256, size) = join_parts(&linked, &folder, hub)?;
        linked.check_hash(sha256, size)?;
        linked.repository.large.adopt(file, &linked.oid)?;
        Ok(fs_err::remove_dir_all(folder)?)
    })
    .await?;
    Ok(Json(json!({})))
}

fn join_parts(linked: &Linked, folder: &Path, hub: &Hub) -> Result<(NamedTempFile, [u8; 32], u64), Reject> {
    let mut whole = NamedTempFile::with_prefix_in("join-", &hub.scratch)?;
    let mut hasher = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 1 << 18];
    for number in 1..=Parts::of(linked.size, &hub.limits).count {
        let path = folder.join(number.to_string());
        if !path.exists() {
            return Err(Reject::WrongContent {
                expected: format!("part {number}"),
                got: "no such part: send it first".to_owned(),
            });
        }
        let mut part = fs_err::File::open(path)?;
        loop {
            let read = part.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            whole.write_all(&buffer[..read])?;
            size += read as u64;
        }
    }
    Ok((whole, hasher.finalize().into(), size))
}

impl Hub {
    /// Removes the parts of uploads that were given up.
    pub(crate) fn remove_old_parts(&self) -> std::io::Result<()> {
        for entry in fs_err::read_dir(&self.parts)? {
            let entry = entry?;
            let age = self
                .clock
                .now()
                .duration_since(entry.metadata()?.modified()?)
                .unwrap_or_default();
            if age > PARTS_LIFETIME {
                fs_err::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_into_equal_parts_and_a_rest() {
        let limits = ServerLimits {
            part_bytes: 10,
            ..ServerLimits::default()
        };
        let parts = Parts::of(25, &limits);
        assert_eq!(parts, Parts { bytes: 10, count: 3 });
        let lengths: Vec<_> = (0..=4).map(|number| parts.length(number, 25)).collect();
        assert_eq!(lengths, [None, Some(10), Some(10), Some(5), None]);
        assert_eq!(
            Parts::of(1_000_000, &limits),
            Parts {
                bytes: 100,
                count: MAX_PARTS
            }
        );
    }
}
