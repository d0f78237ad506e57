//! `assay wallet transfer`.

use crate::{
    chain::{chain_failure, connect},
    commands::on_chain::{Action, account, carry_out},
    context::Context,
};
use assay_chain::{Call, Existence, Rao};
use assay_keys::{AccountId, KeyRole};
use miette::miette;
use serde::Serialize;

/// Send TAO from the coldkey
///
/// Shows what will happen and asks; done means that a final block has it. Under --json amounts are in rao, a billionth
/// of a TAO.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Who gets it: an SS58 address, or 0x and 64 hexadecimal digits
    #[arg(value_name = "ACCOUNT")]
    to: AccountId,
    /// How much, in TAO: 12.5 for instance
    #[arg(value_name = "TAO")]
    amount: Rao,
    /// Let the sending account be closed when too little is left on it; what is left is destroyed
    #[arg(long)]
    allow_death: bool,
}

/// What was sent.
#[derive(Debug, Serialize)]
struct Sent {
    to: AccountId,
    amount: Rao,
}

pub(crate) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let from = account(context, KeyRole::Coldkey)?;
    let (to, amount) = (args.to, args.amount);
    let existence = if args.allow_death {
        Existence::AllowDeath
    } else {
        Existence::KeepAlive
    };
    context.block_on(async {
        let client = connect(context).await?;
        let call = Call::transfer(&to, amount, existence);
        let balance = client.balance(&from).await.map_err(chain_failure)?;
        let fee = client.fee(&from, &call).await.map_err(chain_failure)?;
        let kept = match existence {
            Existence::KeepAlive => client.existential_deposit().map_err(chain_failure)?,
            Existence::AllowDeath => Rao::ZERO,
        };
        let available = balance.transferable(kept).saturating_sub(fee);
        if amount > available {
            // Before anything is asked and any password typed.
            return Err(miette!(
                help = "`assay wallet balance` shows what there is; an account keeps its existential deposit unless \
                        --allow-death is given",
                "{amount} is more than the {available} that {from} can send after a fee of {fee}",
            ));
        }
        let purpose = format!("send {amount} from {from} to {to}");
        let action = Action { purpose, call, signer: KeyRole::Coldkey };
        carry_out(
            context,
            &client,
            action,
            |_| Some(Sent { to, amount }),
            |sent| format!("sent {} to {}", sent.amount, sent.to),
        )
        .await
    })
}
