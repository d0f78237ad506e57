//! What the commands that touch the chain have in common: sending a transaction the same way everywhere (show what it
//! does and costs, stop there under `--dry-run`, ask, sign, follow it to a final block).

use super::wallet::{key_failure, unlock};
use crate::{chain::follow, context::Context};
pub(crate) use crate::{
    chain::{chain_failure, connect},
    hinted::hinted,
};
use assay_chain::{AccountId, Call, ChainClient, Included, Rao};
use assay_keys::KeyRole;
use miette::miette;
use serde::Serialize;

/// The account of one of the wallet's keys; no password is needed.
pub(crate) fn account(context: &Context, role: KeyRole) -> miette::Result<AccountId> {
    Ok(context.wallet().public(role).map_err(key_failure)?.account)
}

/// A transaction that a command wants to send.
pub(crate) struct Action {
    /// What it does, as a sentence without an end: "stake 5 τ on 5F…".
    pub(crate) purpose: String,
    pub(crate) call: Call,
    /// Which of the wallet's keys signs.
    pub(crate) signer: KeyRole,
}

/// What a command that sends prints under `--json`.
#[derive(Debug, Serialize)]
struct ActionAnswer<'a, R> {
    network: String,
    dry_run: bool,
    purpose: &'a str,
    call: String,
    call_data: String,
    signer: AccountId,
    /// Estimated under `--dry-run`, otherwise what was paid.
    fee: Rao,
    /// Absent under `--dry-run`.
    #[serde(flatten)]
    included: Option<&'a Included>,
    result: Option<R>,
}

/// Sends it, and prints the answer. `result` takes from the included transaction what the command was for; `told` says
/// it to people.
pub(crate) async fn carry_out<R: Serialize>(
    context: &Context,
    client: &ChainClient,
    action: Action,
    result: impl FnOnce(&Included) -> Option<R>,
    told: impl FnOnce(&R) -> String,
) -> miette::Result<()> {
    let Action {
        purpose,
        call,
        signer,
    } = action;
    let output = context.output();
    let account = account(context, signer)?;
    let call_data = client.call_bytes(&call).await.map_err(chain_failure)?;
    let fee = client.fee(&account, &call).await.map_err(chain_failure)?;
    let mut answer = ActionAnswer {
        network: client.endpoint().to_string(),
        dry_run: context.dry_run(),
        purpose: &purpose,
        call: call.title(),
        call_data: format!("0x{}", hex::encode(call_data)),
        signer: account,
        fee,
        included: None,
        result: None,
    };
    if context.dry_run() {
        return output.data(&answer, |answer| {
            format!(
                "would {}\n  call    {}\n  data    {}\n  signer  {} ({signer})\n  fee     {} (estimate)\n  network {}",
                answer.purpose, answer.call, answer.call_data, answer.signer, answer.fee, answer.network
            )
        });
    }
    context.confirm(&format!(
        "{} on {}, for a fee of about {fee}?",
        capitalised(&purpose),
        answer.network
    ))?;
    let pair = unlock(context, signer)?;
    if pair.account() != account {
        return Err(miette!(
            help = "`assay wallet show` names both files; restore the right one",
            "the public file of the {signer} says {account}, but its key is {}",
            pair.account()
        ));
    }
    let receipt = client.submit(&pair, &call).await.map_err(chain_failure)?;
    let included = follow(context, &receipt).await?;
    answer.fee = included.fee;
    answer.result = result(&included);
    answer.included = Some(&included);
    output.data(&answer, |answer| match &answer.result {
        Some(result) => told(result),
        None => format!("done: {}", answer.purpose),
    })
}

/// For transactions whose success says it all.
pub(crate) fn nothing_more(_: &Included) -> Option<()> {
    None
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// An account that still can be told from others in a narrow column.
pub(crate) fn short(account: &AccountId) -> String {
    let text = account.to_string();
    match (text.get(..6), text.get(text.len().saturating_sub(4)..)) {
        (Some(start), Some(end)) => format!("{start}…{end}"),
        _ => text,
    }
}
