//! The real Python client and dataset loader, unmodified, against the embedded hub.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_hub::{
    Account, CommitRequest, ExistingRepo, HubClient, HubServer, HubServerConfig, RefName, RepoType,
    Visibility,
};
use assay_peers::{Python, Script};
use serde_json::{Map, Value, json};
use std::path::Path;
use tempfile::TempDir;

const TOKEN: &str = "hf_minerminerminerminer";
const OTHER: &str = "hf_strangerstranger";

/// A hub with two accounts, and a folder for the script's files.
struct Bench {
    hub: HubServer,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        Self::with(|config| config).await
    }

    async fn with(change: impl FnOnce(HubServerConfig) -> HubServerConfig) -> Self {
        let folder = TempDir::new().unwrap();
        let config = HubServerConfig::new(folder.path().join("hub"))
            .account(Account::new("miner", TOKEN))
            .account(Account::new("stranger", OTHER));
        let hub = HubServer::start(change(config)).await.unwrap();
        Self { hub, folder }
    }

    /// The script, with everything it may write kept inside the bench's folder.
    fn script(&self, name: &str) -> Script {
        let home = self.folder.path().join("home");
        let work = self.folder.path().join("work");
        fs_err::create_dir_all(&work).unwrap();
        Python::venv("hub")
            .script(format!("conformance/hub/{name}"))
            .arg(work)
            .env("HF_ENDPOINT", self.hub.url())
            .env("HF_HOME", home)
            .env("MINER_TOKEN", TOKEN)
            .env("STRANGER_TOKEN", OTHER)
            .env("HF_HUB_DISABLE_PROGRESS_BARS", "1")
            .env("HF_HUB_DISABLE_TELEMETRY", "1")
    }

    /// Everything the script said, in one object; a fact said twice keeps its last value.
    async fn facts(&self, script: Script) -> Map<String, Value> {
        let lines = self.lines(script).await;
        lines
            .iter()
            .filter_map(Value::as_object)
            .flat_map(Clone::clone)
            .collect()
    }

    async fn lines(&self, script: Script) -> Vec<Value> {
        tokio::task::spawn_blocking(move || script.run()).await.unwrap()
    }

    /// What Git itself says of a repository's folder.
    fn git(&self, repository: &str, arguments: &[&str]) -> String {
        let folder = self.folder.path().join("hub/repos").join(repository);
        let mut git = std::process::Command::new("git");
        let output = git.arg("--git-dir").arg(folder).args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Fails with what was said when a fact is not as expected.
fn check(facts: &Map<String, Value>, expected: Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(facts.get(name), Some(value), "{name} in {facts:#?}");
    }
}

