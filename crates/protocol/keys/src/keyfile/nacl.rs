//! The NaCl envelope: `$NACL ‖ nonce (24) ‖ tag (16) ‖ ciphertext`, XSalsa20-Poly1305 under an Argon2i key.
//!
//! The key takes 8 passes over 512 MiB (libsodium's SENSITIVE setting) and some seconds. The salt is the same for
//! everybody, a weakness of the format: equal passwords give equal keys, and one table of guesses serves for all files.

use super::{Encryption, KeyfileError};
use crate::MnemonicError;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use crypto_secretbox::{AeadInPlace, KeyInit, XSalsa20Poly1305};
use rand_core::{OsRng, RngCore};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub(super) const PREFIX: &[u8] = b"$NACL";
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

const SALT: [u8; 16] = [
    0x13, 0x71, 0x83, 0xdf, 0xf1, 0x5a, 0x09, 0xbc, 0x9c, 0x90, 0xb5, 0x51, 0x87, 0x39, 0xe9, 0xb1,
];
const PASSES: u32 = 8;
const MEMORY_KIB: u32 = 512 * 1024;
const LANES: u32 = 1;

/// The key that a password gives. Deriving it is the costly part; with it, sealing and opening are instant.
///
/// Wiped when dropped; `Debug` hides it.
#[derive(Clone)]
pub struct NaclKey(Zeroizing<[u8; 32]>);

impl NaclKey {
    /// Derives the key of a password. Takes seconds and 512 MiB.
    ///
    /// # Errors
    ///
    /// [`KeyfileError::NotEnoughMemory`].
    pub fn derive(password: &SecretString) -> Result<Self, KeyfileError> {
        let mut key = Zeroizing::new([0; 32]);
        let Ok(parameters) = Params::new(MEMORY_KIB, PASSES, LANES, Some(key.len())) else {
            unreachable!("the parameters are constants within Argon2's bounds");
        };
        let memory = Argon2Memory::allocate(parameters.block_count())?;
        Argon2::new(Algorithm::Argon2i, Version::V0x13, parameters)
            .hash_password_into_with_memory(password.expose_secret().as_bytes(), &SALT, &mut *key, memory)
            // The only failure left is a password of more than four gigabytes.
            .map_err(|_| KeyfileError::WrongPassword {
                encryption: Encryption::Nacl,
            })?;
        Ok(Self(key))
    }

    /// A key that was derived before.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The key's bytes.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Encrypts the plain contents of a keyfile.
    ///
    /// # Errors
    ///
    /// [`MnemonicError::NoRandomness`].
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, MnemonicError> {
        let mut nonce = [0; NONCE_BYTES];
        OsRng
            .try_fill_bytes(&mut nonce)
            .map_err(|_| MnemonicError::NoRandomness)?;
        let mut sealed = Vec::with_capacity(PREFIX.len() + NONCE_BYTES + TAG_BYTES + plain.len());
        sealed.extend_from_slice(PREFIX);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&[0; TAG_BYTES]);
        sealed.extend_from_slice(plain);
        let (head, message) = sealed.split_at_mut(PREFIX.len() + NONCE_BYTES + TAG_BYTES);
        let Ok(tag) = self
            .cipher()
            .encrypt_in_place_detached(&nonce.into(), b"", message)
        else {
            unreachable!("secretbox refuses only additional data, and there is none");
        };
        head[PREFIX.len() + NONCE_BYTES..].copy_from_slice(&tag);
        Ok(sealed)
    }

    /// Decrypts the contents of a keyfile that begin with `$NACL`.
    ///
    /// # Errors
    ///
    /// [`KeyfileError::Damaged`], [`KeyfileError::WrongPassword`].
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyfileError> {
        let (nonce, tag, message) = split(sealed)?;
        let mut plain = Zeroizing::new(message.to_vec());
        self.cipher()
            .decrypt_in_place_detached(nonce.into(), b"", &mut plain, tag.into())
            .map_err(|_| KeyfileError::WrongPassword {
                encryption: Encryption::Nacl,
            })?;
        Ok(plain)
    }

    fn cipher(&self) -> XSalsa20Poly1305 {
        XSalsa20Poly1305::new((&*self.0).into())
    }
}

impl ZeroizeOnDrop for NaclKey {}

impl fmt::Debug for NaclKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NaclKey(hidden)")
    }
}

pub(super) fn open(sealed: &[u8], password: &SecretString) -> Result<Zeroizing<Vec<u8>>, KeyfileError> {
    // Seconds of derivation are not spent on a file that no key can open.
    split(sealed)?;
    NaclKey::derive(password)?.open(sealed)
}

type Parts<'a> = (&'a [u8; NONCE_BYTES], &'a [u8; TAG_BYTES], &'a [u8]);

fn split(sealed: &[u8]) -> Result<Parts<'_>, KeyfileError> {
    sealed
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_first_chunk())
        .and_then(|(nonce, rest)| {
            rest.split_first_chunk()
                .map(|(tag, message)| (nonce, tag, message))
        })
        .ok_or(KeyfileError::Damaged {
            encryption: Encryption::Nacl,
        })
}

/// Argon2's working memory, wiped afterwards: what is in it would make guessing the password cheap.
struct Argon2Memory(Vec<Block>);

impl Argon2Memory {
    fn allocate(blocks: usize) -> Result<Self, KeyfileError> {
        let mut memory = Vec::new();
        memory
            .try_reserve_exact(blocks)
            .map_err(|_| KeyfileError::NotEnoughMemory {
                megabytes: MEMORY_KIB as usize / 1024,
            })?;
        memory.resize(blocks, Block::default());
        Ok(Self(memory))
    }
}

impl AsMut<[Block]> for Argon2Memory {
    fn as_mut(&mut self) -> &mut [Block] {
        &mut self.0
    }
}

impl Drop for Argon2Memory {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
