//! Recovery phrases: BIP-39 in English, turned into key seeds the way Substrate does it.
//!
//! Substrate stretches the *entropy* behind the words, not the words themselves as BIP-39 says:
//! seed = PBKDF2-HMAC-SHA512(entropy, "mnemonic" ‖ password, 2048 rounds), and a key takes the first 32 bytes.
//! A phrase from a wallet of another chain therefore gives another key here than there.

use rand_core::{OsRng, RngCore};
use sha2::Sha512;
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

const STRETCH_ROUNDS: u32 = 2048;

/// How many words a phrase has, and so how much chance is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WordCount {
    /// 128 bits. What Bittensor's own tools make.
    #[default]
    Twelve,
    /// 160 bits.
    Fifteen,
    /// 192 bits.
    Eighteen,
    /// 224 bits.
    TwentyOne,
    /// 256 bits.
    TwentyFour,
}

impl WordCount {
    /// The number of words.
    #[must_use]
    pub const fn words(self) -> usize {
        self.entropy_bytes() / 4 * 3
    }

    const fn entropy_bytes(self) -> usize {
        match self {
            Self::Twelve => 16,
            Self::Fifteen => 20,
            Self::Eighteen => 24,
            Self::TwentyOne => 28,
            Self::TwentyFour => 32,
        }
    }
}

impl TryFrom<usize> for WordCount {
    type Error = MnemonicError;

    fn try_from(words: usize) -> Result<Self, Self::Error> {
        match words {
            12 => Ok(Self::Twelve),
            15 => Ok(Self::Fifteen),
            18 => Ok(Self::Eighteen),
            21 => Ok(Self::TwentyOne),
            24 => Ok(Self::TwentyFour),
            words => Err(MnemonicError::WordCount { words }),
        }
    }
}

/// Why a text is not a recovery phrase. Names positions, never words: a phrase with one wrong word is nearly a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MnemonicError {
    /// Not 12, 15, 18, 21 or 24 words.
    #[error("a recovery phrase has 12, 15, 18, 21 or 24 words, not {words}")]
    WordCount {
        /// Words counted.
        words: usize,
    },
    /// A word that is not on the English BIP-39 list.
    #[error("word {position} of the recovery phrase is not on the English word list: check its spelling")]
    UnknownWord {
        /// Which word, from 1.
        position: usize,
    },
    /// Every word exists, but together they are no phrase: a word was exchanged or two were swapped.
    #[error("the words of the recovery phrase do not fit together: one was exchanged, or two are swapped")]
    Checksum,
    /// The operating system gave no random bytes. Trying again later may help.
    #[error("the operating system gives no random bytes, and a key must not be made without them")]
    NoRandomness,
}

/// A recovery phrase: whoever reads it owns the key. Wiped from memory when dropped; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mnemonic {
    words: Zeroizing<String>,
    entropy: Zeroizing<Vec<u8>>,
}

impl Mnemonic {
    /// A new phrase from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`MnemonicError::NoRandomness`].
    pub fn generate(count: WordCount) -> Result<Self, MnemonicError> {
        let mut entropy = Zeroizing::new(vec![0; count.entropy_bytes()]);
        OsRng
            .try_fill_bytes(&mut entropy)
            .map_err(|_| MnemonicError::NoRandomness)?;
        let phrase = bip39::Mnemonic::from_entropy(&entropy).map_err(|_| MnemonicError::Checksum)?;
        Ok(Self::from_bip39(phrase))
    }

    /// Reads a phrase: words of the English list, in lower case, separated by any white space.
    ///
    /// # Errors
    ///
    /// [`MnemonicError`] says which word is wrong.
    pub fn parse(phrase: &str) -> Result<Self, MnemonicError> {
        // More than 24 words are never a phrase; counting on would let a long text cost time.
        let words = phrase.split_whitespace().take(25).count();
        WordCount::try_from(words)?;
        let parsed = bip39::Mnemonic::parse_in_normalized(bip39::Language::English, phrase);
        parsed.map(Self::from_bip39).map_err(|error| match error {
            bip39::Error::UnknownWord(index) => MnemonicError::UnknownWord { position: index + 1 },
            bip39::Error::BadWordCount(words) => MnemonicError::WordCount { words },
            _ => MnemonicError::Checksum,
        })
    }

    fn from_bip39(phrase: bip39::Mnemonic) -> Self {
        let phrase = Zeroizing::new(phrase);
        // Long enough for 24 words of 8 letters: a string that grows leaves copies of itself behind.
        let mut words = Zeroizing::new(String::with_capacity(24 * 9));
        for word in phrase.words() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        Self {
            words,
            entropy: Zeroizing::new(phrase.to_entropy()),
        }
    }

    /// The words, separated by single spaces. Show them once, to their owner, and nowhere else.
    #[must_use]
    pub fn expose_phrase(&self) -> &str {
        &self.words
    }

    /// How many words.
    #[must_use]
    pub fn word_count(&self) -> usize {
        self.entropy.len() / 4 * 3
    }

    /// The 32-byte seed of the key, with the optional password that Substrate writes after `///`.
    ///
    /// The password is part of the key: another one gives another key, and none of them is wrong.
    #[must_use]
    pub fn to_seed(&self, password: Option<&str>) -> Zeroizing<[u8; 32]> {
        let password = password.unwrap_or_default();
        let mut salt = Zeroizing::new(String::with_capacity("mnemonic".len() + password.len()));
        salt.push_str("mnemonic");
        salt.push_str(password);
        let stretched = Zeroizing::new(pbkdf2::pbkdf2_hmac_array::<Sha512, 64>(
            &self.entropy,
            salt.as_bytes(),
            STRETCH_ROUNDS,
        ));
        let mut seed = Zeroizing::new([0; 32]);
        seed.copy_from_slice(&stretched[..32]);
        seed
    }
}

impl ZeroizeOnDrop for Mnemonic {}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mnemonic({} hidden words)", self.word_count())
    }
}
