//! `assay wallet verify`.

use super::{sign::MessageArgs, unlock::key_failure};
use crate::context::Context;
use assay_keys::{AccountId, KeyRole, PublicKey, Scheme, Signature, verify, verify_text};
use miette::miette;
use serde::Serialize;

/// Check a signature; ends with exit code 1 when it is not good
///
/// The account is one that is named, or the wallet's own key. A text may also have been signed by a browser wallet,
/// which wraps it in <Bytes>…</Bytes>.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    message: MessageArgs,
    /// The signature: 128 hexadecimal digits, with or without 0x
    #[arg(long, value_name = "HEX")]
    signature: Signature,
    /// Who should have signed; without it the wallet's coldkey, or its hotkey with --use-hotkey
    #[arg(long, value_name = "ACCOUNT", visible_alias = "ss58")]
    account: Option<AccountId>,
    /// How that account signs; a wallet's own key knows it
    #[arg(long, value_name = "SCHEME", default_value = "sr25519", alias = "crypto-type")]
    scheme: Scheme,
    /// Check against the wallet's hotkey
    #[arg(long, conflicts_with = "account")]
    use_hotkey: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    valid: bool,
    account: AccountId,
    scheme: Scheme,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let signer = match args.account {
        Some(account) => PublicKey {
            account,
            scheme: args.scheme,
        },
        None => {
            let role = if args.use_hotkey {
                KeyRole::Hotkey
            } else {
                KeyRole::Coldkey
            };
            context.wallet().public(role).map_err(key_failure)?
        }
    };
    let valid = match &args.message.message {
        Some(text) => verify_text(&signer.account, signer.scheme, text, &args.signature),
        None => verify(
            &signer.account,
            signer.scheme,
            &args.message.bytes()?,
            &args.signature,
        ),
    };
    let answer = Answer {
        valid,
        account: signer.account,
        scheme: signer.scheme,
    };
    if valid || context.output().is_json() {
        context.output().data(&answer, |answer| {
            format!("good signature of {} ({})\n", answer.account, answer.scheme)
        })?;
    }
    if valid {
        Ok(())
    } else {
        Err(miette!(
            help = "the message must be the same to the last character, and --scheme that of the key",
            "this is no signature of {} ({}) over this message",
            signer.account,
            signer.scheme
        ))
    }
}
