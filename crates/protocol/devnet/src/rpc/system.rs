//! `system_*`: what the node says of itself.

use super::Methods;
use crate::CHAIN_NAME;
use serde_json::{Value, json};

pub(super) fn register(methods: &mut Methods) {
    methods.quick("system_chain", &[], |_, _| Ok(CHAIN_NAME));
    methods.quick("system_name", &[], |_, _| Ok("Assay"));
    methods.quick("system_version", &[], |_, _| Ok(env!("CARGO_PKG_VERSION")));
    methods.quick("system_chainType", &[], |_, _| Ok("Development"));
    methods.quick("system_properties", &[], |_, _| Ok(properties()));
    methods.quick("system_health", &[], |_, _| {
        Ok(json!({ "peers": 0, "isSyncing": false, "shouldHavePeers": false }))
    });
    methods.quick("system_syncState", &[], |node, _| {
        let number = node.chain.head().number;
        Ok(json!({ "startingBlock": 0, "currentBlock": number, "highestBlock": number }))
    });
    methods.quick("system_peers", &[], |_, _| Ok(json!([])));
    methods.quick("system_nodeRoles", &[], |_, _| Ok(json!(["Authority"])));
}

/// What wallets need to show amounts and addresses.
pub(super) fn properties() -> Value {
    json!({ "ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO" })
}
