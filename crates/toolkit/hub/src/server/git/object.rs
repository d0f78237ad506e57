//! Names and kinds of objects.

use crate::Revision;
use sha1::{Digest as _, Sha1};
use std::fmt;

/// An object's name: the SHA-1 of its kind, length and content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectId(pub(crate) [u8; 20]);

impl ObjectId {
    /// The name that content has.
    pub(crate) fn of(kind: ObjectKind, content: &[u8]) -> Self {
        let mut hasher = Sha1::new();
        hasher.update(kind.header(content.len()));
        hasher.update(content);
        Self(hasher.finalize().into())
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl From<ObjectId> for Revision {
    fn from(id: ObjectId) -> Self {
        Self::from_bytes(id.0)
    }
}

impl From<Revision> for ObjectId {
    fn from(revision: Revision) -> Self {
        Self(*revision.as_bytes())
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Blob,
    Tree,
    Commit,
    Tag,
}

impl ObjectKind {
    const ALL: [Self; 4] = [Self::Blob, Self::Tree, Self::Commit, Self::Tag];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
            Self::Tag => "tag",
        }
    }

    /// What stands before an object's content, both in its file and in its hash.
    pub(crate) fn header(self, length: usize) -> String {
        format!("{} {length}\0", self.word())
    }

    /// Kind and content length from a header without its closing zero.
    pub(crate) fn parse_header(header: &[u8]) -> Option<(Self, u64)> {
        let (word, length) = std::str::from_utf8(header).ok()?.split_once(' ')?;
        let kind = Self::ALL.into_iter().find(|kind| kind.word() == word)?;
        Some((kind, length.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_git_gives() {
        assert_eq!(
            ObjectId::of(ObjectKind::Blob, b"hello\n").to_string(),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
        assert_eq!(
            ObjectId::of(ObjectKind::Tree, b"").to_string(),
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        );
    }
}