fn is_commit(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.parse::<assay_hub::Revision>().is_ok())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn a_repository_lives_its_life() {
    let bench = Bench::new().await;
    let lines = bench.lines(bench.script("repository.py")).await;
    let facts: Map<_, _> = lines
        .iter()
        .filter_map(Value::as_object)
        .flat_map(Clone::clone)
        .collect();
    let at = |name: &str| facts.get(name).cloned().unwrap_or_default();
    let url = format!("{}/datasets/miner/ore", bench.hub.url());
    check(
        &facts,
        json!({
            "whoami": "miner",
            "url": url,
            "id": "miner/ore",
            "kind": "dataset",
            "again": "HfHubHTTPError",
            "kept": "miner/ore",
            "foreign": "HfHubHTTPError",
            "unchanged": at("third"),
            "sha": at("third"),
            "private": false,
            "dated": true,
            "siblings": {
                ".gitattributes": at("siblings")[".gitattributes"],
                ".gitignore": 6, "README.md": 27, "copies/uno.txt": 3, "data.jsonl": 9, "deep/one.txt": 3,
            },
            "at_first": at("first"),
            "at_prefix": at("first"),
            "head": "{\"a\": 2}\n",
            "pinned": "{\"a\": 1}\n",
            "copied": "one",
            "missing_file": "RemoteEntryNotFoundError",
            "missing_revision": "RevisionNotFoundError",
            "branch_again": "HfHubHTTPError",
            "branches": { "main": at("third"), "draft/new": at("on_branch") },
            "tags": { "v1": at("first") },
            "branch_files": [".gitattributes", "b.txt", "data.jsonl"],
            "tagged": "{\"a\": 1}\n",
            "main_kept": "HfHubHTTPError",
            "tree": {
                ".gitattributes": "initial commit", ".gitignore": "Second", "README.md": "Second", "copies": "Third",
                "copies/uno.txt": "Third", "data.jsonl": "Third", "deep": "Third", "deep/one.txt": "Second",
            },
            "paths": ["data.jsonl", "deep"],
            "stale_parent": "HfHubHTTPError",
            "files": [".gitattributes", ".gitignore", "copies/uno.txt", "data.jsonl"],
            "delete_missing": "RemoteEntryNotFoundError",
            "listed": ["miner/ore"],
            "after_delete": "RepositoryNotFoundError",
        }),
    );
    assert!(
        ["first", "second", "third", "on_branch"]
            .into_iter()
            .all(|name| is_commit(&at(name))),
        "{facts:#?}"
    );
    let said = |name: &str| {
        lines
            .iter()
            .filter_map(|line| line.get(name))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said("files")[0],
        json!([
            ".gitattributes",
            ".gitignore",
            "README.md",
            "data.jsonl",
            "deep/er/two.txt",
            "deep/one.txt"
        ]),
        "the ignored file was left out"
    );
    let commits = at("commits");
    let titles: Vec<_> = commits
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| &commit["title"])
        .collect();
    assert_eq!(titles, ["Third", "Second", "First", "initial commit"]);
    assert_eq!(commits[0]["message"], "With three changes");
    assert_eq!(
        (&commits[0]["authors"], &commits[3]["authors"]),
        (&json!(["miner"]), &json!(["system"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn a_private_repository_is_its_owners() {
    let bench = Bench::new().await;
    let facts = bench.facts(bench.script("private.py")).await;
    let hidden = json!({
        "info": "RepositoryNotFoundError",
        "files": "RepositoryNotFoundError",
        "file": "RepositoryNotFoundError",
        "snapshot": "RepositoryNotFoundError",
        "upload": "RepositoryNotFoundError",
        "exists": false,
    });
    check(
        &facts,
        json!({
            "owner": { "info": null, "files": null, "file": null, "snapshot": null, "upload": null, "exists": true },
            "stranger": hidden,
            "nobody": hidden,
            "wrong_token": "HfHubHTTPError",
            "opened": false,
            "gated": "GatedRepoError",
        }),
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn a_snapshot_is_a_commit_as_a_folder() {
    let bench = Bench::new().await;
    let facts = bench.facts(bench.script("snapshot.py")).await;
    check(
        &facts,
        json!({
            // 1103 files in 9 folders.
            "listed": 1112,
            "pinned": 1102,
            "odd": "odd name",
            "old": "as if large",
            "many": true,
            "some": { "big.bin": "newer" },
            "sought": "name",
            "globbed": ["datasets/miner/shelf/big.bin"],
            "found": false,
        }),
    );
    bench.git("datasets/miner/shelf.git", &["fsck", "--strict", "--full"]);
    assert_eq!(
        bench
            .git("datasets/miner/shelf.git", &["rev-list", "--count", "main"])
            .trim(),
        "4"
    );
    let odd = bench.git("datasets/miner/shelf.git", &["show", "main:a b/é #1.txt"]);
    assert_eq!(odd, "odd name");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn datasets_loads_and_pushes() {
    let bench = Bench::new().await;
    let facts = bench.facts(bench.script("load.py")).await;
    check(
        &facts,
        json!({
            "newest": 1,
            "pinned": 2,
            "columns": ["conversations", "system"],
            "second": "Groß.",
            "streamed": ["Be brief."],
            "pushed": 1000,
            "total": 499_500,
            "files": [".gitattributes", "README.md", "data/train-00000-of-00001.parquet"],
        }),
    );
}

/// Both ways of a large file: in one piece and in parts by LFS, and in chunks as the client prefers when it may.
async fn large_files(disable_xet: &str, part_bytes: u64) {
    let bench = Bench::with(|mut config| {
        (config.limits.inline_bytes, config.limits.part_bytes) = (100_000, part_bytes);
        config
    })
    .await;
    let lines = bench
        .lines(bench.script("large.py").env("HF_HUB_DISABLE_XET", disable_xet))
        .await;
    let files: Vec<_> = lines.iter().filter(|line| line.get("path").is_some()).collect();
    assert_eq!(files.len(), 8, "{lines:#?}");
    for file in files {
        let large = file["path"] != "folder/small.txt";
        let expected =
            json!({ "path": file["path"], "large": large, "size": true, "named": true, "same": true });
        assert_eq!(*file, expected);
    }
    assert_eq!(lines[0]["xet"], json!(disable_xet == "0"));
    bench.git("models/miner/heavy.git", &["fsck", "--strict", "--full"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn large_files_travel_whole() {
    large_files("1", 100_000_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn large_files_travel_in_parts() {
    large_files("1", 1_000_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn large_files_travel_in_chunks() {
    large_files("0", 100_000_000).await;
}

/// The client remembers which chunks it has sent, also from another run and to another repository, and the hub has
/// them still.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn a_new_version_of_a_large_file_costs_its_difference() {
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 100_000;
        config
    })
    .await;
    let kept = || bytes_below(&bench.folder.path().join("hub/xorbs"));
    let first = bench.facts(bench.script("version.py").arg("first")).await;
    let after_first = kept();
    let second = bench.facts(bench.script("version.py").arg("second")).await;
    check(&first, json!({ "same": true }));
    check(&second, json!({ "same": true }));
    assert!(
        after_first > 7_000_000,
        "{after_first} bytes were kept of the first version"
    );
    let difference = kept() - after_first;
    assert!(
        difference < 1_000_000,
        "the second version cost {difference} bytes"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn the_command_line_of_the_real_hub_works_as_it_is() {
    let bench = Bench::new().await;
    let work = bench.folder.path().join("work");
    fs_err::create_dir_all(work.join("data/deep")).unwrap();
    fs_err::write(work.join("data/rows.jsonl"), "{}\n").unwrap();
    fs_err::write(work.join("data/deep/large.dat"), vec![7; 11_000_000]).unwrap();
    let data = work.join("data").into_os_string().into_string().unwrap();
    let got = work.join("got").into_os_string().into_string().unwrap();
    for words in [
        vec!["auth", "whoami"],
        vec!["upload", "miner/ore", &data, "--repo-type", "dataset"],
        vec![
            "download",
            "miner/ore",
            "--repo-type",
            "dataset",
            "--local-dir",
            &got,
        ],
    ] {
        let program = Python::venv("hub").program("hf");
        let hf = words.into_iter().fold(program, |hf, word| hf.arg(word));
        let hf = hf
            .env("HF_ENDPOINT", bench.hub.url())
            .env("HF_HOME", work.join("home"))
            .env("HF_TOKEN", TOKEN)
            .env("HF_HUB_DISABLE_PROGRESS_BARS", "1");
        tokio::task::spawn_blocking(move || hf.output()).await.unwrap();
    }
    assert_eq!(fs_err::read(work.join("got/rows.jsonl")).unwrap(), b"{}\n");
    assert_eq!(
        fs_err::read(work.join("got/deep/large.dat")).unwrap(),
        vec![7; 11_000_000]
    );
}

/// The same changes by the real client and by this crate's: the handlers see requests of the same shape, and the two
/// histories hold the same trees.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn both_clients_make_the_same_trees() {
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 1000;
        config
    })
    .await;
    let facts = bench
        .facts(bench.script("same.py").env("HF_HUB_DISABLE_XET", "1"))
        .await;

    let client = HubClient::new(&bench.hub.url(), Some(TOKEN.to_owned().into())).unwrap();
    let (repo, kind) = ("miner/ours".parse().unwrap(), RepoType::Dataset);
    client
        .create_repo(&repo, kind, Visibility::Public, ExistingRepo::Refuse)
        .await
        .unwrap();
    let path = |text: &str| text.parse::<assay_hub::RepoPath>().unwrap();
    let large: Vec<u8> = (0..50_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let first = CommitRequest::new("First")
        .add(path("data.jsonl"), "{\"a\": 1}\n")
        .add(path("deep/er/large.dat"), large.clone())
        .add(path("deep/er/copy of large.dat"), large)
        .add(path("empty"), Vec::new())
        .add(path("w.safetensors"), "small, and large by its name");
    let first = client.commit(&repo, kind, first).await.unwrap();
    let second = CommitRequest::new("Second")
        .delete(path("empty"))
        .copy(path("deep/er/large.dat"), path("moved.dat"))
        .copy(path("data.jsonl"), path("moved.jsonl"));
    let second = client.commit(&repo, kind, second).await.unwrap();
    assert_eq!(
        client.repo_info(&repo, kind, &RefName::main()).await.unwrap().sha,
        second
    );

    let tree =
        |repository: &str, revision: &str| bench.git(repository, &["ls-tree", "-r", "--full-tree", revision]);
    for (theirs, ours) in [("first", first), ("second", second)] {
        let theirs = tree("datasets/miner/theirs.git", facts[theirs].as_str().unwrap());
        assert_eq!(theirs, tree("datasets/miner/ours.git", &ours.to_string()));
        assert!(
            theirs.contains("large.dat") && theirs.contains("data.jsonl"),
            "{theirs}"
        );
    }
    let large = Path::new("hub/repos/datasets/miner");
    for repository in ["theirs.git", "ours.git"] {
        let objects = bench
            .folder
            .path()
            .join(large)
            .join(repository)
            .join("lfs/objects");
        let files = files_below(&objects).len();
        assert_eq!(files, 2, "each large content is kept once in {repository}");
    }
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn bytes_below(folder: &Path) -> u64 {
    files_below(folder)
        .iter()
        .map(|file| fs_err::metadata(file).unwrap().len())
        .sum()
}
