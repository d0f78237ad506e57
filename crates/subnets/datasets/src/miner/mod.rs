//! The miner: publishes one dataset and commits to it on chain.
//!
//! In this order, each step only when the one before is certain: the commitment will fit, the file passes the
//! validator's own checks, the hotkey is registered, the hub has the file and gives it back unchanged, the chain
//! shows the commitment. Everything is on disk as it happens, so that a miner killed at any point repeats nothing;
//! above all it never commits the same dataset again, which would cost it its place before later copies.

mod error;
mod record;

pub use error::MinerError;

use std::{
    future::Future,
    io::{BufReader, Read as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use assay_chain::{Block, ChainClient, ChainError, NetUid};
use assay_hub::{
    BatchLimits, Delivery, DownloadLimits, ExistingRepo, HubClient, HubError, Outbox, RepoId, RepoPath,
    RepoType, Revision, Source, Step, Target, Ticket, Visibility,
};
use assay_keys::Pair;
use blake2::{Blake2b, Digest, digest::consts::U32};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    commitment::{DatasetCommitment, check_size},
    event::{EventKind, EventSink, PublishStep},
    outcome::DATA_FILE,
    profile::CompetitionId,
    recipe::{Identity, Recipe},
    rows::{Dataset, RowEncoder},
    validator::doubled,
};
use record::{Record, Upload};

/// Longest the file may take to come back from the hub when it is checked.
const READ_BACK: Duration = Duration::from_secs(300);

/// What a miner publishes, where, and under which rules.
#[derive(Debug, Clone)]
pub struct MinerConfig {
    /// The subnet.
    pub netuid: NetUid,
    /// The competition, as commitments name it.
    pub competition: CompetitionId,
    /// The dataset, a file of JSON lines.
    pub dataset: PathBuf,
    /// The repository it goes to; made if it does not exist.
    pub repo: RepoId,
    /// Who may read a repository that is made. Validators cannot read private ones without a token of theirs.
    pub visibility: Visibility,
    /// The recipe the validators use: its rules for rows are checked before anything is uploaded.
    pub recipe: Recipe,
    /// Folder of the base model the validators use; only its tokenizer is read.
    pub base_model: PathBuf,
    /// Folder for what must survive a restart: the queue of uploads and what was committed.
    pub home: PathBuf,
    /// Pause after the first failed attempt; doubles up to `longest_pause`. What the hub or chain asks for is kept.
    pub first_pause: Duration,
    /// Longest pause between attempts.
    pub longest_pause: Duration,
}

/// How far a miner goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// All the way.
    Everything,
    /// Checks everything that can be checked without changing anything anywhere.
    DryRun,
}

/// What a miner has published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Rows of the dataset.
    pub rows: usize,
    /// Tokens over all rows.
    pub tokens: usize,
    /// The repository.
    pub repo: RepoId,
    /// The commit; none in a dry run.
    pub revision: Option<Revision>,
    /// The commitment's text; none in a dry run.
    pub commitment: Option<String>,
    /// The commitment's block; none in a dry run.
    pub block: Option<Block>,
}

/// Publishes a dataset: checks it, uploads it, commits to it, and reads everything back.
#[derive(Debug)]
pub struct Miner {
    chain: ChainClient,
    hub: HubClient,
    hotkey: Pair,
    config: MinerConfig,
    events: EventSink,
}

impl Miner {
    /// A miner that signs with `hotkey`.
    pub fn new(
        chain: ChainClient,
        hub: HubClient,
        hotkey: Pair,
        config: MinerConfig,
        events: EventSink,
    ) -> Self {
        Self {
            chain,
            hub,
            hotkey,
            config,
            events,
        }
    }

    /// Publishes, and ends when the commitment stands on chain. Run again after a kill, it goes on where it was and
    /// repeats nothing that is done.
    ///
    /// # Errors
    /// What no further attempt could repair. Everything else is retried until `stop`.
    pub async fn run(self, how: Publish, stop: CancellationToken) -> Result<Published, MinerError> {
        match stop.run_until_cancelled(self.publish(how)).await {
            Some(result) => result,
            None => Err(MinerError::Stopped),
        }
    }

