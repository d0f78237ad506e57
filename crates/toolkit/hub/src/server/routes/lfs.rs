//! The calls of Git LFS: which contents the hub wants or has, and whether one arrived.

use super::{
    files::check_gate,
    target::{Base, Readable},
    transfer::Parts,
    wire::{parse, parse_oid},
};
use crate::server::{
    git::LfsPointer,
    hub::Hub,
    intake::receive_small,
    links::{Action, Permit},
    reject::Reject,
    repository::Repository,
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

/// The media type of the LFS calls.
const LFS_JSON: HeaderValue = HeaderValue::from_static("application/vnd.git-lfs+json");

/// Largest body of an LFS call. A thousand objects take a fifth of it.
const MAX_BODY: u64 = 512 << 10;

/// Most objects of one batch call.
const MAX_OBJECTS: usize = 1000;

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
