//! Wallet folders: a coldkey that owns, and hotkeys that work for it.
//!
//! ```text
//! <path>/<name>/coldkey              the owner's secret key, encrypted
//! <path>/<name>/coldkeypub.txt       its public half
//! <path>/<name>/hotkeys/<hotkey>     a working secret key, plain, so that a process can start unattended
//! <path>/<name>/hotkeys/<hotkey>pub.txt
//! ```

mod listing;

pub use listing::{ListedHotkey, ListedKey, ListedWallet};

use crate::{AccountId, KeyError, Keyfile, NameProblem, Overwrite, Pair, Passwords, PublicKey};
use secrecy::SecretString;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where Bittensor keeps wallets, below the home folder.
pub const DEFAULT_WALLETS: &str = ".bittensor/wallets";
/// The name of a wallet and of a hotkey when none is given.
pub const DEFAULT_NAME: &str = "default";

const PUBLIC_ENDING: &str = "pub.txt";
const MAX_NAME_BYTES: usize = 200;

/// Which of a wallet's keys a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// The owner's secret key.
    Coldkey,
    /// The owner's public key.
    ColdkeyPublic,
    /// A worker's secret key.
    Hotkey,
    /// A worker's public key.
    HotkeyPublic,
}

impl KeyRole {
    /// The secret and the public role of the same key.
    #[must_use]
    pub const fn halves(self) -> (Self, Self) {
        match self {
            Self::Coldkey | Self::ColdkeyPublic => (Self::Coldkey, Self::ColdkeyPublic),
            Self::Hotkey | Self::HotkeyPublic => (Self::Hotkey, Self::HotkeyPublic),
        }
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Coldkey => "coldkey",
            Self::ColdkeyPublic => "public coldkey",
            Self::Hotkey => "hotkey",
            Self::HotkeyPublic => "public hotkey",
        })
    }
}

/// How a secret key is kept on disk.
#[derive(Clone, Debug)]
pub enum Protection {
    /// Readable to whoever can read the file. Right for hotkeys that must start unattended, and for play money.
    Plain,
    /// Encrypted with this password (NaCl). Takes seconds and 512 MiB, now and at every use.
    Password(SecretString),
}

/// A wallet, by its place and names. Opening one reads nothing: each call looks at the files as they are then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    path: PathBuf,
    name: String,
    hotkey: String,
}

impl Wallet {
    /// The wallet `name` below the folder `path`, with its hotkey `hotkey`.
    ///
    /// Names are checked when files are touched, so that a wrong one is reported by what needed it.
    #[must_use]
    pub fn open(path: impl Into<PathBuf>, name: &str, hotkey: &str) -> Self {
        Self {
            path: path.into(),
            name: name.to_owned(),
            hotkey: hotkey.to_owned(),
        }
    }

    /// The folder of all wallets.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The wallet's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hotkey's name.
    #[must_use]
    pub fn hotkey_name(&self) -> &str {
        &self.hotkey
    }

    /// The same wallet with another of its hotkeys.
    #[must_use]
    pub fn with_hotkey(&self, hotkey: &str) -> Self {
        Self {
            hotkey: hotkey.to_owned(),
            ..self.clone()
        }
    }

    /// The file of one of the keys, there or not.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`] when the wallet's or the hotkey's name is no file name.
    pub fn keyfile(&self, role: KeyRole) -> Result<Keyfile, KeyError> {
        check_name(&self.name)?;
        let mut path = self.path.join(&self.name);
        match role {
            KeyRole::Coldkey => path.push("coldkey"),
            KeyRole::ColdkeyPublic => path.push(format!("coldkey{PUBLIC_ENDING}")),
            KeyRole::Hotkey | KeyRole::HotkeyPublic => {
                check_name(&self.hotkey)?;
                path.push("hotkeys");
                path.push(if role == KeyRole::Hotkey {
                    self.hotkey.clone()
                } else {
                    format!("{}{PUBLIC_ENDING}", self.hotkey)
                });
            }
        }
        Ok(Keyfile::at(path, role))
    }

    /// The file of the coldkey's or the hotkey's secret, which is there.
    ///
    /// # Errors
    ///
    /// [`KeyError::Missing`], or [`KeyError::PublicOnly`] when only the public file is there; [`KeyError::Name`].
    pub fn secret_keyfile(&self, role: KeyRole) -> Result<Keyfile, KeyError> {
        let (secret, public) = role.halves();
        let file = self.keyfile(secret)?;
        if file.exists() {
            return Ok(file);
        }
        let public = self.keyfile(public)?;
        match public.public() {
            Ok(Some(key)) => Err(KeyError::PublicOnly {
                path: public.path().to_owned(),
                account: key.account,
            }),
            _ => Err(KeyError::Missing {
                role: secret,
                path: file.path().to_owned(),
            }),
        }
    }

    /// The coldkey. The password counts only when the file is encrypted; opening it then takes seconds.
    ///
    /// # Errors
    ///
    /// As [`Wallet::secret_keyfile`] and [`Keyfile::read_pair`].
    pub fn coldkey(&self, password: Option<&SecretString>) -> Result<Pair, KeyError> {
        self.secret_keyfile(KeyRole::Coldkey)?.read_pair(password)
    }

    /// The hotkey, likewise.
    ///
    /// # Errors
    ///
    /// As [`Wallet::secret_keyfile`] and [`Keyfile::read_pair`].
    pub fn hotkey(&self, password: Option<&SecretString>) -> Result<Pair, KeyError> {
        self.secret_keyfile(KeyRole::Hotkey)?.read_pair(password)
    }

