//! `assay stake remove`

use super::price::{PriceArgs, selling};
use crate::{
    commands::on_chain::{Action, account, carry_out, chain_failure, connect},
    context::Context,
};
use assay_chain::{AccountId, Alpha, Call, Included, NetUid, Rao, StakePlace};
use assay_keys::KeyRole;
use miette::miette;
use serde::Serialize;

/// Take stake back
///
/// What it brings, and by how much the sale itself lowers the price, is shown before anything is done.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("how much").required(true))]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// How much, in the subnet's alpha
    #[arg(long, value_name = "ALPHA", group = "how much")]
    amount: Option<Alpha>,
    /// All of it
    #[arg(long, group = "how much")]
    all: bool,
    /// Address of the hotkey, instead of the wallet's own
    #[arg(long = "from", value_name = "SS58")]
    hotkey: Option<AccountId>,
    #[command(flatten)]
    price: PriceArgs,
}

#[derive(Serialize)]
struct Unstaked {
    netuid: NetUid,
    hotkey: AccountId,
    given: Alpha,
    received: Rao,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let netuid = args.netuid;
    args.price.check()?;
    let client = connect(context).await?;
    let coldkey = account(context, KeyRole::Coldkey)?;
    let hotkey = args
        .hotkey
        .map_or_else(|| account(context, KeyRole::Hotkey), Ok)?;
    let staked = client
        .stake(netuid, &hotkey, &coldkey)
        .await
        .map_err(chain_failure)?
        .alpha;
    let amount = args.amount.unwrap_or(staked);
    if amount > staked || staked == Alpha::ZERO {
        return Err(miette!(
            help = "`assay stake show` lists the wallet's stakes",
            "{coldkey} has {staked} on {hotkey} in subnet {netuid}, not {amount}"
        ));
    }
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (quote, brought) = selling(&snapshot, netuid, amount).await?;
    let call = match args.price.for_selling(quote.price) {
        Some(limit) => {
            Call::remove_stake_limit(StakePlace { hotkey, netuid }, amount, limit, args.price.fill())
        }
        None => Call::remove_stake(netuid, &hotkey, amount),
    };
    let action = Action {
        purpose: format!("take {amount} back from {hotkey} in subnet {netuid} for {brought}"),
        call,
        signer: KeyRole::Coldkey,
    };
    let unstaked = |included: &Included| {
        let event = included.event("SubtensorModule", "StakeRemoved")?;
        let number = |place| {
            event
                .integer_at(place)
                .and_then(|number| u64::try_from(number).ok())
        };
        Some(Unstaked {
            netuid,
            hotkey,
            given: Alpha(number(3)?),
            received: Rao(number(2)?),
        })
    };
    carry_out(context, &client, action, unstaked, |unstaked| {
        format!(
            "took {} back from {hotkey} in subnet {netuid}: {} received",
            unstaked.given, unstaked.received
        )
    })
    .await
}
