//! The folder of one run of `assay up`, and the lock that keeps a second process out of it.
//!
//! Each set of inputs (data files, evaluation file, model, number of miners and validators) has a folder of its own
//! under `--home`, named by the system and a digest of the inputs. The same command therefore finds its own chain
//! again, and another command cannot get in its way.

use miette::{IntoDiagnostic, WrapErr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// What tells one run from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inputs {
    /// The system that runs, `datasets`.
    pub(super) system: String,
    /// Number of demo miners; the files of `datasets` otherwise.
    pub(super) miners: usize,
    /// Number of validators.
    pub(super) validators: usize,
    /// Data files that the user brought, absolute.
    pub(super) datasets: Vec<PathBuf>,
    /// Evaluation file that the user brought, absolute.
    pub(super) eval: Option<PathBuf>,
    /// Folder of the base model that the user brought, absolute.
    pub(super) base_model: Option<PathBuf>,
}

impl Inputs {
    /// The folder's name: the system, and a digest of whatever differs from the demonstration.
    fn folder_name(&self) -> miette::Result<String> {
        let digest = Sha256::digest(serde_json::to_vec(self).into_diagnostic()?);
        let kind = if self.datasets.is_empty() && self.eval.is_none() && self.base_model.is_none() {
            "demo"
        } else {
            "own"
        };
        Ok(format!("{}-{kind}-{}", self.system, hex::encode(&digest[..4])))
    }
}

/// What is kept of a run beside the databases of its parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Settings {
    /// The layout of the folder and of this file.
    schema: u32,
    /// Secret from which the run's wallets and the chain's genesis are derived, hexadecimal. It is worth nothing
    /// outside this one chain.
    pub(super) seed: String,
    /// What the run was started with.
    pub(super) inputs: Inputs,
}

const SCHEMA: u32 = 1;

/// An opened and locked folder.
#[derive(Debug)]
pub(super) struct Home {
    folder: PathBuf,
    pub(super) settings: Settings,
    /// Whether the folder was there before.
    pub(super) continued: bool,
    /// Held until the process ends, however it ends.
    _lock: std::fs::File,
}

impl Home {
    /// Opens the folder of these inputs under `root`, making it the first time.
    pub(super) fn open(root: &Path, inputs: Inputs) -> miette::Result<Self> {
        let folder = root.join(inputs.folder_name()?);
        fs_err::create_dir_all(&folder).into_diagnostic()?;
        let lock = fs_err::File::create(folder.join("lock"))
            .into_diagnostic()?
            .into_parts()
            .0;
        if lock.try_lock().is_err() {
            return Err(miette::miette!(
                help = "wait for it to end, end it, or give this one another folder with --home",
                "another `assay up` is using {}",
                folder.display()
            ));
        }
        let file = folder.join("up.json");
        let continued = file.is_file();
        let settings = if continued {
            read_settings(&file)?
        } else {
            let settings = Settings {
                schema: SCHEMA,
                seed: hex::encode(rand::random::<[u8; 16]>()),
                inputs,
            };
            write_atomically(&file, &serde_json::to_vec_pretty(&settings).into_diagnostic()?)?;
            settings
        };
        Ok(Self {
            folder,
            settings,
            continued,
            _lock: lock,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn hub(&self) -> PathBuf {
        self.folder.join("hub")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(super) fn miner(&self, name: &str) -> PathBuf {
        self.folder.join("miners").join(name)
    }

    pub(super) fn validator(&self, name: &str) -> PathBuf {
        self.folder.join("validators").join(name)
    }
}

fn read_settings(file: &Path) -> miette::Result<Settings> {
    let text = fs_err::read(file).into_diagnostic()?;
    let settings: Settings = serde_json::from_slice(&text)
        .into_diagnostic()
        .wrap_err_with(|| format!("{} is not what `assay up` wrote", file.display()))?;
    if settings.schema == SCHEMA {
        Ok(settings)
    } else {
        Err(miette::miette!(
            help = "use the version of assay that made it, or another folder with --home",
            "{} has layout {}, this version reads {SCHEMA}",
            file.display(),
            settings.schema
        ))
    }
}

pub(super) fn write_atomically(file: &Path, content: &[u8]) -> miette::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder).into_diagnostic()?;
    std::io::Write::write_all(&mut beside, content).into_diagnostic()?;
    beside.as_file().sync_all().into_diagnostic()?;
    beside.persist(file).into_diagnostic()?;
    Ok(())
}
