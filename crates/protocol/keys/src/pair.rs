//! Key pairs.

use crate::{
    AccountId, KeyError, Mnemonic, Scheme, SecretError, Signature, UriError, WordCount,
    junction::{Junction, ed25519_hard_step},
    secret_uri::SecretUri,
    signature::{SR25519_CONTEXT, verify},
};
use ed25519_dalek::Signer;
use schnorrkel::{
    ExpansionMode, MiniSecretKey,
    derive::{ChainCode, Derivation},
};
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// The phrase behind URIs without one, `//Alice` for instance. Public knowledge: money sent to its keys is anyone's.
pub const DEV_PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

/// The public half of a key: the account and how it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey {
    /// The account.
    pub account: AccountId,
    /// Its scheme.
    pub scheme: Scheme,
}

impl PublicKey {
    /// Whether the signature is this key's over exactly these bytes; see [`verify`].
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        verify(&self.account, self.scheme, message, signature)
    }
}

/// A key pair. The secret is wiped from memory when the pair is dropped, and `Debug` shows the account only.
///
/// ```
/// use assay_keys::{Pair, Scheme, verify};
///
/// let alice = Pair::from_uri("//Alice", Scheme::Sr25519)?;
/// let signature = alice.sign(b"hello");
/// assert!(verify(&alice.account(), alice.scheme(), b"hello", &signature));
/// # Ok::<(), assay_keys::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Pair {
    secret: Secret,
    origin: Origin,
}

