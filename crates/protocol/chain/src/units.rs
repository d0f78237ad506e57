//! The numbers of the chain, each in a type of its own: subnets, neurons, blocks and the two currencies.
//!
//! TAO is the chain's native coin; every subnet has its own *alpha*. Both are counted in units of 10⁻⁹, and mixing
//! them up has cost people money, so here they are two types that do not convert into each other.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Smallest units in one TAO or one alpha.
pub const UNITS_PER_TOKEN: u64 = 1_000_000_000;

/// The number of a subnet. 0 is the root network, which has no miners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetUid(pub u16);

impl NetUid {
    /// The root network.
    pub const ROOT: Self = Self(0);
}

impl fmt::Display for NetUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for NetUid {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A neuron's slot in a subnet. A slot changes hands when its holder is pruned: a uid says who only together with a
/// block. Keep state by hotkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(pub u16);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Uid {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A block's height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Block(pub u64);

impl Block {
    /// How many blocks `self` is after `earlier`; 0 when it is not.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Blake2-256 of a block's header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockHash(pub [u8; 32]);

/// Blake2-256 of an extrinsic's bytes, its length prefix included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtrinsicHash(pub [u8; 32]);

/// Text that is not the `0x…` of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 0x and 64 hexadecimal digits, not \"{text}\"")]
pub struct ParseHashError {
    /// What was given, cut to a line.
    pub text: String,
}

macro_rules! hash_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseHashError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; 32];
                let digits = text.strip_prefix("0x").unwrap_or(text);
                hex::decode_to_slice(digits, &mut bytes)
                    .map(|()| Self(bytes))
                    .map_err(|_| ParseHashError {
                        text: text.chars().take(80).collect(),
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}
hash_text!(BlockHash);
hash_text!(ExtrinsicHash);

/// One block of the chain: its height and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Height.
    pub number: Block,
    /// Hash of the header.
    pub hash: BlockHash,
}

impl fmt::Display for BlockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {} ({})", self.number, self.hash)
    }
}

/// Text that is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseAmountError {
    /// Not digits with at most one decimal point.
    #[error("\"{text}\" is not an amount: write digits and at most one decimal point, like 12.5")]
    Malformed {
        /// What was given, cut to a line.
        text: String,
    },
    /// Finer than the smallest unit.
    #[error("\"{text}\" has more than nine decimals; the smallest unit is 0.000000001")]
    TooFine {
        /// What was given, cut to a line.
        text: String,
    },
    /// More than 64 bits of the smallest unit.
    #[error("\"{text}\" is more than any account can hold")]
    TooLarge {
        /// What was given, cut to a line.
        text: String,
    },
}

fn parse_amount(text: &str) -> Result<u64, ParseAmountError> {
    let shown = || text.chars().take(80).collect::<String>();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 {
        return Err(ParseAmountError::Malformed { text: shown() });
    }
    if fraction.len() > 9 {
        return Err(ParseAmountError::TooFine { text: shown() });
    }
    let too_large = || ParseAmountError::TooLarge { text: shown() };
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| too_large())?
    };
    // Nine digits at most: the parse of the padded fraction cannot fail.
    let fraction: u64 = format!("{fraction:0<9}").parse().map_err(|_| too_large())?;
    whole
        .checked_mul(UNITS_PER_TOKEN)
        .and_then(|units| units.checked_add(fraction))
        .ok_or_else(too_large)
}

fn write_amount(units: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (whole, fraction) = (units / UNITS_PER_TOKEN, units % UNITS_PER_TOKEN);
    let decimals = format!("{fraction:09}");
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() {
        write!(f, "{whole}")
    } else {
        write!(f, "{whole}.{decimals}")
    }
}

macro_rules! currency {
    ($(#[$doc:meta])* $name:ident, $constructor:ident, $symbol:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// From whole tokens; saturates at what 64 bits hold.
            pub const fn $constructor(tokens: u64) -> Self {
                Self(tokens.saturating_mul(UNITS_PER_TOKEN))
            }

            /// In tokens, for a chart or a score; the last digits of a large amount are lost.
            pub fn tokens(self) -> f64 {
                self.0 as f64 / UNITS_PER_TOKEN as f64
            }

            /// The sum, or nothing when it does not fit.
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).map(Self)
            }

            /// The difference, or nothing when `other` is more.
            pub fn checked_sub(self, other: Self) -> Option<Self> {
                self.0.checked_sub(other.0).map(Self)
            }

            /// The difference, 0 when `other` is more.
            pub fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_amount(self.0, f)?;
                f.write_str($symbol)
            }
        }

        /// Reads tokens (`12.5`), not smallest units.
        impl FromStr for $name {
            type Err = ParseAmountError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse_amount(text).map(Self)
            }
        }
    };
}

currency!(
    /// An amount of TAO in rao, 10⁻⁹ TAO.
    Rao, from_tao, " τ"
);
currency!(
    /// An amount of some subnet's alpha in units of 10⁻⁹. Which subnet, its place says.
    Alpha, from_alpha, " α"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_tokens_and_written_without_idle_zeros() {
        assert_eq!("12.5".parse(), Ok(Rao(12_500_000_000)));
        assert_eq!(".000000001".parse(), Ok(Rao(1)));
        assert_eq!("7".parse(), Ok(Alpha::from_alpha(7)));
        assert_eq!(Rao(12_500_000_000).to_string(), "12.5 τ");
        assert_eq!(Alpha(1).to_string(), "0.000000001 α");
        assert_eq!(Rao::ZERO.to_string(), "0 τ");
    }

    #[test]
    fn an_amount_that_would_lose_something_is_refused() {
        assert!(matches!(
            "0.0000000001".parse::<Rao>(),
            Err(ParseAmountError::TooFine { .. })
        ));
        assert!(matches!(
            "18446744074".parse::<Rao>(),
            Err(ParseAmountError::TooLarge { .. })
        ));
        for text in ["", ".", "-1", "1e9", "1,5", "1.2.3", " 1"] {
            assert!(
                matches!(text.parse::<Rao>(), Err(ParseAmountError::Malformed { .. })),
                "{text:?}"
            );
        }
    }

    #[test]
    fn hashes_read_what_they_write() {
        let hash = BlockHash([0xab; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!("0x12".parse::<BlockHash>().is_err());
        assert_eq!(serde_json::to_string(&hash).unwrap(), format!("\"{hash}\""));
    }
}
