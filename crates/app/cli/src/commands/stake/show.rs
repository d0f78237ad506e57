//! `assay stake show`

use crate::{
    commands::on_chain::{account, chain_failure, connect},
    context::Context,
    output,
};
use assay_chain::{AccountId, Balance, StakePosition};
use assay_keys::KeyRole;
use serde::Serialize;

/// Show a coldkey's stakes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address of the coldkey, instead of the wallet's own
    #[arg(long, value_name = "SS58")]
    coldkey: Option<AccountId>,
}

#[derive(Serialize)]
struct Answer {
    coldkey: AccountId,
    balance: Balance,
    stakes: Vec<StakePosition>,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let coldkey = args
        .coldkey
        .map_or_else(|| account(context, KeyRole::Coldkey), Ok)?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (balance, stakes) =
        tokio::try_join!(snapshot.balance(&coldkey), snapshot.stakes(&coldkey)).map_err(chain_failure)?;
    context.output().data(
        &Answer {
            coldkey,
            balance,
            stakes,
        },
        text,
    )
}

fn text(answer: &Answer) -> String {
    let head = format!("{} has {} free", answer.coldkey, answer.balance.free);
    if answer.stakes.is_empty() {
        return format!("{head}, and no stake");
    }
    let mut table = output::table(["netuid", "hotkey", "stake", "last emission", "registered"]);
    for stake in &answer.stakes {
        table.add_row([
            stake.netuid.to_string(),
            stake.hotkey.to_string(),
            stake.alpha.to_string(),
            stake.emission.to_string(),
            if stake.registered { "yes" } else { "no" }.to_owned(),
        ]);
    }
    format!("{head}\n{table}")
}
