#![doc = include_str!("../README.md")]

mod account;
mod error;
mod junction;
pub mod keyfile;
mod mnemonic;
mod pair;
mod password;
mod private_file;
mod scheme;
mod secret_uri;
mod signature;
mod ss58;
mod wallet;

pub use account::AccountId;
pub use error::{KeyError, NameProblem, Retry, SecretError};
pub use keyfile::{Encryption, KeyMaterial, Keyfile, KeyfileError};
pub use mnemonic::{Mnemonic, MnemonicError, WordCount};
pub use pair::{DEV_PHRASE, Pair, PublicKey};
pub use password::{PasswordSource, PasswordWeakness, Passwords, check_new_password, variable_name};
pub use private_file::Overwrite;
pub use scheme::{Scheme, UnknownScheme};
pub use secret_uri::{MAX_URI_BYTES, UriError};
pub use signature::{Signature, SignatureError, message_bytes, verify, verify_text};
pub use ss58::{BITTENSOR_PREFIX, Ss58Error, Ss58Prefix, decode as decode_ss58, encode as encode_ss58};
pub use wallet::{
    DEFAULT_NAME, DEFAULT_WALLETS, KeyRole, ListedHotkey, ListedKey, ListedWallet, Protection, Wallet,
};
