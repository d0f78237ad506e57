//! What the tests of this crate share: a hub on a free port, clients of it, a clock to set, and a proxy that spoils
//! what passes through it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod child;
pub mod clock;
pub mod proxy;

use assay_hub::{
    Account, BatchLimits, CommitRequest, Deadlines, DownloadLimits, ExistingRepo, HubClient, HubServer,
    HubServerConfig, Outbox, RefName, RepoId, RepoPath, RepoType, Revision, Visibility,
};
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;

pub const MINER: &str = "hf_minerminerminer";
pub const STRANGER: &str = "hf_strangerstranger";
pub const READER: &str = "hf_readerreaderreader";

/// Deadlines short enough for a test to wait for, and long enough for a busy machine.
pub const DEADLINES: Deadlines = Deadlines {
    connect: Duration::from_secs(5),
    call: Duration::from_secs(20),
    idle: Duration::from_secs(10),
};

/// Bounds that nothing in a test reaches by accident.
pub const ROOMY: DownloadLimits = DownloadLimits {
    max_bytes: 64 << 20,
    deadline: Duration::from_secs(60),
};

/// A hub with three accounts, in a folder that goes with it.
pub struct Bench {
    pub hub: HubServer,
    pub folder: TempDir,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(|config| config).await
    }

    pub async fn with(change: impl FnOnce(HubServerConfig) -> HubServerConfig) -> Self {
        let folder = TempDir::new().unwrap();
        let hub = HubServer::start(change(config(&folder.path().join("hub"))))
            .await
            .unwrap();
        Self { hub, folder }
    }

    /// A path for a test's own files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn client(&self, token: Option<&str>) -> HubClient {
        client(&self.hub.url(), token)
    }

    /// The miner's client, and a repository of the miner's.
    pub async fn with_repo(&self, name: &str) -> (HubClient, RepoId) {
        let client = self.client(Some(MINER));
        let repo = repo(name);
        client
            .create_repo(&repo, RepoType::Dataset, Visibility::Public, ExistingRepo::Refuse)
            .await
            .unwrap();
        (client, repo)
    }
}

/// The usual accounts.
pub fn config(root: &Path) -> HubServerConfig {
    HubServerConfig::new(root)
        .account(Account::new("miner", MINER).organization("guild"))
        .account(Account::new("stranger", STRANGER))
        .account(Account::new("reader", READER).read_only())
}

pub fn client(url: &str, token: Option<&str>) -> HubClient {
    HubClient::with_deadlines(url, token.map(SecretString::from), DEADLINES).unwrap()
}

pub fn repo(name: &str) -> RepoId {
    name.parse().unwrap()
}

pub fn path(text: &str) -> RepoPath {
    text.parse().unwrap()
}

pub fn main() -> RefName {
    RefName::main()
}

/// A commit of these files.
pub fn adding<const N: usize>(files: [(&str, Vec<u8>); N]) -> CommitRequest {
    files
        .into_iter()
        .fold(CommitRequest::new("Add files"), |request, (name, content)| {
            request.add(path(name), content)
        })
}

/// Bytes that do not repeat and are the same each time.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// One file's content at a commit, through the client.
pub async fn read(client: &HubClient, repo: &RepoId, revision: &Revision, name: &str) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("file");
    client
        .download(repo, RepoType::Dataset, revision, &path(name), &target, ROOMY)
        .await
        .unwrap();
    fs_err::read(target).unwrap()
}

/// Every file of a commit but the one that each repository starts with.
pub async fn read_all(client: &HubClient, repo: &RepoId, revision: &Revision) -> BTreeMap<String, Vec<u8>> {
    let files = client
        .list_files(repo, RepoType::Dataset, &(*revision).into(), 10_000)
        .await
        .unwrap();
    let mut contents = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.as_str() != ".gitattributes") {
        let content = read(client, repo, revision, file.path.as_str()).await;
        assert_eq!(content.len() as u64, file.size, "{}", file.path);
        contents.insert(file.path.to_string(), content);
    }
    contents
}

pub async fn head(client: &HubClient, repo: &RepoId) -> Revision {
    client
        .repo_info(repo, RepoType::Dataset, &main())
        .await
        .unwrap()
        .sha
}

/// Titles of the branch's commits, newest first.
pub async fn titles(client: &HubClient, repo: &RepoId) -> Vec<String> {
    let most = 1000.try_into().unwrap();
    let commits = client
        .list_commits(repo, RepoType::Dataset, &main(), most)
        .await
        .unwrap();
    commits.into_iter().map(|commit| commit.title).collect()
}

pub async fn outbox(folder: &Path) -> Outbox {
    Outbox::open(folder, BatchLimits::default()).await.unwrap()
}

/// The names in a folder, hidden ones too.
pub fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
