//! Passwords of keyfiles: from the environment, and whether a new one is good enough.
//!
//! Where a password may wait in the environment, in the order tried:
//!
//! | variable | value |
//! |---|---|
//! | `BT_PW_<PATH>` | as [`variable_name`] says; what the wallet library writes: base-64 of the password, each byte combined by exclusive or with the variable's own name. A plain password is accepted too |
//! | `BT_PW_<PATH>_FILE` | a file whose first line is the password |
//! | `BT_COLD_PW_<NAME>` (coldkey only) | a plain password, as Python wallets up to 7.4 read it; `…_FILE` as well |
//! | `BT_WALLET_PASSWORD` (coldkey only) | a plain password, as `btcli` 11 reads it; `…_FILE` as well |
//!
//! The exclusive or hides nothing from anybody; it is how the original stores it. Whether a value of `BT_PW_…` is meant
//! plainly cannot be seen, so both readings are candidates, and trying each takes a key derivation.

use crate::{KeyError, private_file};
use base64::Engine;
use secrecy::{ExposeSecret, SecretString};
use std::{
    fmt,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// More than any password, and little enough to read without care.
const MAX_PASSWORD_FILE_BYTES: usize = 4096;
const MIN_CHARACTERS: usize = 8;
const MIN_DIFFERENT: usize = 5;

/// Where a password was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordSource {
    /// An environment variable, by its value as written.
    Variable(String),
    /// An environment variable, decoded as the wallet library encodes it.
    EncodedVariable(String),
    /// A file that an environment variable names.
    File {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) | Self::EncodedVariable(name) => {
                write!(f, "the environment variable {name}")
            }
            Self::File { variable, path } => write!(f, "the file {} that {variable} names", path.display()),
        }
    }
}

/// The passwords that the environment offers for one keyfile, most specific first. `Debug` shows where they are from.
#[derive(Clone, Default)]
pub struct Passwords {
    candidates: Vec<(PasswordSource, SecretString)>,
}

impl Passwords {
    /// What the environment offers for the keyfile at `path`; for a coldkey, `wallet_name` adds the variables that are
    /// named after the wallet or after nothing. `variable` reads one variable: `|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Io`] when a variable names a password file that cannot be read.
    pub fn from_environment(
        path: &Path,
        wallet_name: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, KeyError> {
        let mut passwords = Self::default();
        let of_file = variable_name(path);
        if let Some(value) = read_variable(&variable, &of_file) {
            if let Some(decoded) = decode(&of_file, &value) {
                passwords.add(PasswordSource::EncodedVariable(of_file.clone()), decoded);
            }
            passwords.add(PasswordSource::Variable(of_file.clone()), value);
        }
        passwords.add_file(&variable, &of_file)?;
        if let Some(name) = wallet_name {
            let of_wallet = format!("BT_COLD_PW_{}", name.to_uppercase().replace('-', "_"));
            for name in [of_wallet, "BT_WALLET_PASSWORD".to_owned()] {
                if let Some(value) = read_variable(&variable, &name) {
                    passwords.add(PasswordSource::Variable(name.clone()), value);
                }
                passwords.add_file(&variable, &name)?;
            }
        }
        Ok(passwords)
    }

    fn add_file(&mut self, variable: &impl Fn(&str) -> Option<String>, name: &str) -> Result<(), KeyError> {
        let name = format!("{name}_FILE");
        let Some(path) = variable(&name).filter(|path| !path.is_empty()).map(PathBuf::from) else {
            return Ok(());
        };
        let failed = |source| KeyError::Io {
            action: "read the password file",
            path: path.clone(),
            source,
        };
        let too_long =
            || std::io::Error::new(std::io::ErrorKind::InvalidData, "it is too long for a password");
        let contents = private_file::read(&path, MAX_PASSWORD_FILE_BYTES)
            .and_then(|contents| contents.ok_or_else(too_long))
            .map_err(failed)?;
        let text = std::str::from_utf8(&contents).map_err(|_| {
            failed(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                "it is not UTF-8 text",
            ))
        })?;
        let line = text.lines().next().unwrap_or_default();
        if !line.is_empty() {
            self.add(
                PasswordSource::File { variable: name, path },
                SecretString::from(line),
            );
        }
        Ok(())
    }

    fn add(&mut self, source: PasswordSource, password: SecretString) {
        let known = |(_, other): &(_, SecretString)| other.expose_secret() == password.expose_secret();
        if !self.candidates.iter().any(known) {
            self.candidates.push((source, password));
        }
    }

    /// The candidates, in the order to try them.
    pub fn iter(&self) -> impl Iterator<Item = (&PasswordSource, &SecretString)> {
        self.candidates
            .iter()
            .map(|(source, password)| (source, password))
    }

    /// Whether the environment offers none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.candidates.iter().map(|(source, _)| source))
            .finish()
    }
}

fn read_variable(variable: &impl Fn(&str) -> Option<String>, name: &str) -> Option<SecretString> {
    variable(name)
        .filter(|value| !value.is_empty())
        .map(SecretString::from)
}

/// The variable in which the wallet library looks for a keyfile's password: `BT_PW_` and the path in upper case, with
/// `_` for `/` and for `.`. Hyphens stay, so most shells cannot set it, but a service manager can.
#[must_use]
pub fn variable_name(keyfile: &Path) -> String {
    format!(
        "BT_PW_{}",
        keyfile
            .to_string_lossy()
            .replace([std::path::MAIN_SEPARATOR, '/', '.'], "_")
            .to_uppercase()
    )
}

/// The password in a value as the wallet library writes it, or `None` where the value cannot be one.
fn decode(name: &str, value: &SecretString) -> Option<SecretString> {
    let mut bytes = Zeroizing::new(
        base64::engine::general_purpose::STANDARD
            .decode(value.expose_secret())
            .ok()?,
    );
    for (byte, mask) in bytes.iter_mut().zip(name.bytes().cycle()) {
        *byte ^= mask;
    }
    std::str::from_utf8(&bytes)
        .ok()
        .filter(|text| !text.is_empty())
        .map(SecretString::from)
}

/// Why a new password is too easy to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordWeakness {
    /// Fewer than 8 characters.
    #[error("a password needs {MIN_CHARACTERS} characters or more, not {characters}")]
    TooShort {
        /// Characters counted.
        characters: usize,
    },
    /// Fewer than 5 different characters.
    #[error("a password needs {MIN_DIFFERENT} different characters or more, not {different}")]
    TooUniform {
        /// Different characters counted.
        different: usize,
    },
}

/// Whether a new password keeps off somebody who has the file.
///
/// One guess costs half a gigabyte and seconds, so what has to be kept out is the handful of guesses that a person would
/// try first. A stricter rule makes people write passwords down, a laxer one lets `aaaaaaaa` through.
///
/// # Errors
///
/// [`PasswordWeakness`].
pub fn check_new_password(password: &SecretString) -> Result<(), PasswordWeakness> {
    let text = password.expose_secret();
    let characters = text.chars().count();
    if characters < MIN_CHARACTERS {
        return Err(PasswordWeakness::TooShort { characters });
    }
    let different = text
        .chars()
        .enumerate()
        .filter(|&(at, c)| !text.chars().take(at).any(|earlier| earlier == c));
    let different = different.take(MIN_DIFFERENT).count();
    if different < MIN_DIFFERENT {
        return Err(PasswordWeakness::TooUniform { different });
    }
    Ok(())
}
