//! What the exporter is told.

use crate::{WandbError, redact::Texts};
use base64::Engine as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use std::{path::PathBuf, time::Duration};
use url::{Host, Url};

/// The public server.
pub const PUBLIC_SERVER: &str = "https://api.wandb.ai";

/// Most characters of a tag that the server takes.
const LONGEST_TAG: usize = 64;

/// Most characters of a project's name that the server takes.
const LONGEST_PROJECT: usize = 128;

/// Where runs go.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    /// Nowhere: nothing is read, written or sent.
    #[default]
    Off,
    /// Into folders that `wandb sync` uploads, whenever somebody wants to.
    Offline,
    /// To a server, as it happens.
    Online(Server),
}

/// A W&B server and the key for it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its address, [`PUBLIC_SERVER`] or that of an own one.
    pub base_url: String,
    /// The key. It is in no log and no error.
    pub key: SecretString,
}

impl Server {
    /// What the official client takes: the key of `WANDB_API_KEY`, the address of `WANDB_BASE_URL`. `None` without a key.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let key = std::env::var("WANDB_API_KEY").ok()?;
        let key = key.trim();
        if key.is_empty() {
            return None;
        }
        let base_url = std::env::var("WANDB_BASE_URL").ok();
        Some(Self {
            base_url: base_url
                .filter(|url| !url.trim().is_empty())
                .unwrap_or_else(|| PUBLIC_SERVER.to_owned()),
            key: SecretString::from(key),
        })
    }
}

impl Server {
    /// The key as a request carries it. A server may send it back, so it is as secret as the key.
    pub(crate) fn encoded_key(&self) -> SecretString {
        let pair = format!("api:{}", self.key.expose_secret().trim());
        SecretString::from(base64::engine::general_purpose::STANDARD.encode(pair))
    }
}

/// Who tells. Each of these is a tag and a value of the run's config, so runs can be found by them.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The program's version.
    pub version: String,
    /// The neuron's hotkey.
    pub hotkey: Option<String>,
    /// Its subnet; the tag is `netuid_N`.
    pub netuid: Option<u16>,
    /// Which system it runs: prompting, organic, datasets, …
    pub system: Option<String>,
}

/// When a run ends and a new one begins. The server slows down with long runs, and takes at most a hundred thousand lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// A validator's steps in one run.
    pub steps: u64,
    /// Lines of history in one run.
    pub lines: u64,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            steps: 1_500,
            lines: 90_000,
        }
    }
}

/// What of the log is exported, the first time. Later the exporter goes on from where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// What happens from now on.
    #[default]
    Now,
    /// All that the log holds.
    Everything,
}

/// What must not leave this machine.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// Struck out of every text, as is the server's key and what looks like a well-known kind of token.
    pub secrets: Vec<SecretString>,
    /// Which questions and answers are exported. What a user wants to be private never is.
    pub texts: Texts,
}

/// The exporter's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Pause between two looks at the log. Shorter asks the server more often, and it limits that; longer shows what
    /// happened later.
    pub poll: Duration,
    /// Longest silence: the server takes a run that is silent for some minutes for crashed.
    pub heartbeat: Duration,
    /// Longest time of one request.
    pub request: Duration,
    /// Pause after the first failure of a request; it doubles with each.
    pub retry_first: Duration,
    /// The longest pause between two tries.
    pub retry_most: Duration,
    /// How long the exporter may take to send the rest when it is told to stop.
    pub finish: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(10),
            heartbeat: Duration::from_secs(30),
            request: Duration::from_secs(60),
            retry_first: Duration::from_secs(2),
            retry_most: Duration::from_secs(300),
            finish: Duration::from_secs(10),
        }
    }
}

/// What the exporter is told. It is off unless [`mode`](Self::mode) says otherwise.
#[derive(Clone, Debug)]
pub struct WandbConfig {
    /// Where runs go.
    pub mode: Mode,
    /// The project that runs belong to.
    pub project: String,
    /// Who owns the project; without it the key's own user.
    pub entity: Option<String>,
    /// Who tells.
    pub about: About,
    /// Further tags.
    pub tags: Vec<String>,
    /// The runs' name; without it the server makes one up for each.
    pub name: Option<String>,
    /// The runs' notes.
    pub notes: Option<String>,
    /// The program's settings, for the run's config. Values with a name like a secret's are struck out.
    pub settings: Map<String, Value>,
    /// The folder of the event log. It is only read.
    pub records: PathBuf,
    /// The exporter's own folder: what it keeps, and offline runs. One process at a time.
    pub folder: PathBuf,
    /// What is exported the first time.
    pub begin: Begin,
    /// When a run ends.
    pub rotation: Rotation,
    /// Bytes of offline runs that are kept. Before another begins the oldest ones go, those that were uploaded first: a disk
    /// that nobody looks after must not fill up. The log keeps what was in them.
    pub offline_bytes: u64,
    /// What must not leave this machine.
    pub redaction: Redaction,
    /// The exporter's times.
    pub timing: Timing,
}

