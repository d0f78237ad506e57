//! Texts as numbers that tell them apart. SHA-256, so that no miner can make its answer pass for another's repetition.

use sha2::{Digest, Sha256};
use std::hash::{BuildHasherDefault, Hasher};

/// The first half of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64, u64);

impl std::hash::Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// A key is random already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

pub(super) type Random = BuildHasherDefault<AsItIs>;

/// The key of a prompt.
pub(super) fn prompt(text: &str) -> Key {
    key(Sha256::new().chain_update(text))
}

/// The key of a row: where one text ends and the next begins counts.
pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Key {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    key(hash)
}

/// The first eight bytes of a text's SHA-256, the first one highest.
pub(super) fn leading(text: &str) -> u64 {
    prompt(text).0
}

fn key(hash: Sha256) -> Key {
    let digest: [u8; 32] = hash.finalize().into();
    let number = |at: usize| {
        digest[at..at + 8]
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    Key(number(0), number(8))
}
