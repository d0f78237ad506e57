//! `chain_*` and `chainSpec_v1_*`: blocks and their hashes.

use super::{Methods, Node, RpcError, arguments::number_from, node::in_hex, system::properties};
use crate::CHAIN_NAME;
use serde_json::{Value, json};

/// Numbers of one list. Each costs a record of the database; clients ask for a few.
const MAX_NUMBERS: usize = 4_096;

pub(super) fn register(methods: &mut Methods) {
    methods.reading(
        "chain_getBlockHash",
        &["hash"],
        |node, arguments| match arguments.value(0) {
            None => Ok(json!(node.chain.head().hash)),
            Some(Value::Array(numbers)) if numbers.len() > MAX_NUMBERS => {
                Err(arguments.refuse(0, "at most 4096 block numbers"))
            }
            Some(Value::Array(numbers)) => {
                let hashes: Result<Vec<Value>, RpcError> =
                    numbers.iter().map(|number| hash_at(node, number)).collect();
                Ok(Value::Array(hashes?))
            }
            Some(number) => hash_at(node, number),
        },
    );
    methods.alias("chain_getHead", "chain_getBlockHash");
    methods.quick("chain_getFinalizedHead", &[], |node, _| {
        Ok(node.chain.head().finalized.hash)
    });
    methods.alias("chain_getFinalisedHead", "chain_getFinalizedHead");
    methods.quick("chain_getHeader", &["hash"], |node, arguments| {
        match arguments.hash(0)? {
            None => Ok(Some(node.chain.head().header.clone())),
            Some(hash) => Ok(node.chain.header(&hash)?),
        }
    });
    methods.reading("chain_getBlock", &["hash"], |node, arguments| {
        let hash = arguments.hash(0)?.unwrap_or(node.chain.head().hash);
        Ok(node.chain.block(&hash)?.map(|block| {
            let extrinsics: Vec<String> = block.extrinsics.iter().map(in_hex).collect();
            json!({
                "block": { "header": block.header, "extrinsics": extrinsics },
                "justifications": null,
            })
        }))
    });
    methods.quick("chainSpec_v1_genesisHash", &[], |node, _| {
        Ok(node.chain.genesis_hash())
    });
    methods.quick("chainSpec_v1_chainName", &[], |_, _| Ok(CHAIN_NAME));
    methods.quick("chainSpec_v1_properties", &[], |_, _| Ok(properties()));
}

/// The hash of the block with this number; null beyond the head.
fn hash_at(node: &Node, number: &Value) -> Result<Value, RpcError> {
    let number = number_from(number)
        .ok_or_else(|| RpcError::params("hash should be a block number, or a list of them".to_owned()))?;
    let Ok(number) = u32::try_from(number) else {
        return Ok(Value::Null);
    };
    Ok(json!(node.chain.hash_at(number)?))
}
