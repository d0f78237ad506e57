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
    /// Estimated, under `--dry-run` alone: what was paid stands with what is included.
    #[serde(rename = "fee", skip_serializing_if = "Option::is_none")]
    estimate: Option<Rao>,
    /// Absent under `--dry-run`.
    #[serde(flatten)]
    included: Option<&'a Included>,
    result: Option<R>,
}

/// A transaction that a final block holds.
pub(crate) struct Sent {
    network: String,
    purpose: String,
    call: String,
    call_data: String,
    signer: AccountId,
    included: Included,
}

/// Shows what it does and costs, asks, signs, and follows it to a final block. `ready` runs when all is agreed and
/// nothing is sent yet. Under `--dry-run` that is printed and nothing comes back.
pub(crate) async fn send(
    context: &Context,
    client: &ChainClient,
    action: Action,
    ready: impl FnOnce() -> miette::Result<()>,
) -> miette::Result<Option<Sent>> {
    let Action {
        purpose,
        call,
        signer,
    } = action;
    let account = account(context, signer)?;
    let call_data = client.call_bytes(&call).await.map_err(chain_failure)?;
    let call_data = format!("0x{}", hex::encode(call_data));
    let fee = client.fee(&account, &call).await.map_err(chain_failure)?;
    let network = client.endpoint().to_string();
    if context.dry_run() {
        let answer: ActionAnswer<'_, ()> = ActionAnswer {
            network,
            dry_run: true,
            purpose: &purpose,
            call: call.title(),
            call_data,
            signer: account,
            estimate: Some(fee),
            included: None,
            result: None,
        };
        context.output().data(&answer, |answer| {
            format!(
                "would {}\n  call    {}\n  data    {}\n  signer  {} ({signer})\n  fee     {} (estimate)\n  network {}",
                answer.purpose, answer.call, answer.call_data, answer.signer, fee, answer.network
            )
        })?;
        return Ok(None);
    }
    context.confirm(&format!(
        "{} on {network}, for a fee of about {fee}?",
        capitalised(&purpose)
    ))?;
    let pair = unlock(context, signer)?;
    if pair.account() != account {
        return Err(miette!(
            help = "`assay wallet show` names both files; restore the right one",
            "the public file of the {signer} says {account}, but its key is {}",
            pair.account()
        ));
    }
    ready()?;
    let receipt = client.submit(&pair, &call).await.map_err(chain_failure)?;
    let included = follow(context, &receipt).await?;
    Ok(Some(Sent {
        network,
        purpose,
        call: call.title(),
        call_data,
        signer: account,
        included,
    }))
}

impl Sent {
    /// The transaction as the block holds it.
    pub(crate) fn included(&self) -> &Included {
        &self.included
    }

    /// Prints the answer; `told` says to people what the command was for.
    pub(crate) fn print<R: Serialize>(
        &self,
        context: &Context,
        result: Option<R>,
        told: impl FnOnce(&R) -> String,
    ) -> miette::Result<()> {
        let answer = ActionAnswer {
            network: self.network.clone(),
            dry_run: false,
            purpose: &self.purpose,
            call: self.call.clone(),
            call_data: self.call_data.clone(),
            signer: self.signer,
            estimate: None,
            included: Some(&self.included),
            result,
        };
        context.output().data(&answer, |answer| match &answer.result {
            Some(result) => told(result),
            None => format!("done: {}", answer.purpose),
        })
    }
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
    match send(context, client, action, || Ok(())).await? {
        Some(sent) => sent.print(context, result(sent.included()), told),
        None => Ok(()),
    }
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
