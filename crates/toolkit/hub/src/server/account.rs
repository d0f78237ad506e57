//! Who may do what: accounts, their tokens, and the check of a request's token.

use super::reject::{Identity, Reject};
use crate::RepoId;
use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::{collections::HashMap, sync::Arc};

/// One user of the hub.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name, which owns the repositories `name/…`.
    pub name: String,
    /// What proves that a request is its own.
    pub token: SecretString,
    /// Other owners it may act for.
    pub organizations: Vec<String>,
    /// What it may do.
    pub access: Access,
}

impl Account {
    /// An account that may write to its own repositories.
    #[must_use]
    pub fn new(name: impl Into<String>, token: impl Into<SecretString>) -> Self {
        Self {
            name: name.into(),
            token: token.into(),
            organizations: Vec::new(),
            access: Access::Write,
        }
    }

    /// Lets it act for another owner as well.
    #[must_use]
    pub fn organization(mut self, owner: impl Into<String>) -> Self {
        self.organizations.push(owner.into());
        self
    }

    /// Lets it read only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.access = Access::Read;
        self
    }

    fn acts_for(&self, owner: &str) -> bool {
        self.name == owner
            || self
                .organizations
                .iter()
                .any(|organization| organization == owner)
    }
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read what is its own and what is public.
    Read,
    /// Make, change and remove repositories of its own as well.
    Write,
}

/// The accounts, found by their token.
///
/// The map's key is the token's hash: how long a look-up takes says nothing about the tokens themselves, and no copy
/// of one lies around.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    by_token: HashMap<[u8; 32], Arc<Account>>,
}

impl Accounts {
    pub(crate) fn new(accounts: impl IntoIterator<Item = Account>) -> Self {
        let by_token = accounts
            .into_iter()
            .map(|account| {
                (
                    Sha256::digest(account.token.expose_secret()).into(),
                    Arc::new(account),
                )
            })
            .collect();
        Self { by_token }
    }

    /// Who sent these headers. A token that nobody has is an error; no token at all is not.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Reject> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Ok(Caller(None));
        };
        let value = value.to_str().map_err(|_| Reject::BadCredentials)?;
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim().to_owned(),
            // Git and its LFS extension send the token as a password.
            Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
                let pair = STANDARD.decode(pair.trim()).map_err(|_| Reject::BadCredentials)?;
                let pair = String::from_utf8(pair).map_err(|_| Reject::BadCredentials)?;
                pair.split_once(':').ok_or(Reject::BadCredentials)?.1.to_owned()
            }
            _ => return Err(Reject::BadCredentials),
        };
        let key: [u8; 32] = Sha256::digest(token).into();
        match self.by_token.get(&key) {
            Some(account) => Ok(Caller(Some(Arc::clone(account)))),
            None => Err(Reject::BadCredentials),
        }
    }
}

/// Who sent a request; nobody in particular when it has no token.
#[derive(Clone, Debug)]
pub(crate) struct Caller(Option<Arc<Account>>);

impl Caller {
    pub(crate) fn identity(&self) -> Identity {
        if self.0.is_some() {
            Identity::Known
        } else {
            Identity::Anonymous
        }
    }

    /// The account, for what needs one.
    pub(crate) fn account(&self) -> Result<&Account, Reject> {
        self.0.as_deref().ok_or(Reject::LoginRequired)
    }

    /// The caller's name, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.as_deref().map(|account| account.name.as_str())
    }

    /// Whether what this owner keeps private is the caller's to see.
    pub(crate) fn belongs_to(&self, owner: &str) -> bool {
        self.0.as_deref().is_some_and(|account| account.acts_for(owner))
    }

    /// Fails unless the caller may change this owner's repositories.
    pub(crate) fn check_write(&self, repo: &RepoId) -> Result<&Account, Reject> {
        let account = self.account()?;
        if account.access == Access::Read {
            return Err(Reject::ReadOnlyToken);
        }
        if !account.acts_for(repo.owner()) {
            return Err(Reject::NotOwner {
                owner: repo.owner().to_owned(),
            });
        }
        Ok(account)
    }
}
