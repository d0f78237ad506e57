//! SS58, the text form of an account: base-58 of `prefix ‖ public key ‖ checksum`.
//!
//! The checksum is the first two bytes of BLAKE2b-512 over `"SS58PRE" ‖ prefix ‖ key`. Prefixes below 64 take one
//! byte, those up to 16 383 take two, with their bits shuffled so that the first byte lies in 64..=127.
//!
//! One account has a valid text under every prefix. Comparing accounts as text therefore lets a banned caller come
//! back under another prefix: compare the decoded keys, as [`AccountId`](crate::AccountId) does.

use blake2::{Blake2b512, Digest};
use std::fmt;

/// The prefix that Bittensor, and Substrate in general, writes: addresses begin with `5`.
pub const BITTENSOR_PREFIX: Ss58Prefix = Ss58Prefix(42);

const KEY_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 2;
/// Two prefix bytes, a key and a checksum are at most 50 characters of base-58. Base-58 decoding takes time that grows
/// with the square of the length, so longer text is refused before it is decoded.
const MAX_TEXT_BYTES: usize = 64;

/// A network's number in SS58 addresses, below 16 384.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ss58Prefix(u16);

impl Ss58Prefix {
    /// The prefix `number`, or `None` from 16 384 on, which SS58 cannot write.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number < 1 << 14 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    fn to_bytes(self) -> ([u8; 2], usize) {
        let [low, high] = self.0.to_le_bytes();
        if self.0 < 64 {
            ([low, 0], 1)
        } else {
            ([0b0100_0000 | low >> 2, high | low << 6], 2)
        }
    }
}

impl fmt::Display for Ss58Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not an SS58 address of a 32-byte key. Trying again cannot help: the text is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ss58Error {
    /// Nothing was given.
    #[error("the address is empty")]
    Empty,
    /// Longer than any address.
    #[error("the address has {bytes} bytes, and no address has more than {MAX_TEXT_BYTES}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A character that base-58 does not use, such as `0`, `O`, `I` or `l`.
    #[error("the address has {character:?} at position {position}, which base-58 does not use")]
    Character {
        /// The character.
        character: char,
        /// Its byte position, from 0.
        position: usize,
    },
    /// Decodes to another number of bytes than a prefix, a key and a checksum take.
    #[error(
        "the address holds {bytes} bytes, where an account takes 35 or 36: it is cut, or for another kind of key"
    )]
    Length {
        /// Decoded bytes.
        bytes: usize,
    },
    /// The first byte announces no prefix, or a short prefix is written in its long form.
    #[error("the address begins with the byte {first}, which is no SS58 prefix")]
    Prefix {
        /// The first decoded byte.
        first: u8,
    },
    /// The last two bytes are not the checksum of the others: a typing mistake.
    #[error("the checksum of the address is wrong: a character was mistyped or lost")]
    Checksum,
    /// Valid, but written for another network than was asked for.
    #[error("the address is for the network with prefix {found}, not {wanted}")]
    OtherNetwork {
        /// The prefix of the text.
        found: Ss58Prefix,
        /// The prefix asked for.
        wanted: Ss58Prefix,
    },
    /// Begins with `0x` but is not 32 bytes in hexadecimal.
    #[error("a public key in hexadecimal is 0x and 64 digits")]
    Hex,
}

/// The address of `key` under `prefix`.
#[must_use]
pub fn encode(key: &[u8; KEY_BYTES], prefix: Ss58Prefix) -> String {
    let (prefix, length) = prefix.to_bytes();
    let mut bytes = Vec::with_capacity(length + KEY_BYTES + CHECKSUM_BYTES);
    bytes.extend_from_slice(&prefix[..length]);
    bytes.extend_from_slice(key);
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    bs58::encode(bytes).into_string()
}

/// The key and the prefix that an address stands for, under any prefix.
///
/// # Errors
///
/// [`Ss58Error`], never [`Ss58Error::OtherNetwork`] nor [`Ss58Error::Hex`].
pub fn decode(text: &str) -> Result<([u8; KEY_BYTES], Ss58Prefix), Ss58Error> {
    if text.is_empty() {
        return Err(Ss58Error::Empty);
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(Ss58Error::TooLong { bytes: text.len() });
    }
    let bytes = bs58::decode(text)
        .into_vec()
        .map_err(|error| unreadable(text, &error))?;
    let (prefix, length) = match *bytes.as_slice() {
        [first @ 0..=63, ..] => (Ss58Prefix(u16::from(first)), 1),
        [first @ 64..=127, second, ..] => {
            let low = first << 2 | second >> 6;
            let number = u16::from_le_bytes([low, second & 0b0011_1111]);
            // A second spelling of one prefix would give one account two addresses on one network.
            if number < 64 {
                return Err(Ss58Error::Prefix { first });
            }
            (Ss58Prefix(number), 2)
        }
        [first, _, ..] => return Err(Ss58Error::Prefix { first }),
        _ => return Err(Ss58Error::Length { bytes: bytes.len() }),
    };
    let Ok(body) = <&[u8; KEY_BYTES + CHECKSUM_BYTES]>::try_from(&bytes[length..]) else {
        return Err(Ss58Error::Length { bytes: bytes.len() });
    };
    let (key, found) = body.split_at(KEY_BYTES);
    if found != checksum(&bytes[..length + KEY_BYTES]) {
        return Err(Ss58Error::Checksum);
    }
    let mut account = [0; KEY_BYTES];
    account.copy_from_slice(key);
    Ok((account, prefix))
}

fn checksum(prefix_and_key: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = Blake2b512::new()
        .chain_update(b"SS58PRE")
        .chain_update(prefix_and_key)
        .finalize();
    [hash[0], hash[1]]
}

fn unreadable(text: &str, error: &bs58::decode::Error) -> Ss58Error {
    let position = match error {
        bs58::decode::Error::InvalidCharacter { index, .. }
        | bs58::decode::Error::NonAsciiCharacter { index } => *index,
        _ => return Ss58Error::Length { bytes: 0 },
    };
    let character = text
        .get(position..)
        .and_then(|rest| rest.chars().next())
        .unwrap_or(char::REPLACEMENT_CHARACTER);
    Ss58Error::Character { character, position }
}