    /// The passwords that the environment offers for the coldkey or the hotkey; see [`Passwords::from_environment`].
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`], and [`KeyError::Io`] when a password file cannot be read.
    pub fn passwords(
        &self,
        role: KeyRole,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Passwords, KeyError> {
        let file = self.keyfile(role)?;
        let wallet_name = (role == KeyRole::Coldkey).then_some(self.name.as_str());
        Passwords::from_environment(file.path(), wallet_name, variable)
    }

    /// The coldkey's account, without a password.
    ///
    /// # Errors
    ///
    /// As [`Wallet::public`].
    pub fn coldkeypub(&self) -> Result<AccountId, KeyError> {
        self.public(KeyRole::Coldkey).map(|key| key.account)
    }

    /// The hotkey's account, without a password.
    ///
    /// # Errors
    ///
    /// As [`Wallet::public`].
    pub fn hotkeypub(&self) -> Result<AccountId, KeyError> {
        self.public(KeyRole::Hotkey).map(|key| key.account)
    }

    /// The public half of the coldkey or the hotkey, without a password: from its public file, or from the secret one
    /// when that is plain.
    ///
    /// # Errors
    ///
    /// [`KeyError::Missing`] when neither shows it, [`KeyError::Keyfile`], [`KeyError::Io`], [`KeyError::Name`].
    pub fn public(&self, role: KeyRole) -> Result<PublicKey, KeyError> {
        let (secret, public) = role.halves();
        let (secret, public) = (self.keyfile(secret)?, self.keyfile(public)?);
        let missing = || KeyError::Missing {
            role: public.role(),
            path: public.path().to_owned(),
        };
        match public.public() {
            Err(KeyError::Missing { .. }) => match secret.public() {
                Ok(key) => key.ok_or_else(missing),
                Err(KeyError::Missing { role, path }) => Err(KeyError::Missing { role, path }),
                Err(error) => Err(error),
            },
            found => found?.ok_or_else(missing),
        }
    }

    /// Writes the coldkey and its public file.
    ///
    /// # Errors
    ///
    /// As [`Wallet::create_hotkey`].
    pub fn create_coldkey(
        &self,
        pair: &Pair,
        protection: &Protection,
        overwrite: Overwrite,
    ) -> Result<(), KeyError> {
        self.create(KeyRole::Coldkey, pair, protection, overwrite)
    }

    /// Writes the hotkey and its public file. Nothing is written when either is there and must not be replaced; a public
    /// file of this very key may stay, so that a public-only wallet can be given its secret.
    ///
    /// # Errors
    ///
    /// [`KeyError::AlreadyExists`], [`KeyError::Name`], [`KeyError::Io`], and [`KeyError::Keyfile`] when there is no
    /// memory to encrypt with.
    pub fn create_hotkey(
        &self,
        pair: &Pair,
        protection: &Protection,
        overwrite: Overwrite,
    ) -> Result<(), KeyError> {
        self.create(KeyRole::Hotkey, pair, protection, overwrite)
    }

    /// Writes one of the two keys, by its role, as [`Wallet::create_coldkey`] and [`Wallet::create_hotkey`] do.
    ///
    /// # Errors
    ///
    /// As [`Wallet::create_hotkey`].
    pub fn create(
        &self,
        role: KeyRole,
        pair: &Pair,
        protection: &Protection,
        overwrite: Overwrite,
    ) -> Result<(), KeyError> {
        let (secret, public) = role.halves();
        let (secret, public) = (self.keyfile(secret)?, self.keyfile(public)?);
        let same = || public.public().is_ok_and(|key| key == Some(pair.public()));
        if overwrite == Overwrite::Refuse && public.exists() && !same() {
            return Err(KeyError::AlreadyExists {
                path: public.path().to_owned(),
            });
        }
        // The secret first: cut off in between, the key is there and its public half can be had from it.
        secret.write(pair, protection, overwrite)?;
        public.write_public(&pair.public(), Overwrite::Replace)
    }

    /// Writes a public file alone: a wallet to look at and to send to.
    ///
    /// # Errors
    ///
    /// [`KeyError::AlreadyExists`], also when the secret key is there; [`KeyError::Name`], [`KeyError::Io`].
    pub fn create_public(
        &self,
        role: KeyRole,
        key: &PublicKey,
        overwrite: Overwrite,
    ) -> Result<(), KeyError> {
        let (secret, public) = role.halves();
        let secret = self.keyfile(secret)?;
        if secret.exists() {
            // Beside a secret key of its own, the public file of another key would send money astray.
            return Err(KeyError::AlreadyExists {
                path: secret.path().to_owned(),
            });
        }
        self.keyfile(public)?.write_public(key, overwrite)
    }

    /// The wallets below a folder, by name, each with its hotkeys. A folder that does not exist has none.
    ///
    /// # Errors
    ///
    /// [`KeyError::Io`] when the folder cannot be read. A broken key does not fail the list; it is listed with its error.
    pub fn list(path: &Path) -> Result<Vec<ListedWallet>, KeyError> {
        listing::list(path)
    }
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let problem = if name.is_empty() {
        NameProblem::Empty
    } else if name.len() > MAX_NAME_BYTES {
        NameProblem::TooLong
    } else if name.contains(['/', '\\', '\0']) {
        NameProblem::Separator
    } else if name.starts_with('.') {
        NameProblem::Hidden
    } else if name.ends_with(PUBLIC_ENDING) {
        NameProblem::PublicEnding
    } else {
        return Ok(());
    };
    Err(KeyError::Name {
        name: name.chars().take(64).collect(),
        problem,
    })
}
