//! `assay subnet start`

use super::OneSubnet;
use crate::{
    commands::on_chain::{Action, carry_out, connect, nothing_more},
    context::Context,
};
use assay_chain::Call;
use assay_keys::KeyRole;

pub(super) async fn run(args: OneSubnet, context: &Context) -> miette::Result<()> {
    let client = connect(context).await?;
    let action = Action {
        purpose: format!("start subnet {}", args.netuid),
        call: Call::start_call(args.netuid),
        signer: KeyRole::Coldkey,
    };
    carry_out(context, &client, action, nothing_more, |()| String::new()).await
}
