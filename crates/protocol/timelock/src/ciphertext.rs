//! Encrypting to a round and opening with its signature, in the framing that the chain reads.
//!
//! The scheme is Boneh and Franklin's identity-based encryption of a key, and AES-256-GCM under that key. On the chain
//! the two digests of the first part carry their lengths; the `timelock` crate writes the same without. Whatever is
//! read here is measured before anything is allocated: the underlying reader believes every length it is told.

use crate::{PublicKey, Round, Signature};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use rand_core::{CryptoRng, RngCore};
use timelock::{
    block_ciphers::{AESGCMBlockCipherProvider, BlockCipherProvider},
    engines::drand::TinyBLS381,
    ibe::fullident::{Ciphertext as Header, Identity},
    tlock::{Error, TLECiphertext, tld, tle},
};

/// Bytes of a compressed point of G2.
const POINT: usize = 96;

/// Bytes of the digests that follow it.
const DIGEST: usize = 32;

/// Bytes of the nonce of AES-GCM.
const NONCE: usize = 12;

/// What could not be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// AES-GCM takes at most 64 GiB.
    #[error("{bytes} bytes are more than one ciphertext takes; encrypt less at once")]
    TooLong {
        /// Length of the plaintext.
        bytes: usize,
    },
}

/// The only cipher that there is, by the name behind the body. The encryption does not bind the name, so that it has to be
/// compared.
const CIPHER: &[u8] = <AESGCMBlockCipherProvider as BlockCipherProvider<32>>::CIPHER_SUITE;

/// Bytes that are no ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext is malformed: {part} is cut off or out of shape")]
pub struct MalformedCiphertext {
    /// The first part that does not read.
    pub part: &'static str,
}

/// Why a ciphertext was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// The bytes are no ciphertext.
    #[error(transparent)]
    Malformed(#[from] MalformedCiphertext),
    /// The name behind the body is not that of the only cipher.
    #[error(
        "the ciphertext names the cipher {name:?}; only \"AES_GCM_\" can be opened: it was altered, or another program \
         made it"
    )]
    OtherCipher {
        /// What it names: the first 32 bytes, what is not printable escaped.
        name: String,
    },
    /// The signature is of another round or another beacon, or the first part was altered.
    #[error(
        "the signature does not open the ciphertext: it was encrypted to another round or beacon, or altered"
    )]
    WrongSignature,
    /// The key came out and its text does not verify.
    #[error("the encrypted text was altered: its tag does not verify")]
    Altered,
}

/// Encrypts to a round of a beacon. The result has 244 bytes more than the text.
///
/// # Errors
/// When the text is longer than AES-GCM takes.
pub fn encrypt(
    key: &PublicKey,
    round: Round,
    text: &[u8],
    random: &mut (impl RngCore + CryptoRng),
) -> Result<Vec<u8>, EncryptError> {
    let mut text_key = [0; 32];
    random.fill_bytes(&mut text_key);
    let identity = Identity::new(b"", &round.identity());
    let sealed =
        tle::<TinyBLS381, AESGCMBlockCipherProvider, _>(key.0, text_key, text, identity, &mut *random)
            .map_err(|_| EncryptError::TooLong { bytes: text.len() })?;
    Ok(framed(&sealed))
}

/// Opens a ciphertext with the signature of its round. Bytes behind it are ignored, as the chain ignores them.
///
/// # Errors
/// When the bytes are no ciphertext, or this signature does not open it.
pub fn decrypt(ciphertext: &[u8], signature: &Signature) -> Result<Vec<u8>, DecryptError> {
    let sealed = parsed(ciphertext)?;
    tld::<TinyBLS381, AESGCMBlockCipherProvider>(sealed, signature.0).map_err(|error| match error {
        Error::InvalidSignature => DecryptError::WrongSignature,
        _ => DecryptError::Altered,
    })
}

fn framed(sealed: &TLECiphertext<TinyBLS381>) -> Vec<u8> {
    let mut bytes = vec![0; POINT];
    // A compressed point has exactly this size, so writing it cannot fail.
    let _ = sealed.header.u.serialize_compressed(&mut bytes[..]);
    for part in [
        &sealed.header.v[..],
        &sealed.header.w[..],
        &sealed.body,
        &sealed.cipher_suite,
    ] {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    }
    bytes
}

fn parsed(bytes: &[u8]) -> Result<TLECiphertext<TinyBLS381>, DecryptError> {
    let malformed = |part| MalformedCiphertext { part };
    let (point, mut rest) = bytes.split_at_checked(POINT).ok_or(malformed("the point"))?;
    let u = CanonicalDeserialize::deserialize_compressed(point).map_err(|_| malformed("the point"))?;
    let digest = |rest: &mut &[u8], part| -> Result<[u8; DIGEST], MalformedCiphertext> {
        counted(rest)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(malformed(part))
    };
    let header = Header {
        u,
        v: digest(&mut rest, "the masked seed")?,
        w: digest(&mut rest, "the masked key")?,
    };
    let body = counted(&mut rest).ok_or(malformed("the body"))?;
    let cipher = counted(&mut rest).ok_or(malformed("the cipher suite"))?;
    if cipher != CIPHER {
        let name = cipher[..cipher.len().min(32)].escape_ascii().to_string();
        return Err(DecryptError::OtherCipher { name });
    }
    let mut inner = body;
    counted(&mut inner).ok_or(malformed("the encrypted text"))?;
    counted(&mut inner)
        .filter(|nonce| nonce.len() == NONCE)
        .ok_or(malformed("the nonce"))?;
    Ok(TLECiphertext {
        header,
        body: body.to_vec(),
        cipher_suite: CIPHER.to_vec(),
    })
}

/// Takes bytes that come behind their number.
fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (taken, left) = behind.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}
