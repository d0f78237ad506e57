//! The JavaScript packages that the conformance tests drive, one folder of modules for each `package.json` of
//! `conformance/`.
//!
//! They live in the cache folder as the Python environments do (see [`crate::python`]): under a name that carries a
//! hash of the lock file and of Node's version, and visible only when complete.

use crate::{debian, error::TaskError, process, repository};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, path::PathBuf, process::Command};

const NODE: &str = "node";
/// The oldest Node whose `npm` and whose WebSocket the packages work with.
const OLDEST_NODE: u32 = 18;

/// Prepares all environments; their folders of modules by name.
pub(crate) fn prepare_all() -> Result<BTreeMap<String, PathBuf>, TaskError> {
    let mut modules = BTreeMap::new();
    let folder = repository::root().join("conformance");
    if !folder.is_dir() {
        return Ok(modules);
    }
    let mut names = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.path().join("package-lock.json").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    for name in names {
        let folder = prepare(&name)?;
        modules.insert(name, folder);
    }
    Ok(modules)
}

/// Prepares one environment and returns its folder of modules.
fn prepare(name: &str) -> Result<PathBuf, TaskError> {
    debian::ensure(NODE, &["nodejs", "npm"])?;
    debian::ensure("npm", &["npm"])?;
    let declared = repository::root().join("conformance").join(name);
    let version = process::output(Command::new(NODE).arg("--version"))?;
    let version = version.trim();
    if major(version).is_some_and(|major| major < OLDEST_NODE) {
        return Err(TaskError::OldNode {
            found: version.to_owned(),
            oldest: OLDEST_NODE,
        });
    }
    let mut hash = Sha256::new();
    hash.update(version);
    hash.update(fs_err::read(declared.join("package-lock.json"))?);
    let digest = hex::encode(&hash.finalize()[..6]);

    let environments = repository::cache().join("node");
    fs_err::create_dir_all(&environments)?;
    let folder = environments.join(format!("{name}-{digest}"));
    let modules = folder.join("node_modules");
    let marker = folder.join("complete");

    let lock = fs_err::File::create(environments.join(format!("{name}.lock")))?;
    lock.file().lock()?;
    if marker.is_file() {
        return Ok(modules);
    }
    eprintln!("preparing the JavaScript packages of `{name}`");
    if folder.exists() {
        fs_err::remove_dir_all(&folder)?;
    }
    fs_err::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs_err::copy(declared.join(file), folder.join(file))?;
    }
    process::run(
        Command::new("npm")
            // Optional packages are faster variants of what is there, compiled on the spot.
            .args([
                "ci",
                "--omit=optional",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(&folder),
    )?;
    fs_err::write(&marker, version)?;
    Ok(modules)
}

/// The first number of `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}
