//! `assay subnet create`

use crate::{
    commands::on_chain::{Action, account, carry_out, chain_failure, connect},
    context::Context,
};
use assay_chain::{Call, Rao};
use assay_keys::KeyRole;
use miette::miette;
use serde::Serialize;

/// Create a subnet, owned by the wallet's coldkey
///
/// The chain locks TAO for it, 1000 at the least: the price of the block that takes it, which is lower than the one shown
/// unless another subnet is created first, which doubles it. The wallet's hotkey becomes its first neuron. Afterwards `assay subnet start` starts it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not ask for it when it costs more than this now, in TAO; the chain itself takes no limit
    #[arg(long, value_name = "TAO")]
    limit: Option<Rao>,
}

#[derive(Serialize)]
struct Created {
    netuid: assay_chain::NetUid,
}

pub(super) async fn run(args: Args, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let cost = client.subnet_creation_cost().await.map_err(chain_failure)?;
    if let Some(limit) = args.limit.filter(|limit| cost > *limit) {
        return Err(miette!(
            help = "raise --limit, or wait: the price falls with every block",
            "a new subnet costs {cost}, more than the limit of {limit}"
        ));
    }
    let hotkey = account(context, KeyRole::Hotkey)?;
    let action = Action {
        purpose: format!(
            "create a subnet, locking {cost} or whatever it costs in the block that takes it, with hotkey {hotkey} as its \
             first neuron"
        ),
        call: Call::register_network(&hotkey),
        signer: KeyRole::Coldkey,
    };
    let created =
        |included: &assay_chain::Included| included.created_subnet().map(|netuid| Created { netuid });
    carry_out(context, &client, action, created, |Created { netuid }| {
        format!("created subnet {netuid}; start it with: assay subnet start --netuid {netuid}")
    })
    .await
}
