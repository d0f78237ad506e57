//! The virtual environments with the real Python packages, one for each folder of `conformance/`.
//!
//! An environment lives in the cache folder under a name that carries a hash of its requirements and of the
//! interpreter's version, so that a change of either makes a new one and clones share it. It becomes visible only
//! when complete: a marker file is written last, under a lock that keeps two tasks from building it at once.

use crate::{debian, error::TaskError, process, repository};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, path::PathBuf, process::Command};

const PYTHON: &str = "python3";

/// Prepares all environments; the interpreters by name.
pub(crate) fn prepare_all() -> Result<BTreeMap<String, PathBuf>, TaskError> {
    let mut interpreters = BTreeMap::new();
    let folder = repository::root().join("conformance");
    if !folder.is_dir() {
        return Ok(interpreters);
    }
    let mut names = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.path().join("requirements.txt").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    for name in names {
        let interpreter = prepare(&name)?;
        interpreters.insert(name, interpreter);
    }
    Ok(interpreters)
}

/// Prepares one environment and returns its interpreter.
pub(crate) fn prepare(name: &str) -> Result<PathBuf, TaskError> {
    let requirements = repository::root()
        .join("conformance")
        .join(name)
        .join("requirements.txt");
    if !requirements.is_file() {
        return Err(TaskError::UnknownEnvironment {
            name: name.to_owned(),
            path: requirements,
        });
    }
    let version = process::output(Command::new(PYTHON).arg("--version"))?;
    let mut hash = Sha256::new();
    hash.update(version.trim());
    hash.update(fs_err::read(&requirements)?);
    let digest = hex::encode(&hash.finalize()[..6]);

    let environments = repository::cache().join("venvs");
    fs_err::create_dir_all(&environments)?;
    let folder = environments.join(format!("{name}-{digest}"));
    let interpreter = folder.join("bin").join("python");
    let marker = folder.join("complete");

    let lock = fs_err::File::create(environments.join(format!("{name}.lock")))?;
    lock.file().lock()?;
    if marker.is_file() {
        return Ok(interpreter);
    }
    eprintln!("preparing the Python environment `{name}`");
    if folder.exists() {
        fs_err::remove_dir_all(&folder)?;
    }
    ensure_venv_module()?;
    process::run(Command::new(PYTHON).args(["-m", "venv"]).arg(&folder))?;
    process::run(
        Command::new(&interpreter)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&requirements),
    )?;
    fs_err::write(&marker, version)?;
    Ok(interpreter)
}

/// Debian leaves the module that makes environments out of its `python3` package.
fn ensure_venv_module() -> Result<(), TaskError> {
    let present = Command::new(PYTHON)
        .args(["-c", "import ensurepip, venv"])
        .output()
        .is_ok_and(|output| output.status.success());
    if present {
        return Ok(());
    }
    debian::ensure("a Python with the venv module", &["python3-venv"])
}
