//! An account: a 32-byte public key, shown as an SS58 address.

use crate::ss58::{self, BITTENSOR_PREFIX, Ss58Error, Ss58Prefix};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// An account on chain, a hotkey or a coldkey: the 32 bytes of its public key.
///
/// Shown and serialised as the SS58 address with prefix 42. Read from an address with *any* prefix, or from `0x` and
/// 64 hexadecimal digits: two texts are the same account when the bytes are the same.
///
/// ```
/// use assay_keys::AccountId;
///
/// let alice: AccountId = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY".parse()?;
/// let on_polkadot: AccountId = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5".parse()?;
/// assert_eq!(alice, on_polkadot);
/// assert_eq!(on_polkadot.to_string(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
/// # Ok::<(), assay_keys::Ss58Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub [u8; 32]);

impl AccountId {
    /// The address under another network's prefix.
    #[must_use]
    pub fn to_ss58(self, prefix: Ss58Prefix) -> String {
        ss58::encode(&self.0, prefix)
    }

    /// Reads an address that must carry this prefix.
    ///
    /// # Errors
    ///
    /// [`Ss58Error`], with [`Ss58Error::OtherNetwork`] for a valid address of another network.
    pub fn from_ss58(text: &str, wanted: Ss58Prefix) -> Result<Self, Ss58Error> {
        let (key, found) = ss58::decode(text)?;
        if found == wanted {
            Ok(Self(key))
        } else {
            Err(Ss58Error::OtherNetwork { found, wanted })
        }
    }

    /// `0x` and the 64 hexadecimal digits of the public key.
    #[must_use]
    pub fn to_hex(self) -> String {
        format!("0x{}", hex::encode(self.0))
    }

    /// The bytes of the public key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_ss58(BITTENSOR_PREFIX))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

impl FromStr for AccountId {
    type Err = Ss58Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(digits) = text.strip_prefix("0x") else {
            return ss58::decode(text).map(|(key, _)| Self(key));
        };
        let mut key = [0; 32];
        hex::decode_to_slice(digits, &mut key).map_err(|_| Ss58Error::Hex)?;
        Ok(Self(key))
    }
}

impl From<[u8; 32]> for AccountId {
    fn from(key: [u8; 32]) -> Self {
        Self(key)
    }
}

impl From<AccountId> for [u8; 32] {
    fn from(account: AccountId) -> Self {
        account.0
    }
}

impl AsRef<[u8]> for AccountId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for AccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
