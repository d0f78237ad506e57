//! Downloaded datasets on disk, each in a folder of its own.
//!
//! A folder belongs to one commit of one repository, whoever committed it, so that no file of one miner can ever be
//! taken for another's. What no open round needs is removed, and so is what would take more than the shelf's room.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use assay_hub::{RepoId, Revision};

use crate::{outcome::DATA_FILE, rows::hash_into};

/// Bytes of datasets kept between rounds: sixteen of the largest allowed. Fewer and unchanged datasets are
/// downloaded again every round, which hubs count; more only fills the disk.
pub const SHELF_BYTES: u64 = 1 << 30;

/// The folder of downloaded datasets.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
}

impl Shelf {
    /// The shelf in a folder, which is made when something is put there.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where the dataset of a commit lies, once it is downloaded.
    pub fn place(&self, repo: &RepoId, revision: &Revision) -> PathBuf {
        self.root.join(folder_name(repo, revision)).join(DATA_FILE)
    }

    /// Takes the dataset of a commit away.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove(&self, repo: &RepoId, revision: &Revision) -> io::Result<()> {
        remove_folder(&self.root.join(folder_name(repo, revision)))
    }

    /// Removes everything that is not in `keep`, and of the rest the oldest until it takes at most `most` bytes.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn tidy<'a>(
        &self,
        keep: impl IntoIterator<Item = (&'a RepoId, &'a Revision)>,
        most: u64,
    ) -> io::Result<()> {
        let keep: HashSet<String> = keep
            .into_iter()
            .map(|(repo, revision)| folder_name(repo, revision))
            .collect();
        let entries = match fs_err::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let mut kept = Vec::new();
        for entry in entries {
            let entry = entry?;
            let wanted = entry.file_name().to_str().is_some_and(|name| keep.contains(name));
            match fs_err::metadata(entry.path().join(DATA_FILE)) {
                Ok(file) if wanted => {
                    kept.push((
                        file.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                        file.len(),
                        entry.path(),
                    ));
                }
                _ => remove_folder(&entry.path())?,
            }
        }
        kept.sort();
        let mut bytes: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, size, path) in kept {
            if bytes <= most {
                break;
            }
            remove_folder(&path)?;
            bytes -= size;
        }
        Ok(())
    }
}

/// A name that no repository can choose: the name's hash and the commit.
fn folder_name(repo: &RepoId, revision: &Revision) -> String {
    let mut hash = [0; 16];
    hash_into(repo.as_str().as_bytes(), &mut hash);
    format!("{}-{revision}", hex::encode(hash))
}

fn remove_folder(path: &Path) -> io::Result<()> {
    let gone = if path.is_dir() {
        fs_err::remove_dir_all(path)
    } else {
        fs_err::remove_file(path)
    };
    match gone {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanted_and_fits_stays() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("datasets"));
        shelf.tidy([], 0).unwrap();

        let repos: Vec<RepoId> = ["a/one", "a/two", "b/one"]
            .iter()
            .map(|name| name.parse().unwrap())
            .collect();
        let revision = Revision::from_bytes([1; 20]);
        let put = |repo| {
            let place = shelf.place(repo, &revision);
            fs_err::create_dir_all(place.parent().unwrap()).unwrap();
            fs_err::write(&place, [0; 100]).unwrap();
            place
        };
        let places: Vec<_> = repos.iter().map(put).collect();
        let half = shelf.place(&"c/half".parse().unwrap(), &revision);
        fs_err::create_dir_all(half.parent().unwrap()).unwrap();

        shelf
            .tidy(repos[..2].iter().map(|repo| (repo, &revision)), 1000)
            .unwrap();
        assert_eq!(
            places.iter().map(|p| p.exists()).collect::<Vec<_>>(),
            [true, true, false]
        );
        assert!(!half.parent().unwrap().exists());

        shelf
            .tidy(repos[..2].iter().map(|repo| (repo, &revision)), 100)
            .unwrap();
        assert_eq!(places[..2].iter().filter(|p| p.exists()).count(), 1);
        shelf.tidy([], 1000).unwrap();
        assert_eq!(
            fs_err::read_dir(folder.path().join("datasets")).unwrap().count(),
            0
        );
    }
}
