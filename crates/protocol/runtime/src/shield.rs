//! The cryptography of shielded transactions: an ML-KEM-768 key pair and the format of what is encrypted to it.
//!
//! A carrier's ciphertext is `twox_128(encapsulation key) 16 | length of the KEM ciphertext u16 LE | KEM ciphertext |
//! nonce 24 | XChaCha20-Poly1305(inner extrinsic)`, the cipher's key being the 32 bytes that the KEM shares.
//!
//! Caveat: the pair follows from the seed of the genesis, which everybody can read. A chain for development has nothing
//! to hide; what matters is that clients that insist on hiding work.

use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};
use codec::Encode;
use ml_kem::{
    B32, EncapsulateDeterministic, EncodedSizeUser, KemCore, MlKem768, MlKem768Params,
    kem::{Decapsulate, DecapsulationKey, EncapsulationKey},
};
use sp_crypto_hashing::{blake2_256, twox_128};

/// Bytes of an encapsulation key of ML-KEM-768.
pub const ENCAPSULATION_KEY_BYTES: usize = 1_184;

/// Bytes of what the KEM sends.
const KEM_CIPHERTEXT_BYTES: usize = 1_088;
/// Bytes of the cipher's nonce.
const NONCE_BYTES: usize = 24;

/// Which key a ciphertext is for.
pub type KeyHash = [u8; 16];

/// Why a ciphertext gives no extrinsic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShieldError {
    /// It is shorter than its parts, or names another length of the KEM's part.
    #[error("the ciphertext has not the parts of a shielded extrinsic")]
    Malformed,
    /// It was made for a key that is not this chain's.
    #[error("the ciphertext was made for another key; read MevShield.NextKey again")]
    OtherKey,
    /// The cipher's tag is wrong: it was altered, or made with another shared key.
    #[error("the ciphertext does not open with this chain's key")]
    Unopenable,
}

/// The parts of a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The key it was made for.
    pub key_hash: KeyHash,
    encapsulated: &'a [u8; KEM_CIPHERTEXT_BYTES],
    nonce: &'a [u8; NONCE_BYTES],
    body: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Takes a ciphertext apart.
    ///
    /// # Errors
    /// When its parts are not those of a shielded extrinsic.
    pub fn parse(ciphertext: &'a [u8]) -> Result<Self, ShieldError> {
        let parts = || {
            let (key_hash, rest) = ciphertext.split_first_chunk::<16>()?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let (encapsulated, rest) = rest.split_first_chunk::<KEM_CIPHERTEXT_BYTES>()?;
            let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>()?;
            (usize::from(u16::from_le_bytes(*length)) == KEM_CIPHERTEXT_BYTES).then_some(Self {
                key_hash: *key_hash,
                encapsulated,
                nonce,
                body,
            })
        };
        parts().ok_or(ShieldError::Malformed)
    }
}

/// The chain's key pair.
pub struct Shield {
    pair: DecapsulationKey<MlKem768Params>,
}

impl Shield {
    /// The pair of a chain with this seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let part = |name: &str| B32::from(blake2_256(&("assay/mev-shield", name, seed).encode()));
        let (pair, _) = MlKem768::generate_deterministic(&part("d"), &part("z"));
        Self { pair }
    }

    /// The key clients encrypt to.
    #[must_use]
    pub fn encapsulation_key(&self) -> Vec<u8> {
        self.pair.encapsulation_key().as_bytes().to_vec()
    }

    /// What a ciphertext hides.
    ///
    /// # Errors
    /// When it is malformed, for another key, or altered.
    pub fn open(&self, ciphertext: &[u8]) -> Result<Vec<u8>, ShieldError> {
        let sealed = Sealed::parse(ciphertext)?;
        if sealed.key_hash != key_hash(&self.encapsulation_key()) {
            return Err(ShieldError::OtherKey);
        }
        let encapsulated = (*sealed.encapsulated).into();
        let shared = self
            .pair
            .decapsulate(&encapsulated)
            .map_err(|()| ShieldError::Unopenable)?;
        XChaCha20Poly1305::new_from_slice(&shared)
            .map_err(|_| ShieldError::Unopenable)?
            .decrypt(XNonce::from_slice(sealed.nonce), sealed.body)
            .map_err(|_| ShieldError::Unopenable)
    }
}

impl std::fmt::Debug for Shield {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Shield")
    }
}

/// Encrypts an extrinsic as a client does. Equal arguments give equal ciphertexts: `randomness` must be new each time
/// where something is to stay hidden. `None` when the key is none.
#[must_use]
pub fn seal(encapsulation_key: &[u8], inner: &[u8], randomness: [u8; 32]) -> Option<Vec<u8>> {
    let key = EncapsulationKey::<MlKem768Params>::from_bytes(encapsulation_key.try_into().ok()?);
    let (encapsulated, shared) = key.encapsulate_deterministic(&B32::from(randomness)).ok()?;
    let nonce = blake2_256(&("assay/mev-shield/nonce", randomness).encode());
    let nonce = nonce.first_chunk::<NONCE_BYTES>()?;
    let body = XChaCha20Poly1305::new_from_slice(&shared)
        .ok()?
        .encrypt(XNonce::from_slice(nonce), inner)
        .ok()?;
    let length = u16::try_from(KEM_CIPHERTEXT_BYTES).ok()?.to_le_bytes();
    let parts: [&[u8]; 5] = [&key_hash(encapsulation_key), &length, &encapsulated, nonce, &body];
    Some(parts.concat())
}

/// How a ciphertext names the key it was made for.
#[must_use]
pub fn key_hash(encapsulation_key: &[u8]) -> KeyHash {
    twox_128(encapsulation_key)
}
