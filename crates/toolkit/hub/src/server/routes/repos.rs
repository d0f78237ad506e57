//! Repositories as a whole: making, removing, describing, listing; and who is asking.

use super::{
    target::{Base, Names, Readable, Writable, visible},
    wire::{Sibling, commit_date, date, next_page, parse, query_field, query_flag},
};
use crate::server::{
    hub::Hub,
    intake::receive_small,
    reject::Reject,
    repository::{Gate, Repository},
};
use crate::{RefName, RepoId, RepoType, Revision, Visibility};
use axum::{
    Json,
    body::Body,
    extract::{OriginalUri, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Largest body of the calls in this file. A dataset card is the longest of them.
const MAX_BODY: u64 = 1 << 20;

/// Most repositories of one page of a listing.
const MAX_PAGE: usize = 1000;

/// `GET /api/whoami-v2`
pub(crate) async fn whoami(State(hub): State<Arc<Hub>>, headers: HeaderMap) -> Result<Json<Value>, Reject> {
    let caller = hub.accounts.caller(&headers)?;
    let account = caller.account()?;
    let id = |name: &str| hex::encode(&Sha256::digest(name)[..12]);
    let organizations = account.organizations.iter().map(|name| {
        json!({ "type": "org", "id": id(name), "name": name, "fullname": name, "roleInOrg": "write", "isEnterprise": false })
    });
    let role = match account.access {
        crate::server::Access::Read => "read",
        crate::server::Access::Write => "write",
    };
    Ok(Json(json!({
        "type": "user",
        "id": id(&account.name),
        "name": account.name,
        "fullname": account.name,
        "isPro": false,
        "canPay": false,
        "orgs": organizations.collect::<Vec<_>>(),
        "auth": { "type": "access_token", "accessToken": { "displayName": account.name, "role": role } },
    })))
}

/// Names a repository in a body: the owner is the caller when no organisation is given.
#[derive(Debug, Deserialize)]
struct RepoBody {
    name: String,
    organization: Option<String>,
    #[serde(rename = "type")]
    kind: Option<RepoType>,
    visibility: Option<Visibility>,
    /// The older spelling of `visibility`.
    private: Option<bool>,
}

impl RepoBody {
    fn visibility(&self) -> Option<Visibility> {
        self.visibility.or(match self.private {
            Some(true) => Some(Visibility::Private),
            Some(false) => Some(Visibility::Public),
            None => None,
        })
    }
}

/// `POST /api/repos/create`
pub(crate) async fn create(
    State(hub): State<Arc<Hub>>,
    Base(base): Base,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Reject> {
    let caller = hub.accounts.caller(&headers)?;
    let me = caller.account()?.name.clone();
    let body: RepoBody = parse("the repository to make", &receive_small(body, MAX_BODY).await?)?;
    let repo = RepoId::new(body.organization.as_deref().unwrap_or(&me), &body.name)?;
    caller.check_write(&repo)?;
    let kind = body.kind.unwrap_or(RepoType::Model);
    let visibility = body.visibility().unwrap_or_default();
    let url = format!("{base}/{}{repo}", kind.url_prefix());
    let id = repo.clone();
    let made = hub
        .blocking(move |hub| hub.shelf.create(kind, &id, visibility, hub.seconds()))
        .await?;
    match made {
        Some(_) => Ok(Json(
            json!({ "url": url, "name": repo, "id": repo_number(kind, &repo) }),
        )),
        None => Err(Reject::RepoExists { repo, url }),
    }
}

/// `DELETE /api/repos/delete`
pub(crate) async fn remove(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Reject> {
    let caller = hub.accounts.caller(&headers)?;
    let me = caller.account()?.name.clone();
    let body: RepoBody = parse("the repository to remove", &receive_small(body, MAX_BODY).await?)?;
    let repo = RepoId::new(body.organization.as_deref().unwrap_or(&me), &body.name)?;
    let repository = visible(&hub, body.kind.unwrap_or(RepoType::Model), &repo, &caller)?;
    caller.check_write(&repo)?;
    hub.blocking(move |hub| hub.shelf.remove(&repository)).await?;
    Ok(Json(json!({})))
}

/// `GET /api/{kind}/{repo}` and `…/revision/{revision}`
pub(crate) async fn info(
    State(hub): State<Arc<Hub>>,
    Readable { repository, .. }: Readable,
    names: Names,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Reject> {
    let revision = names.revision()?;
    let blobs = query_flag(query.as_deref(), "blobs");
    hub.blocking(move |_| describe(&repository, &revision, blobs))
        .await
        .map(Json)
}

fn describe(repository: &Repository, revision: &RefName, blobs: bool) -> Result<Value, Reject> {
    let sha = repository.resolve(revision)?;
    let commit = repository.read_commit(sha)?;
    let snapshot = repository.snapshot(sha)?;
    let sibling = |(path, entry): (&String, _)| {
        if blobs {
            Sibling::full(path, entry)
        } else {
            Sibling::name(path)
        }
    };
    let mut info = summary(repository, sha);
    info["lastModified"] = commit_date(&commit).into();
    info["siblings"] = json!(snapshot.files.iter().map(sibling).collect::<Vec<_>>());
    info["usedStorage"] = snapshot
        .files
        .values()
        .map(|entry| entry.size)
        .sum::<u64>()
        .into();
    if repository.kind == RepoType::Space {
        info["sdk"] = "static".into();
    }
    Ok(info)
}

/// What a listing and a description have in common.
fn summary(repository: &Repository, sha: Revision) -> Value {
    let settings = repository.settings();
    let mut summary = json!({
        "_id": repo_number(repository.kind, &repository.id),
        "id": repository.id,
        "author": repository.id.owner(),
        "sha": sha,
        "private": settings.visibility == Visibility::Private,
        "gated": match settings.gate {
            Gate::Open => json!(false),
            Gate::Auto => json!("auto"),
            Gate::Manual => json!("manual"),
        },
        "disabled": false,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "createdAt": date(settings.created),
    });
    if repository.kind == RepoType::Model {
        summary["modelId"] = summary["id"].clone();
    }
    summary
}

/// The 24 digits by which the hub names a repository besides its name.
fn repo_number(kind: RepoType, repo: &RepoId) -> String {
    hex::encode(&Sha256::digest(format!("{kind} {repo}"))[..12])
}

/// `GET /api/{kind}`: what the caller may see, by name, in pages.
pub(crate) async fn list(
    State(hub): State<Arc<Hub>>,
    names: Names,
    Base(base): Base,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Reject> {
    let caller = hub.accounts.caller(&headers)?;
    let kind = names.kind()?;
    let query = uri.query();
    let field = |name| query_field(query, name);
    let limit = field("limit")
        .and_then(|text| text.parse().ok())
        .unwrap_or(MAX_PAGE)
        .clamp(1, MAX_PAGE);
    let (author, search, after) = (
        field("author"),
        field("search").map(|text| text.to_lowercase()),
        field("cursor"),
    );
    let page = hub.blocking(move |hub| {
        let mut page = Vec::new();
        for repository in hub.shelf.list(kind) {
            let id = &repository.id;
            let wanted = author.as_deref().is_none_or(|author| id.owner() == author)
                && search
                    .as_deref()
                    .is_none_or(|search| id.as_str().to_lowercase().contains(search))
                && after.as_deref().is_none_or(|after| id.as_str() > after);
            let seen =
                repository.settings().visibility == Visibility::Public || caller.belongs_to(id.owner());
            if wanted && seen {
                page.push(summary(&repository, repository.resolve(&RefName::main())?));
                if page.len() > limit {
                    break;
                }
            }
        }
        Ok(page)
    });
    let mut page = page.await?;
    let more = page.len() > limit;
    page.truncate(limit);
    let last = page.last().and_then(|last| last["id"].as_str()).filter(|_| more);
    let link = last.and_then(|last| next_page(&base, uri.path(), query, &[("cursor", last)]));
    Ok((HeaderMap::from_iter(link), Json(page)).into_response())
}

#[derive(Debug, Deserialize)]
struct SettingsBody {
    visibility: Option<Visibility>,
    private: Option<bool>,
    gated: Option<Gated>,
}

/// How readers are admitted: `"auto"`, `"manual"`, or `false`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
struct Gated(Gate);

impl TryFrom<Value> for Gated {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match (value.as_bool(), value.as_str()) {
            (Some(false), _) => Ok(Self(Gate::Open)),
            (_, Some("auto")) => Ok(Self(Gate::Auto)),
            (_, Some("manual")) => Ok(Self(Gate::Manual)),
            _ => Err("gated is \"auto\", \"manual\" or false"),
        }
    }
}

/// `PUT /api/{kind}/{repo}/settings`
pub(crate) async fn settings(
    State(hub): State<Arc<Hub>>,
    Writable { repository, .. }: Writable,
    body: Body,
) -> Result<Json<Value>, Reject> {
    let body: SettingsBody = parse("the settings", &receive_small(body, MAX_BODY).await?)?;
    let private = body.private.map(|private| {
        if private {
            Visibility::Private
        } else {
            Visibility::Public
        }
    });
    hub.blocking(move |_| {
        repository.change_settings(|settings| {
            settings.visibility = body.visibility.or(private).unwrap_or(settings.visibility);
            settings.gate = body.gated.map_or(settings.gate, |Gated(gate)| gate);
        })
    })
    .await?;
    Ok(Json(json!({})))
}

/// `GET /api/{kind}/{repo}/auth-check`
pub(crate) async fn may_read(target: Readable) -> Result<Json<Value>, Reject> {
    super::files::check_gate(&target)?;
    Ok(Json(json!({})))
}

/// `GET /api/{kind}/{repo}/auth-check/write`
pub(crate) async fn may_write(_target: Writable) -> Json<Value> {
    Json(json!({}))
}

#[derive(Debug, Deserialize)]
struct CardBody {
    content: String,
}

/// `POST /api/validate-yaml`: clients ask this before they commit a `README.md`. The hub does not use the metadata
/// block at its top, so it only says when the block does not end.
pub(crate) async fn validate_card(body: Body) -> Result<Json<Value>, Reject> {
    let body: CardBody = parse("the card", &receive_small(body, MAX_BODY).await?)?;
    let mut lines = body.content.lines();
    let unclosed = lines.next() == Some("---") && !lines.any(|line| line.trim_end() == "---");
    if unclosed {
        return Err(Reject::Malformed {
            what: "the card",
            reason: "its metadata block does not end".to_owned(),
        });
    }
    Ok(Json(json!({ "errors": [], "warnings": [] })))
}
