//! `assay commitment set`

use crate::{
    commands::on_chain::{Action, carry_out, chain_failure, connect, nothing_more},
    context::Context,
};
use assay_chain::{Call, NetUid, commitment_cost};
use assay_keys::KeyRole;

/// Commit a text with the wallet's hotkey
///
/// At most 512 bytes of UTF-8. A hotkey may commit 3100 bytes in an epoch of its subnet, and a short text counts as
/// 100. It replaces the hotkey's last one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The text
    #[arg(value_name = "TEXT")]
    text: String,
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let Args { text, netuid } = args;
    let call = Call::set_commitment(netuid, &text).map_err(chain_failure)?;
    let client = connect(context).await?;
    let action = Action {
        purpose: format!(
            "commit {} bytes (counted as {}) in subnet {netuid}",
            text.len(),
            commitment_cost(&text)
        ),
        call,
        signer: KeyRole::Hotkey,
    };
    carry_out(context, &client, action, nothing_more, |()| String::new()).await
}
