//! The Ansible vault envelope, version 1.1 or 1.2, AES256.
//!
//! A header line, then hexadecimal digits in lines of 80. Those spell three lines of hexadecimal digits again: salt,
//! HMAC, ciphertext. PBKDF2-HMAC-SHA256 of the password with 10 000 rounds gives the AES-256 key, the HMAC key and the
//! counter; the text is padded to whole blocks (PKCS#7) although counter mode needs no padding.

use super::{Encryption, KeyfileError};
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit, StreamCipher},
};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

pub(super) const PREFIX: &[u8] = b"$ANSIBLE_VAULT";
const ROUNDS: u32 = 10_000;
const BLOCK: usize = 16;

const DAMAGED: KeyfileError = KeyfileError::Damaged {
    encryption: Encryption::Ansible,
};
const WRONG_PASSWORD: KeyfileError = KeyfileError::WrongPassword {
    encryption: Encryption::Ansible,
};

pub(super) fn open(sealed: &[u8], password: &SecretString) -> Result<Zeroizing<Vec<u8>>, KeyfileError> {
    let text = std::str::from_utf8(sealed).map_err(|_| DAMAGED)?;
    let (header, body) = text.split_once('\n').ok_or(DAMAGED)?;
    let mut parts = header.trim_end().split(';').skip(1);
    if !matches!(parts.next(), Some("1.1" | "1.2")) || parts.next() != Some("AES256") {
        return Err(DAMAGED);
    }
    let digits: String = body.split_ascii_whitespace().collect();
    let inner = hex::decode(digits).map_err(|_| DAMAGED)?;
    let mut fields = inner
        .split(|byte| *byte == b'\n')
        .map(|line| hex::decode(line).map_err(|_| DAMAGED));
    let mut field = || fields.next().unwrap_or(Err(DAMAGED));
    let (salt, signature, mut plain) = (field()?, field()?, Zeroizing::new(field()?));

    let keys = Zeroizing::new(pbkdf2::pbkdf2_hmac_array::<Sha256, 80>(
        password.expose_secret().as_bytes(),
        &salt,
        ROUNDS,
    ));
    let (cipher_key, rest) = keys.split_at(32);
    let (signing_key, counter) = rest.split_at(32);
    let signer = Hmac::<Sha256>::new_from_slice(signing_key).map_err(|_| DAMAGED)?;
    signer
        .chain_update(&*plain)
        .verify_slice(&signature)
        .map_err(|_| WRONG_PASSWORD)?;
    Ctr128BE::<aes::Aes256>::new_from_slices(cipher_key, counter)
        .map_err(|_| DAMAGED)?
        .apply_keystream(&mut plain);
    remove_padding(&mut plain).ok_or(DAMAGED)?;
    Ok(plain)
}

/// Cuts PKCS#7 padding. The contents are authentic by now, so that how it fails tells nobody anything.
fn remove_padding(plain: &mut Vec<u8>) -> Option<()> {
    let padding = usize::from(*plain.last()?);
    let length = plain
        .len()
        .checked_sub(padding)
        .filter(|_| (1..=BLOCK).contains(&padding))?;
    let uniform = plain[length..].iter().all(|&byte| usize::from(byte) == padding);
    uniform.then(|| plain.truncate(length))
}
