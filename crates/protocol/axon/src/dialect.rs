//! Which dialect a request is in, told by its headers alone.

use http::HeaderMap;
use std::fmt;

/// How a request says who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Dialect {
    /// bittensor up to 10.5.
    SynapseV10,
    /// bittensor 11, and ours among ourselves.
    Btauth,
    /// Epistula, version 2.
    Epistula,
    /// A bearer token of the operator's.
    Operator,
}

/// Every dialect with what the names of its headers begin with.
const MARKS: [(Dialect, &[&str]); 4] = [
    (Dialect::SynapseV10, &["bt_header_", "computed_body_hash"]),
    (Dialect::Btauth, &["x-bittensor-"]),
    (Dialect::Epistula, &["epistula-"]),
    (Dialect::Operator, &["authorization"]),
];

/// What the names of headers begin with that only fiber sends, in its plain mode and in its encrypted one.
const FIBER: &[&str] = &["validator-hotkey", "miner-hotkey", "symmetric-key-uuid"];

/// Why the dialect of a request is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// Nobody says who sent it.
    #[error("the request is not signed: no header of synapse-v10, btauth/1, Epistula or a bearer token")]
    Unsigned,
    /// It is signed as fiber signs, which is recognised so that whoever sends it is not told that it is unsigned.
    #[error(
        "the request is signed in fiber, which this axon does not speak: sign it in synapse-v10, btauth/1 or Epistula"
    )]
    Fiber,
    /// Two at once. Whichever was checked, a part of the axon might believe the other.
    #[error("the request is in {0} and in {1} at once: send one of them")]
    Several(Dialect, Dialect),
}

impl Dialect {
    /// Its name in records, one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SynapseV10 => "synapse",
            Self::Btauth => "btauth",
            Self::Epistula => "epistula",
            Self::Operator => "operator",
        }
    }

    /// The dialect of a request with these headers.
    ///
    /// # Errors
    /// [`DialectError`] for none, and for more than one.
    pub fn of(headers: &HeaderMap) -> Result<Self, DialectError> {
        let speaks = |marks: &[&str]| {
            headers
                .keys()
                .any(|name| marks.iter().any(|mark| name.as_str().starts_with(mark)))
        };
        let mut spoken = MARKS
            .iter()
            .filter(|(_, marks)| speaks(marks))
            .map(|(dialect, _)| *dialect);
        match (spoken.next(), spoken.next()) {
            (None, _) if speaks(FIBER) => Err(DialectError::Fiber),
            (None, _) => Err(DialectError::Unsigned),
            (Some(only), None) => Ok(only),
            (Some(first), Some(second)) => Err(DialectError::Several(first, second)),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SynapseV10 => "synapse-v10",
            Self::Btauth => "btauth/1",
            Self::Epistula => "Epistula",
            Self::Operator => "a bearer token",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, DialectError};
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn headers(names: &[&'static str]) -> HeaderMap {
        let pairs = names
            .iter()
            .map(|name| (HeaderName::from_static(name), HeaderValue::from_static("1")));
        pairs.collect()
    }

    #[test]
    fn each_dialect_is_known_by_its_headers() {
        for (names, dialect) in [
            (&["host", "bt_header_dendrite_hotkey"][..], Dialect::SynapseV10),
            (&["x-bittensor-version", "content-type"], Dialect::Btauth),
            (&["epistula-uuid", "epistula-timestamp"], Dialect::Epistula),
            (&["authorization"], Dialect::Operator),
        ] {
            assert_eq!(Dialect::of(&headers(names)), Ok(dialect));
        }
    }

    #[test]
    fn none_and_two_are_refused() {
        assert_eq!(
            Dialect::of(&headers(&["host", "content-type"])),
            Err(DialectError::Unsigned)
        );
        assert_eq!(
            Dialect::of(&headers(&["epistula-uuid", "bt_header_dendrite_nonce"])),
            Err(DialectError::Several(Dialect::SynapseV10, Dialect::Epistula))
        );
    }
}
