//! What a request is about: a repository that its sender may read, or write. Handlers get at a repository only through
//! these two, so none can forget the check.

use crate::server::{account::Caller, git::Signature, hub::Hub, reject::Reject, repository::Repository};
use crate::{RefName, RepoId, RepoPath, RepoType, Visibility};
use axum::{
    extract::{FromRef, FromRequestParts, Path},
    http::{header, request::Parts, uri::Authority},
};
use std::{collections::HashMap, sync::Arc};

/// A repository the caller may read.
#[derive(Debug)]
pub(crate) struct Readable {
    pub(crate) repository: Arc<Repository>,
    pub(crate) caller: Caller,
}

/// A repository the caller may change.
#[derive(Debug)]
pub(crate) struct Writable {
    pub(crate) repository: Arc<Repository>,
    pub(crate) author: Signature,
}

/// The names in the address, before anything is known of them.
#[derive(Debug)]
pub(crate) struct Names(HashMap<String, String>);

/// The hub's own address as the client knows it, without a slash at the end.
#[derive(Clone, Debug)]
pub(crate) struct Base(pub(crate) String);

impl Names {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(crate) fn repo(&self) -> Result<RepoId, Reject> {
        let name = self.text("name");
        Ok(RepoId::new(
            self.text("owner"),
            name.strip_suffix(".git").unwrap_or(name),
        )?)
    }

    pub(crate) fn kind(&self) -> Result<RepoType, Reject> {
        let plural = self.text("kind");
        let kind = RepoType::ALL.into_iter().find(|kind| kind.plural() == plural);
        kind.ok_or(Reject::NoSuchAddress)
    }

    /// The revision in the address; the default branch where it has none.
    pub(crate) fn revision(&self) -> Result<RefName, Reject> {
        match self.0.get("revision") {
            Some(text) => Ok(text.parse()?),
            None => Ok(RefName::main()),
        }
    }

    /// The name of a branch or tag that the address ends with.
    pub(crate) fn reference(&self) -> Result<RefName, Reject> {
        Ok(self.text("reference").parse()?)
    }

    pub(crate) fn path(&self) -> Result<RepoPath, Reject> {
        Ok(self.text("path").parse()?)
    }

    /// The path in the address; `None` for the root.
    pub(crate) fn folder(&self) -> Result<Option<RepoPath>, Reject> {
        match self.text("path").trim_end_matches('/') {
            "" => Ok(None),
            text => Ok(Some(text.parse()?)),
        }
    }

    /// A SHA-256 in the address.
    pub(crate) fn oid(&self) -> Result<[u8; 32], Reject> {
        super::wire::parse_oid(self.text("oid"))
    }

    pub(crate) fn part(&self) -> Result<u32, Reject> {
        let number = self.text("number").parse();
        number.map_err(|_| Reject::Malformed {
            what: "the part's number",
            reason: "not a number".to_owned(),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Reject> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(names) = path.map_err(|error| Reject::Malformed {
            what: "the address",
            reason: error.body_text(),
        })?;
        Ok(Self(names))
    }
}

impl<S> FromRequestParts<S> for Readable
where
    S: Send + Sync,
    Arc<Hub>: FromRef<S>,
{
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Reject> {
        let hub = Arc::<Hub>::from_ref(state);
        let names = Names::from_request_parts(parts, state).await?;
        let caller = hub.accounts.caller(&parts.headers)?;
        let kind = match parts.extensions.get::<RepoType>() {
            Some(kind) => *kind,
            None => names.kind()?,
        };
        let repository = visible(&hub, kind, &names.repo()?, &caller)?;
        Ok(Self { repository, caller })
    }
}

impl<S> FromRequestParts<S> for Writable
where
    S: Send + Sync,
    Arc<Hub>: FromRef<S>,
{
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Reject> {
        let hub = Arc::<Hub>::from_ref(state);
        let Readable { repository, caller } = Readable::from_request_parts(parts, state).await?;
        let name = caller.check_write(&repository.id)?.name.clone();
        Ok(Self {
            repository,
            author: Signature {
                name,
                seconds: hub.seconds(),
            },
        })
    }
}

/// The repository, if it exists and the caller may know that it does.
pub(crate) fn visible(
    hub: &Hub,
    kind: RepoType,
    id: &RepoId,
    caller: &Caller,
) -> Result<Arc<Repository>, Reject> {
    let found = hub.shelf.get(kind, id);
    let may_see = |repository: &Arc<Repository>| {
        repository.settings().visibility == Visibility::Public || caller.belongs_to(id.owner())
    };
    found
        .filter(may_see)
        .ok_or(Reject::RepoNotFound(caller.identity()))
}

impl<S> FromRequestParts<S> for Base
where
    S: Send + Sync,
    Arc<Hub>: FromRef<S>,
{
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Reject> {
        if let Some(url) = &Arc::<Hub>::from_ref(state).public_url {
            return Ok(Self(url.clone()));
        }
        let host = parts
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let authority = host.or_else(|| parts.uri.authority().map(Authority::as_str));
        let authority = authority
            .and_then(|host| host.parse::<Authority>().ok())
            .ok_or_else(|| Reject::Malformed {
                what: "the Host header",
                reason: "it is missing or no host".to_owned(),
            })?;
        Ok(Self(format!("http://{authority}")))
    }
}
