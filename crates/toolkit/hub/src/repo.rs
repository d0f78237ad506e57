//! Names of repositories: owner, name, kind and visibility.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Longest repository name the hub accepts, counted over `owner/name`.
///
/// The hub's own limit. Shorter would refuse names that exist there; longer would let a repository be made here that
/// could never be pushed to the real hub.
pub const MAX_REPO_ID_LENGTH: usize = 96;

/// A repository's full name, `owner/name`.
///
/// Both halves are 1 to 96 characters of `A-Z a-z 0-9 - _ .`, do not start or end with `-` or `.`, hold neither `--`
/// nor `..`, and the name does not end in `.git`.
///
/// ```
/// use assay_hub::RepoId;
///
/// let repo: RepoId = "alice/ore".parse()?;
/// assert_eq!((repo.owner(), repo.name()), ("alice", "ore"));
/// assert!("../etc".parse::<RepoId>().is_err());
/// # Ok::<(), assay_hub::RepoIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoId {
    full: String,
    slash: usize,
}

/// Why a text is not a repository's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepoIdError {
    /// There is not exactly one slash.
    #[error("\"{0}\" is not a repository: write it as owner/name")]
    NotOwnerSlashName(String),
    /// The whole name is longer than [`MAX_REPO_ID_LENGTH`].
    #[error("the repository name is {length} characters long: the hub takes at most {MAX_REPO_ID_LENGTH}")]
    TooLong {
        /// Characters of the refused name.
        length: usize,
    },
    /// One half has a character or an order of characters that the hub refuses.
    #[error(
        "\"{part}\" cannot be part of a repository's name: use letters, digits, '-', '_' and '.', \
         with '-' and '.' neither doubled nor at an end, and no \".git\" at the end"
    )]
    Spelling {
        /// The half that was refused.
        part: String,
    },
}

impl RepoId {
    /// Joins an owner and a name.
    ///
    /// # Errors
    ///
    /// As the parsing of `owner/name`.
    pub fn new(owner: &str, name: &str) -> Result<Self, RepoIdError> {
        for part in [owner, name] {
            check_part(part)?;
        }
        let length = owner.len() + 1 + name.len();
        if length > MAX_REPO_ID_LENGTH {
            return Err(RepoIdError::TooLong { length });
        }
        Ok(Self {
            full: format!("{owner}/{name}"),
            slash: owner.len(),
        })
    }

    /// The user or organisation.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.full[..self.slash]
    }

    /// The name below its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.full[self.slash + 1..]
    }

    /// `owner/name`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.full
    }
}

fn check_part(part: &str) -> Result<(), RepoIdError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: char| matches!(c, '-' | '.');
    let refused = part.is_empty()
        || part.len() > MAX_REPO_ID_LENGTH
        || !part.chars().all(plain)
        || part.starts_with(edge)
        || part.ends_with(edge)
        || part.contains("--")
        || part.contains("..")
        || part.ends_with(".git");
    if refused {
        // The refused text may come from the network: show no more of it than a name could have had.
        let part = part.chars().take(MAX_REPO_ID_LENGTH).collect();
        return Err(RepoIdError::Spelling { part });
    }
    Ok(())
}

impl FromStr for RepoId {
    type Err = RepoIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((owner, name)) if !name.contains('/') => Self::new(owner, name),
            _ => Err(RepoIdError::NotOwnerSlashName(
                text.chars().take(MAX_REPO_ID_LENGTH).collect(),
            )),
        }
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

impl Serialize for RepoId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.full)
    }
}

impl<'de> Deserialize<'de> for RepoId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What a repository holds. The kind is part of its address: a model and a dataset may share a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepoType {
    /// A model: weights, configuration, tokenizer.
    Model,
    /// A dataset.
    Dataset,
    /// The sources of an application.
    Space,
}

impl RepoType {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Model, Self::Dataset, Self::Space];

    /// The word the API uses in a body: `model`, `dataset`, `space`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
            Self::Space => "space",
        }
    }

    /// The word the API uses in an address: `models`, `datasets`, `spaces`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
            Self::Space => "spaces",
        }
    }

    /// What stands before `owner/name` in a page or file address: nothing for a model.
    #[must_use]
    pub const fn url_prefix(self) -> &'static str {
        match self {
            Self::Model => "",
            Self::Dataset => "datasets/",
            Self::Space => "spaces/",
        }
    }
}

impl fmt::Display for RepoType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of `model`, `dataset` and `space`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a kind of repository: choose model, dataset or space")]
pub struct RepoTypeError(pub String);

impl FromStr for RepoType {
    type Err = RepoTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| RepoTypeError(text.chars().take(32).collect()))
    }
}

/// Who may read a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everyone.
    #[default]
    Public,
    /// Those who may write to its owner's repositories; to all others it does not exist.
    Private,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_an_owner_and_a_name() {
        let repo: RepoId = "my-org/Data.set_1".parse().unwrap();
        assert_eq!(repo.owner(), "my-org");
        assert_eq!(repo.name(), "Data.set_1");
        assert_eq!(repo.to_string(), "my-org/Data.set_1");
    }

    #[test]
    fn names_the_hub_refuses_are_refused() {
        for text in [
            "", "a", "/", "a/", "/a", "a/b/c", "../x", "a/..", "a/.b", "a/b-", "-a/b", "a/b--c", "a/b..c",
            "a/b.git", "a/b c", "a/ä", "a/b\0", "a\\b/c", "a/b\n",
        ] {
            assert!(text.parse::<RepoId>().is_err(), "{text:?} was accepted");
        }
        let long = format!("{}/{}", "o".repeat(48), "n".repeat(48));
        assert_eq!(long.parse::<RepoId>(), Err(RepoIdError::TooLong { length: 97 }));
    }
}
