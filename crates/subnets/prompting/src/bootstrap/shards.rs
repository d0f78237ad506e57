//! The files of a data set, one after the other in random order.

use super::{BootstrapError, rows::is_shard};
use assay_hub::{DownloadLimits, HubClient, RefName, RepoFile, RepoId, RepoType, Revision};
use futures::future::BoxFuture;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Files of a repository that are listed. The largest data sets have some ten thousand.
const MOST_FILES: usize = 100_000;
/// Shards in a row that may fail to come before that is an error.
const MOST_FAILURES: usize = 3;
/// Depth of folders that are searched.
const MOST_DEPTH: usize = 8;

/// The shards of a data set.
pub trait Shards: Send {
    /// The next shard of this pass, as a file on this machine; nothing when all were given, and then the next pass begins,
    /// in another order. A file that was given before may be gone.
    fn next<'a>(
        &'a mut self,
        rng: &'a mut ChaCha8Rng,
    ) -> BoxFuture<'a, Result<Option<PathBuf>, BootstrapError>>;
}

/// Where a pass stands.
#[derive(Debug)]
struct Pass<T> {
    /// What is left of it, the next one last; nothing before it has begun.
    left: Option<Vec<T>>,
}

impl<T: Clone> Pass<T> {
    const fn new() -> Self {
        Self { left: None }
    }

    /// The next of `all`, or nothing at the end of a pass.
    fn next(&mut self, all: &[T], rng: &mut ChaCha8Rng) -> Option<T> {
        let left = self.left.get_or_insert_with(|| {
            let mut order = all.to_vec();
            order.shuffle(rng);
            order
        });
        let next = left.pop();
        if next.is_none() {
            self.left = None;
        }
        next
    }
}

/// Files on this machine.
#[derive(Debug)]
pub struct LocalShards {
    files: Vec<PathBuf>,
    pass: Pass<PathBuf>,
}

impl LocalShards {
    /// These files, and those of these folders.
    ///
    /// # Errors
    /// Files that are not there, of no known kind, or folders without any.
    pub fn open(places: &[PathBuf]) -> Result<Self, BootstrapError> {
        let mut files = Vec::new();
        for place in places {
            if fs_err::metadata(place)?.is_dir() {
                let before = files.len();
                collect(place, MOST_DEPTH, &mut files)?;
                if files.len() == before {
                    return Err(BootstrapError::NoShards {
                        place: place.display().to_string(),
                    });
                }
            } else if is_shard(&place.to_string_lossy()) {
                files.push(place.clone());
            } else {
                return Err(BootstrapError::Kind { path: place.clone() });
            }
        }
        files.sort();
        files.dedup();
        if files.is_empty() {
            return Err(BootstrapError::NoShards {
                place: "the list of files".to_owned(),
            });
        }
        Ok(Self {
            files,
            pass: Pass::new(),
        })
    }
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), BootstrapError> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() && depth > 0 {
            collect(&path, depth - 1, files)?;
        } else if kind.is_file() && is_shard(&path.to_string_lossy()) {
            files.push(path);
        }
    }
    Ok(())
}

impl Shards for LocalShards {
    fn next<'a>(
        &'a mut self,
        rng: &'a mut ChaCha8Rng,
    ) -> BoxFuture<'a, Result<Option<PathBuf>, BootstrapError>> {
        let next = self.pass.next(&self.files, rng);
        Box::pin(std::future::ready(Ok(next)))
    }
}

/// Bounds of what is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardLimits {
    /// Bytes of a shard at most; larger ones are passed over.
    pub bytes: u64,
    /// How long a shard may take.
    pub deadline: Duration,
}

impl Default for ShardLimits {
    /// Two gigabytes, as the largest shards of web text have, and an hour.
    fn default() -> Self {
        Self {
            bytes: 2 << 30,
            deadline: Duration::from_secs(3_600),
        }
    }
}

