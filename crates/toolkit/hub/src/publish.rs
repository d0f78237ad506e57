//! A folder as a repository: what changed in it goes through the outbox, and what is gone from it goes there too.

use crate::{
    ContentId, Delivery, ExistingRepo, HubClient, HubError, Outbox, OutboxError, RepoFile, RepoPath,
    RepoPathError, Revision, Source, Target, Ticket, Visibility,
};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use walkdir::WalkDir;

/// Files of a folder, and of what is there already. Whoever publishes more has chosen the wrong folder.
const MOST_FILES: usize = 10_000;

/// What is to be published, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The folder. Files and folders whose names begin with a dot are left out.
    pub folder: PathBuf,
    /// The repository and branch. The repository is made when it is not there; the branch must be, unless it is `main`.
    pub target: Target,
    /// Who sees the repository, when it is made.
    pub visibility: Visibility,
    /// What the commits say.
    pub message: String,
    /// What to do with files there that the folder does not have.
    pub others: Others,
}

/// What to do with files of the repository that the folder does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Others {
    /// Leave them.
    Keep,
    /// Remove those below this folder: parts of an earlier version there would be read together with the new ones.
    RemoveBelow(RepoPath),
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The branch's head, which holds the folder.
    pub revision: Revision,
    /// Files that were sent.
    pub sent: usize,
    /// Files that were there already.
    pub unchanged: usize,
    /// Files that were removed.
    pub removed: usize,
}

/// Why a folder was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// A file of the folder cannot be in a repository.
    #[error("{} cannot be published", path.display())]
    Path {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: RepoPathError,
    },
    /// A file's name is no text, or it is a link or something else that is no file.
    #[error("{} cannot be published: {why}", path.display())]
    NoFile {
        /// What is there.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is nothing in the folder.
    #[error("{} has no files to publish", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// There are more files than anyone wants to publish.
    #[error("{} has more than {MOST_FILES} files", folder.display())]
    TooMany {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder cannot be read. The error names the file.
    #[error(transparent)]
    Disk(#[from] io::Error),
    /// The hub refuses a change. It stays in the outbox as failed, to be retried or forgotten.
    #[error("the hub does not take {path}: {reason}")]
    Refused {
        /// The file.
        path: RepoPath,
        /// The hub's words.
        reason: String,
    },
    /// The hub cannot be asked what is there, or the repository cannot be made.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The outbox cannot be used.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

/// Makes a branch hold a folder's files.
///
/// Only what differs is sent, by way of the outbox: after a kill at any moment, calling this again goes on where it was.
/// What waits in the outbox already is sent first. A folder that fits into one of the outbox's commits moves the branch once;
/// a larger one takes several, the files at the root last, a card among them.
///
/// # Errors
/// [`PublishError`], as its variants say. A hub that is away is waited for.
pub async fn publish(
    client: &HubClient,
    outbox: &Outbox,
    publication: &Publication,
) -> Result<Published, PublishError> {
    let Publication {
        folder,
        target,
        visibility,
        message,
        others,
    } = publication;
    let files = files_of(folder.clone()).await?;
    client
        .create_repo(&target.repo, target.kind, *visibility, ExistingRepo::Keep)
        .await?;
    // What a kill left there is part of what is compared with below.
    outbox.drain(client).await?;
    let there = there(client, target).await?;
    let mut tickets: Vec<(RepoPath, Ticket)> = Vec::new();
    let (mut sent, mut unchanged, mut removed) = (0, 0, 0);
    if let Others::RemoveBelow(below) = others {
        let gone = there
            .keys()
            .filter(|path| !files.contains_key(path) && is_below(path, below));
        for path in gone {
            tickets.push((path.clone(), outbox.remove(target, path, message).await?));
            removed += 1;
        }
    }
    // Those in folders first.
    let mut ordered: Vec<(&RepoPath, &PathBuf)> = files.iter().collect();
    ordered.sort_by_key(|(path, _)| path.ancestors().next().is_none());
    for (path, file) in ordered {
        if let Some(its) = there.get(path)
            && is_same(file.clone(), its.clone()).await?
        {
            unchanged += 1;
            continue;
        }
        let source = Source::File(file.clone());
        tickets.push((path.clone(), outbox.put(target, path, source, message).await?));
        sent += 1;
    }
    outbox.drain(client).await?;
    for (path, ticket) in tickets {
        if let Some(Delivery::Failed(reason)) = outbox.delivery(ticket).await? {
            return Err(PublishError::Refused { path, reason });
        }
    }
    let info = client
        .repo_info(&target.repo, target.kind, &target.branch)
        .await?;
    Ok(Published {
        revision: info.sha,
        sent,
        unchanged,
        removed,
    })
}

async fn there(client: &HubClient, target: &Target) -> Result<BTreeMap<RepoPath, RepoFile>, PublishError> {
    let files = client
        .list_files(&target.repo, target.kind, &target.branch, MOST_FILES)
        .await?;
    Ok(files.into_iter().map(|file| (file.path.clone(), file)).collect())
}

fn is_below(path: &RepoPath, folder: &RepoPath) -> bool {
    path.ancestors().any(|ancestor| ancestor == folder.as_str())
}

/// The folder's files by their paths in the repository.
async fn files_of(folder: PathBuf) -> Result<BTreeMap<RepoPath, PathBuf>, PublishError> {
    blocking(move || {
        let mut files = BTreeMap::new();
        let is_shown = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
        };
        for entry in WalkDir::new(&folder).into_iter().filter_entry(is_shown) {
            // Its message names the file.
            let entry = entry.map_err(io::Error::other)?;
            let path = entry.path();
            let refuse = |why| PublishError::NoFile {
                path: path.to_owned(),
                why,
            };
            if entry.file_type().is_dir() {
                continue;
            }
            if !entry.file_type().is_file() {
                return Err(refuse("it is a link or a device"));
            }
            let inside = path.strip_prefix(&folder).unwrap_or(path);
            let name = in_repository(inside).ok_or_else(|| refuse("its name is no text"))?;
            let name = name.parse().map_err(|source| PublishError::Path {
                path: path.to_owned(),
                source,
            })?;
            files.insert(name, path.to_owned());
            if files.len() > MOST_FILES {
                return Err(PublishError::TooMany { folder });
            }
        }
        if files.is_empty() {
            return Err(PublishError::Empty { folder });
        }
        Ok(files)
    })
    .await
}

fn in_repository(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// Whether a file has the content that the repository names.
async fn is_same(path: PathBuf, there: RepoFile) -> Result<bool, PublishError> {
    blocking(move || {
        let size = fs_err::metadata(&path)?.len();
        if size != there.size {
            return Ok(false);
        }
        let (mut git, mut lfs) = (Sha1::new(), Sha256::new());
        // What Git hashes of a file: its kind and size come first.
        git.update(format!("blob {size}\0"));
        let mut file = fs_err::File::open(&path)?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            match there.content {
                ContentId::Git(_) => git.update(&buffer[..read]),
                ContentId::Lfs(_) => lfs.update(&buffer[..read]),
            }
        }
        Ok(match there.content {
            ContentId::Git(id) => git.finalize()[..] == id,
            ContentId::Lfs(oid) => lfs.finalize()[..] == oid,
        })
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PublishError> + Send + 'static,
) -> Result<T, PublishError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(io::Error::other(error).into()),
    }
}