impl WandbConfig {
    /// The usual way, switched off.
    pub fn new(project: impl Into<String>, records: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            mode: Mode::Off,
            project: project.into(),
            entity: None,
            about: About::default(),
            tags: Vec::new(),
            name: None,
            notes: None,
            settings: Map::new(),
            records: records.into(),
            folder: folder.into(),
            begin: Begin::default(),
            rotation: Rotation::default(),
            offline_bytes: 2 * 1024 * 1024 * 1024,
            redaction: Redaction::default(),
            timing: Timing::default(),
        }
    }

    /// All tags of a run, none twice.
    pub(crate) fn all_tags(&self) -> Vec<String> {
        let about = &self.about;
        let own = [
            Some(about.version.clone()),
            about.hotkey.clone(),
            about.netuid.map(|netuid| format!("netuid_{netuid}")),
            about.system.clone(),
        ];
        let mut tags: Vec<String> = Vec::new();
        for tag in own.into_iter().flatten().chain(self.tags.iter().cloned()) {
            if !tag.is_empty() && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    /// The run's config before redaction.
    pub(crate) fn all_settings(&self) -> Map<String, Value> {
        let mut settings = self.settings.clone();
        let about = &self.about;
        settings.insert("version".to_owned(), about.version.clone().into());
        for (name, value) in [("hotkey", &about.hotkey), ("system", &about.system)] {
            if let Some(value) = value {
                settings.insert(name.to_owned(), value.clone().into());
            }
        }
        if let Some(netuid) = about.netuid {
            settings.insert("netuid".to_owned(), netuid.into());
        }
        settings
    }

    /// What a run belongs to: where this differs from the last start's, a new one begins.
    pub(crate) fn target(&self) -> String {
        let place = match &self.mode {
            Mode::Off | Mode::Offline => "offline",
            Mode::Online(server) => server.base_url.trim_end_matches('/'),
        };
        let entity = self.entity.as_deref().unwrap_or_default();
        format!("{place} {entity}/{}", self.project)
    }

    pub(crate) fn check(&self) -> Result<(), WandbError> {
        let bad = |what: &'static str, why: String| Err(WandbError::Config { what, why });
        let taken = |name: &str| {
            !name.is_empty()
                && name.chars().count() <= LONGEST_PROJECT
                && !name.contains(['/', '\\', '#', '?', '%', ':'])
        };
        if !taken(&self.project) {
            let why = format!("W&B takes 1 to {LONGEST_PROJECT} characters without / \\ # ? % and :");
            return bad("project", why);
        }
        if let Some(entity) = &self.entity
            && !taken(entity)
        {
            return bad("entity", "it is the name of a W&B user or team".to_owned());
        }
        if let Some(tag) = self
            .all_tags()
            .iter()
            .find(|tag| tag.chars().count() > LONGEST_TAG)
        {
            let start: String = tag.chars().take(LONGEST_TAG).collect();
            return bad(
                "tags",
                format!("{start:?}… is longer than the {LONGEST_TAG} characters that W&B takes"),
            );
        }
        if self.rotation.steps == 0 || self.rotation.lines == 0 {
            return bad(
                "rotation",
                "a run needs at least one step and one line".to_owned(),
            );
        }
        if let Mode::Online(server) = &self.mode {
            let url = address(&server.base_url)?;
            let is_here = match url.host() {
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                Some(Host::Domain(name)) => name == "localhost",
                None => false,
            };
            if url.scheme() == "http" && !is_here {
                tracing::warn!(%url, "the W&B server is asked without encryption: others can read the key on the way");
            }
        }
        Ok(())
    }
}

/// The server's address with a `/` at its end.
pub(crate) fn address(base_url: &str) -> Result<Url, WandbError> {
    let refused = || WandbError::Config {
        what: "base URL",
        why: format!("give the server's address alone, like {PUBLIC_SERVER}, without user or query"),
    };
    let mut url = Url::parse(base_url.trim()).map_err(|_| refused())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(refused());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}
