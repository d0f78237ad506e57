//! Large files: the LFS batch call, and the transfers it leads to.

use super::{
    files::{Content, LINKED_ETAG, LINKED_SIZE, check_gate, name_headers, put, serve},
    target::{Base, Names, Readable},
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
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tempfile::NamedTempFile;

/// The media type of the LFS calls.
const LFS_JSON: HeaderValue = HeaderValue::from_static("application/vnd.git-lfs+json");

/// Largest body of an LFS call.
const MAX_BODY: u64 = 4 << 20;

/// Most objects of one batch call.
const MAX_OBJECTS: usize = 1000;

/// Most parts of one file, the limit of the storage services that clients know.
const MAX_PARTS: u64 = 10_000;

/// Parts that nobody asked about for so long belong to an upload that was given up.
const PARTS_LIFETIME: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Deserialize)]
struct BatchBody {
    operation: Operation,
    #[serde(default)]
    transfers: Vec<String>,
    objects: Vec<BatchObject>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operation {
    Upload,
    Download,
}

#[derive(Debug, Deserialize)]
struct BatchObject {
    oid: String,
    size: u64,
}

#[derive(Debug, Serialize)]
struct BatchItem {
    oid: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<BTreeMap<&'static str, Link>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<BatchError>,
}

#[derive(Debug, Serialize)]
struct Link {
    href: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    header: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct BatchError {
    code: u16,
    message: String,
}

/// `POST /{repo}.git/info/lfs/objects/batch`
pub(crate) async fn batch(
    State(hub): State<Arc<Hub>>,
    target: Readable,
    Base(base): Base,
    body: Body,
) -> Result<Response, Reject> {
    let body: BatchBody = parse("the batch", &receive_small(body, MAX_BODY).await?)?;
    if body.objects.len() > MAX_OBJECTS {
        return Err(Reject::TooMany {
            what: "objects in one batch",
            limit: MAX_OBJECTS,
        });
    }
    match body.operation {
        Operation::Upload => drop(target.caller.check_write(&target.repository.id)?),
        Operation::Download => check_gate(&target)?,
    }
    let in_parts = body.transfers.iter().any(|transfer| transfer == "multipart");
    let objects = hub.blocking(move |hub| {
        let offer = Offer {
            hub,
            repository: &target.repository,
            base: &base,
            in_parts,
        };
        body.objects
            .into_iter()
            .map(|object| offer.item(body.operation, object))
            .collect::<Result<Vec<_>, _>>()
    });
    let objects = objects.await?;
    let parts = |item: &BatchItem| {
        item.actions
            .as_ref()
            .and_then(|actions| actions.get("upload"))
            .is_some_and(|link| !link.header.is_empty())
    };
    let transfer = if objects.iter().any(parts) {
        "multipart"
    } else {
        "basic"
    };
    let answer = json!({ "transfer": transfer, "objects": objects, "hash_algo": "sha256" });
    Ok(([(header::CONTENT_TYPE, LFS_JSON)], Json(answer)).into_response())
}

/// What the hub offers for the objects of one batch.
struct Offer<'a> {
    hub: &'a Hub,
    repository: &'a Repository,
    base: &'a str,
    in_parts: bool,
}

impl Offer<'_> {
    fn item(&self, operation: Operation, object: BatchObject) -> Result<BatchItem, Reject> {
        let oid = parse_oid(&object.oid)?;
        let here = self.repository.large.has(&LfsPointer {
            oid,
            size: object.size,
        });
        let (actions, error) = match operation {
            Operation::Upload if here => (None, None),
            Operation::Upload if object.size > self.hub.limits.file_bytes => {
                let message = format!(
                    "this hub takes files of at most {} bytes",
                    self.hub.limits.file_bytes
                );
                (None, Some(BatchError { code: 422, message }))
            }
            Operation::Upload => (Some(self.upload(&object)), None),
            Operation::Download if here => (Some(self.download(&object)), None),
            Operation::Download => (
                None,
                Some(BatchError {
                    code: 404,
                    message: "not in this repository".to_owned(),
                }),
            ),
        };
        Ok(BatchItem {
            oid: object.oid,
            size: object.size,
            actions,
            error,
        })
    }

    fn address(&self, folder: &str, oid: &str, rest: &str, action: Action, size: u64) -> String {
        let (kind, repo) = (self.repository.kind, &self.repository.id);
        let seal = self.hub.links.seal(
            &Permit {
                action,
                kind,
                repo,
                oid,
                size,
            },
            self.hub.clock.now(),
        );
        format!(
            "{}/_hub/{folder}/{}/{repo}/{oid}{rest}?size={}&expires={}&signature={}",
            self.base,
            kind.plural(),
            seal.size,
            seal.expires,
            seal.signature
        )
    }

    fn download(&self, object: &BatchObject) -> BTreeMap<&'static str, Link> {
        let href = self.address("objects", &object.oid, "", Action::Read, object.size);
        BTreeMap::from([(
            "download",
            Link {
                href,
                header: BTreeMap::new(),
            },
        )])
    }

    fn upload(&self, object: &BatchObject) -> BTreeMap<&'static str, Link> {
        let BatchObject { oid, size } = object;
        let mut header = BTreeMap::new();
        if self.in_parts && *size > self.hub.limits.part_bytes {
            let parts = Parts::of(*size, &self.hub.limits);
            header.insert("chunk_size".to_owned(), parts.bytes.to_string());
            for number in 1..=parts.count {
                let href = self.address("parts", oid, &format!("/{number}"), Action::Write, *size);
                header.insert(number.to_string(), href);
            }
        }
        let href = self.address("objects", oid, "", Action::Write, *size);
        let prefix = self.repository.kind.url_prefix();
        let verify = format!(
            "{}/{prefix}{}.git/info/lfs/objects/verify",
            self.base, self.repository.id
        );
        BTreeMap::from([
            ("upload", Link { href, header }),
            (
                "verify",
                Link {
                    href: verify,
                    header: BTreeMap::new(),
                },
            ),
        ])
    }
}

/// How a large file is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    /// Bytes of each part but the last.
    bytes: u64,
    count: u64,
}

impl Parts {
    fn of(size: u64, limits: &ServerLimits) -> Self {
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

fn join_parts(
    linked: &Linked,
    folder: &std::path::Path,
    hub: &Hub,
) -> Result<(NamedTempFile, [u8; 32], u64), Reject> {
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

/// `POST /{repo}.git/info/lfs/objects/verify`: whether an upload arrived.
pub(crate) async fn verify(
    State(hub): State<Arc<Hub>>,
    target: Readable,
    body: Body,
) -> Result<Json<serde_json::Value>, Reject> {
    let object: BatchObject = parse("the object", &receive_small(body, MAX_BODY).await?)?;
    let oid = parse_oid(&object.oid)?;
    let found = hub.blocking(move |_| {
        Ok(target.repository.large.has(&LfsPointer {
            oid,
            size: object.size,
        }))
    });
    if found.await? {
        Ok(Json(json!({})))
    } else {
        Err(Reject::EntryNotFound { revision: None })
    }
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
