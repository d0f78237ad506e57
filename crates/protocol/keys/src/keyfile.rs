//! Keyfiles: one key in one file, plain or encrypted, as Bittensor's wallets keep them.
//!
//! Reads everything that was ever written: plain JSON, NaCl (`$NACL`), Ansible vault (`$ANSIBLE_VAULT`) and the Fernet
//! tokens of the first wallets (`gAAAAA`). Writes plain JSON and NaCl, in the form that every wallet version reads.
//!
//! Opening an encrypted file takes seconds and, for NaCl, 512 MiB of memory: keep it off asynchronous threads.

mod ansible;
mod contents;
mod fernet;
mod nacl;

pub use contents::KeyMaterial;
pub use nacl::NaclKey;

use crate::{AccountId, KeyError, KeyRole, Overwrite, Pair, Passwords, Protection, PublicKey, private_file};
use secrecy::SecretString;
use serde::Serialize;
use std::{
    fmt, io,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The longest keyfile read, in bytes. Real ones take under 4000.
pub const MAX_KEYFILE_BYTES: usize = 64 * 1024;

/// How a keyfile keeps its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Encryption {
    /// Readable by anybody who can read the file.
    Plain,
    /// Argon2i and XSalsa20-Poly1305. The only one that is written.
    Nacl,
    /// PBKDF2 and AES-256-CTR, from about 2021.
    Ansible,
    /// PBKDF2 with ten million rounds and AES-128-CBC, from the first wallets.
    Fernet,
}

impl Encryption {
    /// How this file is encrypted, by its first bytes.
    #[must_use]
    pub fn detect(contents: &[u8]) -> Self {
        if contents.starts_with(nacl::PREFIX) {
            Self::Nacl
        } else if contents.starts_with(ansible::PREFIX) {
            Self::Ansible
        } else if contents.starts_with(fernet::PREFIX) {
            Self::Fernet
        } else {
            Self::Plain
        }
    }
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain",
            Self::Nacl => "NaCl",
            Self::Ansible => "Ansible vault",
            Self::Fernet => "Fernet",
        })
    }
}

/// Why the contents of a keyfile give no key. Never repeats what the file says, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyfileError {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// Longer than [`MAX_KEYFILE_BYTES`].
    #[error("the file is longer than the {MAX_KEYFILE_BYTES} bytes that a keyfile may have")]
    TooLarge,
    /// Not the JSON object of a keyfile.
    #[error("the contents are not a keyfile's JSON object (line {line}, column {column})")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 at the start of a line.
        column: usize,
    },
    /// A field that cannot be what its name says.
    #[error("the field {field} does not hold what its name says")]
    Field {
        /// Its name.
        field: &'static str,
    },
    /// No field from which a key can be made; a public key without its address does not count.
    #[error("the file has none of secretPhrase, secretSeed, privateKey and ss58Address")]
    NoKey,
    /// The address beside the secrets is not theirs.
    #[error("the file says it is the key of {recorded}, but its secret is the key of {derived}")]
    AddressMismatch {
        /// The address in the file.
        recorded: AccountId,
        /// The account of the secret that counts.
        derived: AccountId,
    },
    /// A password is needed and none was given.
    #[error("the file is encrypted ({encryption}) and needs its password")]
    PasswordNeeded {
        /// How.
        encryption: Encryption,
    },
    /// The password opens nothing. A damaged file looks the same.
    #[error("wrong password for the encrypted file ({encryption}), or the file is damaged")]
    WrongPassword {
        /// How.
        encryption: Encryption,
    },
    /// The envelope around the encrypted contents is broken, so that no password can open it.
    #[error("the encrypted file ({encryption}) is cut or damaged")]
    Damaged {
        /// How.
        encryption: Encryption,
    },
    /// The system gives no memory for the key derivation.
    #[error("deriving the key takes {megabytes} MiB of memory, which the system does not give")]
    NotEnoughMemory {
        /// MiB wanted.
        megabytes: usize,
    },
}

/// The key in the contents of a keyfile. The password is not looked at when the contents are plain.
///
/// # Errors
///
/// [`KeyfileError`].
pub fn decode(contents: &[u8], password: Option<&SecretString>) -> Result<KeyMaterial, KeyfileError> {
    if contents.is_empty() {
        return Err(KeyfileError::Empty);
    }
    if contents.len() > MAX_KEYFILE_BYTES {
        return Err(KeyfileError::TooLarge);
    }
    let encryption = Encryption::detect(contents);
    let password = || password.ok_or(KeyfileError::PasswordNeeded { encryption });
    match encryption {
        Encryption::Plain => contents::read(contents),
        Encryption::Nacl => contents::read(&nacl::open(contents, password()?)?),
        Encryption::Ansible => contents::read(&ansible::open(contents, password()?)?),
        Encryption::Fernet => contents::read(&fernet::open(contents, password()?)?),
    }
}

