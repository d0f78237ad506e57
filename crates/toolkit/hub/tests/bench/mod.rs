//! What the tests of this crate share: a hub on a free port, clients of it, a clock to set, and a proxy that spoils
//! what passes through it.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

pub(crate) mod child;
pub(crate) mod clock;
pub(crate) mod proxy;

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

pub(crate) const MINER: &str = "hf_minerminerminer";
pub(crate) const STRANGER: &str = "hf_strangerstranger";
pub(crate) const READER: &str = "hf_readerreaderreader";

/// Deadlines short enough for a test to wait for, and long enough for a busy machine.
pub(crate) const DEADLINES: Deadlines = Deadlines {
    connect: Duration::from_secs(5),
    call: Duration::from_secs(20),
    idle: Duration::from_secs(10),
};

/// Bounds that nothing in a test reaches by accident.
pub(crate) const ROOMY: DownloadLimits = DownloadLimits {
    max_bytes: 64 << 20,
    deadline: Duration::from_secs(60),
};

/// A hub with three accounts, in a folder that goes with it.
pub(crate) struct Bench {
    pub(crate) hub: HubServer,
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(|config| config).await
    }

    pub(crate) async fn with(change: impl FnOnce(HubServerConfig) -> HubServerConfig) -> Self {
        let folder = TempDir::new().unwrap();
        let hub = HubServer::start(change(config(&folder.path().join("hub"))))
            .await
            .unwrap();
        Self { hub, folder }
    }

    /// A path for a test's own files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn client(&self, token: Option<&str>) -> HubClient {
        client(&self.hub.url(), token)
    }

    /// The miner's client, and a repository of the miner's.
    pub(crate) async fn with_repo(&self, name: &str) -> (HubClient, RepoId) {
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
pub(crate) fn config(root: &Path) -> HubServerConfig {
    HubServerConfig::new(root)
        .account(Account::new("miner", MINER).organization("guild"))
        .account(Account::new("stranger", STRANGER))
        .account(Account::new("reader", READER).read_only())
}

pub(crate) fn client(url: &str, token: Option<&str>) -> HubClient {
    HubClient::with_deadlines(url, token.map(SecretString::from), DEADLINES).unwrap()
}

pub(crate) fn repo(name: &str) -> RepoId {
    name.parse().unwrap()
}

pub(crate) fn path(text: &str) -> RepoPath {
    text.parse().unwrap()
}

pub(crate) fn main() -> RefName {
    RefName::main()
}

/// A commit of these files.
pub(crate) fn adding<const N: usize>(files: [(&str, Vec<u8>); N]) -> CommitRequest {
    files
        .into_iter()
        .fold(CommitRequest::new("Add files"), |request, (name, content)| {
            request.add(path(name), content)
        })
}

/// Bytes that do not repeat and are the same each time.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
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
pub(crate) async fn read(client: &HubClient, repo: &RepoId, revision: &Revision, name: &str) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("file");
    client
        .download(repo, RepoType::Dataset, revision, &path(name), &target, ROOMY)
        .await
        .unwrap();
    fs_err::read(target).unwrap()
}

/// Every file of a commit but the one that each repository starts with.
pub(crate) async fn read_all(
    client: &HubClient,
    repo: &RepoId,
    revision: &Revision,
) -> BTreeMap<String, Vec<u8>> {
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

pub(crate) async fn head(client: &HubClient, repo: &RepoId) -> Revision {
    client
        .repo_info(repo, RepoType::Dataset, &main())
        .await
        .unwrap()
        .sha
}

/// Titles of the branch's commits, newest first.
pub(crate) async fn titles(client: &HubClient, repo: &RepoId) -> Vec<String> {
    let most = 1000.try_into().unwrap();
    let commits = client
        .list_commits(repo, RepoType::Dataset, &main(), most)
        .await
        .unwrap();
    commits.into_iter().map(|commit| commit.title).collect()
}

pub(crate) async fn outbox(folder: &Path) -> Outbox {
    Outbox::open(folder, BatchLimits::default()).await.unwrap()
}

/// The names in a folder, hidden ones too.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
