//! What makes a request unique among its sender's.

use crate::{HeaderProblem, MalformedHeader, signed_header::malformed};
use std::fmt;

/// A uuid as text: 32 hexadecimal digits and 4 hyphens. It keeps the case in which it was written, because the text is
/// what is signed. The form is checked, the version is not: senders that take another than version 4 harm only
/// themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestUuid(String);

impl RequestUuid {
    /// A new one of version 4.
    #[must_use]
    pub fn random() -> Self {
        Self::from_random(rand::random())
    }

    /// The one of version 4 with this randomness, of which six bits give way to version and variant.
    #[must_use]
    pub fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits = hex::encode(bytes);
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        Self(parts.join("-"))
    }

    pub(super) fn parse(text: &str, header: &'static str) -> Result<Self, MalformedHeader> {
        let right = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        match right {
            true => Ok(Self(text.to_owned())),
            false => Err(malformed(header, HeaderProblem::Uuid)),
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestUuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RequestUuid;

    #[test]
    fn version_and_variant_are_set_whatever_the_randomness() {
        for (byte, text) in [
            (0x00, "00000000-0000-4000-8000-000000000000"),
            (0xff, "ffffffff-ffff-4fff-bfff-ffffffffffff"),
        ] {
            let uuid = RequestUuid::from_random([byte; 16]);
            assert_eq!(uuid.as_str(), text);
            assert_eq!(RequestUuid::parse(text, "x").unwrap(), uuid);
        }
        assert_ne!(RequestUuid::random(), RequestUuid::random());
    }
}
