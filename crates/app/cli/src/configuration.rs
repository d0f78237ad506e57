//! `assay.toml`, the environment, and how they stack up: flag > environment > file > default.

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The commented reference that `assay config reference` prints.
pub(crate) const REFERENCE: &str = include_str!("assay.reference.toml");

/// Everything that `assay.toml` and the environment can say.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configuration {
    /// `finney`, `test`, `local` or a `ws://` or `wss://` endpoint; nothing when nobody named one.
    pub(crate) network: Option<String>,
    /// The wallet's name: the folder of its coldkey.
    pub(crate) wallet: String,
    /// The name of the wallet's hotkey.
    pub(crate) wallet_hotkey: String,
    /// The folder that holds the wallets.
    pub(crate) wallet_path: PathBuf,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            network: None,
            wallet: "default".to_owned(),
            wallet_hotkey: "default".to_owned(),
            wallet_path: PathBuf::from("~/.bittensor/wallets"),
        }
    }
}

/// What the flags of a command line say; absent ones leave the lower layers alone.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Overrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wallet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wallet_hotkey: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wallet_path: Option<PathBuf>,
}

impl Configuration {
    /// Reads the layers. `file` is the one named by the user, which must then exist; otherwise `assay.toml` of the
    /// working folder counts when it is there.
    ///
    /// # Errors
    ///
    /// When the file is missing or does not parse, or a key is unknown or of the wrong type; the error names the
    /// key and the layer.
    pub(crate) fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, Box<figment::Error>> {
        let toml = match file {
            Some(path) => Toml::file_exact(path),
            None => Toml::file_exact("assay.toml"),
        };
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if file.is_some() || Path::new("assay.toml").is_file() {
            figment = figment.merge(toml);
        }
        figment
            .merge(Env::prefixed("BT_").only(&["network", "wallet", "wallet_hotkey", "wallet_path"]))
            .merge(Serialized::defaults(overrides))
            .extract()
            .map_err(Box::new)
    }
}

/// `path` with a leading `~` replaced by the home folder.
pub(crate) fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_path_buf(),
    }
}
