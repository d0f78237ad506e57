//! How a new secret key is kept: the password of a new coldkey comes from the environment or from the terminal.

use super::unlock::{ask, environment, key_failure};
use crate::context::Context;
use assay_keys::{KeyError, KeyRole, PasswordSource, Protection, Wallet, check_new_password};
use miette::miette;
use secrecy::{ExposeSecret, SecretString};

/// Whether a coldkey gets a password.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct ProtectionArgs {
    /// Keep the coldkey unencrypted: whoever reads the file owns the money. For play money only
    #[arg(long)]
    no_password: bool,
}

impl ProtectionArgs {
    /// Whether a key of this role is to be encrypted: coldkeys unless told otherwise; hotkeys never, since the
    /// processes that use them start unattended.
    pub(super) fn encrypts(self, role: KeyRole) -> bool {
        role == KeyRole::Coldkey && !self.no_password
    }

    /// The protection of a new key, with its password read by now.
    pub(super) fn of_new(
        self,
        context: &Context,
        wallet: &Wallet,
        role: KeyRole,
    ) -> miette::Result<Protection> {
        if !self.encrypts(role) {
            return Ok(Protection::Plain);
        }
        let password = match from_environment(wallet, role)? {
            Some(password) => password,
            None if context.output().may_prompt() => ask_twice(context, role)?,
            None => {
                return Err(miette!(
                    help = "set BT_WALLET_PASSWORD or BT_WALLET_PASSWORD_FILE, or add --no-password for play money",
                    "a new {role} needs a password, and there is no terminal to ask at"
                ));
            }
        };
        check_new_password(&password).map_err(|weak| key_failure(KeyError::Password(weak)))?;
        Ok(Protection::Password(password))
    }
}

fn from_environment(wallet: &Wallet, role: KeyRole) -> miette::Result<Option<SecretString>> {
    let passwords = wallet.passwords(role, environment).map_err(key_failure)?;
    let mut candidates = passwords.iter();
    let Some((source, password)) = candidates.next() else {
        return Ok(None);
    };
    // Opening a key tries both readings; making one must not guess, or its owner is locked out.
    if let (PasswordSource::EncodedVariable(name), Some((PasswordSource::Variable(plain), _))) =
        (source, candidates.next())
        && name == plain
    {
        return Err(miette!(
            help = "put the password into BT_WALLET_PASSWORD, which is always read as it stands",
            "{name} can be read as a password or as an encoded one, so it cannot set the password of a new key"
        ));
    }
    Ok(Some(password.clone()))
}

fn ask_twice(context: &Context, role: KeyRole) -> miette::Result<SecretString> {
    loop {
        let password = ask(&format!("New password of the {role}: "))?;
        if let Err(weak) = check_new_password(&password) {
            context.output().say(&weak.to_string());
            continue;
        }
        let again = ask("The same once more: ")?;
        if again.expose_secret() == password.expose_secret() {
            return Ok(password);
        }
        context.output().say("The two differ.");
    }
}
