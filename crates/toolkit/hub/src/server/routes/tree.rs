//! Listings of files: a folder, all that is below it, or named paths.

use super::{
    target::{Base, Names, Readable},
    wire::{LastCommit, TreeItem, next_page, parse, query_field, query_flag},
};
use crate::Revision;
use crate::server::{
    hub::Hub, intake::receive_small, reject::Reject, repository::Repository, snapshot::Snapshot,
};
use axum::{
    Json,
    body::Body,
    extract::{OriginalUri, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// Entries of one page, as on the real hub.
const PAGE: usize = 1000;

/// Entries of one page when each comes with its newest commit, which costs a walk through the history.
const EXPANDED_PAGE: usize = 50;

/// Commits looked back for the newest change of an entry. An entry that did not change for longer comes without.
const HISTORY_DEPTH: usize = 1000;

/// Most paths asked for at once, as on the real hub.
const MAX_PATHS: usize = 1000;

/// Largest body with paths.
const MAX_PATHS_BODY: u64 = 2 << 20;

/// `GET /api/{kind}/{repo}/tree/{revision}[/{path}]`
pub(crate) async fn list(
    State(hub): State<Arc<Hub>>,
    Readable { repository, .. }: Readable,
    names: Names,
    Base(base): Base,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Reject> {
    let (revision, folder) = (names.revision()?, names.folder()?);
    let query = uri.query();
    let recursive = query_flag(query, "recursive");
    let expand = query_flag(query, "expand");
    let after = query_field(query, "cursor");
    let most = if expand { EXPANDED_PAGE } else { PAGE };
    let limit = query_field(query, "limit")
        .and_then(|text| text.parse().ok())
        .unwrap_or(most)
        .clamp(1, most);
    let page = hub.blocking(move |_| {
        let sha = repository.resolve(&revision)?;
        let snapshot = repository.snapshot(sha)?;
        let folder = folder.as_ref().map_or("", |folder| folder.as_str());
        if !folder.is_empty() && !snapshot.folders.contains_key(folder) {
            return Err(Reject::EntryNotFound { revision: Some(sha) });
        }
        let mut page = entries(&snapshot, folder, recursive, after.as_deref(), limit + 1);
        let more = page.len() > limit;
        page.truncate(limit);
        if expand {
            add_last_commits(&repository, sha, &mut page)?;
        }
        Ok((sha, page, more))
    });
    let (sha, page, more) = page.await?;
    let last = page.last().map(|item| item.path.clone()).filter(|_| more);
    let link = last.and_then(|last| next_page(&base, uri.path(), query, &[("cursor", &last)]));
    let mut headers = HeaderMap::from_iter(link);
    headers
        .extend(HeaderValue::try_from(sha.to_string()).map(|sha| (crate::server::reject::REPO_COMMIT, sha)));
    Ok((headers, Json(page)).into_response())
}

/// Files and folders below `folder` that come after `after`, in order of their paths, at most `most`.
fn entries(
    snapshot: &Snapshot,
    folder: &str,
    recursive: bool,
    after: Option<&str>,
    most: usize,
) -> Vec<TreeItem> {
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let wanted = |path: &str| {
        path.strip_prefix(&prefix)
            .is_some_and(|rest| recursive || !rest.contains('/'))
            && after.is_none_or(|after| path > after)
    };
    let start = after
        .filter(|after| **after > *prefix)
        .unwrap_or(&prefix)
        .to_owned();
    let files = snapshot
        .files
        .range(start.clone()..)
        .take_while(|(path, _)| path.starts_with(&prefix))
        .filter(|(path, _)| wanted(path))
        .take(most)
        .map(|(path, entry)| TreeItem::file(path, entry));
    let folders = snapshot
        .folders
        .range(start..)
        .take_while(|(path, _)| path.starts_with(&prefix))
        .filter(|(path, _)| wanted(path))
        .take(most)
        .map(|(path, id)| TreeItem::folder(path, id));
    let mut items: Vec<_> = files.chain(folders).collect();
    items.sort_by(|left, right| left.path.cmp(&right.path));
    items.truncate(most);
    items
}

fn add_last_commits(repository: &Repository, sha: Revision, items: &mut [TreeItem]) -> Result<(), Reject> {
    let paths: Vec<_> = items.iter().map(|item| item.path.clone()).collect();
    let mut changes = repository.last_changes(sha, &paths, HISTORY_DEPTH)?;
    for item in items {
        item.last_commit = changes
            .remove(&item.path)
            .map(|(id, commit)| LastCommit::new(id, &commit));
    }
    Ok(())
}

/// The paths asked for, as a form or as JSON.
#[derive(Debug, Deserialize)]
struct PathsBody {
    paths: Vec<String>,
    #[serde(default)]
    expand: bool,
}

/// `POST /api/{kind}/{repo}/paths-info/{revision}`: those of the paths that exist.
pub(crate) async fn paths(
    State(hub): State<Arc<Hub>>,
    Readable { repository, .. }: Readable,
    names: Names,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Vec<TreeItem>>, Reject> {
    let revision = names.revision()?;
    let body = receive_small(body, MAX_PATHS_BODY).await?;
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let asked = if kind.starts_with("application/json") {
        parse("the paths", &body)?
    } else {
        let text = std::str::from_utf8(&body).ok();
        let pairs = url::form_urlencoded::parse(&body);
        let paths = pairs
            .filter(|(key, _)| key == "paths")
            .map(|(_, path)| path.into_owned())
            .collect();
        PathsBody {
            paths,
            expand: query_flag(text, "expand"),
        }
    };
    if asked.paths.len() > MAX_PATHS {
        return Err(Reject::TooMany {
            what: "paths",
            limit: MAX_PATHS,
        });
    }
    hub.blocking(move |_| {
        let sha = repository.resolve(&revision)?;
        let snapshot = repository.snapshot(sha)?;
        let mut items: Vec<_> = asked
            .paths
            .iter()
            .filter_map(|path| find(&snapshot, path))
            .collect();
        if asked.expand {
            add_last_commits(&repository, sha, &mut items)?;
        }
        Ok(Json(items))
    })
    .await
}

fn find(snapshot: &Snapshot, path: &str) -> Option<TreeItem> {
    let path = path.trim_end_matches('/');
    let file = snapshot.files.get(path).map(|entry| TreeItem::file(path, entry));
    file.or_else(|| snapshot.folders.get(path).map(|id| TreeItem::folder(path, id)))
}
