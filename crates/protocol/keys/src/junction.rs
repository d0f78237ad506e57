//! Steps of a derivation path: `//hard` and `/soft`.

use blake2::{Blake2b, Digest, digest::consts::U32};

/// One step. The chain code is the SCALE encoding of the step's name, as a number where it is one, padded with zeros
/// to 32 bytes, or its BLAKE2b-256 hash where it is longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Junction {
    /// `//name`: needs the secret key.
    Hard([u8; 32]),
    /// `/name`: the public key can take the same step.
    Soft([u8; 32]),
}

impl Junction {
    pub(crate) fn hard(name: &str) -> Self {
        Self::Hard(chain_code(name))
    }

    pub(crate) fn soft(name: &str) -> Self {
        Self::Soft(chain_code(name))
    }
}

fn chain_code(name: &str) -> [u8; 32] {
    let encoded = match name.parse::<u64>() {
        Ok(number) => number.to_le_bytes().to_vec(),
        Err(_) => scale_text(name),
    };
    let mut code = [0; 32];
    match code.get_mut(..encoded.len()) {
        Some(start) => start.copy_from_slice(&encoded),
        None => code = Blake2b::<U32>::digest(&encoded).into(),
    }
    code
}

/// SCALE of a text: its length as a compact integer, then its bytes.
pub(crate) fn scale_text(text: &str) -> Vec<u8> {
    let length = text.len();
    let mut encoded = match length {
        0..64 => vec![(length << 2) as u8],
        64..16_384 => ((length << 2) as u16 | 0b01).to_le_bytes().to_vec(),
        // Texts come from URIs of at most `MAX_URI_BYTES`, far below the 2^30 where a longer form would begin.
        _ => ((length << 2) as u32 | 0b10).to_le_bytes().to_vec(),
    };
    encoded.extend_from_slice(text.as_bytes());
    encoded
}

/// The seed one hard step further for ed25519: BLAKE2b-256 of the SCALE tuple ("Ed25519HDKD", seed, chain code).
pub(crate) fn ed25519_hard_step(seed: &[u8; 32], chain_code: &[u8; 32]) -> [u8; 32] {
    Blake2b::<U32>::new()
        .chain_update(scale_text("Ed25519HDKD"))
        .chain_update(seed)
        .chain_update(chain_code)
        .finalize()
        .into()
}
