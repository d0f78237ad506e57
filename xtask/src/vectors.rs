//! Every vector file must be read by a test: data that nothing reads proves nothing.

use crate::{error::TaskError, repository};
use std::path::Path;
use walkdir::WalkDir;

/// Fails when a file under `vectors/` is named by no Rust source. A README explains and is not data.
pub(crate) fn check_all_are_read() -> Result<(), TaskError> {
    let root = repository::root();
    let mut sources = String::new();
    for folder in ["crates", "testing"] {
        for entry in files(&root.join(folder)) {
            if entry.extension().is_some_and(|extension| extension == "rs") {
                sources.push_str(&fs_err::read_to_string(&entry)?);
            }
        }
    }
    let mut unread = Vec::new();
    for file in files(&root.join("vectors")) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let explains = name.ends_with(".md") || name.ends_with(".txt") && name.to_uppercase() == name;
        if !explains && !sources.contains(name.as_ref()) {
            let shown = file.strip_prefix(&root).unwrap_or(&file);
            unread.push(shown.display().to_string());
        }
    }
    unread.sort();
    if unread.is_empty() {
        Ok(())
    } else {
        Err(TaskError::UnreadVectors { files: unread })
    }
}

fn files(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
}