#[derive(Clone)]
enum Secret {
    Sr25519(Box<schnorrkel::Keypair>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// Where the secret came from, as far as a keyfile can record it. All of it leads to the same key.
#[derive(Clone, Default)]
struct Origin {
    phrase: Option<Mnemonic>,
    seed: Option<Zeroizing<[u8; 32]>>,
}

impl Pair {
    /// A new key from the operating system's randomness, and the phrase that brings it back.
    ///
    /// # Errors
    ///
    /// [`MnemonicError::NoRandomness`](crate::MnemonicError::NoRandomness).
    pub fn generate(scheme: Scheme, words: WordCount) -> Result<(Self, Mnemonic), KeyError> {
        let mnemonic = Mnemonic::generate(words)?;
        Ok((Self::from_parsed(&mnemonic, scheme, None), mnemonic))
    }

    /// The key of a recovery phrase, with the optional password that is part of the key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Mnemonic`].
    pub fn from_mnemonic(phrase: &str, scheme: Scheme, password: Option<&str>) -> Result<Self, KeyError> {
        Ok(Self::from_parsed(&Mnemonic::parse(phrase)?, scheme, password))
    }

    fn from_parsed(mnemonic: &Mnemonic, scheme: Scheme, password: Option<&str>) -> Self {
        let mut pair = Self::from_seed(&mnemonic.to_seed(password), scheme);
        // Keyfiles have no place for the password: the phrase alone would bring back another key.
        if password.unwrap_or_default().is_empty() {
            pair.origin.phrase = Some(mnemonic.clone());
        }
        pair
    }

    /// The key of a secret URI: `phrase//hard/soft///password`, `0x<seed>//hard`, or a path alone, which starts from
    /// [`DEV_PHRASE`]. A password after a `0x` seed changes nothing. ed25519 takes hard steps only.
    ///
    /// # Errors
    ///
    /// [`KeyError::Uri`], [`KeyError::Mnemonic`].
    pub fn from_uri(uri: &str, scheme: Scheme) -> Result<Self, KeyError> {
        let uri = SecretUri::parse(uri)?;
        let password = uri.password.as_ref().map(|password| password.as_str());
        let root = if let Some(digits) = uri.root.strip_prefix("0x") {
            let mut seed = Zeroizing::new([0; 32]);
            hex::decode_to_slice(digits, &mut *seed).map_err(|_| UriError::Seed)?;
            Self::from_seed(&seed, scheme)
        } else {
            let phrase = if uri.root.is_empty() {
                DEV_PHRASE
            } else {
                &uri.root
            };
            Self::from_mnemonic(phrase, scheme, password)?
        };
        uri.path
            .iter()
            .try_fold(root, |pair, junction| pair.derive(junction))
    }

    /// The key one derivation step further. It remembers neither phrase nor seed: keyfiles of derived keys hold the
    /// private key alone, as Bittensor's own wallets write them.
    fn derive(&self, junction: &Junction) -> Result<Self, KeyError> {
        let secret = match (&self.secret, junction) {
            (Secret::Sr25519(pair), Junction::Hard(code)) => {
                let seed = pair
                    .secret
                    .hard_derive_mini_secret_key(Some(ChainCode(*code)), b"")
                    .0;
                Secret::Sr25519(Box::new(seed.expand_to_keypair(ExpansionMode::Ed25519)))
            }
            (Secret::Sr25519(pair), Junction::Soft(code)) => Secret::Sr25519(Box::new(
                pair.secret
                    .derived_key_simple(ChainCode(*code), b"")
                    .0
                    .to_keypair(),
            )),
            (Secret::Ed25519(key), Junction::Hard(code)) => {
                let seed = Zeroizing::new(ed25519_hard_step(key.as_bytes(), code));
                Secret::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed)))
            }
            (Secret::Ed25519(_), Junction::Soft(_)) => return Err(UriError::SoftEd25519.into()),
        };
        Ok(Self {
            secret,
            origin: Origin::default(),
        })
    }

    /// The key of a 32-byte seed. Every seed is one.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32], scheme: Scheme) -> Self {
        let secret = match scheme {
            Scheme::Sr25519 => {
                let Ok(mini) = MiniSecretKey::from_bytes(seed) else {
                    unreachable!("any 32 bytes are a mini secret")
                };
                Secret::Sr25519(Box::new(mini.expand_to_keypair(ExpansionMode::Ed25519)))
            }
            Scheme::Ed25519 => Secret::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed))),
        };
        Self {
            secret,
            origin: Origin {
                phrase: None,
                seed: Some(Zeroizing::new(*seed)),
            },
        }
    }

    /// The key of a private key as keyfiles hold it: 64 bytes (scalar, then nonce) for sr25519, 32 for ed25519.
    ///
    /// # Errors
    ///
    /// [`KeyError::Secret`].
    pub fn from_private_key(bytes: &[u8], scheme: Scheme) -> Result<Self, KeyError> {
        let secret = match scheme {
            Scheme::Sr25519 => {
                if bytes.len() != 64 {
                    return Err(SecretError::Length {
                        bytes: bytes.len(),
                        wanted: 64,
                    }
                    .into());
                }
                let key = schnorrkel::SecretKey::from_bytes(bytes).map_err(|_| SecretError::Invalid)?;
                Secret::Sr25519(Box::new(key.to_keypair()))
            }
            Scheme::Ed25519 => {
                let seed = <&[u8; 32]>::try_from(bytes).map_err(|_| SecretError::Length {
                    bytes: bytes.len(),
                    wanted: 32,
                })?;
                return Ok(Self::from_seed(seed, Scheme::Ed25519));
            }
        };
        Ok(Self {
            secret,
            origin: Origin::default(),
        })
    }

    /// The account: the public key.
    #[must_use]
    pub fn account(&self) -> AccountId {
        AccountId(match &self.secret {
            Secret::Sr25519(pair) => pair.public.to_bytes(),
            Secret::Ed25519(key) => key.verifying_key().to_bytes(),
        })
    }

    /// How it signs.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        match &self.secret {
            Secret::Sr25519(_) => Scheme::Sr25519,
            Secret::Ed25519(_) => Scheme::Ed25519,
        }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey {
            account: self.account(),
            scheme: self.scheme(),
        }
    }

    /// Signs exactly these bytes. sr25519 signatures differ from one call to the next, ed25519 ones do not.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(match &self.secret {
            Secret::Sr25519(pair) => pair.sign_simple(SR25519_CONTEXT, message).to_bytes(),
            Secret::Ed25519(key) => key.sign(message).to_bytes(),
        })
    }

    /// The recovery phrase, where the key came from one without a password and without derivation.
    #[must_use]
    pub fn expose_mnemonic(&self) -> Option<&Mnemonic> {
        self.origin.phrase.as_ref()
    }

    /// The 32-byte seed, where the key came from one (a phrase leads to one too) without derivation.
    #[must_use]
    pub fn expose_seed(&self) -> Option<&[u8; 32]> {
        self.origin.seed.as_deref()
    }

    /// The private key as keyfiles hold it: 64 bytes for sr25519, 32 for ed25519.
    #[must_use]
    pub fn expose_private_key(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match &self.secret {
            Secret::Sr25519(pair) => Zeroizing::new(pair.secret.to_bytes()).to_vec(),
            Secret::Ed25519(key) => key.as_bytes().to_vec(),
        })
    }
}

/// Both libraries wipe their keys when dropped, and the origin is held in wiping containers.
impl ZeroizeOnDrop for Pair {}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pair({}, {})", self.scheme(), self.account())
    }
}
