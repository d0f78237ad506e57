//! Any call of the chain by its name: for what has no command of its own.

use crate::{
    commands::on_chain::{Action, carry_out, chain_failure, connect, nothing_more},
    context::Context,
};
use assay_keys::KeyRole;
use miette::{Context as _, IntoDiagnostic, miette};
use serde_json::Value;
use std::path::PathBuf;

/// Send any call of the chain
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Send a call by its name, its arguments as JSON
    ///
    /// Names are those of the chain's metadata. Accounts are SS58 addresses, bytes "0x…" or text, options null or the
    /// value, variants "Name" or {"Name": fields}; a call inside a call is {"Balances": {"transfer_keep_alive": {…}}}.
    /// --dry-run shows the encoded call and its fee.
    Call(CallArgs),
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
        purpose: format!("call {}.{name} with {arguments}", pallet),
        call,
        signer: args.signer,
    };
    carry_out(context, &client, action, nothing_more, |()| String::new()).await
}
