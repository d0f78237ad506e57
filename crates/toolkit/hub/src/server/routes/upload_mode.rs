//! Before an upload: which files travel inside the commit, which take the LFS path, which are ignored.

use super::{
    target::{Names, Writable},
    wire::parse,
};
use crate::RepoPath;
use crate::server::{
    git::ObjectKind, hub::Hub, intake::receive_small, reject::Reject, repository::Repository,
    snapshot::Snapshot,
};
use axum::{Json, body::Body, extract::State};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Largest body: 256 files with 512 bytes of sample each is what clients send; this is a multiple of it.
const MAX_BODY: u64 = 8 << 20;

/// Most files asked for at once.
const MAX_FILES: usize = 1000;

/// Largest `.gitattributes` or `.gitignore` that is heeded.
const MAX_RULES_BYTES: u64 = 1 << 20;

#[derive(Debug, Deserialize)]
struct PreuploadBody {
    files: Vec<PreuploadFile>,
    #[serde(rename = "gitIgnore")]
    git_ignore: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PreuploadFile {
    path: RepoPath,
    size: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct PreuploadAnswer {
    files: Vec<PreuploadItem>,
}

#[derive(Debug, Serialize)]
struct PreuploadItem {
    path: RepoPath,
    #[serde(rename = "uploadMode")]
    upload_mode: &'static str,
    #[serde(rename = "shouldIgnore")]
    should_ignore: bool,
    /// What the file's content is named now: Git's blob hash, or the SHA-256 of a large file.
    #[serde(skip_serializing_if = "Option::is_none")]
    oid: Option<String>,
}

/// `POST /api/{kind}/{repo}/preupload/{revision}`
pub(crate) async fn preupload(
    State(hub): State<Arc<Hub>>,
    Writable { repository, .. }: Writable,
    names: Names,
    body: Body,
) -> Result<Json<PreuploadAnswer>, Reject> {
    let revision = names.revision()?;
    let body: PreuploadBody = parse("the files to upload", &receive_small(body, MAX_BODY).await?)?;
    if body.files.len() > MAX_FILES {
        return Err(Reject::TooMany {
            what: "files",
            limit: MAX_FILES,
        });
    }
    hub.blocking(move |hub| {
        let snapshot = repository.snapshot(repository.resolve(&revision)?)?;
        let rules = Rules::read(&repository, &snapshot, body.git_ignore)?;
        let mode = |file: PreuploadFile| {
            let large = file.size > hub.limits.inline_bytes || rules.takes_lfs(&file.path);
            let oid = snapshot
                .files
                .get(file.path.as_str())
                .map(|entry| match entry.lfs {
                    Some(pointer) => hex::encode(pointer.oid),
                    None => entry.id.to_string(),
                });
            PreuploadItem {
                upload_mode: if large { "lfs" } else { "regular" },
                should_ignore: rules.ignores(&file.path),
                oid,
                path: file.path,
            }
        };
        Ok(Json(PreuploadAnswer {
            files: body.files.into_iter().map(mode).collect(),
        }))
    })
    .await
}

/// What the repository's own files say about paths.
struct Rules {
    lfs: Gitignore,
    ignored: Gitignore,
}

impl Rules {
    fn read(
        repository: &Repository,
        snapshot: &Snapshot,
        git_ignore: Option<String>,
    ) -> Result<Self, Reject> {
        let text = |path: &str| -> Result<String, Reject> {
            match snapshot
                .files
                .get(path)
                .filter(|entry| entry.lfs.is_none() && entry.size <= MAX_RULES_BYTES)
            {
                Some(entry) => {
                    let bytes = repository
                        .objects
                        .read_kind(entry.id, ObjectKind::Blob, MAX_RULES_BYTES)?;
                    Ok(String::from_utf8_lossy(&bytes).into_owned())
                }
                None => Ok(String::new()),
            }
        };
        let attributes = text(".gitattributes")?;
        let ignored = git_ignore.map_or_else(|| text(".gitignore"), Ok)?;
        Ok(Self {
            lfs: matcher(lfs_patterns(&attributes)),
            ignored: matcher(ignored.lines().map(str::to_owned)),
        })
    }

    fn takes_lfs(&self, path: &RepoPath) -> bool {
        self.lfs
            .matched_path_or_any_parents(path.as_str(), false)
            .is_ignore()
    }

    fn ignores(&self, path: &RepoPath) -> bool {
        self.ignored
            .matched_path_or_any_parents(path.as_str(), false)
            .is_ignore()
    }
}

/// The patterns of `.gitattributes` whose files take the LFS path. A later line may take a pattern back, which the
/// other syntax writes with a `!`.
fn lfs_patterns(attributes: &str) -> impl Iterator<Item = String> + '_ {
    attributes.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let pattern = words.next().filter(|pattern| !pattern.starts_with('#'))?;
        words.find_map(|word| match word {
            "filter=lfs" => Some(pattern.to_owned()),
            "-filter" | "!filter" => Some(format!("!{pattern}")),
            _ => None,
        })
    })
}

fn matcher(lines: impl Iterator<Item = String>) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        // A pattern that cannot be understood selects nothing, as in Git.
        if let Err(error) = builder.add_line(None, &line) {
            tracing::debug!(%error, "a pattern was passed over");
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_choose_the_large_path_by_pattern() {
        let text = "*.bin filter=lfs diff=lfs\nweights/** filter=lfs\n# *.txt filter=lfs\n*.txt text\nsmall.bin -filter\n";
        let rules = Rules {
            lfs: matcher(lfs_patterns(text)),
            ignored: Gitignore::empty(),
        };
        let takes = |path: &str| rules.takes_lfs(&path.parse().unwrap());
        assert!(takes("a.bin") && takes("deep/down/a.bin") && takes("weights/x/y.json"));
        assert!(!takes("a.txt") && !takes("data.jsonl") && !takes("small.bin"));
    }

    #[test]
    fn ignored_paths_are_those_of_gitignore() {
        let lines = "*.log\nbuild/\n!keep.log\n".lines().map(str::to_owned);
        let rules = Rules {
            lfs: Gitignore::empty(),
            ignored: matcher(lines),
        };
        let ignores = |path: &str| rules.ignores(&path.parse().unwrap());
        assert!(ignores("a.log") && ignores("build/out.txt"));
        assert!(!ignores("keep.log") && !ignores("src/a.rs"));
    }
}
