//! Branches and tags: one small file each, replaced by a rename, so that a kill leaves the old or the new commit.

use super::{durable, git::ObjectId, reject::Reject};
use crate::{RefName, RefNameError};
use std::{
    io,
    path::{Path, PathBuf},
};

/// What a reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefKind {
    Branch,
    Tag,
}

impl RefKind {
    const fn folder(self) -> &'static str {
        match self {
            Self::Branch => "heads",
            Self::Tag => "tags",
        }
    }
}

/// The `refs` folder of one repository. Writers hold the repository's commit lock.
#[derive(Clone, Debug)]
pub(crate) struct References {
    folder: PathBuf,
}

impl References {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, kind: RefKind, name: &RefName) -> PathBuf {
        let mut path = self.folder.join(kind.folder());
        path.extend(name.as_str().split('/'));
        path
    }

    /// What a reference names.
    pub(crate) fn get(&self, kind: RefKind, name: &RefName) -> io::Result<Option<ObjectId>> {
        match fs_err::read_to_string(self.path(kind, name)) {
            Ok(text) => match ObjectId::from_hex(text.trim_end()) {
                Some(id) => Ok(Some(id)),
                None => Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the reference {name} names no object"),
                )),
            },
            // `a` is asked for and `a/b` exists, or the other way round.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Lets a reference name this object from now on.
    pub(crate) fn set(&self, kind: RefKind, name: &RefName, id: ObjectId) -> io::Result<()> {
        durable::write(&self.path(kind, name), format!("{id}\n").as_bytes())
    }

    /// Makes a reference that must not exist, and whose name no other stands in the way of.
    pub(crate) fn create(&self, kind: RefKind, name: &RefName, id: ObjectId) -> Result<(), Reject> {
        let text = name.as_str();
        if text.starts_with("refs/") || ObjectId::from_hex(text).is_some() {
            // Such a name could be taken for a full reference or for a commit.
            return Err(RefNameError(text.to_owned()).into());
        }
        let path = self.path(kind, name);
        let root = self.folder.join(kind.folder());
        let taken = path.exists()
            || path
                .ancestors()
                .skip(1)
                .take_while(|above| *above != root)
                .any(Path::is_file);
        if taken {
            return Err(Reject::RefExists(name.clone()));
        }
        Ok(self.set(kind, name, id)?)
    }

    /// Removes a reference and the folders that it leaves empty; `false` when there is none.
    pub(crate) fn remove(&self, kind: RefKind, name: &RefName) -> io::Result<bool> {
        if self.get(kind, name)?.is_none() {
            return Ok(false);
        }
        let path = self.path(kind, name);
        fs_err::remove_file(&path)?;
        let root = self.folder.join(kind.folder());
        for above in path.ancestors().skip(1).take_while(|above| *above != root) {
            if fs_err::remove_dir(above).is_err() {
                break;
            }
        }
        Ok(true)
    }

    /// Every reference of a kind, by name.
    pub(crate) fn list(&self, kind: RefKind) -> io::Result<Vec<(RefName, ObjectId)>> {
        let root = self.folder.join(kind.folder());
        let mut found = Vec::new();
        for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
            let entry = entry.map_err(io::Error::other)?;
            let Some(name) = entry.path().strip_prefix(&root).ok().and_then(Path::to_str) else {
                continue;
            };
            // A writer's temporary file has a name that no reference can have.
            let Ok(name) = name.replace(std::path::MAIN_SEPARATOR, "/").parse::<RefName>() else {
                continue;
            };
            if entry.file_type().is_file()
                && let Some(id) = self.get(kind, &name)?
            {
                found.push((name, id));
            }
        }
        Ok(found)
    }
}
