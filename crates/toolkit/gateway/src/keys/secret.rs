//! The secret itself.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRngCore, rngs::OsRng};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::fmt;

/// Tells people, and programs that search for leaked secrets, what it is.
const PREFIX: &str = "sk-assay-";
/// Most bytes of a token that are looked at. Ours have 52.
const LONGEST: usize = 256;

/// A new key. It exists nowhere else: show it to its holder now, or make another.
#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// A key of 256 random bits.
    pub(super) fn random() -> Result<Self, std::io::Error> {
        let mut bytes = [0; 32];
        OsRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into()))
    }

    /// The text that its holder sends.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        digest(self.reveal())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// What is kept of a token; nothing of one that is too long to be a key.
pub(super) fn digest_of(token: &str) -> Option<[u8; 32]> {
    (token.len() <= LONGEST).then(|| digest(token))
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
