//! `assay wallet transfer`.

use super::unlock::{key_failure, unlock};
use crate::{
    chain::{chain_failure, connect, follow},
    context::Context,
};
use assay_chain::{BlockRef, Existence, ExtrinsicHash, Rao};
use assay_keys::{AccountId, KeyRole};
use miette::miette;
use serde::Serialize;

/// Sends TAO from the wallet's coldkey.
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

#[derive(Debug, Serialize)]
struct Answer {
    from: AccountId,
    to: AccountId,
    amount: Rao,
    dry_run: bool,
    #[serde(flatten)]
    done: Option<Done>,
}

#[derive(Debug, Serialize)]
struct Done {
    fee: Rao,
    block: BlockRef,
    hash: ExtrinsicHash,
}

pub(crate) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let from = context
        .wallet()
        .public(KeyRole::Coldkey)
        .map_err(key_failure)?
        .account;
    let existence = if args.allow_death {
        Existence::AllowDeath
    } else {
        Existence::KeepAlive
    };
    let mut answer = Answer {
        from,
        to: args.to,
        amount: args.amount,
        dry_run: context.dry_run(),
        done: None,
    };
    context.block_on(async {
        let client = connect(context).await?;
        let balance = client.balance(&from).await.map_err(chain_failure)?;
        let deposit = client.existential_deposit().map_err(chain_failure)?;
        let available = match existence {
            Existence::KeepAlive => balance.transferable(deposit),
            Existence::AllowDeath => balance.transferable(Rao::ZERO),
        };
        if args.amount > available {
            // Before any password is asked for. The fee comes on top; the chain itself checks that.
            return Err(miette!(
                help = "`assay wallet balance` shows what can be sent",
                "{} is more than the {available} that {from} can send",
                args.amount
            ));
        }
        context.output().say(&format!(
            "{} on {}\n  from {from} (has {}, can send {available})\n  to   {}",
            args.amount,
            context.network(),
            balance.free,
            args.to
        ));
        if context.dry_run() {
            return Ok(());
        }
        context.confirm("Send it?")?;
        let coldkey = unlock(context, KeyRole::Coldkey)?;
        if coldkey.account() != from {
            return Err(miette!(
                help = "restore the right coldkeypub.txt: `assay wallet show` names both files",
                "the public file says {from}, but the coldkey is {}",
                coldkey.account()
            ));
        }
        let receipt = client
            .transfer(&coldkey, &args.to, args.amount, existence)
            .await
            .map_err(chain_failure)?;
        let included = follow(context, &receipt).await?;
        answer.done = Some(Done {
            fee: included.fee,
            block: included.block,
            hash: included.hash,
        });
        Ok(())
    })?;
    context.output().data(&answer, |answer| match &answer.done {
        None => format!("would send {} to {}\n", answer.amount, answer.to),
        Some(done) => format!(
            "sent {} to {} in block {}\n",
            answer.amount, answer.to, done.block.number
        ),
    })
}
