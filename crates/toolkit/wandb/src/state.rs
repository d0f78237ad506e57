//! What the exporter keeps, so that a restart goes on in the same run and sends nothing twice.

use crate::{WandbError, run::Run};
use assay_records::Place;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use time::OffsetDateTime;

/// The file's name.
const FILE: &str = "exporter.json";

/// Raised when the file changes its meaning.
const FORMAT: u32 = 1;

/// How far the exporter is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    format: u32,
    /// What runs belong to.
    pub(crate) target: String,
    /// What happened before is not exported.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) since: Option<OffsetDateTime>,
    /// Up to where the log was exported.
    pub(crate) place: Place,
    /// Up to where it may have been: a batch that was being sent. The same batch is sent again after a kill, to the same
    /// lines of the run, so that it is there once whether or not it had arrived.
    pub(crate) ahead: Option<Place>,
    /// The run that is being filled.
    pub(crate) run: Option<Run>,
}

impl State {
    pub(crate) fn new(target: String, since: Option<OffsetDateTime>) -> Self {
        Self {
            format: FORMAT,
            target,
            since,
            place: Place::default(),
            ahead: None,
            run: None,
        }
    }
}

/// The exporter's folder, held by this process.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, WandbError> {
        fs::create_dir_all(path)?;
        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))?
            .into_file();
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(WandbError::InUse {
                folder: path.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was kept; `None` at the first start.
    pub(crate) fn load(&self) -> Result<Option<State>, WandbError> {
        let file = self.path.join(FILE);
        let damaged = |why: String| WandbError::Damaged {
            file: file.clone(),
            why,
        };
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let state: State = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if state.format != FORMAT {
            return Err(damaged(format!(
                "its format is {}, this program writes {FORMAT}",
                state.format
            )));
        }
        Ok(Some(state))
    }

    /// Keeps it, whole or not at all, also when the power goes.
    pub(crate) fn save(&self, state: &State) -> Result<(), WandbError> {
        let bytes = serde_json::to_vec(state).map_err(io::Error::other)?;
        let file = self.path.join(FILE);
        // Always the same name: what kills leave behind is written over.
        let beside = self.path.join(format!("{FILE}.part"));
        let mut part = fs::File::create(&beside)?;
        part.write_all(&bytes)?;
        part.sync_data()?;
        fs::rename(&beside, &file)?;
        Ok(())
    }
}
