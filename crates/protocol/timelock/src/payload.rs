//! What a timelocked commit of weights holds: SCALE, as the chain decodes it.

use codec::{Decode, DecodeAll, Encode};

/// A row of weights with the hotkey that commits to it. Without the hotkey anybody could send a copy of the
/// ciphertext as a commit of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsPayload {
    /// The public key of the committing hotkey.
    pub hotkey: [u8; 32],
    /// The uids, in the order in which they are stored.
    pub uids: Vec<u16>,
    /// The weight of each uid.
    pub values: Vec<u16>,
    /// The version key the subnet may demand.
    pub version_key: u64,
}

/// What came out of a ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedWeights {
    /// A row that says whose it is.
    Signed(WeightsPayload),
    /// A row in the older form, which does not.
    Unsigned {
        /// The uids.
        uids: Vec<u16>,
        /// The weight of each uid.
        values: Vec<u16>,
        /// The version key.
        version_key: u64,
    },
}

/// A text that holds no weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is no row of weights: it should be hotkey, uids, values and version key in SCALE")]
pub struct MalformedPayload;

#[derive(Encode, Decode)]
struct Signed {
    hotkey: Vec<u8>,
    uids: Vec<u16>,
    values: Vec<u16>,
    version_key: u64,
}

#[derive(Decode)]
struct Unsigned {
    uids: Vec<u16>,
    values: Vec<u16>,
    version_key: u64,
}

impl WeightsPayload {
    /// The text to encrypt.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Signed {
            hotkey: self.hotkey.to_vec(),
            uids: self.uids.clone(),
            values: self.values.clone(),
            version_key: self.version_key,
        }
        .encode()
    }
}

impl OpenedWeights {
    /// Reads a decrypted text. The present form is tried first; an older row that happens to read as one is told
    /// apart by the length of its hotkey.
    ///
    /// # Errors
    /// When it is neither form.
    pub fn decode(text: &[u8]) -> Result<Self, MalformedPayload> {
        if let Ok(row) = Signed::decode(&mut &text[..])
            && let Ok(hotkey) = row.hotkey.try_into()
        {
            return Ok(Self::Signed(WeightsPayload {
                hotkey,
                uids: row.uids,
                values: row.values,
                version_key: row.version_key,
            }));
        }
        let row = Unsigned::decode_all(&mut &text[..]).map_err(|_| MalformedPayload)?;
        Ok(Self::Unsigned {
            uids: row.uids,
            values: row.values,
            version_key: row.version_key,
        })
    }
}
