//! Names of states of a repository: commits by their hash, branches and tags by their name.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// One commit: 40 lower-case hexadecimal digits. What it names can never change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision([u8; 20]);

/// The text is not 40 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a commit: it takes the full 40 lower-case hexadecimal digits")]
pub struct RevisionError(pub String);

impl Revision {
    /// From the hash's bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The hash's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Whether `wanted`, as written by someone else, names this commit: a prefix of its digits, at least 7 and at
    /// most 40 of them, in lower case. Names of branches never do, so a repository cannot move under a commitment.
    ///
    /// ```
    /// use assay_hub::Revision;
    ///
    /// let head: Revision = "18edc1591d9ce72aa82f56c4431b3c969b210ae3".parse()?;
    /// assert!(head.is_named_by("18edc15"));
    /// assert!(!head.is_named_by("18edc1"), "too short to be meant");
    /// assert!(!head.is_named_by("main"));
    /// # Ok::<(), assay_hub::RevisionError>(())
    /// ```
    #[must_use]
    pub fn is_named_by(&self, wanted: &str) -> bool {
        (7..=40).contains(&wanted.len()) && self.to_string().starts_with(wanted)
    }
}

impl FromStr for Revision {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || RevisionError(text.chars().take(64).collect());
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refused());
        }
        let mut bytes = [0; 20];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| refused())?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({self})")
    }
}

impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Longest name of a branch or tag, in bytes: what fits one file name on every file system that the server may run
/// on, with room for the `.lock` that Git puts behind it.
const MAX_REF_LENGTH: usize = 240;

/// A name that the hub resolves to a commit: a branch, a tag, or a commit's digits (all, or at least the first 7).
///
/// The rules are Git's for one reference name, so that no name can leave the folder of references.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RefName(String);

/// The text cannot name a branch, a tag or a commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" cannot name a branch, a tag or a commit")]
pub struct RefNameError(pub String);

impl RefName {
    /// The default branch, `main`.
    #[must_use]
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RefName {
    fn default() -> Self {
        Self::main()
    }
}

impl From<Revision> for RefName {
    fn from(revision: Revision) -> Self {
        Self(revision.to_string())
    }
}

impl FromStr for RefName {
    type Err = RefNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let forbidden =
            |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
        let component = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.ends_with(".lock")
        };
        let accepted = !text.is_empty()
            && text.len() <= MAX_REF_LENGTH
            && !text.contains(forbidden)
            && !text.contains("..")
            && !text.contains("@{")
            && text != "@"
            && !text.starts_with('-')
            && text.split('/').all(component);
        if accepted {
            Ok(Self(text.to_owned()))
        } else {
            Err(RefNameError(text.chars().take(MAX_REF_LENGTH).collect()))
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RefName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_forty_lower_case_digits() {
        let digits = "18edc1591d9ce72aa82f56c4431b3c969b210ae3";
        assert_eq!(digits.parse::<Revision>().unwrap().to_string(), digits);
        for text in [
            "",
            "main",
            &digits[..39],
            &digits.to_uppercase(),
            &format!("{digits}0"),
        ] {
            assert!(text.parse::<Revision>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn a_commitment_names_a_commit_by_seven_digits_or_more() {
        let digits = "18edc1591d9ce72aa82f56c4431b3c969b210ae3";
        let head: Revision = digits.parse().unwrap();
        assert!(head.is_named_by(digits));
        assert!(head.is_named_by(&digits[..7]));
        for text in [
            "",
            "main",
            &digits[..6],
            &digits.to_uppercase(),
            &format!("{digits}0"),
            "18edc16",
        ] {
            assert!(!head.is_named_by(text), "{text:?} was taken for the head");
        }
    }

    #[test]
    fn reference_names_cannot_leave_their_folder() {
        for text in ["main", "v1.0", "feature/new-data", "refs/pr/1", "18edc15"] {
            assert!(text.parse::<RefName>().is_ok(), "{text:?} was refused");
        }
        for text in [
            "", ".", "..", "../main", "a/../b", "a//b", "/a", "a/", ".a", "a/.b", "a.lock", "-a", "a b",
            "a\\b", "a:b", "a\0b", "@", "a@{1}", "a~1",
        ] {
            assert!(text.parse::<RefName>().is_err(), "{text:?} was accepted");
        }
    }
}
