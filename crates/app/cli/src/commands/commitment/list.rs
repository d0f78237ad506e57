//! `assay commitment list`

use super::content;
use crate::{
    commands::on_chain::{chain_failure, connect},
    context::Context,
    output,
};
use assay_chain::NetUid;

/// List all commitments of a subnet
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let commitments = client.commitments(args.netuid).await.map_err(chain_failure)?;
    context.output().data(&commitments, |commitments| {
        let mut table = output::table(["hotkey", "block", "commitment"]);
        for commitment in commitments {
            table.add_row([
                commitment.hotkey.to_string(),
                commitment.block.to_string(),
                content(commitment),
            ]);
        }
        table.to_string()
    })
}
