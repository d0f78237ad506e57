//! What coldkeys and subnets say about themselves. It is text from anybody: nothing of it is checked by the chain.

use serde::{Deserialize, Serialize};

/// A coldkey's description of itself. Bytes that are no UTF-8 became replacement characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its page.
    pub url: String,
    /// Its code.
    pub github_repo: String,
    /// Its picture's address.
    pub image: String,
    /// Where to talk to it.
    pub discord: String,
    /// What it does.
    pub description: String,
    /// Anything else.
    pub additional: String,
}

/// A subnet's description of itself, as its owner wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetIdentity {
    /// Its name.
    pub name: String,
    /// Its code.
    pub github_repo: String,
    /// Whom to write to.
    pub contact: String,
    /// Its page.
    pub url: String,
    /// Where to talk about it.
    pub discord: String,
    /// What it does.
    pub description: String,
    /// Its picture's address.
    pub logo_url: String,
    /// Anything else.
    pub additional: String,
}
