//! What single requests are answered, refusals included.

use crate::{
    node::{Node, hexed, number, storage_key},
    transaction::{self, Signing, TAO, pair, transfer},
};
use jsonrpsee::core::{client::ClientT, params::BatchRequestBuilder};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const NO_BLOCK: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_found_by_number_and_by_hash() {
    let node = Node::manual().await;
    node.devnet.produce(3).await.unwrap();
    let head = node.ask("chain_getBlockHash", json!([])).await;
    assert_eq!(node.ask("chain_getHead", json!([])).await, head);
    assert_eq!(node.ask("chain_getFinalizedHead", json!([])).await, head);
    assert_eq!(node.ask("chain_getFinalisedHead", json!([])).await, head);
    assert_eq!(node.ask("chain_getBlockHash", json!([3])).await, head);
    assert_eq!(node.ask("chain_getBlockHash", json!(["0x3"])).await, head);
    assert_eq!(
        node.ask("chain_getBlockHash", json!([1_000_000])).await,
        Value::Null
    );
    let two = node.ask("chain_getBlockHash", json!([[0, 1]])).await;
    assert_eq!(two[0], json!(node.devnet.genesis_hash()));
    assert_eq!(two.as_array().unwrap().len(), 2);

    let header = node.ask("chain_getHeader", json!([head])).await;
    assert_eq!(number(&header), 3);
    assert_eq!(
        header["parentHash"],
        node.ask("chain_getBlockHash", json!([2])).await
    );
    assert_eq!(header["stateRoot"], json!(node.devnet.state_root()));
    assert_eq!(header["digest"], json!({ "logs": [] }));
    assert_eq!(node.ask("chain_getHeader", json!([])).await, header);
    assert_eq!(node.ask("chain_getHeader", json!([NO_BLOCK])).await, Value::Null);

    let block = node.ask("chain_getBlock", json!([head])).await;
    assert_eq!(block["block"]["header"], header);
    assert_eq!(block["justifications"], Value::Null);
    // The time, as a bare extrinsic of the fifth format: the first of every block.
    let time = block["block"]["extrinsics"][0].as_str().unwrap();
    assert!(time.starts_with("0x28050200"), "{time}");
    assert_eq!(node.ask("chain_getBlock", json!([NO_BLOCK])).await, Value::Null);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn block_0_is_what_clients_expect_of_it() {
    let node = Node::manual().await;
    let header = node.ask("chain_getHeader", json!([])).await;
    assert_eq!(number(&header), 0);
    assert_eq!(header["parentHash"], json!(format!("0x{}", "0".repeat(64))));
    assert_eq!(
        header["extrinsicsRoot"],
        json!("0x03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314")
    );
    let genesis = json!(node.devnet.genesis_hash());
    assert_eq!(node.ask("chain_getBlockHash", json!([0])).await, genesis);
    assert_eq!(node.ask("chainSpec_v1_genesisHash", json!([])).await, genesis);
    let block = node.ask("chain_getBlock", json!([genesis])).await;
    assert_eq!(block["block"]["extrinsics"], json!([]));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_comes_in_three_versions() {
    let node = Node::manual().await;
    let call = async |method: &str, data: &str| node.ask("state_call", json!([method, data, null])).await;
    assert_eq!(
        call("Metadata_metadata_versions", "0x").await,
        json!("0x0c0e0000000f00000010000000")
    );
    assert_eq!(
        call("Metadata_metadata_at_version", "0x11000000").await,
        json!("0x00")
    );
    for (version, data) in [("0e", "0e000000"), ("0f", "0f000000"), ("10", "0x10000000")] {
        let metadata = call("Metadata_metadata_at_version", data).await;
        let metadata = metadata.as_str().unwrap();
        assert!(metadata.starts_with("0x01"), "{}", &metadata[..20]);
        // A length of four bytes, then the magic word and the version.
        assert_eq!(&metadata[12..22], format!("6d657461{version}"));
    }
    let metadata = node.ask("state_getMetadata", json!([])).await;
    assert!(metadata.as_str().unwrap().starts_with("0x6d6574610e"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_does_not_exist_and_one_that_panics_are_errors_and_the_node_lives() {
    let node = Node::manual().await;
    let missing = node.refusal("state_call", json!(["Nope_nope", "", null])).await;
    assert_eq!(missing.code(), 4003);
    assert_eq!(
        missing.message(),
        "Client error: Execution failed: Other: Exported method Nope_nope is not found"
    );
    for method in [
        "AccountNonceApi_account_nonce",
        "Core_initialize_block",
        "Metadata_metadata_at_version",
        "SubnetInfoRuntimeApi_get_metagraph",
    ] {
        let panicked = node.refusal("state_call", json!([method, "", null])).await;
        assert_eq!(panicked.code(), 4003);
        assert!(
            panicked.message().starts_with("Client error: Execution failed: "),
            "{}",
            panicked.message()
        );
    }
    node.devnet.produce(1).await.unwrap();
    assert_eq!(number(&node.ask("chain_getHeader", json!([])).await), 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn storage_is_read_by_key_by_list_and_by_page() {
    let node = Node::manual().await;
    node.devnet.produce(1).await.unwrap();
    let (_, hash) = node.devnet.head();
    let accounts = hexed(&storage_key("System", "Account"));

    let empty = node.ask("state_queryStorageAt", json!([[], hash])).await;
    assert_eq!(empty, json!([{ "block": hash, "changes": [] }]));

    let page = |count: u32, start: Value| json!([accounts, count, start, null]);
    let all = node.ask("state_getKeysPaged", page(100, json!(accounts))).await;
    let all = all.as_array().unwrap().clone();
    assert!(all.len() >= 9, "the development accounts are there");
    assert!(all.iter().all(|key| key.as_str().unwrap() > accounts.as_str()));
    assert!(all.is_sorted_by(|left, right| left.as_str() < right.as_str()));
    let first = node.ask("state_getKeysPaged", page(4, Value::Null)).await;
    assert_eq!(first.as_array().unwrap()[..], all[..4]);
    let second = node.ask("state_getKeysPaged", page(100, all[3].clone())).await;
    assert_eq!(second.as_array().unwrap()[..], all[4..]);
    assert_eq!(node.ask("state_getKeys", json!([accounts])).await, json!(all));
    assert_eq!(
        node.refusal("state_getKeysPaged", page(1001, Value::Null))
            .await
            .code(),
        4002
    );

    // Every key of the state, from its first, is a page like any other.
    let any = node.ask("state_getKeysPaged", json!(["0x", 1, null])).await;
    assert_eq!(any.as_array().unwrap().len(), 1);

    let absent = "0xdeadbeef";
    let values = node
        .ask("state_queryStorageAt", json!([[all[1], absent, all[0]], null]))
        .await;
    let changes = values[0]["changes"].as_array().unwrap();
    assert_eq!((&changes[0][0], &changes[2][0]), (&all[1], &all[0]));
    assert_eq!(changes[1], json!([absent, null]));
    for method in ["state_getStorage", "state_getStorageAt"] {
        assert_eq!(node.ask(method, json!([all[0], hash])).await, changes[2][1]);
        assert_eq!(node.ask(method, json!([absent])).await, Value::Null);
    }
    let value = hex::decode(&changes[2][1].as_str().unwrap()[2..]).unwrap();
    assert_eq!(
        node.ask("state_getStorageSize", json!([all[0]])).await,
        json!(value.len())
    );
    assert_eq!(
        node.ask("state_getStorageHash", json!([all[0]])).await,
        json!(hexed(&sp_crypto_hashing::blake2_256(&value)))
    );
    let refused = node.refusal("state_getStorage", json!([all[0], NO_BLOCK])).await;
    assert_eq!(refused.code(), 4003);
    assert_eq!(
        refused.message(),
        "Client error: UnknownBlock: Header was not found in the database"
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_of_blocks_is_queried_for_what_changed_in_it_and_a_value_is_proven() {
    let node = Node::manual().await;
    node.devnet.produce(4).await.unwrap();
    let mut blocks = Vec::new();
    for number in 1..=4 {
        blocks.push(node.ask("chain_getBlockHash", json!([number])).await);
    }
    let (time, sudo) = (
        hexed(&storage_key("Timestamp", "Now")),
        hexed(&storage_key("Sudo", "Key")),
    );
    let sets = node
        .ask("state_queryStorage", json!([[time, sudo], blocks[0], blocks[2]]))
        .await;
    let sets = sets.as_array().unwrap();
    assert_eq!(sets.len(), 3);
    assert_eq!(
        sets[0]["changes"].as_array().unwrap().len(),
        2,
        "all of them first"
    );
    for (set, block) in sets.iter().zip(&blocks) {
        assert_eq!(set["block"], *block);
        let now = node.ask("state_getStorage", json!([time, block])).await;
        assert_eq!(set["changes"][0], json!([time, now]));
    }
    assert_eq!(
        sets[2]["changes"].as_array().unwrap().len(),
        1,
        "the sudo key stays"
    );
    let backwards = json!([[time], blocks[2], blocks[0]]);
    assert_eq!(node.refusal("state_queryStorage", backwards).await.code(), -32602);

    let proof = node.ask("state_getReadProof", json!([[time], blocks[1]])).await;
    assert_eq!(proof["at"], blocks[1]);
    let header = node.ask("chain_getHeader", json!([blocks[1]])).await;
    let nodes: Vec<String> = serde_json::from_value(proof["proof"].clone()).unwrap();
    let hashes: Vec<String> = nodes
        .iter()
        .map(|node| hexed(&sp_crypto_hashing::blake2_256(&hex::decode(&node[2..]).unwrap())))
        .collect();
    assert!(hashes.contains(&header["stateRoot"].as_str().unwrap().to_owned()));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_says_what_it_is() {
    let node = Node::manual().await;
    assert_eq!(
        node.ask("system_properties", json!([])).await,
        json!({ "ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO" })
    );
    assert_eq!(
        node.ask("system_chainType", json!([])).await,
        json!("Development")
    );
    assert_eq!(
        node.ask("system_health", json!([])).await,
        json!({ "peers": 0, "isSyncing": false, "shouldHavePeers": false })
    );
    for method in ["system_chain", "system_name", "system_version"] {
        assert!(node.ask(method, json!([])).await.is_string());
    }
    let version = node.ask("state_getRuntimeVersion", json!([])).await;
    assert_eq!(version["specName"], json!("node-subtensor"));
    assert_eq!(version["stateVersion"], json!(1));
    let core = &version["apis"][0];
    assert_eq!(
        core[0].as_str().unwrap().len(),
        18,
        "an API id is eight bytes in hex: {core}"
    );
    assert!(core[1].is_u64());

    let methods = node.ask("rpc_methods", json!([])).await;
    let methods = methods["methods"].as_array().unwrap();
    for name in [
        "account_nextIndex",
        "author_submitAndWatchExtrinsic",
        "rpc_methods",
        "state_call",
    ] {
        assert!(methods.contains(&json!(name)), "{name} is listed");
    }
    // Clients take a listed name of these families for the whole of it.
    assert!(
        !methods
            .iter()
            .any(|name| name.as_str().unwrap().starts_with("archive_v1_"))
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_and_bad_parameters_have_their_codes() {
    let node = Node::manual().await;
    let unknown = node.refusal("chain_makeMeRich", json!([])).await;
    assert_eq!((unknown.code(), unknown.message()), (-32601, "Method not found"));
    for (method, params) in [
        ("chain_getHeader", json!(["0x12"])),
        ("chain_getBlockHash", json!(["three"])),
        ("state_getStorage", json!([])),
        ("state_getStorage", json!(["0xxyz"])),
        ("account_nextIndex", json!(["nobody"])),
        ("system_chain", json!([1])),
    ] {
        assert_eq!(
            node.refusal(method, params.clone()).await.code(),
            -32602,
            "{method} {params}"
        );
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_in_one_message() {
    let node = Node::manual().await;
    let mut batch = BatchRequestBuilder::new();
    batch.insert("chain_getHead", jsonrpsee::rpc_params![]).unwrap();
    batch.insert("system_chain", jsonrpsee::rpc_params![]).unwrap();
    batch.insert("no_such", jsonrpsee::rpc_params![]).unwrap();
    let answers = node.0.batch_request::<Value>(batch).await.unwrap();
    let answers: Vec<_> = answers.into_iter().collect();
    assert_eq!(*answers[0].as_ref().unwrap(), json!(node.devnet.genesis_hash()));
    assert!(answers[1].as_ref().unwrap().is_string());
    assert_eq!(answers[2].as_ref().unwrap_err().code(), -32601);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http_post_works_on_the_same_port_with_ids_and_parameters_of_any_kind() {
    let node = Node::manual().await;
    let genesis = json!(node.devnet.genesis_hash());
    for (id, params) in [
        (json!(7), r#","params":[0]"#),
        (json!("a-b"), r#","params":["0x0"]"#),
        (json!(null), r#","params":{"hash":0}"#),
        (json!(18_446_744_073_709_551_615_u64), ""),
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"chain_getBlockHash"{params}}}"#);
        let answer = post(&node, &body).await;
        assert_eq!(answer["id"], id);
        assert_eq!(answer["result"], genesis, "{body}");
    }
    let answers = post(
        &node,
        r#"[{"jsonrpc":"2.0","id":"x","method":"chain_getHead"},{"jsonrpc":"2.0","id":2,"method":"system_chain","params":[]}]"#,
    )
    .await;
    assert_eq!(answers.as_array().unwrap().len(), 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_and_outcomes_can_be_asked_beforehand() {
    let node = Node::manual().await;
    node.devnet.produce(1).await.unwrap();
    let signing = Signing::of(&node).await;
    let good = signing.sign(&pair("Alice"), 0, &transfer("Bob", TAO));
    let info = node.ask("payment_queryInfo", json!([hexed(&good)])).await;
    let fee: u64 = info["partialFee"].as_str().unwrap().parse().unwrap();
    assert!(fee > 0 && fee < TAO, "{info}");
    assert_eq!(info["class"], json!("normal"));
    assert!(info["weight"]["ref_time"].is_u64());

    let details = node.ask("payment_queryFeeDetails", json!([hexed(&good)])).await;
    let parts = ["baseFee", "lenFee", "adjustedWeightFee"].map(|part| {
        let part = details["inclusionFee"][part].as_str().unwrap();
        u64::from_str_radix(part.strip_prefix("0x").unwrap(), 16).unwrap()
    });
    assert_eq!(parts.iter().sum::<u64>(), fee, "{details}");

    let outcome = |transaction: &[u8]| json!([hexed(transaction), null]);
    // Applied, and the call succeeds; applied, and the call fails; not applied.
    assert_eq!(node.ask("system_dryRun", outcome(&good)).await, json!("0x0000"));
    let poor = signing.sign(&pair("Dave"), 0, &transfer("Bob", 1_000_000 * TAO));
    let failed = node.ask("system_dryRun", outcome(&poor)).await;
    assert!(failed.as_str().unwrap().starts_with("0x0001"), "{failed}");
    let stale = signing.sign(&pair("Dave"), 5, &transfer("Bob", TAO));
    let refused = node.ask("system_dryRun", outcome(&stale)).await;
    assert!(refused.as_str().unwrap().starts_with("0x01"), "{refused}");
    assert_eq!(
        node.refusal("system_dryRun", json!(["0x1234"])).await.code(),
        1002
    );
    // Nothing of it happened.
    let nonce = node
        .ask("account_nextIndex", json!([transaction::address("Alice")]))
        .await;
    assert_eq!(nonce, json!(0));
    node.stop().await;
}

/// A request as `curl` sends it.
async fn post(node: &Node, body: &str) -> Value {
    let address = node.devnet.url().replace("ws://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{response}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {response}"))
}
