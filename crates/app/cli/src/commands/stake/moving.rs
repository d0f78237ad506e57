//! `assay stake move`, `transfer` and `swap`: stake that stays stake.

use super::{
    holding::{Held, HowMuch, held},
    price::RateArgs,
};
use crate::{
    commands::on_chain::{Action, chain_failure, connect, send},
    context::Context,
};
use assay_chain::{AccountId, Alpha, Call, ChainClient, NetUid, Rao, StakePlace};
use assay_keys::KeyRole;
use miette::miette;
use serde::Serialize;

/// Move stake to another hotkey, another subnet, or both
///
/// The coldkey stays its owner. Between subnets the alpha of the one is sold and that of the other bought,
/// at whatever the prices are by then: the chain takes no limit here. `assay stake swap` has one.
#[derive(Debug, clap::Args)]
pub(crate) struct Move {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Address of the hotkey that the stake is on, instead of the wallet's own
    #[arg(long = "from", value_name = "SS58")]
    from: Option<AccountId>,
    /// Address of the hotkey that it goes to
    #[arg(long = "to", value_name = "SS58")]
    to: AccountId,
    /// Number of the subnet that it goes to, instead of the same
    #[arg(long, value_name = "N")]
    to_netuid: Option<NetUid>,
    #[command(flatten)]
    how_much: HowMuch,
}

/// Give stake to another coldkey
///
/// The hotkey stays the same. A subnet's owner can forbid it. Between subnets it is a trade without a limit of its price.
#[derive(Debug, clap::Args)]
pub(crate) struct Transfer {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Address of the coldkey that gets it
    #[arg(long = "to", value_name = "SS58")]
    to: AccountId,
    /// Address of the hotkey that the stake is on, instead of the wallet's own
    #[arg(long = "on", value_name = "SS58")]
    hotkey: Option<AccountId>,
    /// Number of the subnet that it goes to, instead of the same
    #[arg(long, value_name = "N")]
    to_netuid: Option<NetUid>,
    #[command(flatten)]
    how_much: HowMuch,
}

/// Exchange stake in one subnet for stake in another
///
/// Hotkey and coldkey stay the same. Where one alpha would end up worth over five percent less of the other than now,
/// nothing is exchanged; --limit and --tolerance say otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct Swap {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Number of the subnet that it goes to
    #[arg(long, value_name = "N")]
    to_netuid: NetUid,
    /// Address of the hotkey that the stake is on, instead of the wallet's own
    #[arg(long = "on", value_name = "SS58")]
    hotkey: Option<AccountId>,
    #[command(flatten)]
    how_much: HowMuch,
    #[command(flatten)]
    rate: RateArgs,
}

/// What is printed when the stake has moved.
#[derive(Serialize)]
struct Moved {
    from: NetUid,
    to: NetUid,
    hotkey: AccountId,
    coldkey: AccountId,
    given: Alpha,
    /// What the coldkey has there now; absent when that was not read.
    stake: Option<Alpha>,
}

pub(super) async fn move_stake(args: Move, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let held = held(&client, context, args.netuid, args.from, args.how_much).await?;
    let to = StakePlace {
        hotkey: args.to,
        netuid: args.to_netuid.unwrap_or(args.netuid),
    };
    if to == held.place {
        return Err(miette!(
            help = "name another hotkey with --to, or another subnet with --to-netuid",
            "the stake is there already"
        ));
    }
    let call = Call::move_stake(held.place, to, held.amount);
    let worth = worth_without_limit(&client, &held, to.netuid).await?;
    let purpose = format!(
        "move {} of subnet {} from {} to {} in subnet {}{worth}",
        held.amount, args.netuid, held.place.hotkey, to.hotkey, to.netuid
    );
    let coldkey = held.coldkey;
    carry(context, &client, held, call, purpose, to, coldkey).await
}

