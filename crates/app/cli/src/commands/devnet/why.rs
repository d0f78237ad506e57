//! `assay devnet why`: every check between a hotkey and its weights.

use super::money::find_account;
use crate::{
    commands::{
        findings,
        on_chain::{account, chain_failure},
    },
    context::Context,
};
use assay_chain::{AccountId, ChainClient, ConnectOptions, NetUid};
use assay_keys::KeyRole;
use assay_neuron::{Circumstances, Diagnosis, Verdict, diagnose};
use miette::miette;

/// Tell why a hotkey cannot set weights now, and what to do about it
///
/// Looks at every check of the chain in its order, with the figures. Works on any network. Ends with exit code 0 when the
/// chain would take weights, and 1 when not.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Who: an SS58 address, a development key, or a wallet's hotkey as WALLET or WALLET/HOTKEY; without it the
    /// hotkey of the chosen wallet
    #[arg(value_name = "HOTKEY")]
    hotkey: Option<String>,
    /// Number of the subnet
    #[arg(long, value_name = "N")]
    netuid: NetUid,
    /// The version key that would be sent, instead of the one that the subnet asks for
    #[arg(long, value_name = "KEY")]
    version_key: Option<u64>,
}

pub(super) fn run(args: Args, context: &Context) -> miette::Result<()> {
    let hotkey = match &args.hotkey {
        Some(text) => find_account(text, KeyRole::Hotkey, context)?,
        None => account(context, KeyRole::Hotkey)?,
    };
    let diagnosis = context.block_on(look(&args, hotkey, context))?;
    context.output().data(&diagnosis, text)?;
    if diagnosis.can_set_weights {
        return Ok(());
    }
    let stops = diagnosis
        .findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Stops)
        .count();
    let plural = if stops == 1 {
        "thing stands"
    } else {
        "things stand"
    };
    Err(miette!("{stops} {plural} between {hotkey} and its weights"))
}

async fn look(args: &Args, hotkey: AccountId, context: &Context) -> miette::Result<Diagnosis> {
    let endpoint = context
        .chosen_network()
        .unwrap_or("local")
        .parse()
        .map_err(|error| chain_failure(assay_chain::ChainError::Endpoint(error)))?;
    let client = ChainClient::connect(endpoint, ConnectOptions::default())
        .await
        .map_err(chain_failure)?;
    let snapshot = client.pin().await.map_err(chain_failure)?;
    let (metagraph, hyperparameters, epochs) = tokio::try_join!(
        snapshot.metagraph(args.netuid),
        snapshot.hyperparameters(args.netuid),
        snapshot.epoch_schedule(args.netuid),
    )
    .map_err(chain_failure)?;
    Ok(diagnose(&Circumstances {
        metagraph: &metagraph,
        hyperparameters: &hyperparameters,
        epochs: &epochs,
        block_time: client.block_time().map_err(chain_failure)?,
        hotkey,
        version_key: args.version_key,
    }))
}

fn text(diagnosis: &Diagnosis) -> String {
    let who = match diagnosis.uid {
        Some(uid) => format!("uid {uid} ({})", diagnosis.hotkey),
        None => diagnosis.hotkey.to_string(),
    };
    let can = if diagnosis.can_set_weights {
        "can set weights"
    } else {
        "cannot set weights"
    };
    let mut lines = vec![format!(
        "{who} {can} in subnet {} at block {}",
        diagnosis.netuid, diagnosis.block.number
    )];
    lines.extend(findings::lines(&diagnosis.findings));
    lines.join("\n")
}