    async fn publish(&self, how: Publish) -> Result<Published, MinerError> {
        let MinerConfig {
            repo, competition, ..
        } = &self.config;
        check_size(repo, competition)?;
        let (rows, tokens) = self.check_dataset().await?;
        let registered = self
            .retrying("looking up the registration", || self.registered_at())
            .await?;
        let mut published = Published {
            rows,
            tokens,
            repo: repo.clone(),
            revision: None,
            commitment: None,
            block: None,
        };
        if how == Publish::DryRun {
            return Ok(published);
        }
        let revision = self.upload().await?;
        let commitment = DatasetCommitment {
            repo: repo.clone(),
            competition: competition.clone(),
            revision: revision.into(),
        }
        .to_string();
        let block = self
            .retrying("committing on chain", || self.commit(&commitment, registered))
            .await?;
        self.step(PublishStep::Committed {
            commitment: commitment.clone(),
            block,
        });
        published.revision = Some(revision);
        published.commitment = Some(commitment);
        published.block = Some(block);
        Ok(published)
    }

    fn step(&self, step: PublishStep) {
        self.events.tell(EventKind::Publishing(step));
    }

    /// Repeats `attempt` until it succeeds or fails for good.
    async fn retrying<T, F>(&self, doing: &str, mut attempt: impl FnMut() -> F) -> Result<T, MinerError>
    where
        F: Future<Output = Result<T, MinerError>>,
    {
        let mut failures = 0;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(asked) = error.retry() else {
                return Err(error);
            };
            failures += 1;
            let pause = doubled(self.config.first_pause, self.config.longest_pause, failures)
                .max(asked.unwrap_or_default());
            tracing::warn!(%error, ?pause, "{doing} failed and is tried again");
            self.step(PublishStep::Retrying {
                doing: doing.to_owned(),
                reason: error.to_string(),
                retry_in: pause.as_secs_f64(),
            });
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads the dataset as validators will: rows and tokens.
    async fn check_dataset(&self) -> Result<(usize, usize), MinerError> {
        let config = self.config.clone();
        let read = tokio::task::spawn_blocking(move || {
            let recipe = &config.recipe;
            let encoder = RowEncoder::open(
                &config.base_model,
                recipe.template,
                recipe.marks_in_content,
                recipe.training.context_length,
            )?;
            let file = BufReader::new(fs_err::File::open(&config.dataset)?);
            Ok::<_, MinerError>(Dataset::read(file, &encoder, recipe.system_text, &recipe.limits)?)
        });
        match read.await?? {
            Ok(dataset) => {
                let (rows, tokens) = (dataset.examples.len(), dataset.tokens);
                self.step(PublishStep::Checked { rows, tokens });
                Ok((rows, tokens))
            }
            Err(fault) => Err(MinerError::Dataset {
                path: self.config.dataset.clone(),
                fault,
            }),
        }
    }

    /// When the hotkey got its slot.
    async fn registered_at(&self) -> Result<Block, MinerError> {
        let (hotkey, netuid) = (self.hotkey.account(), self.config.netuid);
        let registered = assay_neuron::registration::require(&self.chain, netuid, &hotkey).await?;
        let metagraph = self.chain.metagraph(netuid).await?;
        // Pruned between the two looks: the next commitment shows it.
        Ok(metagraph
            .by_hotkey(&hotkey)
            .map_or(registered.block.number, |neuron| neuron.registered_at))
    }

    /// Brings the file to the hub, unless it is there already, and makes sure that it comes back as it was sent.
    async fn upload(&self) -> Result<Revision, MinerError> {
        let MinerConfig {
            repo,
            dataset,
            home,
            visibility,
            ..
        } = &self.config;
        let content = identity_of(dataset).await?;
        let kept = Record::load(home)?.filter(|kept| kept.content == content && kept.repo == *repo);
        if let Some(Record {
            stage: Upload::Verified { revision },
            ..
        }) = kept
        {
            self.step(PublishStep::Uploaded {
                repo: repo.clone(),
                revision,
            });
            return Ok(revision);
        }
        let bytes = fs_err::metadata(dataset)?.len();
        self.step(PublishStep::Uploading {
            repo: repo.clone(),
            bytes,
        });
        self.retrying("making the repository", || async {
            Ok(self
                .hub
                .create_repo(repo, RepoType::Dataset, *visibility, ExistingRepo::Keep)
                .await?)
        })
        .await?;
        let outbox = Outbox::open(&home.join("outbox"), BatchLimits::default()).await?;
        let record = |stage| Record {
            content,
            repo: repo.clone(),
            stage,
        };
        let ticket = match kept {
            Some(Record {
                stage: Upload::Queued { ticket },
                ..
            }) => Ticket(ticket),
            _ => {
                let target = Target::main(repo.clone(), RepoType::Dataset);
                let source = Source::File(dataset.clone());
                let ticket = outbox
                    .put(&target, &data_file()?, source, "Publish the dataset")
                    .await?;
                record(Upload::Queued { ticket: ticket.0 }).save(home)?;
                ticket
            }
        };
        self.deliver(&outbox).await?;
        let revision = match outbox.delivery(ticket).await? {
            Some(Delivery::Delivered(revision)) => revision,
            lost => {
                // The next run begins anew instead of failing by the same entry.
                outbox.forget_failed().await?;
                Record::remove(home)?;
                let reason = match lost {
                    Some(Delivery::Failed(reason)) => reason,
                    _ => "the queue of uploads has lost it".to_owned(),
                };
                return Err(MinerError::UploadRefused { reason });
            }
        };
        self.retrying("reading the upload back", || self.read_back(&revision, content))
            .await?;
        record(Upload::Verified { revision }).save(home)?;
        self.step(PublishStep::Uploaded {
            repo: repo.clone(),
            revision,
        });
        Ok(revision)
    }

    /// Sends what is queued, and tells of every attempt that fails.
    async fn deliver(&self, outbox: &Outbox) -> Result<(), MinerError> {
        loop {
            match outbox.step(&self.hub).await? {
                Step::Idle => return Ok(()),
                Step::Wait { until } => {
                    let pause = until.duration_since(SystemTime::now()).unwrap_or_default();
                    tokio::time::sleep(pause).await;
                }
                Step::Retrying { reason, not_before } => self.step(PublishStep::Retrying {
                    doing: "uploading".to_owned(),
                    reason,
                    retry_in: not_before
                        .duration_since(SystemTime::now())
                        .unwrap_or_default()
                        .as_secs_f64(),
                }),
                _ => {}
            }
        }
    }

    /// Downloads what was uploaded, as a validator will.
    async fn read_back(&self, revision: &Revision, content: Identity) -> Result<(), MinerError> {
        let MinerConfig {
            repo, dataset, home, ..
        } = &self.config;
        let place = home.join("read-back.jsonl");
        let limits = DownloadLimits {
            max_bytes: fs_err::metadata(dataset)?.len(),
            deadline: READ_BACK,
        };
        let differs = || MinerError::UploadDiffers {
            repo: repo.clone(),
            revision: *revision,
        };
        let path = data_file()?;
        match self
            .hub
            .download(repo, RepoType::Dataset, revision, &path, &place, limits)
            .await
        {
            Err(HubError::TooLarge { .. }) => return Err(differs()),
            other => other?,
        };
        let same = identity_of(&place).await? == content;
        fs_err::remove_file(&place)?;
        if same { Ok(()) } else { Err(differs()) }
    }

    /// Writes the commitment, unless it stands there already, and reads it back; its block.
    async fn commit(&self, commitment: &str, registered: Block) -> Result<Block, MinerError> {
        let netuid = self.config.netuid;
        let hotkey = self.hotkey.account();
        let standing = async || {
            let stored = self.chain.commitment(netuid, &hotkey).await?;
            // One from before the registration belongs to an earlier life of the hotkey; validators refuse it.
            let ours =
                |c: &assay_chain::Commitment| c.text().as_deref() == Some(commitment) && c.block > registered;
            Ok::<_, ChainError>(stored.filter(ours).map(|c| c.block))
        };
        if let Some(block) = standing().await? {
            return Ok(block);
        }
        self.step(PublishStep::Committing {
            commitment: commitment.to_owned(),
        });
        let receipt = self
            .chain
            .set_commitment(&self.hotkey, netuid, commitment)
            .await?;
        receipt.finalized().await?;
        standing().await?.ok_or(MinerError::CommitmentReplaced { hotkey })
    }
}

fn data_file() -> Result<RepoPath, MinerError> {
    DATA_FILE
        .parse()
        .map_err(|e: assay_hub::RepoPathError| MinerError::UploadRefused {
            reason: e.to_string(),
        })
}

/// The hash of a file's bytes.
async fn identity_of(path: &Path) -> Result<Identity, MinerError> {
    let path = path.to_owned();
    let hashing = tokio::task::spawn_blocking(move || {
        let mut hasher = Blake2b::<U32>::new();
        let mut file = fs_err::File::open(path)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(Identity(hasher.finalize().into()));
            }
            hasher.update(&buffer[..read]);
        }
    });
    hashing.await?
}
