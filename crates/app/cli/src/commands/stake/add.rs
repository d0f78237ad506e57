//! `assay stake add`

use crate::{
    commands::on_chain::{Action, account, carry_out, connect},
    context::Context,
};
use assay_chain::{AccountId, Alpha, Call, Included, NetUid, Rao};
use assay_keys::KeyRole;
use serde::Serialize;

/// Stake TAO on a hotkey
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
    } = args;
    let client = connect(context).await?;
    let hotkey = hotkey.map_or_else(|| account(context, KeyRole::Hotkey), Ok)?;
    let action = Action {
        purpose: format!("stake {amount} on {hotkey} in subnet {netuid}"),
        call: Call::add_stake(netuid, &hotkey, amount),
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
