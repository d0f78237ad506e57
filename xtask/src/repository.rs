//! Where things are.

use std::path::PathBuf;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Where cargo puts what it builds: `CARGO_TARGET_DIR`, or `target` in the root.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The folder for what is expensive to make and the same for every clone: `ASSAY_CACHE`, or `~/.cache/assay`.
pub(crate) fn cache() -> PathBuf {
    if let Some(folder) = std::env::var_os("ASSAY_CACHE") {
        return folder.into();
    }
    std::env::home_dir()
        .unwrap_or_else(|| root().join("target"))
        .join(".cache")
        .join("assay")
}
