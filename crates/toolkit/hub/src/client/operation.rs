//! What a commit is made of.

use crate::{RefName, RepoPath, Revision};
use bytes::Bytes;
use std::path::PathBuf;

/// Where the content of an added file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From memory.
    Bytes(Bytes),
    /// From a file, which is read while it is sent and never held in memory when it is large.
    File(PathBuf),
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<&'static str> for Source {
    fn from(text: &'static str) -> Self {
        Self::Bytes(Bytes::from_static(text.as_bytes()))
    }
}

/// One change of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Puts a file, whether one is there or not.
    Add {
        /// Where it shall lie.
        path: RepoPath,
        /// Its content.
        source: Source,
    },
    /// Removes a file.
    Delete {
        /// The file.
        path: RepoPath,
    },
    /// Removes a folder with all that lies in it.
    DeleteFolder {
        /// The folder.
        path: RepoPath,
    },
    /// Puts a file with the content that another has at some revision.
    Copy {
        /// The file to copy.
        from: RepoPath,
        /// The revision to copy from; the branch that is committed to when none is given.
        from_revision: Option<RefName>,
        /// Where the copy shall lie.
        to: RepoPath,
    },
}

/// A commit to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRequest {
    /// The branch that shall move.
    pub branch: RefName,
    /// First line of the message.
    pub summary: String,
    /// The rest of the message.
    pub description: String,
    /// The commit that must be the branch's head; whatever is there when none is given.
    pub parent: Option<Revision>,
    /// The changes, applied in this order.
    pub operations: Vec<Operation>,
}

impl CommitRequest {
    /// An empty commit to `main`.
    #[must_use]
    pub fn new(summary: impl Into<String>) -> Self {
        Self {
            branch: RefName::main(),
            summary: summary.into(),
            description: String::new(),
            parent: None,
            operations: Vec::new(),
        }
    }

    /// Commits to this branch instead.
    #[must_use]
    pub fn on(mut self, branch: RefName) -> Self {
        self.branch = branch;
        self
    }

    /// Commits only while `parent` is the branch's head.
    #[must_use]
    pub fn parent(mut self, parent: Revision) -> Self {
        self.parent = Some(parent);
        self
    }

    /// Puts a file.
    #[must_use]
    pub fn add(mut self, path: RepoPath, source: impl Into<Source>) -> Self {
        self.operations.push(Operation::Add {
            path,
            source: source.into(),
        });
        self
    }

    /// Removes a file.
    #[must_use]
    pub fn delete(mut self, path: RepoPath) -> Self {
        self.operations.push(Operation::Delete { path });
        self
    }

    /// Copies a file of the same branch.
    #[must_use]
    pub fn copy(mut self, from: RepoPath, to: RepoPath) -> Self {
        self.operations.push(Operation::Copy {
            from,
            from_revision: None,
            to,
        });
        self
    }
}
