//! A stake of the wallet's coldkey, and how much of it a command is about.

use crate::{
    commands::on_chain::{account, chain_failure},
    context::Context,
};
use assay_chain::{AccountId, Alpha, ChainClient, NetUid, StakePlace};
use assay_keys::KeyRole;
use miette::miette;

/// How much of a stake.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct HowMuch {
    /// How much, in the subnet's alpha
    #[arg(long, value_name = "ALPHA")]
    amount: Option<Alpha>,
    /// All of it
    #[arg(long)]
    pub(super) all: bool,
}

/// A stake, and how much of it is meant.
pub(super) struct Held {
    pub(super) place: StakePlace,
    pub(super) coldkey: AccountId,
    pub(super) amount: Alpha,
}

/// The stake of the wallet's coldkey on a hotkey, its own where none is named; never nothing, and never more than there
/// is.
pub(super) async fn held(
    client: &ChainClient,
    context: &Context,
    netuid: NetUid,
    hotkey: Option<AccountId>,
    how_much: HowMuch,
) -> miette::Result<Held> {
    if how_much.amount == Some(Alpha::ZERO) {
        return Err(miette!(
            help = "give more than 0, or --all",
            "an amount of {} is nothing to take from subnet {netuid}",
            Alpha::ZERO
        ));
    }
    let coldkey = account(context, KeyRole::Coldkey)?;
    let hotkey = hotkey.map_or_else(|| account(context, KeyRole::Hotkey), Ok)?;
    let staked = client
        .stake(netuid, &hotkey, &coldkey)
        .await
        .map_err(chain_failure)?
        .alpha;
    let amount = how_much.amount.unwrap_or(staked);
    if amount > staked || staked == Alpha::ZERO {
        let wanted = match how_much.amount {
            Some(amount) => format!(", not {amount}"),
            None => String::new(),
        };
        return Err(miette!(
            help = "`assay stake show` lists the wallet's stakes",
            "{coldkey} has {staked} on {hotkey} in subnet {netuid}{wanted}"
        ));
    }
    Ok(Held {
        place: StakePlace { hotkey, netuid },
        coldkey,
        amount,
    })
}
