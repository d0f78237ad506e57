//! `devnet_*`: what no real chain can do. Blocks on request, time, money, snapshots.

use super::{Arguments, Methods, Node, RpcError};
use crate::{
    BlockProduction, SIMPLIFICATIONS,
    chain::{Head, MAX_BLOCKS_A_CALL, Retracted},
    production, state,
};
use serde_json::{Value, json};
use sp_core::crypto::{Ss58AddressFormat, Ss58Codec};
use std::{path::PathBuf, time::Duration};

/// The prefix of addresses on this chain, as on the public one.
const SS58_PREFIX: u16 = 42;

/// Longest name of a snapshot.
const MAX_NAME: usize = 64;

/// Furthest warp: a century. The time of a block is a number of milliseconds that must not run over.
const MAX_WARP: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

pub(super) fn register(methods: &mut Methods) {
    methods.quick("devnet_info", &[], |node, _| {
        let genesis = node.chain.genesis();
        Ok(json!({
            "genesisHash": node.chain.genesis_hash(),
            "seed": genesis.seed,
            "slotDurationMs": genesis.slot_duration_ms,
            "blocks": pace_json(*node.pace.borrow()),
            "frozen": node.thawed.lock().is_some(),
            "head": head_json(&node.chain.head()),
            "finalized": final_json(&node.chain.head()),
            "simplified": SIMPLIFICATIONS,
        }))
    });
    methods.working("devnet_produce", &["count"], |node, arguments| {
        let count = arguments.number_in::<u32>(0)?.unwrap_or(1);
        if count > MAX_BLOCKS_A_CALL {
            return Err(arguments.refuse(0, "at most 100000"));
        }
        Ok(head_json(&*node.chain.produce(count)?))
    });
    methods.working("devnet_runToEpoch", &["netuid"], |node, arguments| {
        let netuid = arguments
            .number_in::<u16>(0)?
            .ok_or_else(|| arguments.refuse(0, "the number of a subnet"))?;
        Ok(head_json(&*node.chain.run_to_epoch(netuid)?))
    });
    methods.working("devnet_warp", &["seconds"], |node, arguments| {
        let by = arguments
            .number(0)?
            .map(Duration::from_secs)
            .filter(|by| *by <= MAX_WARP)
            .ok_or_else(|| arguments.refuse(0, "a number of seconds, a century at most"))?;
        Ok(head_json(&*node.chain.seal_later(by)?))
    });
    methods.quick("devnet_setBlockTime", &["milliseconds"], |node, arguments| {
        let pace = pace_from(arguments)?;
        production::set(&node.pace, pace)?;
        *node.thawed.lock() = None;
        Ok(pace_json(pace))
    });
    methods.working("devnet_setFinalityLag", &["blocks"], |node, arguments| {
        let blocks = arguments
            .number_in::<u32>(0)?
            .ok_or_else(|| arguments.refuse(0, "a number of blocks"))?;
        Ok(final_json(&*node.chain.set_finality_lag(blocks)?))
    });
    methods.working("devnet_reorg", &["depth", "transactions"], |node, arguments| {
        let depth = arguments
            .number_in::<u32>(0)?
            .ok_or_else(|| arguments.refuse(0, "a number of blocks"))?;
        let transactions = match arguments.value(1).map(Value::as_str) {
            None | Some(Some("pool")) => Retracted::ToPool,
            Some(Some("dropped")) => Retracted::Dropped,
            Some(_) => return Err(arguments.refuse(1, "\"pool\" or \"dropped\"")),
        };
        Ok(head_json(&*node.chain.reorg(depth, transactions)?))
    });
    methods.working("devnet_upgradeRuntime", &["block"], |node, arguments| {
        let number = node.chain.upgrade_at(arguments.number_in::<u32>(0)?)?;
        Ok(json!({ "block": number }))
    });
    methods.quick("devnet_freeze", &[], |node, _| {
        let mut thawed = node.thawed.lock();
        let pace = *thawed.get_or_insert(*node.pace.borrow());
        production::set(&node.pace, BlockProduction::Manual)?;
        Ok(json!({ "head": head_json(&node.chain.head()), "blocks": pace_json(pace) }))
    });
    methods.quick("devnet_resume", &[], |node, _| {
        let pace = node.thawed.lock().take().ok_or(RpcError::NotFrozen)?;
        production::set(&node.pace, pace)?;
        Ok(json!({ "head": head_json(&node.chain.head()), "blocks": pace_json(pace) }))
    });
    methods.working("devnet_faucet", &["account", "rao"], |node, arguments| {
        let account = arguments.account(0)?;
        let rao = arguments
            .number(1)?
            .ok_or_else(|| arguments.refuse(1, "an amount in rao"))?;
        let head = node.chain.mint(account.clone(), rao)?;
        let balance = state::free_balance(&node.state(Some(head.hash))?, &account)?;
        Ok(json!({
            "account": account.to_ss58check_with_version(Ss58AddressFormat::custom(SS58_PREFIX)),
            "given": rao,
            "balance": balance,
            "block": head_json(&head),
        }))
    });
    methods.working("devnet_snapshot", &["name"], |node, arguments| {
        Ok(node.chain.snapshot(&snapshot_path(node, arguments)?)?)
    });
    methods.working("devnet_restore", &["name"], |node, arguments| {
        Ok(node.chain.restore(&snapshot_path(node, arguments)?)?)
    });
}

fn head_json(head: &Head) -> Value {
    json!({ "number": head.number, "hash": head.hash })
}

fn final_json(head: &Head) -> Value {
    json!({ "number": head.finalized.number, "hash": head.finalized.hash })
}

fn pace_json(pace: BlockProduction) -> Value {
    match pace {
        BlockProduction::Every(interval) => json!(interval.as_millis() as u64),
        BlockProduction::Manual => json!("manual"),
        BlockProduction::OnDemand => json!("onDemand"),
    }
}

fn pace_from(arguments: &Arguments) -> Result<BlockProduction, RpcError> {
    match arguments.value(0).and_then(Value::as_str) {
        Some("manual") => Ok(BlockProduction::Manual),
        Some("onDemand") => Ok(BlockProduction::OnDemand),
        Some(_) => Err(arguments.refuse(0, "milliseconds, \"manual\" or \"onDemand\"")),
        None => arguments
            .number(0)?
            .map(|milliseconds| BlockProduction::Every(Duration::from_millis(milliseconds)))
            .ok_or_else(|| arguments.refuse(0, "milliseconds, \"manual\" or \"onDemand\"")),
    }
}

/// The file of a named snapshot. Callers over the network name no paths: they could overwrite any file of the user's.
fn snapshot_path(node: &Node, arguments: &Arguments) -> Result<PathBuf, RpcError> {
    let folder = node.snapshots.as_ref().ok_or(RpcError::NoFolder)?;
    let name = arguments.text(0)?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
        return Err(arguments.refuse(0, "a name of at most 64 letters, digits, - and _"));
    }
    Ok(folder.join(format!("{name}.snapshot")))
}
