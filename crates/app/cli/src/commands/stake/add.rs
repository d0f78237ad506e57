//! `assay stake add`

use super::price::{PriceArgs, buying};
use crate::{
    commands::on_chain::{Action, account, carry_out, chain_failure, connect},
    context::Context,
};
use assay_chain::{AccountId, Alpha, Call, Included, NetUid, Rao, StakePlace};
use assay_keys::KeyRole;
use serde::Serialize;

/// Stake TAO on a hotkey
///
/// What the TAO buys, and by how much the purchase itself raises the price, is shown before anything is spent. Where the
/// price would end more than five percent above the present one nothing is bought; --limit and --tolerance say otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// How much, in TAO
    #[arg(long, value_name = "TAO")]
    amount: Rao,
    /// Address of the hotkey, instead of the wallet's own
    #[arg(long = "on", value_name = "SS58")]
    hotkey: Option<AccountId>,
    #[command(flatten)]
    price: PriceArgs,
}

#[derive(Serialize)]
struct Staked {
    netuid: NetUid,
    hotkey: AccountId,
    paid: Rao,
    received: Alpha,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let Args {
        netuid,
        amount,
        hotkey,
        price,
    } = args;
    price.check()?;
    let client = connect(context).await?;
    let hotkey = hotkey.map_or_else(|| account(context, KeyRole::Hotkey), Ok)?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (quote, bought) = buying(&snapshot, netuid, amount).await?;
    let limit = price.for_buying(quote.price);
    let call = match limit {
        Some(limit) => Call::add_stake_limit(StakePlace { hotkey, netuid }, amount, limit, price.fill()),
        None => Call::add_stake(netuid, &hotkey, amount),
    };
    let action = Action {
        purpose: format!(
            "stake {amount} on {hotkey} in subnet {netuid} for {bought}{}",
            price.buying_words(limit)
        ),
        call,
        signer: KeyRole::Coldkey,
    };
    // The event tells coldkey, hotkey, TAO, alpha, subnet and fee.
    let staked = |included: &Included| {
        let event = included.event("SubtensorModule", "StakeAdded")?;
        let number = |place| {
            event
                .integer_at(place)
                .and_then(|number| u64::try_from(number).ok())
        };
        Some(Staked {
            netuid,
            hotkey,
            paid: Rao(number(2)?),
            received: Alpha(number(3)?),
        })
    };
    carry_out(context, &client, action, staked, |staked| {
        format!(
            "staked {} on {hotkey} in subnet {netuid}: {} received",
            staked.paid, staked.received
        )
    })
    .await
}
