//! Transactions: submission, nonces, fees, dry runs. Watching one is in [`super::subscriptions`].

use super::{Arguments, Methods, Node, RpcError, node::in_hex};
use crate::{chain::DryRunError, executor};
use codec::{Decode, Encode};
use node_subtensor_runtime::Balance;
use pallet_transaction_payment::{FeeDetails, RuntimeDispatchInfo};
use serde_json::json;
use sp_runtime::Weight;

pub(super) fn register(methods: &mut Methods) {
    methods.reading("author_submitExtrinsic", &["extrinsic"], |node, arguments| {
        Ok(node.chain.submit(&arguments.bytes(0)?, None)?)
    });
    methods.reading("author_pendingExtrinsics", &[], |node, _| {
        Ok(node.chain.pending().iter().map(in_hex).collect::<Vec<_>>())
    });
    methods.reading("account_nextIndex", &["account"], |node, arguments| {
        Ok(node.chain.next_nonce(&arguments.account(0)?)?)
    });
    methods.alias("system_accountNextIndex", "account_nextIndex");
    methods.reading("system_dryRun", &["extrinsic", "at"], |node, arguments| {
        let header = node.header(arguments.hash(1)?)?;
        Ok(in_hex(node.chain.dry_run(&arguments.bytes(0)?, &header)?))
    });
    methods.alias("system_dryRunAt", "system_dryRun");
    methods.reading("payment_queryInfo", &["extrinsic", "at"], |node, arguments| {
        let info: RuntimeDispatchInfo<Balance, Weight> =
            payment(node, arguments, "TransactionPaymentApi_query_info")?;
        // Fees are texts, because they may not fit the numbers of a browser.
        Ok(json!({
            "weight": { "ref_time": info.weight.ref_time(), "proof_size": info.weight.proof_size() },
            "class": info.class,
            "partialFee": info.partial_fee.to_string(),
        }))
    });
    methods.reading(
        "payment_queryFeeDetails",
        &["extrinsic", "at"],
        |node, arguments| {
            let details: FeeDetails<Balance> =
                payment(node, arguments, "TransactionPaymentApi_query_fee_details")?;
            let number = |number: Balance| format!("{number:#x}");
            Ok(json!({
                "inclusionFee": details.inclusion_fee.map(|fee| json!({
                    "baseFee": number(fee.base_fee),
                    "lenFee": number(fee.len_fee),
                    "adjustedWeightFee": number(fee.adjusted_weight_fee),
                })),
            }))
        },
    );
}

/// What a runtime API says of the fee of a transaction.
fn payment<T: Decode>(node: &Node, arguments: &Arguments, method: &'static str) -> Result<T, RpcError> {
    let state = node.state(arguments.hash(1)?)?;
    let mut extrinsic = arguments.bytes(0)?;
    let length = u32::try_from(extrinsic.len()).map_err(|_| arguments.refuse(0, "shorter"))?;
    length.encode_to(&mut extrinsic);
    Ok(executor::query(&state, method, &extrinsic)?)
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
