//! `assay wallet balance`.

use super::unlock::key_failure;
use crate::{
    chain::{chain_failure, connect},
    context::Context,
    output,
};
use assay_chain::{Balance, BlockRef, Rao};
use assay_keys::{AccountId, KeyRole, Wallet};
use comfy_table::CellAlignment;
use serde::Serialize;

/// Show the TAO on a wallet's coldkey
///
/// Or on those of all wallets, or on any accounts. Stake is not counted; `assay stake show` lists it. Under --json
/// amounts are in rao, a billionth of a TAO.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Accounts to look at instead
    #[arg(value_name = "ACCOUNT")]
    accounts: Vec<AccountId>,
    /// Every wallet of the folder
    #[arg(long, conflicts_with = "accounts")]
    all: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    network: String,
    block: BlockRef,
    accounts: Vec<AccountJson>,
}

#[derive(Debug, Serialize)]
struct AccountJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    wallet: Option<String>,
    account: AccountId,
    #[serde(flatten)]
    balance: Balance,
    /// What can be sent while the account stays open.
    transferable: Rao,
}

pub(crate) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let accounts = chosen(args, context)?;
    let answer = context.block_on(async {
        let client = connect(context).await?;
        let existential_deposit = client.existential_deposit().map_err(chain_failure)?;
        // All at one block: money on its way between two of them is not seen twice.
        let snapshot = client.pin().await.map_err(chain_failure)?;
        let mut found = Vec::with_capacity(accounts.len());
        for (wallet, account) in accounts {
            let balance = snapshot.balance(&account).await.map_err(chain_failure)?;
            let transferable = balance.transferable(existential_deposit);
            found.push(AccountJson {
                wallet,
                account,
                balance,
                transferable,
            });
        }
        Ok(Answer {
            network: context.network().to_owned(),
            block: snapshot.block(),
            accounts: found,
        })
    })?;
    context
        .output()
        .say(&format!("{} at block {}", answer.network, answer.block.number));
    context.output().data(&answer, table)
}

/// The accounts, each with the name of its wallet where it has one.
fn chosen(args: &Args, context: &Context) -> miette::Result<Vec<(Option<String>, AccountId)>> {
    if !args.accounts.is_empty() {
        return Ok(args.accounts.iter().map(|account| (None, *account)).collect());
    }
    if !args.all {
        let wallet = context.wallet();
        let account = wallet.public(KeyRole::Coldkey).map_err(key_failure)?.account;
        return Ok(vec![(Some(wallet.name().to_owned()), account)]);
    }
    let mut accounts = Vec::new();
    for wallet in Wallet::list(&context.wallet_path()).map_err(key_failure)? {
        match wallet.coldkey.map(|key| key.public) {
            Some(Ok(public)) => accounts.push((Some(wallet.name), public.account)),
            Some(Err(error)) => context
                .output()
                .warn(&format!("wallet {} is left out: {error}", wallet.name)),
            None => {}
        }
    }
    Ok(accounts)
}

fn table(answer: &Answer) -> String {
    let mut table = output::table(["wallet", "account", "free", "reserved", "frozen", "transferable"]);
    for row in &answer.accounts {
        table.add_row([
            row.wallet.clone().unwrap_or_default(),
            row.account.to_string(),
            row.balance.free.to_string(),
            row.balance.reserved.to_string(),
            row.balance.frozen.to_string(),
            row.transferable.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
