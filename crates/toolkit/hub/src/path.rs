//! Paths of files inside a repository.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Longest path inside a repository, in bytes. Most file systems stop at 4096 for a whole path; this leaves room for
/// the folder the repository is put into.
pub const MAX_PATH_LENGTH: usize = 1024;

/// Longest single component, in bytes: the limit of ext4, APFS and NTFS, less room for a temporary file's suffix.
pub const MAX_COMPONENT_LENGTH: usize = 240;

/// Deepest nesting of folders.
pub const MAX_PATH_DEPTH: usize = 32;

/// A file's path inside a repository: relative, `/`-separated, valid UTF-8.
///
/// Joining it to a folder always stays inside that folder: there is no root, no `.` or `..`, no empty component, no
/// backslash, no drive letter or stream (`:`), no control character, and no component that Git keeps for itself
/// (`.git` in any case).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(String);

/// Why a text is not a path inside a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepoPathError {
    /// Nothing was given.
    #[error("the path is empty")]
    Empty,
    /// Longer, or deeper, than the limits of this module.
    #[error(
        "the path has {bytes} bytes in {depth} components: at most {MAX_PATH_LENGTH} bytes, \
         {MAX_COMPONENT_LENGTH} a component and {MAX_PATH_DEPTH} components are taken"
    )]
    TooLong {
        /// Bytes of the whole path.
        bytes: usize,
        /// Its components.
        depth: usize,
    },
    /// A component that could leave the repository, or that no file system would keep as it is.
    #[error("\"{component}\" cannot be part of a path in a repository")]
    Component {
        /// The refused component, shortened and with its control characters escaped.
        component: String,
    },
}

impl RepoPath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The components, outermost folder first.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The folders this file lies in, outermost first; nothing for a file at the root.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// Where the file lies below `folder`.
    #[must_use]
    pub fn below(&self, folder: &Path) -> PathBuf {
        let mut path = folder.to_owned();
        path.extend(self.components());
        path
    }
}

impl FromStr for RepoPath {
    type Err = RepoPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(RepoPathError::Empty);
        }
        let depth = text.bytes().filter(|byte| *byte == b'/').count() + 1;
        if text.len() > MAX_PATH_LENGTH
            || depth > MAX_PATH_DEPTH
            || text.split('/').any(|part| part.len() > MAX_COMPONENT_LENGTH)
        {
            return Err(RepoPathError::TooLong {
                bytes: text.len(),
                depth,
            });
        }
        let forbidden = |c: char| c.is_control() || matches!(c, '\\' | ':');
        for part in text.split('/') {
            let refused = matches!(part, "" | "." | "..")
                || part.contains(forbidden)
                || part.eq_ignore_ascii_case(".git");
            if refused {
                return Err(RepoPathError::Component {
                    component: part.chars().take(64).flat_map(char::escape_default).collect(),
                });
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Component;

    #[test]
    fn ordinary_paths_are_taken_as_they_are() {
        for text in [
            "data.jsonl",
            ".gitattributes",
            "a/b/c.txt",
            "données/été.json",
            "a b/c#d?.txt",
            "...",
            ".gitx",
        ] {
            assert_eq!(text.parse::<RepoPath>().unwrap().as_str(), text);
        }
        let path: RepoPath = "a/b/c".parse().unwrap();
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(path.file_name(), "c");
        assert_eq!(path.below(Path::new("/x")), Path::new("/x/a/b/c"));
    }

    #[test]
    fn paths_that_leave_the_repository_are_refused() {
        for text in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../b",
            "a/..",
            "./a",
            "a//b",
            "a/",
            "a\\..\\b",
            "C:/x",
            "a\0b",
            ".git/config",
            "x/.GIT/hooks/post-checkout",
            "a\nb",
        ] {
            assert!(text.parse::<RepoPath>().is_err(), "{text:?} was accepted");
        }
        assert!("x".repeat(MAX_COMPONENT_LENGTH + 1).parse::<RepoPath>().is_err());
        assert!(["d"; MAX_PATH_DEPTH + 1].join("/").parse::<RepoPath>().is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_taken_stays_below_its_folder(text in "[a-z./\\\\:\\x00~ ]{0,24}") {
            if let Ok(path) = text.parse::<RepoPath>() {
                let below = path.below(Path::new("/root/repo"));
                prop_assert!(below.starts_with("/root/repo"));
                prop_assert!(below.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_))));
                prop_assert_eq!(below.components().count(), 3 + path.components().count());
            }
        }
    }
}
