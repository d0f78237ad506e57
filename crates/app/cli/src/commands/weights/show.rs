//! `assay weights show`

use crate::{
    commands::on_chain::{chain_failure, connect},
    context::Context,
    output,
};
use assay_chain::{BlockRef, NetUid, StoredWeights, Uid};
use serde::Serialize;

/// Show the weights that the chain holds
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Only this validator's
    #[arg(long, value_name = "UID")]
    uid: Option<Uid>,
}

#[derive(Serialize)]
struct Answer {
    netuid: NetUid,
    block: BlockRef,
    rows: Vec<StoredWeights>,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    // Tells an unknown subnet from one without weights.
    snapshot.subnet(args.netuid).await.map_err(chain_failure)?;
    let mut rows = snapshot.weights(args.netuid).await.map_err(chain_failure)?;
    rows.retain(|row| args.uid.is_none_or(|uid| row.uid == uid));
    let answer = Answer {
        netuid: args.netuid,
        block: snapshot.block(),
        rows,
    };
    context.output().data(&answer, text)
}

fn text(answer: &Answer) -> String {
    if answer.rows.is_empty() {
        return format!(
            "nobody has set weights in subnet {} at {}",
            answer.netuid, answer.block
        );
    }
    let mut table = output::table(["validator", "weights (uid=value of 65535)"]);
    for row in &answer.rows {
        let entries: Vec<_> = row
            .entries
            .iter()
            .map(|(uid, value)| format!("{uid}={value}"))
            .collect();
        table.add_row([row.uid.to_string(), entries.join(" ")]);
    }
    format!("subnet {} at {}\n{table}", answer.netuid, answer.block)
}
