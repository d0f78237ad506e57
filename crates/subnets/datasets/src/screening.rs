//! From a commitment to a dataset that may be trained on.

use std::{io::BufReader, path::Path, sync::Arc, time::Duration};

use assay_hub::{DownloadLimits, HubClient, HubError, RefName, RepoId, RepoPath, RepoType, Retry, Revision};

use crate::{
    commitment::{CommittedRevision, DatasetCommitment},
    outcome::{BadAnswer, DATA_FILE, OwnFault},
    recipe::{Identity, Recipe},
    rows::{Dataset, DatasetFault, ReadError, RowEncoder},
    shelf::Shelf,
    state::{DatasetFacts, DatasetId, DatasetVerdict, State, StateError},
};

/// What screening needs.
#[derive(Debug, Clone)]
pub struct Screen {
    /// Where datasets are.
    pub hub: HubClient,
    /// Where they are put.
    pub shelf: Shelf,
    /// What they must be.
    pub recipe: Arc<Recipe>,
    /// How they become tokens.
    pub encoder: Arc<RowEncoder>,
    /// Identity of recipe and base model.
    pub identity: Identity,
    /// Longest a download may take.
    pub deadline: Duration,
}

/// What screening found.
#[derive(Debug)]
pub enum Screened {
    /// A dataset to train on, which lies on the shelf.
    Accepted(DatasetId, DatasetFacts),
    /// Nothing of use, through the miner's doing.
    Bad(BadAnswer),
    /// Nothing, through ours.
    Fault {
        /// What went wrong.
        fault: OwnFault,
        /// The pause that the hub asks for.
        pause: Option<Duration>,
    },
}

impl From<OwnFault> for Screened {
    fn from(fault: OwnFault) -> Self {
        Self::Fault { fault, pause: None }
    }
}

impl Screen {
    /// Resolves, downloads and checks what a commitment names. A commit that was checked before keeps its verdict,
    /// and is downloaded again only when it is gone from the shelf.
    ///
    /// # Errors
    /// Only when the state cannot be read or written.
    pub async fn screen(
        &self,
        state: &State,
        commitment: &DatasetCommitment,
        told: impl Fn(&Revision),
    ) -> Result<Screened, StateError> {
        let repo = &commitment.repo;
        let revision = match self.resolve(repo, &commitment.revision).await {
            Ok(revision) => revision,
            Err(end) => return Ok(end),
        };
        let known = state.verdict(repo, &revision, self.identity).await?;
        match known {
            Some((_, DatasetVerdict::Rejected(fault))) => {
                return Ok(Screened::Bad(BadAnswer::Dataset(fault)));
            }
            Some((id, DatasetVerdict::Accepted(facts))) if self.shelf.place(repo, &revision).exists() => {
                return Ok(Screened::Accepted(id, facts));
            }
            _ => {}
        }
        told(&revision);
        let bytes = match self.download(repo, &revision).await {
            Ok(bytes) => bytes,
            Err(Screened::Bad(BadAnswer::Dataset(fault))) => {
                let verdict = DatasetVerdict::Rejected(fault.clone());
                state
                    .keep_verdict(repo, &revision, self.identity, &verdict)
                    .await?;
                return Ok(Screened::Bad(BadAnswer::Dataset(fault)));
            }
            Err(end) => return Ok(end),
        };
        let verdict = match self.read(repo, &revision).await {
            Ok(Ok(dataset)) => DatasetVerdict::Accepted(DatasetFacts {
                revision,
                bytes,
                rows: dataset.examples.len(),
                tokens: dataset.tokens,
                digest: Identity(dataset.digest),
                row_set: dataset.row_set,
            }),
            Ok(Err(fault)) => DatasetVerdict::Rejected(fault),
            Err(fault) => return Ok(fault.into()),
        };
        let id = state
            .keep_verdict(repo, &revision, self.identity, &verdict)
            .await?;
        Ok(match verdict {
            DatasetVerdict::Accepted(facts) => Screened::Accepted(id, facts),
            DatasetVerdict::Rejected(fault) => {
                // Nothing will ever read it again.
                if let Err(e) = self.shelf.remove(repo, &revision) {
                    return Ok(OwnFault::Disk {
                        reason: e.to_string(),
                    }
                    .into());
                }
                Screened::Bad(BadAnswer::Dataset(fault))
            }
        })
    }

    /// The dataset of a commit from the shelf, as it was when it was accepted.
    ///
    /// # Errors
    /// When the file is gone, damaged or unreadable; it is then removed, so that the next attempt downloads it.
    pub async fn accepted(&self, repo: &RepoId, facts: &DatasetFacts) -> Result<Dataset, OwnFault> {
        let reason = match self.read(repo, &facts.revision).await {
            Ok(Ok(dataset)) if Identity(dataset.digest) == facts.digest => return Ok(dataset),
            Ok(Ok(_)) => "it holds other rows than when it was accepted".to_owned(),
            Ok(Err(fault)) => fault.to_string(),
            Err(fault) => fault.to_string(),
        };
        let place = self.shelf.place(repo, &facts.revision);
        let removed = self
            .shelf
            .remove(repo, &facts.revision)
            .map_or_else(|e| format!(" ({e})"), |()| String::new());
        Err(OwnFault::Disk {
            reason: format!("{}: {reason}{removed}", place.display()),
        })
    }

