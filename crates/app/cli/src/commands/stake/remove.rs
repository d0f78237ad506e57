//! `assay stake remove`

use super::{
    holding::{Held, HowMuch, held},
    price::{PriceArgs, selling},
};
use crate::{
    commands::on_chain::{Action, carry_out, chain_failure, connect},
    context::Context,
};
use assay_chain::{AccountId, Alpha, Call, Fill, Included, NetUid, Rao};
use assay_keys::KeyRole;
use serde::Serialize;

/// Take stake back
///
/// What it brings, and by how much the sale itself lowers the price, is shown before anything is done. Where the price
/// would end more than five percent below the present one nothing is sold; --limit and --tolerance say otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    #[command(flatten)]
    how_much: HowMuch,
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
    let Held { place, amount, .. } = held(&client, context, netuid, args.hotkey, args.how_much).await?;
    let hotkey = place.hotkey;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (quote, brought) = selling(&snapshot, netuid, amount).await?;
    let (limit, fill) = (args.price.for_selling(quote.price), args.price.fill());
    let call = match limit {
        // What is earned until the block comes is taken as well.
        limit if args.how_much.all && fill == Fill::Whole => Call::remove_stake_full_limit(place, limit),
        Some(limit) => Call::remove_stake_limit(place, amount, limit, fill),
        None => Call::remove_stake(netuid, &hotkey, amount),
    };
    let what = if args.how_much.all {
        format!("all {amount}")
    } else {
        amount.to_string()
    };
    let action = Action {
        purpose: format!(
            "take {what} back from {hotkey} in subnet {netuid} for {brought}{}",
            args.price.selling_words(limit)
        ),
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
