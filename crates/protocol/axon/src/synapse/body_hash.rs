//! The hash that a synapse-v10 signature covers in place of the body: over the Python texts of chosen fields only.

use crate::synapse::PythonValue;
use sha3::{Digest, Sha3_256};
use std::{fmt, str::FromStr};

/// What `computed_body_hash` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BodyHash(pub [u8; 32]);

/// A text that is no hash of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hash of a body is 64 lower-case hexadecimal digits")]
pub struct MalformedBodyHash;

impl BodyHash {
    /// The hash of every body whose synapse names no hashed fields, which is the default: such a signature says
    /// nothing about the body.
    pub const EMPTY: Self = Self([
        0xa7, 0xff, 0xc6, 0xf8, 0xbf, 0x1e, 0xd7, 0x66, 0x51, 0xc1, 0x47, 0x56, 0xa0, 0x61, 0xd6, 0x62, 0xf5,
        0x80, 0xff, 0x4d, 0xe4, 0x3b, 0x49, 0xfa, 0x82, 0xd8, 0x0a, 0x4b, 0x80, 0xf8, 0x43, 0x4a,
    ]);
}

/// The hash of a body with these values in its hashed fields. The order is that of the class variable
/// `required_hash_fields`; for the deprecated instance field it is that of the declaration of the fields.
#[must_use]
pub fn body_hash<'a>(values: impl IntoIterator<Item = &'a PythonValue>) -> BodyHash {
    let mut hasher = Sha3_256::new();
    for value in values {
        hasher.update(hex::encode(field_hash(value)));
    }
    BodyHash(hasher.finalize().into())
}

/// The hash of one field: of what Python's `str()` makes of it.
#[must_use]
pub fn field_hash(value: &PythonValue) -> [u8; 32] {
    Sha3_256::digest(value.to_str().as_bytes()).into()
}

impl fmt::Display for BodyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&hex::encode(self.0))
    }
}

impl FromStr for BodyHash {
    type Err = MalformedBodyHash;

    /// Upper-case digits are refused: Python compares the texts, and signs the one that it was sent.
    fn from_str(text: &str) -> Result<Self, MalformedBodyHash> {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(MalformedBodyHash);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| MalformedBodyHash)?;
        Ok(Self(bytes))
    }
}
