//! What is read off this machine.

use assay_chain::{ChainClient, ChainError, Reach};
use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What the time in a chain's blocks is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainClock {
    /// That of its validators' clocks.
    Wall,
    /// It may be ahead, as on a devnet that makes blocks faster than they count.
    MayRunAhead,
}

/// This machine's clock and the chain's, read at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// Here, in milliseconds since 1970.
    pub here_ms: u64,
    /// In the newest block, in milliseconds since 1970.
    pub chain_ms: u64,
    /// Between two blocks.
    pub block_time: Duration,
    /// What the chain's time is.
    pub chain_clock: ChainClock,
}

impl ClockReading {
    /// Reads both.
    ///
    /// # Errors
    ///
    /// When the chain does not answer.
    pub async fn take(client: &ChainClient) -> Result<Self, ChainError> {
        let block_time = client.block_time()?;
        let snapshot = client.pin().await?;
        let stamp = snapshot.storage_json("Timestamp", "Now", &[]).await?;
        let chain_clock = match client.endpoint().reach() {
            Reach::Private => ChainClock::MayRunAhead,
            _ => ChainClock::Wall,
        };
        let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            here_ms: u64::try_from(here.as_millis()).unwrap_or(u64::MAX),
            chain_ms: number(&stamp),
            block_time,
            chain_clock,
        })
    }
}

/// A number of the chain, which large ones are written as text.
fn number(json: &serde_json::Value) -> u64 {
    let text = json.as_str().and_then(|text| text.parse().ok());
    json.as_u64().or(text).unwrap_or_default()
}

/// How a file is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is not.
    Missing,
    /// It cannot be read.
    Unreadable {
        /// Why.
        reason: String,
    },
    /// It can, and has these permissions.
    Mode(u32),
}

/// A file with a secret key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFileReading {
    /// Where.
    pub path: PathBuf,
    /// How it is there.
    pub state: FileState,
}

impl KeyFileReading {
    /// Looks at a file; nothing of its content is kept.
    pub fn take(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let state = match fs_err::File::open(&path).and_then(|file| file.metadata()) {
            Ok(metadata) => FileState::Mode(metadata.permissions().mode()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileState::Missing,
            Err(error) => FileState::Unreadable {
                reason: error.kind().to_string(),
            },
        };
        Self { path, state }
    }
}

/// The folder of a neuron's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeReading {
    /// Where.
    pub path: PathBuf,
    /// Bytes that are free to this user; nothing where the system does not tell.
    pub free_bytes: Option<u64>,
    /// Whether a file can be made there, and why not.
    pub writable: Result<(), String>,
}

impl HomeReading {
    /// Looks at a folder that is there, or at what it would be made in. A file is made there and removed.
    pub fn take(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        // The ancestors of a relative path end before the folder that it is relative to.
        let whole = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
        let there = whole
            .ancestors()
            .find(|folder| folder.is_dir())
            .unwrap_or(Path::new("/"));
        let writable = tempfile::tempfile_in(there)
            .map(drop)
            .map_err(|error| error.kind().to_string());
        let space = rustix::fs::statvfs(there).ok();
        let free_bytes = space.map(|space| space.f_bavail.saturating_mul(space.f_frsize));
        Self {
            path,
            free_bytes,
            writable,
        }
    }
}
