//! `assay commitment get`

use super::content;
use crate::{
    commands::on_chain::{account, chain_failure, connect},
    context::Context,
};
use assay_chain::{AccountId, NetUid};
use assay_keys::KeyRole;
use miette::miette;

/// Show one hotkey's commitment
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Address of the hotkey, instead of the wallet's own
    #[arg(long = "of", value_name = "SS58")]
    hotkey: Option<AccountId>,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let hotkey = args
        .hotkey
        .map_or_else(|| account(context, KeyRole::Hotkey), Ok)?;
    let commitment = client
        .commitment(args.netuid, &hotkey)
        .await
        .map_err(chain_failure)?;
    let Some(commitment) = commitment else {
        return Err(miette!(
            help = "`assay commitment list` shows who has",
            "{hotkey} has committed nothing in subnet {}",
            args.netuid
        ));
    };
    context.output().data(&commitment, |commitment| {
        format!(
            "{}\n  by {} at block {}",
            content(commitment),
            commitment.hotkey,
            commitment.block
        )
    })
}
