//! Signatures and their verification.
//!
//! Two rules for what is signed exist side by side. The chain and the wire protocols sign *bytes*: [`verify`] checks
//! exactly those. People sign *text* in a terminal or a browser wallet: there a text that begins with `0x` stands for
//! the bytes it spells, and a browser wallet signs `<Bytes>text</Bytes>` in place of the text, so that nobody can be
//! tricked into signing a transaction. [`verify_text`] follows the SDK and accepts both.

use crate::{AccountId, Scheme};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// The context under which sr25519 signs, everywhere in the Substrate world.
pub(crate) const SR25519_CONTEXT: &[u8] = b"substrate";

/// A signature: 64 bytes under either scheme. Shown, read and serialised as `0x` and 128 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

/// Why a text is not a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not 64 bytes.
    #[error("a signature has 64 bytes (128 hexadecimal digits), not {bytes}")]
    Length {
        /// Bytes given, rounded up.
        bytes: usize,
    },
    /// Not hexadecimal.
    #[error("a signature is written in hexadecimal digits")]
    Hex,
    /// A message that begins with `0x` without being hexadecimal.
    #[error(
        "a message that begins with 0x stands for bytes, and this one is not hexadecimal digits in pairs"
    )]
    MessageHex,
}

impl TryFrom<&[u8]> for Signature {
    type Error = SignatureError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| SignatureError::Length { bytes: bytes.len() })
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    /// Reads 128 hexadecimal digits, with or without `0x` before them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() != 128 {
            return Err(SignatureError::Length {
                bytes: digits.len().div_ceil(2),
            });
        }
        let mut bytes = [0; 64];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| SignatureError::Hex)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Whether `signature` is `signer`'s over exactly these bytes.
///
/// False for anything that is not a good signature, including a `signer` that is no point of the curve. For ed25519 the
/// check is the strict one: it refuses keys of small order, under which one signature fits many messages.
#[must_use]
pub fn verify(signer: &AccountId, scheme: Scheme, message: &[u8], signature: &Signature) -> bool {
    match scheme {
        Scheme::Sr25519 => {
            // Refuses signatures without the marker bit (0x80 of the last byte) that tells them from ed25519's.
            let Ok(signature) = schnorrkel::Signature::from_bytes(&signature.0) else {
                return false;
            };
            schnorrkel::PublicKey::from_bytes(&signer.0)
                .is_ok_and(|key| key.verify_simple(SR25519_CONTEXT, message, &signature).is_ok())
        }
        Scheme::Ed25519 => ed25519_dalek::VerifyingKey::from_bytes(&signer.0).is_ok_and(|key| {
            let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
            key.verify_strict(message, &signature).is_ok()
        }),
    }
}

/// Whether `signature` is `signer`'s over this text, as people sign text: either plain or as `<Bytes>text</Bytes>`,
/// and with `0x…` standing for the bytes it spells.
///
/// Do not use it where a protocol says which bytes are signed: it accepts two messages for one signature.
#[must_use]
pub fn verify_text(signer: &AccountId, scheme: Scheme, text: &str, signature: &Signature) -> bool {
    let Ok(message) = message_bytes(text) else {
        return false;
    };
    verify(signer, scheme, &message, signature)
        || verify(
            signer,
            scheme,
            &[b"<Bytes>", &*message, b"</Bytes>"].concat(),
            signature,
        )
}

/// The bytes that a text stands for when people sign it: those spelt by `0x…`, otherwise the text in UTF-8.
///
/// # Errors
///
/// [`SignatureError::MessageHex`] when `0x` is followed by something else than hexadecimal digits in pairs. Signing the
/// text itself then would make a signature that no other tool accepts.
pub fn message_bytes(text: &str) -> Result<Cow<'_, [u8]>, SignatureError> {
    match text.strip_prefix("0x") {
        None => Ok(Cow::Borrowed(text.as_bytes())),
        Some(digits) => hex::decode(digits)
            .map(Cow::Owned)
            .map_err(|_| SignatureError::MessageHex),
    }
}
