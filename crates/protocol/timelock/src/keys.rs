//! BLS keys and signatures as drand's quicknet has them: signatures in G1, keys in G2, over BLS12-381.

use crate::Round;
use ark_bls12_381::{Bls12_381, Fr, G1Projective, G2Projective};
use ark_ec::{PrimeGroup, pairing::Pairing};
use ark_ff::{PrimeField, Zero};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use sha2::{Digest, Sha256};
use std::fmt;
use timelock::{engines::drand::TinyBLS381, ibe::fullident::Identity};

/// Bytes that are no point of the group they should be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} should be a compressed point of {bytes} bytes in the right group of BLS12-381")]
pub struct InvalidPoint {
    /// What the bytes should be.
    pub what: &'static str,
    /// How many bytes that has.
    pub bytes: usize,
}

/// The key of a beacon's signatures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub(crate) G2Projective);

/// A beacon's signature of a round, which opens what is encrypted to that round.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub(crate) G1Projective);

/// A beacon's secret.
#[derive(Clone)]
pub struct SecretKey(Fr);

impl PublicKey {
    /// Reads a compressed point.
    ///
    /// # Errors
    /// When the bytes are no point of the group.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidPoint> {
        read(bytes, 96).map(Self).ok_or(InvalidPoint {
            what: "a beacon's key",
            bytes: 96,
        })
    }

    /// The compressed point.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 96] {
        written(&self.0)
    }

    /// Whether the signature is this key's of the round.
    #[must_use]
    pub fn verify(&self, round: Round, signature: &Signature) -> bool {
        // e(signature, g2) = e(H(round), key), as one product that is 1.
        let product =
            Bls12_381::multi_pairing([signature.0, -hashed(round)], [G2Projective::generator(), self.0]);
        product.is_zero()
    }
}

impl Signature {
    /// Reads a compressed point.
    ///
    /// # Errors
    /// When the bytes are no point of the group.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidPoint> {
        read(bytes, 48).map(Self).ok_or(InvalidPoint {
            what: "a beacon's signature",
            bytes: 48,
        })
    }

    /// The compressed point.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 48] {
        written(&self.0)
    }

    /// The round's randomness: the SHA-256 of the signature.
    #[must_use]
    pub fn randomness(&self) -> [u8; 32] {
        Sha256::digest(self.to_bytes()).into()
    }
}

impl SecretKey {
    /// The key of a seed: equal seeds give equal keys. A seed that others know gives no secrecy.
    #[must_use]
    pub fn from_seed(seed: &[u8]) -> Self {
        // Two digests reduce with a bias below 2^-250; one alone would prefer small keys visibly.
        let half = |number: u8| Sha256::new().chain_update([number]).chain_update(seed).finalize();
        let wide = [half(0), half(1)].concat();
        Self(Fr::from_be_bytes_mod_order(&wide))
    }

    /// The key that checks its signatures.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(G2Projective::generator() * self.0)
    }

    /// Signs a round.
    #[must_use]
    pub fn sign(&self, round: Round) -> Signature {
        Signature(hashed(round) * self.0)
    }
}

/// A round's point in the group of signatures.
fn hashed(round: Round) -> G1Projective {
    Identity::new(b"", &round.identity()).public::<TinyBLS381>()
}

fn read<P: CanonicalDeserialize>(bytes: &[u8], length: usize) -> Option<P> {
    // The reader would ignore bytes that are left over.
    (bytes.len() == length)
        .then(|| P::deserialize_compressed(bytes).ok())
        .flatten()
}

fn written<const N: usize>(point: &impl CanonicalSerialize) -> [u8; N] {
    let mut bytes = [0; N];
    // A compressed point of the group has exactly this size, so writing it cannot fail.
    let _ = point.serialize_compressed(&mut bytes[..]);
    bytes
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({})", hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(..)")
    }
}
