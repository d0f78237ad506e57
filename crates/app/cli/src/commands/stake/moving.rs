//! `assay stake move`, `transfer` and `swap`: stake that stays stake.

use super::price::PriceArgs;
use crate::{
    commands::on_chain::{Action, account, carry_out, chain_failure, connect},
    context::Context,
};
use assay_chain::{AccountId, Alpha, Call, ChainClient, Included, NetUid, StakePlace};
use assay_keys::KeyRole;
use miette::miette;

/// How much of a stake.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct HowMuch {
    /// How much, in the subnet's alpha
    #[arg(long, value_name = "ALPHA")]
    amount: Option<Alpha>,
    /// All of it
    #[arg(long)]
    all: bool,
}

/// Move stake to another hotkey, another subnet, or both
///
/// The coldkey stays its owner. Between subnets the alpha of the one is sold and that of the other bought.
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
/// The hotkey stays the same. A subnet's owner can forbid it.
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
/// Hotkey and coldkey stay the same. A limit is of the price of the one subnet's alpha in the other's.
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
    price: PriceArgs,
}

/// A stake of the wallet's coldkey, and how much of it is meant.
struct Held {
    place: StakePlace,
    coldkey: AccountId,
    amount: Alpha,
}

async fn held(
    client: &ChainClient,
    context: &Context,
    netuid: NetUid,
    hotkey: Option<AccountId>,
    how_much: HowMuch,
) -> miette::Result<Held> {
    let coldkey = account(context, KeyRole::Coldkey)?;
    let hotkey = hotkey.map_or_else(|| account(context, KeyRole::Hotkey), Ok)?;
    let staked = client
        .stake(netuid, &hotkey, &coldkey)
        .await
        .map_err(chain_failure)?
        .alpha;
    let amount = how_much.amount.unwrap_or(staked);
    if amount > staked || amount == Alpha::ZERO {
        return Err(miette!(
            help = "`assay stake show` lists the wallet's stakes",
            "{coldkey} has {staked} on {hotkey} in subnet {netuid}, not {amount}"
        ));
    }
    Ok(Held {
        place: StakePlace { hotkey, netuid },
        coldkey,
        amount,
    })
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
    let worth = worth(&client, &held, to.netuid).await?;
    let purpose = format!(
        "move {} of subnet {} from {} to {} in subnet {}{worth}",
        held.amount, args.netuid, held.place.hotkey, to.hotkey, to.netuid
    );
    let coldkey = held.coldkey;
    send(context, &client, held, call, purpose, to, coldkey).await
}

pub(super) async fn transfer(args: Transfer, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let held = held(&client, context, args.netuid, args.hotkey, args.how_much).await?;
    let to = StakePlace {
        hotkey: held.place.hotkey,
        netuid: args.to_netuid.unwrap_or(args.netuid),
    };
    let call = Call::transfer_stake(held.place, &args.to, to.netuid, held.amount);
    let worth = worth(&client, &held, to.netuid).await?;
    let purpose = format!(
        "give {} of subnet {} on {} to coldkey {} in subnet {}{worth}",
        held.amount, args.netuid, held.place.hotkey, args.to, to.netuid
    );
    send(context, &client, held, call, purpose, to, args.to).await
}

pub(super) async fn swap(args: Swap, context: &Context) -> miette::Result<()> {
    args.price.check()?;
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
    // How much of the other alpha one of this is worth.
    let ratio = u128::from(here.0) * 1_000_000_000 / u128::from(there.0.max(1));
    let ratio = assay_chain::Rao(u64::try_from(ratio).unwrap_or(u64::MAX));
    let call = match args.price.for_selling(ratio) {
        Some(limit) => Call::swap_stake_limit(held.place, to.netuid, held.amount, limit, args.price.fill()),
        None => Call::swap_stake(held.place, to.netuid, held.amount),
    };
    let worth = worth(&client, &held, to.netuid).await?;
    let purpose = format!(
        "swap {} of subnet {} on {} for stake in subnet {}{worth}",
        held.amount, args.netuid, to.hotkey, to.netuid
    );
    let coldkey = held.coldkey;
    send(context, &client, held, call, purpose, to, coldkey).await
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

async fn send(
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
    // The events name TAO alone; what counts is the stake that is there in the end, which is read.
    let from = held.place.netuid;
    let given = held.amount;
    let done = |_: &Included| Some((from, to.netuid));
    let reader = client.clone();
    let told =
        move |(from, there): &(NetUid, NetUid)| format!("moved {given} from subnet {from} to subnet {there}");
    carry_out(context, client, action, done, told).await?;
    if !context.dry_run() && !context.output().is_json() {
        let stake = reader
            .stake(to.netuid, &to.hotkey, &new_owner)
            .await
            .map_err(chain_failure)?;
        context.output().say(&format!(
            "{new_owner} has {} on {} in subnet {} now",
            stake.alpha, to.hotkey, to.netuid
        ));
    }
    Ok(())
}
