//! The chunked transfer of uploads: a token, xorbs, and shards.

use super::target::{Base, Writable};
use crate::server::{
    hub::Hub,
    intake::{receive, receive_small},
    links::{Action, Permit, Seal},
    reject::{Identity, Reject},
    repository::Repository,
    xet::{FileRecipe, XetHash, read_shard},
};
use crate::{RepoId, RepoType};
use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    io::{self, BufWriter, Write},
    sync::Arc,
};
use tempfile::NamedTempFile;

/// Largest xorb: 64 MiB of chunks, with their headers and whatever stands behind them.
const MAX_XORB: u64 = 72 << 20;

/// Largest shard, part of the format.
const MAX_SHARD: u64 = 64 << 20;

/// What a token of the transfer says: whoever has it may add contents to this repository.
#[derive(Debug, Serialize, Deserialize)]
struct Grant {
    kind: RepoType,
    repo: RepoId,
    seal: Seal,
}

impl Grant {
    fn permit(&self) -> Permit<'_> {
        Permit {
            action: Action::Chunks,
            kind: self.kind,
            repo: &self.repo,
            oid: "",
            size: 0,
        }
    }
}

/// `GET /api/{kind}/{repo}/xet-write-token/{revision}`
pub(crate) async fn token(
    State(hub): State<Arc<Hub>>,
    Writable { repository, .. }: Writable,
    Base(base): Base,
) -> Result<(HeaderMap, Json<Value>), Reject> {
    let (kind, repo) = (repository.kind, repository.id.clone());
    let permit = Permit {
        action: Action::Chunks,
        kind,
        repo: &repo,
        oid: "",
        size: 0,
    };
    let seal = hub.links.seal(&permit, hub.clock.now());
    let expires = seal.expires;
    let grant = serde_json::to_vec(&Grant { kind, repo, seal }).map_err(io::Error::from)?;
    let (token, address) = (URL_SAFE_NO_PAD.encode(grant), format!("{base}/_hub/xet"));
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-xet-cas-url", address.as_str()),
        ("x-xet-access-token", token.as_str()),
        ("x-xet-token-expiration", &expires.to_string()),
    ] {
        super::files::put(&mut headers, HeaderName::from_static(name), value);
    }
    Ok((
        headers,
        Json(json!({ "casUrl": address, "exp": expires, "accessToken": token })),
    ))
}

/// The repository that the request's token was given out for.
fn granted(hub: &Hub, headers: &HeaderMap) -> Result<Arc<Repository>, Reject> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = value
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Reject::LoginRequired)?;
    let grant = URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| Reject::BadCredentials)?;
    let grant: Grant = serde_json::from_slice(&grant).map_err(|_| Reject::BadCredentials)?;
    let valid = hub.links.check(&grant.permit(), &grant.seal, hub.clock.now());
    // Clients ask for a new token when this one is refused as such.
    valid.map_err(|_| Reject::BadCredentials)?;
    hub.shelf
        .get(grant.kind, &grant.repo)
        .ok_or(Reject::RepoNotFound(Identity::Known))
}

/// `POST /_hub/xet/v1/xorbs/default/{hash}`
pub(crate) async fn put_xorb(
    State(hub): State<Arc<Hub>>,
    Path(hash): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Reject> {
    granted(&hub, &headers)?;
    let hash = XetHash::from_hex(&hash).ok_or_else(|| Reject::Malformed {
        what: "the xorb's hash",
        reason: "not 64 hexadecimal digits".to_owned(),
    })?;
    if hub.xorbs.has(&hash) {
        return Ok(Json(json!({ "was_inserted": false })));
    }
    let received = receive(body, &hub.scratch, MAX_XORB).await?;
    hub.blocking(move |hub| hub.xorbs.adopt(received.file, &hash))
        .await?;
    Ok(Json(json!({ "was_inserted": true })))
}

/// `POST /_hub/xet/v1/shards`: the files that the sent chunks make. They are put together here and now, so that a
/// commit that follows finds them.
pub(crate) async fn put_shard(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Reject> {
    let repository = granted(&hub, &headers)?;
    let bytes = receive_small(body, MAX_SHARD).await?;
    let made = hub.blocking(move |hub| {
        let files = read_shard(&bytes).map_err(|error| Reject::Malformed {
            what: "the shard",
            reason: error.to_string(),
        })?;
        files
            .iter()
            .try_fold(false, |made, file| Ok(assemble(hub, &repository, file)? || made))
    });
    // 0 says that nothing was new, 1 that something was.
    Ok(Json(json!({ "result": u8::from(made.await?) })))
}

/// Puts a file together, unless the repository has it. Says whether it did.
fn assemble(hub: &Hub, repository: &Repository, file: &FileRecipe) -> Result<bool, Reject> {
    let Some(sha256) = file
        .sha256
        .filter(|sha256| repository.large.size(sha256).is_none())
    else {
        return Ok(false);
    };
    let announced: u64 = file.segments.iter().map(|segment| u64::from(segment.bytes)).sum();
    if announced > hub.limits.file_bytes {
        return Err(Reject::TooLarge {
            what: "a file of the shard",
            limit: hub.limits.file_bytes,
        });
    }
    let whole = NamedTempFile::with_prefix_in("join-", &hub.scratch)?;
    let mut out = Hashing {
        out: BufWriter::with_capacity(1 << 18, whole),
        hasher: Sha256::new(),
    };
    for segment in &file.segments {
        let got = hub.xorbs.copy(segment, &mut out)?;
        if got != u64::from(segment.bytes) {
            return Err(Reject::WrongContent {
                expected: format!("a segment of {} bytes", segment.bytes),
                got: format!("{got} bytes"),
            });
        }
    }
    let whole = out.out.into_inner().map_err(io::IntoInnerError::into_error)?;
    let found: [u8; 32] = out.hasher.finalize().into();
    if found != sha256 {
        return Err(Reject::WrongContent {
            expected: hex::encode(sha256),
            got: hex::encode(found),
        });
    }
    repository.large.adopt(whole, &sha256)?;
    Ok(true)
}

/// Hashes what it passes on.
struct Hashing<W> {
    out: W,
    hasher: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.hasher.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