pub(super) async fn transfer(args: Transfer, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let held = held(&client, context, args.netuid, args.hotkey, args.how_much).await?;
    let to = StakePlace {
        hotkey: held.place.hotkey,
        netuid: args.to_netuid.unwrap_or(args.netuid),
    };
    let call = Call::transfer_stake(held.place, &args.to, to.netuid, held.amount);
    let worth = worth_without_limit(&client, &held, to.netuid).await?;
    let purpose = format!(
        "give {} of subnet {} on {} to coldkey {} in subnet {}{worth}",
        held.amount, args.netuid, held.place.hotkey, args.to, to.netuid
    );
    carry(context, &client, held, call, purpose, to, args.to).await
}

pub(super) async fn swap(args: Swap, context: &Context) -> miette::Result<()> {
    args.rate.check()?;
    if args.to_netuid == args.netuid {
        return Err(miette!(
            help = "name another subnet with --to-netuid; between hotkeys use `assay stake move`",
            "the stake is in subnet {} already",
            args.netuid
        ));
    }
    let client = connect(context).await?;
    let held = held(&client, context, args.netuid, args.hotkey, args.how_much).await?;
    let to = StakePlace {
        hotkey: held.place.hotkey,
        netuid: args.to_netuid,
    };
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (here, there) = tokio::try_join!(snapshot.alpha_price(args.netuid), snapshot.alpha_price(to.netuid))
        .map_err(chain_failure)?;
    let limit = args.rate.limit(here, there);
    let call = match limit {
        // The chain's limit of an exchange is in no currency: billionths of the one alpha for one of the other.
        Some(Alpha(limit)) => {
            Call::swap_stake_limit(held.place, to.netuid, held.amount, Rao(limit), args.rate.fill())
        }
        None => Call::swap_stake(held.place, to.netuid, held.amount),
    };
    let worth = worth(&client, &held, to.netuid).await?;
    let purpose = format!(
        "swap {} of subnet {} on {} for stake in subnet {}{worth}{}",
        held.amount,
        args.netuid,
        to.hotkey,
        to.netuid,
        args.rate.words(limit, args.netuid, to.netuid)
    );
    let coldkey = held.coldkey;
    carry(context, &client, held, call, purpose, to, coldkey).await
}

/// What arrives in another subnet, as the end of a sentence.
async fn worth(client: &ChainClient, held: &Held, to: NetUid) -> miette::Result<String> {
    if to == held.place.netuid {
        return Ok(String::new());
    }
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (sold, lost) = super::price::selling(&snapshot, held.place.netuid, held.amount).await?;
    let (_, bought) = super::price::buying(&snapshot, to, sold.received).await?;
    Ok(format!(", which sells for {lost} and buys {bought}"))
}

/// The same for calls that take no limit.
async fn worth_without_limit(client: &ChainClient, held: &Held, to: NetUid) -> miette::Result<String> {
    let mut worth = worth(client, held, to).await?;
    if !worth.is_empty() {
        worth.push_str(", at whatever the prices are by then, since this call takes no limit");
    }
    Ok(worth)
}

async fn carry(
    context: &Context,
    client: &ChainClient,
    held: Held,
    call: Call,
    purpose: String,
    to: StakePlace,
    new_owner: AccountId,
) -> miette::Result<()> {
    let action = Action {
        purpose,
        call,
        signer: KeyRole::Coldkey,
    };
    let Some(sent) = send(context, client, action, || Ok(())).await? else {
        return Ok(());
    };
    // The events name TAO alone; what counts is the stake that is there in the end. It is moved whether or not that can
    // be read, and who takes a failed read for a failure moves it twice.
    let there = client.at_block(sent.included().block);
    let stake = match there.stake(to.netuid, &to.hotkey, &new_owner).await {
        Ok(stake) => Some(stake.alpha),
        Err(error) => {
            context.output().warn(&format!(
                "it is moved, and what is there now was not read: {error}"
            ));
            None
        }
    };
    let moved = Moved {
        from: held.place.netuid,
        to: to.netuid,
        hotkey: to.hotkey,
        coldkey: new_owner,
        given: held.amount,
        stake,
    };
    sent.print(context, Some(moved), |moved| {
        let now = moved.stake.map_or_else(String::new, |stake| {
            format!("; {} has {stake} on {} there now", moved.coldkey, moved.hotkey)
        });
        format!(
            "moved {} from subnet {} to subnet {}{now}",
            moved.given, moved.from, moved.to
        )
    })
}
