//! How a repository came about: commits, branches, tags.

use super::{
    target::{Base, Names, Readable, Writable},
    wire::{commit_date, next_page, parse, query_field},
};
use crate::server::{hub::Hub, intake::receive_small, references::RefKind, reject::Reject};
use crate::{RefName, Revision};
use axum::{
    Json,
    body::Body,
    extract::{OriginalUri, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Commits of one page, as on the real hub.
const PAGE: usize = 50;

/// Largest body of the calls in this file.
const MAX_BODY: u64 = 64 << 10;

/// `GET /api/{kind}/{repo}/commits/{revision}?p=PAGE`, newest first.
pub(crate) async fn commits(
    State(hub): State<Arc<Hub>>,
    Readable { repository, .. }: Readable,
    names: Names,
    Base(base): Base,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Reject> {
    let revision = names.revision()?;
    let number = |name| query_field(uri.query(), name).and_then(|text| text.parse::<usize>().ok());
    let page = number("p").unwrap_or(0);
    let limit = number("limit").unwrap_or(PAGE).clamp(1, PAGE);
    let commits = hub.blocking(move |_| {
        let sha = repository.resolve(&revision)?;
        Ok(repository.history(sha, page.saturating_mul(limit), limit + 1)?)
    });
    let mut commits = commits.await?;
    let more = commits.len() > limit;
    commits.truncate(limit);
    let items = commits.iter().map(|(id, commit)| {
        json!({
            "id": id,
            "title": commit.title,
            "message": commit.message,
            "authors": [{ "user": commit.author.name, "avatar": "" }],
            "date": commit_date(commit),
        })
    });
    let body = Json(items.collect::<Vec<_>>());
    let next = (page + 1).to_string();
    let link = next_page(&base, uri.path(), uri.query(), &[("p", &next)]).filter(|_| more);
    Ok((HeaderMap::from_iter(link), body).into_response())
}

/// `GET /api/{kind}/{repo}/refs`
pub(crate) async fn references(
    State(hub): State<Arc<Hub>>,
    Readable { repository, .. }: Readable,
) -> Result<Json<Value>, Reject> {
    let listed = hub.blocking(move |_| {
        Ok((
            repository.list_references(RefKind::Branch)?,
            repository.list_references(RefKind::Tag)?,
        ))
    });
    let (branches, tags) = listed.await?;
    let items = |references: Vec<(RefName, Revision)>, folder: &str| {
        let item = |(name, target)| json!({ "name": name, "ref": format!("refs/{folder}/{name}"), "targetCommit": target });
        references.into_iter().map(item).collect::<Vec<_>>()
    };
    Ok(Json(json!({
        "branches": items(branches, "heads"),
        "tags": items(tags, "tags"),
        "converts": [],
        "pullRequests": [],
    })))
}

#[derive(Debug, Deserialize)]
struct BranchBody {
    #[serde(rename = "startingPoint")]
    starting_point: Option<RefName>,
}

/// `POST /api/{kind}/{repo}/branch/{name}`
pub(crate) async fn create_branch(
    State(hub): State<Arc<Hub>>,
    Writable { repository, .. }: Writable,
    names: Names,
    body: Body,
) -> Result<Json<Value>, Reject> {
    let name = names.reference()?;
    let body = receive_small(body, MAX_BODY).await?;
    let start = if body.is_empty() {
        None
    } else {
        parse::<BranchBody>("the branch", &body)?.starting_point
    };
    hub.blocking(move |_| repository.create_branch(&name, start.as_ref()))
        .await?;
    Ok(Json(json!({})))
}

/// `DELETE /api/{kind}/{repo}/branch/{name}`
pub(crate) async fn delete_branch(
    State(hub): State<Arc<Hub>>,
    Writable { repository, .. }: Writable,
    names: Names,
) -> Result<Json<Value>, Reject> {
    let name = names.reference()?;
    hub.blocking(move |_| repository.remove_reference(RefKind::Branch, &name))
        .await?;
    Ok(Json(json!({})))
}

#[derive(Debug, Deserialize)]
struct TagBody {
    tag: RefName,
    message: Option<String>,
}

/// `POST /api/{kind}/{repo}/tag/{revision}`
pub(crate) async fn create_tag(
    State(hub): State<Arc<Hub>>,
    Writable { repository, author }: Writable,
    names: Names,
    body: Body,
) -> Result<Json<Value>, Reject> {
    let at = names.reference()?;
    let TagBody { tag, message } = parse("the tag", &receive_small(body, MAX_BODY).await?)?;
    if message.as_ref().is_some_and(|message| message.contains('\0')) {
        let reason = "Git keeps no zero byte in a message".to_owned();
        return Err(Reject::Malformed {
            what: "the tag",
            reason,
        });
    }
    hub.blocking(move |_| repository.create_tag(&tag, &at, author, message))
        .await?;
    Ok(Json(json!({})))
}

/// `DELETE /api/{kind}/{repo}/tag/{name}`
pub(crate) async fn delete_tag(
    State(hub): State<Arc<Hub>>,
    Writable { repository, .. }: Writable,
    names: Names,
) -> Result<Json<Value>, Reject> {
    let name = names.reference()?;
    hub.blocking(move |_| repository.remove_reference(RefKind::Tag, &name))
        .await?;
    Ok(Json(json!({})))
}
