//! The file of the keys.

use super::{Collection, Privacy, Quotas, durable, secret::ApiKey};
use crate::clock::unix_seconds;
use serde::{Deserialize, Serialize};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

const FILE: &str = "keys.json";
const SCHEMA: u32 = 1;
/// Bytes of the file: room for some fifty thousand keys.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// Characters of a name.
const LONGEST_NAME: usize = 64;

/// What a key is called in commands and logs. It says nothing of the secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Its id, such as `key_3f9a01c2d4e5`.
    pub id: KeyId,
    /// What the operator calls its holder.
    pub name: String,
    #[serde(with = "hex::serde", rename = "sha256")]
    pub(super) digest: [u8; 32],
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// When it was revoked, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<u64>,
    /// How much its holder may ask.
    #[serde(default)]
    pub quotas: Quotas,
    /// Whether what its holder asks is private. A single request can be more private than that, never less.
    #[serde(default)]
    pub privacy: Privacy,
    /// Whose answers are heard to their end.
    #[serde(default)]
    pub collection: Collection,
}

/// A key to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewKey {
    /// What to call its holder: 1 to 64 characters, unlike the name of every key that is not revoked.
    pub name: String,
    /// How much the holder may ask.
    pub quotas: Quotas,
    /// Whether what the holder asks is private.
    pub privacy: Privacy,
    /// Whose answers are heard to their end.
    pub collection: Collection,
}

/// Why keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// The system does not let us.
    #[error("cannot use the API keys in {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody else wrote there, or something broke it.
    #[error("{} is no file of API keys: {problem}; put it back from a backup, or remove it and make new keys", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        problem: String,
    },
    /// A newer gateway wrote it.
    #[error("{} has schema {found}, and this program knows {SCHEMA}: use a newer one", .path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: u32,
    },
    /// A name that nobody could tell apart or print.
    #[error("a key's name has 1 to {LONGEST_NAME} characters, none of them a control character")]
    Name,
    /// A name that is taken.
    #[error("there is a key `{name}` already: revoke it first, or choose another name")]
    Taken {
        /// The name.
        name: String,
    },
    /// No such key.
    #[error("there is no key `{which}` that is not revoked; list the keys to see their names and ids")]
    Unknown {
        /// What was asked for.
        which: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Contents {
    schema: u32,
    keys: Vec<KeyRecord>,
}

/// The keys in a folder. Several programs may use it at the same time.
#[derive(Clone, Debug)]
pub struct KeyStore {
    path: PathBuf,
}

impl KeyStore {
    /// The keys in this folder, which need not exist yet.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE),
        }
    }

    /// Where they lie.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a key. The secret is in what is returned and nowhere else.
    ///
    /// # Errors
    /// [`KeyStoreError`]; then nothing is changed.
    pub fn create(&self, new: NewKey, now: SystemTime) -> Result<(KeyRecord, ApiKey), KeyStoreError> {
        let length = new.name.chars().count();
        if !(1..=LONGEST_NAME).contains(&length) || new.name.chars().any(char::is_control) {
            return Err(KeyStoreError::Name);
        }
        let key = ApiKey::random().map_err(|source| self.failed(source))?;
        let digest = key.digest();
        let record = KeyRecord {
            // Of the digest, so that whoever holds a key can find out its id.
            id: KeyId(format!(
                "key_{}",
                hex::encode(digest.get(..6).unwrap_or_default())
            )),
            name: new.name,
            digest,
            created: unix_seconds(now),
            revoked: None,
            quotas: new.quotas,
            privacy: new.privacy,
            collection: new.collection,
        };
        self.change(|keys| {
            if keys
                .iter()
                .any(|key| key.revoked.is_none() && key.name == record.name)
            {
                return Err(KeyStoreError::Taken {
                    name: record.name.clone(),
                });
            }
            keys.push(record.clone());
            Ok(record)
        })
        .map(|record| (record, key))
    }

    /// All keys, the oldest first, with those that were revoked.
    ///
    /// # Errors
    /// [`KeyStoreError`] when the file cannot be read.
    pub fn list(&self) -> Result<Vec<KeyRecord>, KeyStoreError> {
        let read = durable::read(&self.path, MOST_BYTES).map_err(|source| self.failed(source))?;
        let Some(bytes) = read else {
            return Ok(Vec::new());
        };
        let malformed = |problem: String| KeyStoreError::Malformed {
            path: self.path.clone(),
            problem,
        };
        // What the library says beyond the place may repeat values.
        let place =
            |error: serde_json::Error| malformed(format!("line {} column {}", error.line(), error.column()));
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
        }
        let Head { schema } = serde_json::from_slice(&bytes).map_err(place)?;
        if schema != SCHEMA {
            return Err(KeyStoreError::Schema {
                path: self.path.clone(),
                found: schema,
            });
        }
        let contents: Contents = serde_json::from_slice(&bytes).map_err(place)?;
        Ok(contents.keys)
    }

    /// Revokes a key, by its id or its name. A running gateway refuses it within two seconds.
    ///
    /// # Errors
    /// [`KeyStoreError`]; then nothing is changed.
    pub fn revoke(&self, which: &str, now: SystemTime) -> Result<KeyRecord, KeyStoreError> {
        self.change(|keys| {
            let key = keys
                .iter_mut()
                .filter(|key| key.revoked.is_none())
                .find(|key| key.id.0 == which || key.name == which)
                .ok_or_else(|| KeyStoreError::Unknown {
                    which: which.to_owned(),
                })?;
            key.revoked = Some(unix_seconds(now));
            Ok(key.clone())
        })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<KeyRecord>) -> Result<T, KeyStoreError>,
    ) -> Result<T, KeyStoreError> {
        let _lock = durable::lock(&self.path).map_err(|source| self.failed(source))?;
        let mut keys = self.list()?;
        let changed = change(&mut keys)?;
        let contents = Contents { schema: SCHEMA, keys };
        let bytes = serde_json::to_vec_pretty(&contents).map_err(|error| self.failed(error.into()))?;
        durable::replace(&self.path, &bytes).map_err(|source| self.failed(source))?;
        Ok(changed)
    }

    fn failed(&self, source: io::Error) -> KeyStoreError {
        KeyStoreError::Io {
            path: self.path.clone(),
            source,
        }
    }
}
