//! Opening secret keys: with a password from the environment, or from the terminal.

use crate::{context::Context, hinted::hinted};
use assay_keys::{KeyError, KeyRole, Keyfile, KeyfileError, Pair, Passwords, Retry, variable_name};
use miette::miette;
use secrecy::{ExposeSecret, SecretString};

/// How often a wrong password may be tried again at the terminal.
const ATTEMPTS: usize = 3;

/// Opens the coldkey or the hotkey of the wallet that the flags select, asking for a password where there is one and
/// somebody can be asked.
pub(crate) fn unlock(context: &Context, role: KeyRole) -> miette::Result<Pair> {
    let wallet = context.wallet();
    let file = wallet.secret_keyfile(role).map_err(key_failure)?;
    let passwords = wallet.passwords(role, environment).map_err(key_failure)?;
    unlock_file(context, &file, &passwords)
}

/// Opens a keyfile anywhere, with these passwords or one from the terminal.
pub(super) fn unlock_file(context: &Context, file: &Keyfile, passwords: &Passwords) -> miette::Result<Pair> {
    match file.unlock(passwords) {
        Err(error) if error.retry() == Retry::WithPassword && context.output().may_prompt() => {
            ask_and_unlock(context, file)
        }
        Err(error) if error.is_wrong_password() && !passwords.is_empty() => {
            let sources: Vec<String> = passwords.iter().map(|(source, _)| source.to_string()).collect();
            Err(key_failure(error).wrap_err(format!("the password in {} does not fit", sources.join(" or "))))
        }
        result => result.map_err(key_failure),
    }
}

fn ask_and_unlock(context: &Context, file: &Keyfile) -> miette::Result<Pair> {
    let mut attempt = 1;
    loop {
        let password = ask(&format!(
            "Password of the {} {}: ",
            file.role(),
            file.path().display()
        ))?;
        context.output().say("Deriving the key; this takes some seconds.");
        match file.read_pair(Some(&password)) {
            Err(error) if error.is_wrong_password() && attempt < ATTEMPTS => {
                context.output().say("That password does not open it.");
                attempt += 1;
            }
            result => return result.map_err(key_failure),
        }
    }
}

/// A password from the terminal, without echo and without the white space around it.
pub(super) fn ask(prompt: &str) -> miette::Result<SecretString> {
    let typed = rpassword::prompt_password(prompt)
        .map_err(|error| miette!("no password can be read from the terminal: {error}"))?;
    // Wiped as well when dropped, unlike the text that was read.
    let line = SecretString::from(typed);
    Ok(SecretString::from(line.expose_secret().trim()))
}

/// One variable of the environment.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A failure of the keys, with what to do about it on this command line.
pub(crate) fn key_failure(error: KeyError) -> miette::Report {
    let hint = hint(&error);
    hinted(error, hint)
}

fn hint(error: &KeyError) -> Option<String> {
    let hint = match error {
        KeyError::Missing {
            role: KeyRole::Coldkey | KeyRole::ColdkeyPublic,
            ..
        } => "`assay wallet new coldkey` makes one; -w and --wallet-path choose the wallet",
        KeyError::Missing { .. } => "`assay wallet new hotkey` makes one; -w, -H and --wallet-path choose it",
        KeyError::AlreadyExists { .. } => {
            "choose another name with -w or -H, or add --overwrite, which loses the old key unless its phrase is kept"
        }
        KeyError::PublicOnly { .. } => {
            "`assay wallet import` brings the secret key to it, from its recovery phrase for instance"
        }
        KeyError::Password(_) => "a sentence is easier to remember and harder to guess than a word",
        KeyError::Keyfile { path, source } => match source {
            KeyfileError::PasswordNeeded { .. } => {
                return Some(format!(
                    "set BT_WALLET_PASSWORD or BT_WALLET_PASSWORD_FILE (coldkeys) or {}, or run at a terminal",
                    variable_name(path)
                ));
            }
            KeyfileError::NotEnoughMemory { .. } => {
                "free 512 MiB of memory, or open the wallet on a larger machine"
            }
            KeyfileError::AddressMismatch { .. } => {
                "the file was edited or mixed up: restore it from a backup or from its recovery phrase"
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(hint.to_owned())
}
