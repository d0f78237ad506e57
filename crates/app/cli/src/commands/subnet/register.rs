//! `assay subnet register`

use crate::{
    commands::on_chain::{Action, account, carry_out, chain_failure, connect},
    context::Context,
};
use assay_chain::{ChainError, Included, NetUid, Rao, Uid};
use assay_keys::KeyRole;
use miette::miette;
use serde::Serialize;

/// Register the wallet's hotkey on a subnet
///
/// The price is burned, and rises with each registration. Nothing more than --limit is ever paid; without it the limit
/// is the price of this moment.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// Refuse to burn more than this, in TAO
    #[arg(long, value_name = "TAO")]
    limit: Option<Rao>,
}

#[derive(Serialize)]
struct RegisteredAs {
    netuid: NetUid,
    uid: Uid,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let netuid = args.netuid;
    let client = connect(context).await?;
    let hotkey = account(context, KeyRole::Hotkey)?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let price = snapshot.burn(netuid).await.map_err(chain_failure)?;
    let limit = args.limit.unwrap_or(price);
    if price > limit {
        return Err(chain_failure(ChainError::PriceAboveLimit { price, limit }));
    }
    if let Some(uid) = snapshot.uid(netuid, &hotkey).await.map_err(chain_failure)? {
        return Err(miette!(
            help = "there is nothing to do; choose another hotkey with -H for a second slot",
            "hotkey {hotkey} is registered on subnet {netuid} already, as uid {uid}"
        ));
    }
    let action = Action {
        purpose: format!("register hotkey {hotkey} on subnet {netuid} for {price}, at most {limit}"),
        call: client
            .registration_call(netuid, &hotkey, limit)
            .await
            .map_err(chain_failure)?,
        signer: KeyRole::Coldkey,
    };
    let registered = |included: &Included| included.registered_uid().map(|uid| RegisteredAs { netuid, uid });
    carry_out(
        context,
        &client,
        action,
        registered,
        |RegisteredAs { uid, .. }| format!("registered on subnet {netuid} as uid {uid}"),
    )
    .await
}
