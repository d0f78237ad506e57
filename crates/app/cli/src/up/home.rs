//! The folder of one run of `assay up`, and the lock that keeps a second process out of it.
//!
//! Each set of inputs (data files, evaluation file, model, number of miners and validators) has a folder of its own
//! under `--home`, named by the system and a digest of the inputs and of the chain that this build makes. The same command
//! therefore finds its own chain again, and neither another command nor another build of assay can get in its way.

use assay_devnet::Genesis;
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
        // A build with another runtime refuses to go on with this one's chain.
        let chain = assay_devnet::block_zero(&Genesis::default()).into_diagnostic()?;
        let digest = Sha256::new()
            .chain_update(serde_json::to_vec(self).into_diagnostic()?)
            .chain_update(chain)
            .finalize();
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
    /// The folder of the same run by another build, when this one is new.
    pub(super) left: Option<PathBuf>,
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
        let left = if continued { None } else { same_run(root, &inputs) };
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
            left,
            _lock: lock,
        })
    }

    /// What to tell about where this run comes from.
    pub(super) fn origin(&self, epochs: Option<u64>) -> Option<String> {
        let folder = self.folder.display();
        match (&self.left, self.continued, epochs) {
            (_, true, Some(epochs)) => Some(format!("continuing {folder} after {epochs} epochs")),
            (_, true, None) => Some(format!("continuing {folder}")),
            (Some(left), false, _) => Some(format!(
                "beginning anew: the chain in {} was made by another build of assay; it stays as it is, and can be removed",
                left.display()
            )),
            (None, false, _) => None,
        }
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

/// A folder with a run of these inputs, the newest of them.
fn same_run(root: &Path, inputs: &Inputs) -> Option<PathBuf> {
    let folders = fs_err::read_dir(root).ok()?;
    let mut runs: Vec<_> = folders
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let file = folder.join("up.json");
            let is_same = read_settings(&file).ok()?.inputs == *inputs;
            is_same.then_some((fs_err::metadata(file).ok()?.modified().ok()?, folder))
        })
        .collect();
    runs.sort();
    runs.pop().map(|(_, folder)| folder)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn demonstration(miners: usize) -> Inputs {
        Inputs {
            system: "datasets".to_owned(),
            miners,
            validators: 1,
            datasets: Vec::new(),
            eval: None,
            base_model: None,
        }
    }

    #[test]
    fn a_run_finds_its_own_folder_again_and_leaves_that_of_another_build() {
        let root = tempfile::tempdir().unwrap();
        let first = Home::open(root.path(), demonstration(5)).unwrap();
        assert_eq!(first.origin(None), None);
        let (folder, seed) = (first.folder.clone(), first.settings.seed.clone());
        drop(first);
        let again = Home::open(root.path(), demonstration(5)).unwrap();
        assert_eq!(again.settings.seed, seed);
        assert!(again.origin(Some(3)).unwrap().ends_with("after 3 epochs"));
        drop(again);

        // As if a build with another runtime had made it.
        let other = root.path().join("datasets-demo-00000000");
        fs_err::rename(&folder, &other).unwrap();
        let anew = Home::open(root.path(), demonstration(5)).unwrap();
        assert_ne!(anew.settings.seed, seed);
        let told = anew.origin(Some(0)).unwrap();
        assert!(
            told.contains("another build") && told.contains(other.to_str().unwrap()),
            "{told}"
        );
        let unlike = Home::open(root.path(), demonstration(6)).unwrap();
        assert_eq!(unlike.origin(None), None, "it is another run");
    }
}
