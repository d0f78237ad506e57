//! What can go wrong with keys, and whether trying again helps.

use crate::{
    AccountId, KeyRole, KeyfileError, MnemonicError, PasswordWeakness, SignatureError, Ss58Error,
    UnknownScheme, UriError,
};
use std::{io, path::PathBuf};

/// A failure of this crate. No variant carries a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A text that is no address.
    #[error(transparent)]
    Address(#[from] Ss58Error),
    /// A text that is no recovery phrase.
    #[error(transparent)]
    Mnemonic(#[from] MnemonicError),
    /// A text that is no secret URI.
    #[error(transparent)]
    Uri(#[from] UriError),
    /// Bytes that are no secret key.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A text that is no signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A text that names no scheme.
    #[error(transparent)]
    Scheme(#[from] UnknownScheme),
    /// A new password that is too easy to guess.
    #[error(transparent)]
    Password(#[from] PasswordWeakness),
    /// A keyfile that cannot be opened or understood.
    #[error("{} cannot be read as a keyfile", path.display())]
    Keyfile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: KeyfileError,
    },
    /// The wallet has no such key.
    #[error("there is no {role} at {}", path.display())]
    Missing {
        /// Which key was wanted.
        role: KeyRole,
        /// Where it would be.
        path: PathBuf,
    },
    /// The file holds a public key only, and a secret one was wanted.
    #[error("{} holds only the public key {account}, so it cannot sign", path.display())]
    PublicOnly {
        /// The file.
        path: PathBuf,
        /// The account in it.
        account: AccountId,
    },
    /// The file is there already and was not to be replaced.
    #[error("{} exists already, and keys are not overwritten unless that is asked for", path.display())]
    AlreadyExists {
        /// The file.
        path: PathBuf,
    },
    /// A name that cannot be a wallet's or a hotkey's file name.
    #[error("{name:?} cannot name a wallet or a hotkey: {problem}")]
    Name {
        /// The name, cut to 64 characters.
        name: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl KeyError {
    /// Whether trying again can help, and what has to change first.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Keyfile { source, .. } => match source {
                KeyfileError::PasswordNeeded { .. } => Retry::WithPassword,
                KeyfileError::WrongPassword { .. } => Retry::WithOtherPassword,
                KeyfileError::NotEnoughMemory { .. } => Retry::AfterFreeingMemory,
                _ => Retry::Never,
            },
            Self::Password(_) => Retry::WithOtherPassword,
            Self::Io { .. } => Retry::AfterFixingFile,
            _ => Retry::Never,
        }
    }

    /// Whether a password opened nothing.
    #[must_use]
    pub fn is_wrong_password(&self) -> bool {
        matches!(
            self,
            Self::Keyfile {
                source: KeyfileError::WrongPassword { .. },
                ..
            }
        )
    }
}

/// What has to change before a failed operation on keys can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// The input is wrong; the same call fails again.
    Never,
    /// The same call with a password.
    WithPassword,
    /// The same call with another password.
    WithOtherPassword,
    /// The same call once 512 MiB are free.
    AfterFreeingMemory,
    /// The same call once the file or folder allows it.
    AfterFixingFile,
}

/// Why a text cannot be the name of a wallet or a hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// Nothing.
    #[error("it is empty")]
    Empty,
    /// More than 200 bytes: with the ending of its public file it would not fit the file system.
    #[error("it is longer than 200 bytes")]
    TooLong,
    /// A path separator or a zero byte: it would leave the wallet's folder.
    #[error("it has a character that a file name must not have")]
    Separator,
    /// `.`, `..`, or hidden: temporary files begin with a point.
    #[error("it begins with a point")]
    Hidden,
    /// Ends in `pub.txt`, the ending of public files.
    #[error("it ends in pub.txt, as the files of public keys do")]
    PublicEnding,
}

/// Why bytes are not a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Not the length of the scheme's private keys.
    #[error("a private key has {wanted} bytes under this scheme, not {bytes}")]
    Length {
        /// Bytes given.
        bytes: usize,
        /// Bytes wanted.
        wanted: usize,
    },
    /// Of the right length, but no key.
    #[error("the bytes are not a private key of this scheme")]
    Invalid,
}
