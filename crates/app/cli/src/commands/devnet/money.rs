//! Money from nothing, on a devnet.

use super::node::{Head, Node};
use crate::{commands::wallet::key_failure, context::Context};
use assay_chain::{AccountId, Rao};
use assay_keys::{KeyRole, Pair, Scheme, Wallet};
use miette::miette;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Give an account money from nothing
///
/// The money is minted in a block of its own; it is in the balance and in the chain's issuance.
#[derive(Debug, clap::Args)]
pub(super) struct Faucet {
    /// Who gets it: an SS58 address, a development key such as //Dave, or the name of a wallet (its coldkey)
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// How much, in TAO
    #[arg(value_name = "TAO")]
    amount: Rao,
}

#[derive(Debug, Serialize, Deserialize)]
struct Given {
    account: String,
    /// In rao.
    given: Rao,
    /// In rao, after it.
    balance: Rao,
    block: Head,
}

pub(super) async fn faucet(args: Faucet, context: &Context) -> miette::Result<()> {
    let account = find_account(&args.account, KeyRole::Coldkey, context)?;
    let given: Given = Node::of(context)?
        .ask("devnet_faucet", json!([account, args.amount]))
        .await?;
    context.output().data(&given, |given| {
        format!(
            "gave {} to {} in {}; it has {} now",
            given.given, given.account, given.block, given.balance
        )
    })
}

/// An account by its address, as a development key, or as a key of a wallet in the folder of wallets.
pub(super) fn find_account(text: &str, role: KeyRole, context: &Context) -> miette::Result<AccountId> {
    if let Ok(account) = text.parse() {
        return Ok(account);
    }
    if text.starts_with("//") {
        return match Pair::from_uri(text, Scheme::Sr25519) {
            Ok(pair) => Ok(pair.account()),
            Err(error) => Err(miette!("{text} is no development key: {error}")),
        };
    }
    let (name, hotkey) = text.split_once('/').unwrap_or((text, "default"));
    let wallet = Wallet::open(context.wallet_path(), name, hotkey);
    wallet.public(role).map(|key| key.account).map_err(|error| {
        let cause = key_failure(error);
        miette!(
            help = "give an SS58 address, a development key such as //Dave, or the name of a wallet in --wallet-path",
            "\"{text}\" names no account: {cause}"
        )
    })
}
