//! The real Python client and dataset loader, unmodified, against the embedded hub.

use assay_hub::{Account, HubServer, HubServerConfig};
use assay_peers::{Python, Script};
use serde_json::{Map, Value, json};
use std::path::Path;
use tempfile::TempDir;

const TOKEN: &str = "hf_minerminerminerminer";

/// A hub with one account, and a folder for the script's files.
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
            .account(Account::new("stranger", "hf_strangerstranger"));
        let hub = HubServer::start(change(config)).await.unwrap();
        Self { hub, folder }
    }

    /// The script with everything it may write kept inside the bench's folder.
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
            .env("STRANGER_TOKEN", "hf_strangerstranger")
            .env("HF_HUB_DISABLE_PROGRESS_BARS", "1")
            .env("HF_HUB_DISABLE_TELEMETRY", "1")
    }

    /// Everything the script said, in one object per line.
    async fn said(&self, script: Script) -> Vec<Value> {
        tokio::task::spawn_blocking(move || script.run()).await.unwrap()
    }

    fn repository(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join("hub/repos").join(path)
    }
}

/// The facts of all lines together; a fact said twice keeps its last value.
fn facts(lines: &[Value]) -> Map<String, Value> {
    lines
        .iter()
        .filter_map(Value::as_object)
        .flat_map(Clone::clone)
        .collect()
}

/// What Git itself makes of a repository's folder.
fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .arg("--git-dir")
        .arg(repository)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn a_repository_lives_its_life() {
    let bench = Bench::new().await;
    let lines = bench
        .said(bench.script("repository.py").env("HF_HUB_DISABLE_XET", "1"))
        .await;
    println!("{lines:#?}");
}