    /// The commit that a commitment names.
    async fn resolve(&self, repo: &RepoId, wanted: &CommittedRevision) -> Result<Revision, Screened> {
        if let Ok(full) = wanted.as_str().parse() {
            return Ok(full);
        }
        let not_pinned = || {
            Screened::Bad(BadAnswer::RevisionNotPinned {
                revision: wanted.clone(),
            })
        };
        let name: RefName = wanted.as_str().parse().map_err(|_| not_pinned())?;
        let asked = tokio::time::timeout(self.deadline, self.hub.repo_info(repo, RepoType::Dataset, &name));
        let info = match asked.await {
            Ok(info) => info.map_err(|e| verdict_of(e, repo, wanted))?,
            Err(_) => return Err(no_answer(self.deadline).into()),
        };
        if wanted.names(&info.sha) {
            Ok(info.sha)
        } else {
            Err(not_pinned())
        }
    }

    /// Puts the one file that counts on the shelf.
    async fn download(&self, repo: &RepoId, revision: &Revision) -> Result<u64, Screened> {
        let place = self.shelf.place(repo, revision);
        let disk = |e: std::io::Error| {
            Screened::from(OwnFault::Disk {
                reason: e.to_string(),
            })
        };
        // Left over by a process that died here; the hub puts files in place complete or not at all.
        self.shelf.remove(repo, revision).map_err(disk)?;
        fs_err::create_dir_all(place.parent().unwrap_or(Path::new("."))).map_err(disk)?;
        let path: RepoPath = DATA_FILE.parse().map_err(|e: assay_hub::RepoPathError| {
            Screened::from(OwnFault::Hub {
                reason: e.to_string(),
            })
        })?;
        let limits = DownloadLimits {
            max_bytes: self.recipe.limits.bytes,
            deadline: self.deadline,
        };
        match self
            .hub
            .download(repo, RepoType::Dataset, revision, &path, &place, limits)
            .await
        {
            Ok(downloaded) => Ok(downloaded.bytes),
            Err(e) => Err(verdict_of(e, repo, &CommittedRevision::from(*revision))),
        }
    }

    async fn read(
        &self,
        repo: &RepoId,
        revision: &Revision,
    ) -> Result<Result<Dataset, DatasetFault>, OwnFault> {
        let place = self.shelf.place(repo, revision);
        let (encoder, recipe) = (self.encoder.clone(), self.recipe.clone());
        let read = tokio::task::spawn_blocking(move || {
            let file = fs_err::File::open(place)?;
            Dataset::read(BufReader::new(file), &encoder, recipe.system_text, &recipe.limits)
        });
        match read.await {
            Ok(Ok(verdict)) => Ok(verdict),
            Ok(Err(ReadError::Io(e))) => Err(OwnFault::Disk {
                reason: e.to_string(),
            }),
            Ok(Err(e)) => Err(OwnFault::Training {
                reason: e.to_string(),
            }),
            Err(panic) => Err(OwnFault::Training {
                reason: panic.to_string(),
            }),
        }
    }
}

fn no_answer(after: Duration) -> OwnFault {
    OwnFault::Hub {
        reason: format!("no answer within {} s", after.as_secs()),
    }
}

/// Whose matter a failure of the hub is. What the hub says about the repository is the miner's; everything else,
/// above all what waiting may cure, is ours.
fn verdict_of(error: HubError, repo: &RepoId, revision: &CommittedRevision) -> Screened {
    match error {
        HubError::RepoNotFound { .. } | HubError::Gated { .. } | HubError::Forbidden { .. } => {
            Screened::Bad(BadAnswer::RepoNotFound { repo: repo.clone() })
        }
        HubError::RevisionNotFound { .. } => Screened::Bad(BadAnswer::RevisionNotFound {
            revision: revision.clone(),
        }),
        HubError::EntryNotFound { .. } => Screened::Bad(BadAnswer::NoDataFile),
        HubError::TooLarge { limit, .. } => {
            Screened::Bad(BadAnswer::Dataset(DatasetFault::TooManyBytes { limit }))
        }
        HubError::File { .. } => OwnFault::Disk {
            reason: error.to_string(),
        }
        .into(),
        other => {
            let pause = match other.retry() {
                Retry::After(pause) => Some(pause),
                Retry::Never | Retry::Backoff => None,
            };
            Screened::Fault {
                fault: OwnFault::Hub {
                    reason: other.to_string(),
                },
                pause,
            }
        }
    }
}