/// A data set of a hub, fetched shard by shard as it is read. Two shards lie on the disk at most: the one that is read, and
/// the next.
#[derive(Debug)]
pub struct HubShards {
    hub: HubClient,
    repo: RepoId,
    revision: RefName,
    below: String,
    limits: ShardLimits,
    folder: PathBuf,
    /// The commit, and its shards.
    listed: Option<(Revision, Arc<[RepoFile]>)>,
    pass: Pass<RepoFile>,
    /// What lies on the disk, the older one first.
    held: Vec<PathBuf>,
    count: u64,
}

impl HubShards {
    /// The shards of a data set whose paths begin with `below` (all of them if it is empty), at the commit that `revision`
    /// names when the first is fetched. They are put into `folder`, which is emptied of earlier ones.
    pub fn new(
        hub: HubClient,
        repo: RepoId,
        revision: RefName,
        below: impl Into<String>,
        folder: PathBuf,
        limits: ShardLimits,
    ) -> Self {
        Self {
            hub,
            repo,
            revision,
            below: below.into(),
            limits,
            folder,
            listed: None,
            pass: Pass::new(),
            held: Vec::new(),
            count: 0,
        }
    }

    async fn listed(&mut self) -> Result<(Revision, Arc<[RepoFile]>), BootstrapError> {
        if let Some(listed) = &self.listed {
            return Ok(listed.clone());
        }
        let info = self.hub.repo_info(&self.repo, RepoType::Dataset, &self.revision);
        let revision = info.await?.sha;
        if self.folder.exists() {
            fs_err::tokio::remove_dir_all(&self.folder).await?;
        }
        fs_err::tokio::create_dir_all(&self.folder).await?;
        let files = self
            .hub
            .list_files(
                &self.repo,
                RepoType::Dataset,
                &RefName::from(revision),
                MOST_FILES,
            )
            .await?;
        let files: Arc<[RepoFile]> = files
            .into_iter()
            .filter(|file| {
                let path = file.path.as_str();
                path.starts_with(&self.below) && is_shard(path) && is_data(path)
            })
            .filter(|file| {
                let fits = file.size <= self.limits.bytes;
                if !fits {
                    tracing::warn!(path = %file.path, bytes = file.size, "a shard is too large and passed over");
                }
                fits
            })
            .collect();
        if files.is_empty() {
            return Err(BootstrapError::NoShards {
                place: format!("the data set {} of the hub", self.repo),
            });
        }
        Ok(self.listed.insert((revision, files)).clone())
    }

    async fn fetch(&mut self, rng: &mut ChaCha8Rng) -> Result<Option<PathBuf>, BootstrapError> {
        let (revision, listed) = self.listed().await?;
        let mut failures = 0;
        while let Some(file) = self.pass.next(&listed, rng) {
            self.count += 1;
            let end = Path::new(file.path.as_str())
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let destination = self.folder.join(format!("{:08}.{end}", self.count));
            let limits = DownloadLimits {
                max_bytes: self.limits.bytes,
                deadline: self.limits.deadline,
            };
            let fetched = self
                .hub
                .download(
                    &self.repo,
                    RepoType::Dataset,
                    &revision,
                    &file.path,
                    &destination,
                    limits,
                )
                .await;
            match fetched {
                Ok(_) => {
                    self.held.push(destination.clone());
                    while self.held.len() > 2 {
                        let old = self.held.remove(0);
                        fs_err::tokio::remove_file(old).await?;
                    }
                    return Ok(Some(destination));
                }
                Err(error) => {
                    failures += 1;
                    if failures >= MOST_FAILURES {
                        return Err(error.into());
                    }
                    tracing::warn!(path = %file.path, %error, "a shard is passed over");
                }
            }
        }
        Ok(None)
    }
}

/// JSON that describes a data set rather than being part of it.
fn is_data(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !matches!(
        name,
        "dataset_infos.json" | "dataset_info.json" | "state.json" | "config.json"
    ) && !name.to_ascii_lowercase().starts_with("readme")
        && !name.to_ascii_lowercase().starts_with("license")
}

impl Shards for HubShards {
    fn next<'a>(
        &'a mut self,
        rng: &'a mut ChaCha8Rng,
    ) -> BoxFuture<'a, Result<Option<PathBuf>, BootstrapError>> {
        Box::pin(self.fetch(rng))
    }
}
