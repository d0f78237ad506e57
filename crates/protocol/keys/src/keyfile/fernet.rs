//! The Fernet envelope of the first Bittensor wallets: AES-128-CBC and HMAC-SHA256 in URL-safe base-64.
//!
//! `0x80 ‖ time (8) ‖ initial vector (16) ‖ ciphertext ‖ HMAC (32)`, under a key of PBKDF2-HMAC-SHA256 with ten million
//! rounds, which take seconds. The Rust wallet libraries up to 4.1.1 derive this key and then do not use it: they call
//! every password wrong.

use super::{Encryption, KeyfileError};
use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use cbc::cipher::{BlockDecryptMut, KeyIvInit, block_padding::Pkcs7};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

pub(super) const PREFIX: &[u8] = b"gAAAAA";
const SALT: &[u8] = b"Iguesscyborgslikemyselfhaveatendencytobeparanoidaboutourorigins";
const ROUNDS: u32 = 10_000_000;
const VERSION: u8 = 0x80;
const VECTOR_AT: usize = 9;
const CIPHERTEXT_AT: usize = 25;
const SIGNATURE_BYTES: usize = 32;

const DAMAGED: KeyfileError = KeyfileError::Damaged {
    encryption: Encryption::Fernet,
};

pub(super) fn open(sealed: &[u8], password: &SecretString) -> Result<Zeroizing<Vec<u8>>, KeyfileError> {
    let base64 = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let token = base64.decode(sealed.trim_ascii()).map_err(|_| DAMAGED)?;
    if token.first() != Some(&VERSION) || token.len() < CIPHERTEXT_AT + SIGNATURE_BYTES {
        return Err(DAMAGED);
    }
    let (signed, signature) = token.split_at(token.len() - SIGNATURE_BYTES);
    let key = derive_key(password);
    let (signing_key, cipher_key) = key.split_at(16);
    let signer = Hmac::<Sha256>::new_from_slice(signing_key).map_err(|_| DAMAGED)?;
    signer
        .chain_update(signed)
        .verify_slice(signature)
        .map_err(|_| KeyfileError::WrongPassword {
            encryption: Encryption::Fernet,
        })?;
    let mut plain = Zeroizing::new(signed[CIPHERTEXT_AT..].to_vec());
    let length =
        cbc::Decryptor::<aes::Aes128>::new_from_slices(cipher_key, &signed[VECTOR_AT..CIPHERTEXT_AT])
            .map_err(|_| DAMAGED)?
            .decrypt_padded_mut::<Pkcs7>(&mut plain)
            .map_err(|_| DAMAGED)?
            .len();
    plain.truncate(length);
    Ok(plain)
}

fn derive_key(password: &SecretString) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(
        password.expose_secret().as_bytes(),
        SALT,
        ROUNDS,
    ))
}
