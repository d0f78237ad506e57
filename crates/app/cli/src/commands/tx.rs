//! Any call of the chain by its name: for what has no command of its own.

use crate::{
    commands::on_chain::{Action, carry_out, chain_failure, connect, nothing_more},
    context::Context,
};
use assay_chain::{DecodedTransaction, Signed};
use assay_keys::KeyRole;
use miette::{Context as _, IntoDiagnostic, miette};
use serde_json::Value;
use std::{io::Read as _, path::PathBuf};

/// Bytes of a transaction at most that are looked at. No block holds a larger one.
const MOST_BYTES: usize = 10 << 20;

/// Send any call of the chain, and read what others want to be signed
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Send a call by its name, its arguments as JSON
    ///
    /// Names are those of the chain's metadata. Accounts are SS58 addresses, bytes "0x…" or text, options null or the
    /// value, variants "Name" or {"Name": fields}; a call inside a call is {"Balances": {"transfer_keep_alive": {…}}}.
    /// --dry-run shows the encoded call and its fee.
    Call(CallArgs),
    /// Tell what the bytes of a call or of a transaction do, before they are signed or sent
    ///
    /// Takes what --dry-run shows as data, what another tool wants to be signed, or a signed transaction. A signature is
    /// shown, not checked.
    Decode(DecodeArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CallArgs {
    /// Pallet and call: SubtensorModule.start_call
    #[arg(value_name = "PALLET.CALL")]
    name: String,
    /// The arguments: {"netuid": 2}
    #[arg(long, value_name = "JSON", default_value = "{}", conflicts_with = "args_file")]
    args: String,
    /// The arguments from a file
    #[arg(long, value_name = "FILE")]
    args_file: Option<PathBuf>,
    /// Which of the wallet's keys signs: coldkey or hotkey
    #[arg(long, value_name = "KEY", default_value = "coldkey", value_parser = signer)]
    signer: KeyRole,
    /// Run it with root's rights; the signer is the chain's sudo key
    #[arg(long)]
    sudo: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DecodeArgs {
    /// The bytes in hexadecimal digits, or - to read those from standard input
    #[arg(value_name = "HEX|-")]
    bytes: String,
}

fn signer(text: &str) -> Result<KeyRole, String> {
    match text {
        "coldkey" => Ok(KeyRole::Coldkey),
        "hotkey" => Ok(KeyRole::Hotkey),
        _ => Err(format!("{text} is no key: write coldkey or hotkey")),
    }
}

pub(crate) fn run(command: Command, context: &Context) -> miette::Result<()> {
    match command {
        Command::Call(args) => context.block_on(call(args, context)),
        Command::Decode(args) => context.block_on(decode(args, context)),
    }
}

/// The two halves of a name, `Pallet.item` or `Pallet::item`.
pub(crate) fn halves(name: &str) -> miette::Result<(&str, &str)> {
    name.split_once("::")
        .or_else(|| name.split_once('.'))
        .ok_or_else(|| {
            miette!(
                help = "write Pallet.name, such as SubtensorModule.Tempo",
                "\"{name}\" names no pallet"
            )
        })
}

/// JSON from the command line.
pub(crate) fn json(text: &str) -> miette::Result<Value> {
    serde_json::from_str(text)
        .into_diagnostic()
        .wrap_err_with(|| format!("`{text}` is no JSON"))
}

async fn call(args: CallArgs, context: &Context) -> miette::Result<()> {
    let (pallet, name) = halves(&args.name)?;
    let text = match &args.args_file {
        Some(path) => fs_err::read_to_string(path).into_diagnostic()?,
        None => args.args.clone(),
    };
    let arguments = json(&text)?;
    let client = connect(context).await?;
    let call = client
        .call_from_json(pallet, name, &arguments)
        .await
        .map_err(chain_failure)?;
    let call = if args.sudo { call.sudo() } else { call };
    let action = Action {
        purpose: format!(
            "call {pallet}.{name} with {arguments}{}",
            if args.sudo { ", with root's rights" } else { "" }
        ),
        call,
        signer: args.signer,
    };
    carry_out(context, &client, action, nothing_more, |()| String::new()).await
}

async fn decode(args: DecodeArgs, context: &Context) -> miette::Result<()> {
    let bytes = bytes_of(&args.bytes)?;
    let client = connect(context).await?;
    let decoded = client.decode_transaction(&bytes).await.map_err(chain_failure)?;
    context.output().data(&decoded, told)
}

/// The bytes that the digits stand for, wherever the digits are.
fn bytes_of(argument: &str) -> miette::Result<Vec<u8>> {
    // Two digits a byte, and room for 0x and the end of the line.
    const MOST_DIGITS: usize = 2 * MOST_BYTES + 16;
    let mut read = String::new();
    let text = match argument {
        "-" => {
            std::io::stdin()
                .lock()
                .take(MOST_DIGITS as u64 + 1)
                .read_to_string(&mut read)
                .into_diagnostic()
                .wrap_err("the digits on standard input cannot be read")?;
            read.as_str()
        }
        argument => argument,
    };
    if text.len() > MOST_DIGITS {
        return Err(miette!(
            help = "give one transaction at a time; no block holds a larger one",
            "these are more than {MOST_BYTES} bytes"
        ));
    }
    let text = text.trim();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.is_empty() {
        return Err(miette!(
            help = "give 0x and the hexadecimal digits, such as `assay tx call … --dry-run --json` shows as call_data",
            "there are no bytes"
        ));
    }
    hex::decode(digits).map_err(|error| {
        miette!(
            help = "give 0x and the hexadecimal digits, two for each byte",
            "these are no bytes: {error}"
        )
    })
}

fn told(decoded: &DecodedTransaction) -> String {
    let mut lines = vec![decoded.call.title()];
    lines.push(match &decoded.signed {
        Some(signed) => format!("  signer  {}", signer_words(signed)),
        None => "  signer  nobody yet".to_owned(),
    });
    if let Some(hash) = &decoded.hash {
        lines.push(format!("  hash    {hash}"));
    }
    lines.push(format!("  length  {} bytes", decoded.length));
    // What was decoded has a form in JSON.
    let call = serde_json::to_value(&decoded.call).unwrap_or_default();
    let arguments = call.get("arguments").cloned().unwrap_or_default();
    lines.push(serde_json::to_string_pretty(&arguments).unwrap_or_default());
    lines.join("\n")
}

fn signer_words(signed: &Signed) -> String {
    let mut text = signed.account.map_or_else(
        || "an account that is not named by its key".to_owned(),
        |account| account.to_string(),
    );
    if let Some(nonce) = signed.nonce {
        text.push_str(&format!(", its transaction {nonce}"));
    }
    if let Some(tip) = signed.tip.filter(|tip| tip.0 > 0) {
        text.push_str(&format!(", with a tip of {tip}"));
    }
    text.push_str(&match signed.mortality {
        Some(blocks) => format!(", valid for {blocks} blocks"),
        None => ", valid for ever".to_owned(),
    });
    text
}
