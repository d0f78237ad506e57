//! Transactions: submission, nonces, fees, dry runs. Watching one is in [`super::subscriptions`].

use super::{Methods, RpcError, node::in_hex};
use crate::{chain::DryRunError, executor};
use codec::Encode;
use node_subtensor_runtime::{AccountId, Balance};
use pallet_transaction_payment::RuntimeDispatchInfo;
use serde_json::json;
use sp_core::crypto::Ss58Codec;
use sp_runtime::Weight;

pub(super) fn register(methods: &mut Methods) {
    methods.reading("author_submitExtrinsic", &["extrinsic"], |node, arguments| {
        Ok(node.chain.submit(&arguments.bytes(0)?, None)?)
    });
    methods.quick("author_pendingExtrinsics", &[], |node, _| {
        Ok(node.chain.pending().iter().map(in_hex).collect::<Vec<_>>())
    });
    methods.reading("account_nextIndex", &["account"], |node, arguments| {
        let account = account(arguments.text(0)?).ok_or_else(|| arguments.refuse(0, "an SS58 address"))?;
        Ok(node.chain.next_nonce(&account)?)
    });
    methods.alias("system_accountNextIndex", "account_nextIndex");
    methods.reading("system_dryRun", &["extrinsic", "at"], |node, arguments| {
        let header = node.header(arguments.hash(1)?)?;
        Ok(in_hex(node.chain.dry_run(&arguments.bytes(0)?, &header)?))
    });
    methods.alias("system_dryRunAt", "system_dryRun");
    methods.reading("payment_queryInfo", &["extrinsic", "at"], |node, arguments| {
        let state = node.state(arguments.hash(1)?)?;
        let mut extrinsic = arguments.bytes(0)?;
        let length = u32::try_from(extrinsic.len()).map_err(|_| arguments.refuse(0, "shorter"))?;
        length.encode_to(&mut extrinsic);
        let info: RuntimeDispatchInfo<Balance, Weight> =
            executor::query(&state, "TransactionPaymentApi_query_info", &extrinsic)?;
        // Fees are texts, because they may not fit the numbers of a browser.
        Ok(json!({
            "weight": { "ref_time": info.weight.ref_time(), "proof_size": info.weight.proof_size() },
            "class": info.class,
            "partialFee": info.partial_fee.to_string(),
        }))
    });
}

/// An account from its SS58 address, whatever network's, or its key in hex.
fn account(text: &str) -> Option<AccountId> {
    if let Some(key) = text.strip_prefix("0x") {
        let key: [u8; 32] = hex::decode(key).ok()?.try_into().ok()?;
        return Some(key.into());
    }
    AccountId::from_ss58check_with_version(text)
        .ok()
        .map(|(account, _)| account)
}

impl From<DryRunError> for RpcError {
    fn from(error: DryRunError) -> Self {
        match error {
            DryRunError::Undecodable(error) => error.into(),
            DryRunError::Call(error) => error.into(),
            DryRunError::Node(error) => error.into(),
        }
    }
}
