//! The JSON of answers, spelled as the real hub spells it.

use crate::Revision;
use crate::server::{
    git::{Commit, LfsPointer, ObjectId},
    reject::Reject,
    snapshot::FileEntry,
};
use axum::http::{HeaderName, HeaderValue, header};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// The form of every date: milliseconds and a `Z`.
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

pub(crate) fn date(time: OffsetDateTime) -> String {
    time.format(&DATE).unwrap_or_default()
}

pub(crate) fn commit_date(commit: &Commit) -> String {
    date(OffsetDateTime::from_unix_timestamp(commit.author.seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

/// One line of a tree listing.
#[derive(Debug, Serialize)]
pub(crate) struct TreeItem {
    #[serde(rename = "type")]
    kind: &'static str,
    oid: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lfs: Option<TreeLfs>,
    pub(crate) path: String,
    #[serde(rename = "lastCommit", skip_serializing_if = "Option::is_none")]
    pub(crate) last_commit: Option<LastCommit>,
}

#[derive(Debug, Serialize)]
struct TreeLfs {
    oid: String,
    size: u64,
    #[serde(rename = "pointerSize")]
    pointer_size: usize,
}

/// The newest commit that changed an entry.
#[derive(Debug, Serialize)]
pub(crate) struct LastCommit {
    id: Revision,
    title: String,
    date: String,
}

impl LastCommit {
    pub(crate) fn new(id: Revision, commit: &Commit) -> Self {
        Self {
            id,
            title: commit.title.clone(),
            date: commit_date(commit),
        }
    }
}

impl TreeItem {
    pub(crate) fn file(path: &str, entry: &FileEntry) -> Self {
        let lfs = entry.lfs.as_ref().map(|pointer| TreeLfs {
            oid: hex::encode(pointer.oid),
            size: pointer.size,
            pointer_size: pointer.encode().len(),
        });
        Self {
            kind: "file",
            oid: entry.id.to_string(),
            size: entry.size,
            lfs,
            path: path.to_owned(),
            last_commit: None,
        }
    }

    pub(crate) fn folder(path: &str, id: &ObjectId) -> Self {
        Self {
            kind: "directory",
            oid: id.to_string(),
            size: 0,
            lfs: None,
            path: path.to_owned(),
            last_commit: None,
        }
    }
}

/// One file in a repository's description.
#[derive(Debug, Serialize)]
pub(crate) struct Sibling {
    rfilename: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "blobId", skip_serializing_if = "Option::is_none")]
    blob_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lfs: Option<SiblingLfs>,
}

#[derive(Debug, Serialize)]
struct SiblingLfs {
    sha256: String,
    size: u64,
    #[serde(rename = "pointerSize")]
    pointer_size: usize,
}

impl Sibling {
    pub(crate) fn name(path: &str) -> Self {
        Self {
            rfilename: path.to_owned(),
            size: None,
            blob_id: None,
            lfs: None,
        }
    }

    pub(crate) fn full(path: &str, entry: &FileEntry) -> Self {
        let lfs = |pointer: &LfsPointer| SiblingLfs {
            sha256: hex::encode(pointer.oid),
            size: pointer.size,
            pointer_size: pointer.encode().len(),
        };
        Self {
            rfilename: path.to_owned(),
            size: Some(entry.size),
            blob_id: Some(entry.id.to_string()),
            lfs: entry.lfs.as_ref().map(lfs),
        }
    }
}

/// Reads a JSON body, naming what it should have been.
pub(crate) fn parse<T: DeserializeOwned>(what: &'static str, body: &Bytes) -> Result<T, Reject> {
    serde_json::from_slice(body).map_err(|error| Reject::Malformed {
        what,
        reason: error.to_string(),
    })
}

/// 64 lower-case hexadecimal digits.
pub(crate) fn parse_oid(text: &str) -> Result<[u8; 32], Reject> {
    let mut oid = [0; 32];
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    match hex::decode_to_slice(text, &mut oid) {
        Ok(()) if lower => Ok(oid),
        _ => Err(Reject::Malformed {
            what: "the content's hash",
            reason: "not 64 lower-case hexadecimal digits".to_owned(),
        }),
    }
}

/// The value of one query field; the last one where it is given several times.
pub(crate) fn query_field(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .last()
}

/// Whether a query field says yes, in the spelling of JavaScript or of Python.
pub(crate) fn query_flag(query: Option<&str>, name: &str) -> bool {
    query_field(query, name).is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1"))
}

/// The header that leads to the next page: the same address with `changes` made to its query.
pub(crate) fn next_page(
    base: &str,
    path: &str,
    query: Option<&str>,
    changes: &[(&str, &str)],
) -> Option<(HeaderName, HeaderValue)> {
    let mut next = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if !changes.iter().any(|(changed, _)| *changed == key) {
            next.append_pair(&key, &value);
        }
    }
    next.extend_pairs(changes);
    let value = HeaderValue::try_from(format!("<{base}{path}?{}>; rel=\"next\"", next.finish())).ok()?;
    Some((header::LINK, value))
}
