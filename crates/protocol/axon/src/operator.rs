//! Bearer tokens of an axon's operator.

use http::{HeaderMap, header::AUTHORIZATION};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fmt};

/// Fewest bytes of a token. One that can be guessed opens the axon to everybody; 32 random hexadecimal digits cannot.
const SHORTEST: usize = 16;
/// Most bytes of a token that are looked at.
const LONGEST: usize = 512;

/// What an operator calls the holder of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperatorName(pub String);

impl fmt::Display for OperatorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why tokens cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Too short, too long, or not what a header can carry.
    #[error(
        "the token of {name} must be {SHORTEST} to {LONGEST} visible ASCII characters; `openssl rand -hex 16` makes one"
    )]
    Unusable {
        /// Whose.
        name: OperatorName,
    },
    /// Two holders of one token.
    #[error("{first} and {second} have the same token: give each its own")]
    Shared {
        /// The one.
        first: OperatorName,
        /// The other.
        second: OperatorName,
    },
}

/// Why a request is not an operator's. Both are `401`, in constant size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorRefusal {
    /// No header `Authorization: Bearer …`.
    #[error("a bearer token is wanted")]
    NoToken,
    /// A token that opens nothing.
    #[error("the bearer token is unknown")]
    Unknown,
}

/// The tokens that an axon knows. Only their digests are kept, so none can be printed, and looking one up takes as long
/// whatever its first characters are.
#[derive(Clone, Default)]
pub struct OperatorTokens(HashMap<[u8; 32], OperatorName>);

impl OperatorTokens {
    /// Takes tokens with the names of their holders.
    ///
    /// # Errors
    /// [`TokenError`], which names the holder and never the token.
    pub fn new<N: Into<String>, T: AsRef<str>>(
        tokens: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, TokenError> {
        let mut known = HashMap::new();
        for (name, token) in tokens {
            let (name, token) = (OperatorName(name.into()), token.as_ref());
            let is_usable = (SHORTEST..=LONGEST).contains(&token.len())
                && token.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_usable {
                return Err(TokenError::Unusable { name });
            }
            if let Some(first) = known.insert(digest(token), name.clone()) {
                return Err(TokenError::Shared { first, second: name });
            }
        }
        Ok(Self(known))
    }

    /// Whose token the request carries.
    ///
    /// # Errors
    /// [`OperatorRefusal`].
    pub fn holder(&self, headers: &HeaderMap) -> Result<&OperatorName, OperatorRefusal> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(OperatorRefusal::NoToken)?;
        if token.len() > LONGEST {
            return Err(OperatorRefusal::Unknown);
        }
        self.0.get(&digest(token)).ok_or(OperatorRefusal::Unknown)
    }
}

impl fmt::Debug for OperatorTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.values()).finish()
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{OperatorName, OperatorRefusal, OperatorTokens, TokenError};
    use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

    const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015";

    fn asking(authorization: &'static str) -> HeaderMap {
        [(AUTHORIZATION, HeaderValue::from_static(authorization))]
            .into_iter()
            .collect()
    }

    #[test]
    fn a_token_tells_its_holder_and_others_nothing() {
        let tokens = OperatorTokens::new([("ada", TOKEN)]).unwrap();
        let ada = OperatorName("ada".to_owned());
        assert_eq!(
            tokens.holder(&asking("Bearer 9f86d081884c7d659a2feaa0c55ad015")),
            Ok(&ada)
        );
        assert_eq!(
            tokens.holder(&asking("bearer  9f86d081884c7d659a2feaa0c55ad015 ")),
            Ok(&ada)
        );
        for wrong in ["Bearer 9f86d081884c7d659a2feaa0c55ad016", "Bearer ", "Bearer x"] {
            assert_eq!(tokens.holder(&asking(wrong)), Err(OperatorRefusal::Unknown));
        }
        for none in ["Basic YWRhOng=", "9f86d081884c7d659a2feaa0c55ad015"] {
            assert_eq!(tokens.holder(&asking(none)), Err(OperatorRefusal::NoToken));
        }
        assert!(!format!("{tokens:?}").contains(TOKEN));
    }

    #[test]
    fn tokens_that_protect_nothing_are_refused() {
        let unusable = |token| OperatorTokens::new([("ada", token)]).unwrap_err();
        for token in ["", "short", "has a blank in its middle"] {
            let error = unusable(token);
            assert!(matches!(error, TokenError::Unusable { .. }));
            assert!(token.is_empty() || !error.to_string().contains(token));
        }
        let shared = OperatorTokens::new([("ada", TOKEN), ("bob", TOKEN)]).unwrap_err();
        assert!(matches!(shared, TokenError::Shared { .. }));
    }
}
