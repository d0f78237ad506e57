//! The SHA-256 of a body, which both btauth/1 and Epistula sign.

use sha2::{Digest, Sha256};
use std::fmt;

/// The SHA-256 of a request's body as it was sent, before any decoding. Shown as 64 lower-case hexadecimal digits,
/// which is how the signed messages write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyDigest(pub [u8; 32]);

impl BodyDigest {
    /// Of a body in memory. Whoever reads a body piece by piece hashes the pieces and fills in the field.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }
}

impl fmt::Display for BodyDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}
