//! The signature schemes of Bittensor keys.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How a key signs.
///
/// The number in parentheses is the `cryptoType` of keyfiles and of the SDK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Schnorr signatures over Ristretto, context `substrate` (1). What nearly every Bittensor key is.
    #[default]
    Sr25519,
    /// RFC 8032 signatures over Edwards 25519 (0).
    Ed25519,
}

impl Scheme {
    /// The name in lower case: `sr25519` or `ed25519`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sr25519 => "sr25519",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The number that keyfiles call `cryptoType`.
    #[must_use]
    pub const fn crypto_type(self) -> u8 {
        match self {
            Self::Sr25519 => 1,
            Self::Ed25519 => 0,
        }
    }

    /// The scheme of a `cryptoType`, if there is one.
    #[must_use]
    pub const fn from_crypto_type(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::Ed25519),
            1 => Some(Self::Sr25519),
            _ => None,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key scheme {given:?} is not known: write sr25519 (1) or ed25519 (0)")]
pub struct UnknownScheme {
    /// The text as given, cut to 32 characters.
    pub given: String,
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    /// Reads a name in any case, or the `cryptoType` number.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "sr25519" | "1" => Ok(Self::Sr25519),
            "ed25519" | "0" => Ok(Self::Ed25519),
            _ => Err(UnknownScheme {
                given: text.chars().take(32).collect(),
            }),
        }
    }
}
