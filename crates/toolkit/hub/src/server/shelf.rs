//! All repositories of a hub.

use super::{git::Signature, reject::Reject, repository::Repository};
use crate::{HubServerError, RepoId, RepoType, Visibility};
use parking_lot::RwLock;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The repositories, by kind and name.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    /// Where folders are made before they get their place, and end before they are removed.
    scratch: PathBuf,
    repositories: RwLock<BTreeMap<(RepoType, RepoId), Arc<Repository>>>,
}

/// Which files get the LFS path whatever their size: formats that are always large or never diffed. The list a new
/// repository starts with on the real hub has the same purpose; a repository may commit its own.
const ATTRIBUTES: &str = "\
*.7z filter=lfs diff=lfs merge=lfs -text
*.arrow filter=lfs diff=lfs merge=lfs -text
*.bin filter=lfs diff=lfs merge=lfs -text
*.bz2 filter=lfs diff=lfs merge=lfs -text
*.ckpt filter=lfs diff=lfs merge=lfs -text
*.gguf filter=lfs diff=lfs merge=lfs -text
*.gz filter=lfs diff=lfs merge=lfs -text
*.h5 filter=lfs diff=lfs merge=lfs -text
*.mp4 filter=lfs diff=lfs merge=lfs -text
*.npy filter=lfs diff=lfs merge=lfs -text
*.npz filter=lfs diff=lfs merge=lfs -text
*.onnx filter=lfs diff=lfs merge=lfs -text
*.parquet filter=lfs diff=lfs merge=lfs -text
*.pt filter=lfs diff=lfs merge=lfs -text
*.pth filter=lfs diff=lfs merge=lfs -text
*.safetensors filter=lfs diff=lfs merge=lfs -text
*.tar filter=lfs diff=lfs merge=lfs -text
*.tgz filter=lfs diff=lfs merge=lfs -text
*.wav filter=lfs diff=lfs merge=lfs -text
*.webm filter=lfs diff=lfs merge=lfs -text
*.xz filter=lfs diff=lfs merge=lfs -text
*.zip filter=lfs diff=lfs merge=lfs -text
*.zst filter=lfs diff=lfs merge=lfs -text
";

impl Shelf {
    /// Opens every repository below `folder`.
    pub(crate) fn open(folder: PathBuf, scratch: PathBuf) -> Result<Self, HubServerError> {
        let mut repositories = BTreeMap::new();
        for kind in RepoType::ALL {
            let kinds = folder.join(kind.plural());
            fs_err::create_dir_all(&kinds)?;
            for (owner, owned) in folders_in(&kinds)? {
                for (name, path) in folders_in(&owned)? {
                    let Some(id) = name
                        .strip_suffix(".git")
                        .and_then(|name| RepoId::new(&owner, name).ok())
                    else {
                        tracing::warn!(path = %path.display(), "not a repository of this hub: left alone");
                        continue;
                    };
                    let repository = Repository::open(kind, id.clone(), path)?;
                    repositories.insert((kind, id), Arc::new(repository));
                }
            }
        }
        Ok(Self {
            folder,
            scratch,
            repositories: RwLock::new(repositories),
        })
    }

    pub(crate) fn get(&self, kind: RepoType, id: &RepoId) -> Option<Arc<Repository>> {
        self.repositories.read().get(&(kind, id.clone())).cloned()
    }

    /// Every repository of a kind, by name.
    pub(crate) fn list(&self, kind: RepoType) -> Vec<Arc<Repository>> {
        let all = self.repositories.read();
        all.iter()
            .filter(|((of, _), _)| *of == kind)
            .map(|(_, repository)| Arc::clone(repository))
            .collect()
    }

    /// Makes a repository; `None` when there is one of this name. It appears whole, by one rename.
    pub(crate) fn create(
        &self,
        kind: RepoType,
        id: &RepoId,
        visibility: Visibility,
        seconds: i64,
    ) -> Result<Option<Arc<Repository>>, Reject> {
        let draft = tempfile::Builder::new()
            .prefix("new-")
            .tempdir_in(&self.scratch)?;
        let author = Signature {
            name: "system".to_owned(),
            seconds,
        };
        Repository::lay_out(
            draft.path(),
            visibility,
            author,
            &[(".gitattributes", ATTRIBUTES)],
        )?;

        let mut repositories = self.repositories.write();
        if repositories.contains_key(&(kind, id.clone())) {
            return Ok(None);
        }
        let place = self.place(kind, id);
        fs_err::create_dir_all(place.parent().unwrap_or(&self.folder))?;
        fs_err::rename(draft.keep(), &place)?;
        let repository = Arc::new(Repository::open(kind, id.clone(), place)?);
        repositories.insert((kind, id.clone()), Arc::clone(&repository));
        Ok(Some(repository))
    }

    /// Removes a repository: out of sight by one rename, then file by file.
    pub(crate) fn remove(&self, repository: &Repository) -> Result<(), Reject> {
        let grave = tempfile::Builder::new()
            .prefix("old-")
            .tempdir_in(&self.scratch)?;
        {
            let mut repositories = self.repositories.write();
            repository.remove_to(&grave.path().join("repository"))?;
            repositories.remove(&(repository.kind, repository.id.clone()));
        }
        Ok(grave.close()?)
    }

    fn place(&self, kind: RepoType, id: &RepoId) -> PathBuf {
        self.folder
            .join(kind.plural())
            .join(id.owner())
            .join(format!("{}.git", id.name()))
    }
}

fn folders_in(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}