/// The plain contents of a keyfile for this key: compact JSON with every secret that leads to it.
///
/// `cryptoType` is written for ed25519 only: wallets up to 4.0.0 cannot read a file that has a number in it, and take a
/// file without it for sr25519.
#[must_use]
pub fn encode(pair: &Pair) -> Zeroizing<Vec<u8>> {
    contents::write_secret(pair)
}

/// The contents of a public keyfile (`coldkeypub.txt`).
#[must_use]
pub fn encode_public(key: &PublicKey) -> Vec<u8> {
    contents::write_public(key)
}

/// A keyfile on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyfile {
    path: PathBuf,
    role: KeyRole,
}

impl Keyfile {
    /// The keyfile at `path`, which need not exist yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>, role: KeyRole) -> Self {
        Self {
            path: path.into(),
            role,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which of a wallet's keys it is.
    #[must_use]
    pub const fn role(&self) -> KeyRole {
        self.role
    }

    /// Whether anything is there, readable or not.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// How it is encrypted.
    ///
    /// # Errors
    ///
    /// [`KeyError::Missing`], [`KeyError::Io`], or [`KeyError::Keyfile`] when it is too large.
    pub fn encryption(&self) -> Result<Encryption, KeyError> {
        self.contents().map(|contents| Encryption::detect(&contents))
    }

    /// Reads the key. The password counts only when the file is encrypted.
    ///
    /// # Errors
    ///
    /// [`KeyError::Missing`], [`KeyError::Io`], [`KeyError::Keyfile`].
    pub fn read(&self, password: Option<&SecretString>) -> Result<KeyMaterial, KeyError> {
        decode(&self.contents()?, password).map_err(|source| self.unreadable(source))
    }

    /// Reads the secret key.
    ///
    /// # Errors
    ///
    /// As [`Keyfile::read`], and [`KeyError::PublicOnly`].
    pub fn read_pair(&self, password: Option<&SecretString>) -> Result<Pair, KeyError> {
        match self.read(password)? {
            KeyMaterial::Secret(pair) => Ok(*pair),
            KeyMaterial::Public(key) => Err(KeyError::PublicOnly {
                path: self.path.clone(),
                account: key.account,
            }),
        }
    }

    /// Reads the secret key with the first of these passwords that opens the file.
    ///
    /// # Errors
    ///
    /// As [`Keyfile::read_pair`]; without any candidate an encrypted file needs a password.
    pub fn unlock(&self, passwords: &Passwords) -> Result<Pair, KeyError> {
        let mut result = self.read_pair(None);
        for (_, password) in passwords.iter() {
            match &result {
                Err(KeyError::Keyfile {
                    source: KeyfileError::PasswordNeeded { .. } | KeyfileError::WrongPassword { .. },
                    ..
                }) => result = self.read_pair(Some(password)),
                _ => break,
            }
        }
        result
    }

    /// The public half, from what the file shows without a password: `None` when it is encrypted.
    ///
    /// # Errors
    ///
    /// As [`Keyfile::read`].
    pub fn public(&self) -> Result<Option<PublicKey>, KeyError> {
        match self.read(None) {
            Ok(material) => Ok(Some(material.public())),
            Err(KeyError::Keyfile {
                source: KeyfileError::PasswordNeeded { .. },
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the secret key: whole or not at all, with mode 0600.
    ///
    /// # Errors
    ///
    /// [`KeyError::AlreadyExists`], [`KeyError::Io`], and [`KeyError::Keyfile`] when there is no memory to encrypt.
    pub fn write(&self, pair: &Pair, protection: &Protection, overwrite: Overwrite) -> Result<(), KeyError> {
        if overwrite == Overwrite::Refuse && self.exists() {
            // Found out again when the file gets its name; here it spares seconds of key derivation.
            return Err(KeyError::AlreadyExists {
                path: self.path.clone(),
            });
        }
        let plain = encode(pair);
        match protection {
            Protection::Plain => private_file::write(&self.path, &plain, overwrite),
            Protection::Password(password) => {
                let key = NaclKey::derive(password).map_err(|source| self.unreadable(source))?;
                private_file::write(&self.path, &key.seal(&plain)?, overwrite)
            }
        }
    }

    /// Writes a public key.
    ///
    /// # Errors
    ///
    /// [`KeyError::AlreadyExists`], [`KeyError::Io`].
    pub fn write_public(&self, key: &PublicKey, overwrite: Overwrite) -> Result<(), KeyError> {
        private_file::write(&self.path, &encode_public(key), overwrite)
    }

    fn contents(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match private_file::read(&self.path, MAX_KEYFILE_BYTES) {
            Ok(Some(contents)) => Ok(contents),
            Ok(None) => Err(self.unreadable(KeyfileError::TooLarge)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Err(KeyError::Missing {
                role: self.role,
                path: self.path.clone(),
            }),
            Err(source) => Err(KeyError::Io {
                action: "read",
                path: self.path.clone(),
                source,
            }),
        }
    }

    fn unreadable(&self, source: KeyfileError) -> KeyError {
        KeyError::Keyfile {
            path: self.path.clone(),
            source,
        }
    }
}
