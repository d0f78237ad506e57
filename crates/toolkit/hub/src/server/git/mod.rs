//! Git's object model, as far as a hub needs it.
//!
//! Each repository is a bare Git repository with loose objects and loose references: `git log`, `git fsck` and
//! `git clone` of the folder work, and large files lie where Git LFS looks for them. Writing the few formats needed
//! here is less than binding a Git library, and a hub writes nothing else: no packs, no index, no merges.

mod commit;
mod object;
mod pointer;
mod store;
mod tree;

pub(crate) use commit::{Commit, Signature, Tag};
pub(crate) use object::{ObjectId, ObjectKind};
pub(crate) use pointer::LfsPointer;
pub(crate) use store::{ObjectStore, ObjectWriter};
pub(crate) use tree::{EntryMode, Tree, TreeEntry};
