//! Secret URIs: `phrase//hard/soft///password`, `//Alice`, `0x<seed>//hard`.

use crate::junction::Junction;
use zeroize::Zeroizing;

/// The longest secret URI read, in bytes. A phrase of 24 words takes under 220; the rest is room for paths.
pub const MAX_URI_BYTES: usize = 4096;

/// Why a text is not a secret URI. Never repeats the text, which is a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// Longer than [`MAX_URI_BYTES`].
    #[error("the secret URI has {bytes} bytes, more than the {MAX_URI_BYTES} allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A `/` or `//` with nothing after it.
    #[error("step {step} of the derivation path is empty")]
    EmptyStep {
        /// Which step, from 1.
        step: usize,
    },
    /// The part before the path has something other than letters, digits and spaces.
    #[error("the phrase before the derivation path has a character other than a letter, a digit or a space")]
    PhraseCharacter,
    /// A line break in the password.
    #[error("the password after /// has a line break")]
    PasswordCharacter,
    /// `0x` without 64 hexadecimal digits.
    #[error("a seed in a secret URI is 0x and 64 hexadecimal digits")]
    Seed,
    /// ed25519 has no soft derivation.
    #[error("ed25519 keys have no soft derivation (/): use // for every step of the path")]
    SoftEd25519,
}

/// A secret URI in its parts.
pub(crate) struct SecretUri {
    /// Phrase or `0x` seed; empty for the development phrase.
    pub(crate) root: Zeroizing<String>,
    pub(crate) path: Vec<Junction>,
    pub(crate) password: Option<Zeroizing<String>>,
}

impl SecretUri {
    pub(crate) fn parse(text: &str) -> Result<Self, UriError> {
        if text.len() > MAX_URI_BYTES {
            return Err(UriError::TooLong { bytes: text.len() });
        }
        let is_root = |c: char| c.is_ascii_alphanumeric() || c == ' ';
        let mut rest = text.trim_start_matches(is_root);
        let root = Zeroizing::new(text[..text.len() - rest.len()].to_owned());
        let mut path = Vec::new();
        let mut password = None;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("///") {
                if after.contains('\n') {
                    return Err(UriError::PasswordCharacter);
                }
                password = Some(Zeroizing::new(after.to_owned()));
                break;
            }
            let (hard, after) = match (rest.strip_prefix("//"), rest.strip_prefix('/')) {
                (Some(after), _) => (true, after),
                (None, Some(after)) => (false, after),
                (None, None) => return Err(UriError::PhraseCharacter),
            };
            let end = after.find('/').unwrap_or(after.len());
            let (name, remaining) = after.split_at(end);
            if name.is_empty() {
                return Err(UriError::EmptyStep { step: path.len() + 1 });
            }
            path.push(if hard {
                Junction::hard(name)
            } else {
                Junction::soft(name)
            });
            rest = remaining;
        }
        Ok(Self { root, path, password })
    }
}
