//! `assay stake show`

use crate::{
    commands::on_chain::{account, chain_failure, connect},
    context::Context,
    output,
};
use assay_chain::{AccountId, Balance, NetUid, Rao, Snapshot, StakePosition};
use assay_keys::KeyRole;
use comfy_table::CellAlignment;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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
    stakes: Vec<Stake>,
    /// What all stakes would be worth at the present prices, were they sold without moving them.
    worth: Rao,
}

#[derive(Serialize)]
struct Stake {
    #[serde(flatten)]
    position: StakePosition,
    /// TAO for one alpha.
    price: Rao,
    worth: Rao,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let coldkey = args
        .coldkey
        .map_or_else(|| account(context, KeyRole::Coldkey), Ok)?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (balance, stakes) =
        tokio::try_join!(snapshot.balance(&coldkey), snapshot.stakes(&coldkey)).map_err(chain_failure)?;
    let prices = prices(&snapshot, &stakes).await?;
    let stakes: Vec<Stake> = stakes
        .into_iter()
        .map(|position| {
            let price = prices.get(&position.netuid).copied().unwrap_or_default();
            let rao =
                u128::from(position.alpha.0) * u128::from(price.0) / u128::from(assay_chain::UNITS_PER_TOKEN);
            Stake {
                worth: Rao(u64::try_from(rao).unwrap_or(u64::MAX)),
                position,
                price,
            }
        })
        .collect();
    let worth = Rao(stakes
        .iter()
        .fold(0, |sum, stake| stake.worth.0.saturating_add(sum)));
    context.output().data(
        &Answer {
            coldkey,
            balance,
            stakes,
            worth,
        },
        text,
    )
}

/// The prices in the subnets where there is stake.
async fn prices(snapshot: &Snapshot, stakes: &[StakePosition]) -> miette::Result<BTreeMap<NetUid, Rao>> {
    let netuids: BTreeSet<NetUid> = stakes.iter().map(|stake| stake.netuid).collect();
    let asked = netuids.into_iter().map(|netuid| async move {
        let price = snapshot.alpha_price(netuid).await.map_err(chain_failure)?;
        Ok::<_, miette::Report>((netuid, price))
    });
    Ok(futures::future::try_join_all(asked).await?.into_iter().collect())
}

fn text(answer: &Answer) -> String {
    let head = format!("{} has {} free", answer.coldkey, answer.balance.free);
    if answer.stakes.is_empty() {
        return format!("{head}, and no stake");
    }
    let mut table = output::table([
        "netuid",
        "hotkey",
        "stake",
        "price",
        "worth",
        "last emission",
        "registered",
    ]);
    for Stake {
        position,
        price,
        worth,
    } in &answer.stakes
    {
        table.add_row([
            position.netuid.to_string(),
            position.hotkey.to_string(),
            position.alpha.to_string(),
            price.to_string(),
            worth.to_string(),
            position.emission.to_string(),
            if position.registered { "yes" } else { "no" }.to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(2).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!(
        "{head}, and stake worth {} at the present prices\n{}",
        answer.worth,
        table.trim_fmt()
    )
}
