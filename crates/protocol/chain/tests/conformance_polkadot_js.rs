//! polkadot.js against the devnet, unmodified, and what it sees beside what our own client sees.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{Block, BlockHash, ChainClient, Rao, Uid};
use assay_devnet::{BlockProduction, Devnet};
use assay_peers::NodeJs;
use devnet::{Subnet, pair};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::runtime::Runtime;

/// What the drive script prints, by the names of its steps.
fn drive(url: &str, netuid: u16) -> impl Fn(&str) -> Value + use<> {
    let seen = NodeJs::modules("polkadot_js")
        .script("conformance/polkadot_js/devnet_drive.cjs")
        .arg(url)
        .arg(netuid.to_string())
        .run();
    move |name| {
        let found = seen.iter().find(|line| line["step"] == name);
        found
            .unwrap_or_else(|| panic!("no step {name} in {seen:#?}"))
            .clone()
    }
}

fn hash(value: &Value) -> BlockHash {
    value.as_str().unwrap().parse().unwrap()
}

fn texts<'a>(list: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    let mut texts: Vec<_> = list
        .into_iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect();
    texts.sort();
    texts
}

#[test]
#[ignore = "needs the JavaScript peers: cargo xtask test runs it"]
fn polkadot_js_reads_follows_and_transacts_and_sees_what_our_client_sees() {
    // The script blocks this thread, so blocks are made on a runtime of their own.
    let runtime = Runtime::new().unwrap();
    let (devnet, client, subnet) = runtime.block_on(async {
        let devnet = devnet::devnet(BlockProduction::Every(Duration::from_millis(200))).await;
        let client = devnet::client(&devnet).await;
        let subnet = Subnet::create(&client).await;
        subnet.register("Miner").await;
        subnet.stake(&subnet.owner, 50).await;
        (devnet, client, subnet)
    });
    let before = runtime.block_on(async { client.pin().await.unwrap() });
    let step = drive(&devnet.url(), subnet.netuid.0);
    runtime.block_on(compare(&devnet, &client, &subnet, &before, &step));
    runtime.block_on(devnet.stop());
}

async fn compare(
    devnet: &Devnet,
    client: &ChainClient,
    subnet: &Subnet,
    before: &assay_chain::Snapshot,
    step: &impl Fn(&str) -> Value,
) {
    let (netuid, alice) = (subnet.netuid, pair("//Alice"));

    let connect = step("connect");
    assert_eq!(connect["metadata"], 16, "the newest that it knows");
    assert_eq!(hash(&connect["genesis"]), client.genesis());
    assert_eq!(connect["spec"], client.spec_version());
    assert_eq!(connect["name"], "node-subtensor");
    assert_eq!(
        (&connect["prefix"], &connect["decimals"]),
        (&json!(42), &json!([9]))
    );
    assert_eq!(connect["tokens"], json!(["TAO"]));
    assert_eq!(
        connect["slot"].as_u64().unwrap() as u128,
        client.block_time().unwrap().as_millis()
    );
    assert_eq!(connect["deposit"], client.existential_deposit().unwrap().0);

    // Nobody transacted between our snapshot and its first reads.
    let balance = before.balance(&alice.account()).await.unwrap();
    let account = step("account");
    assert_eq!(account["free"], balance.free.0.to_string());
    assert_eq!(account["nonce"], balance.nonce);

    let entries = step("entries");
    let netuids: Vec<u16> = before
        .subnets()
        .await
        .unwrap()
        .iter()
        .map(|subnet| subnet.netuid.0)
        .collect();
    assert_eq!(entries["netuids"], json!(netuids));
    let paged = texts(entries["paged"].as_array().unwrap());
    assert_eq!(paged, texts(entries["whole"].as_array().unwrap()));
    assert!(paged.contains(&alice.account().to_string()) && paged.windows(2).all(|pair| pair[0] != pair[1]));

    let metagraph = before.metagraph(netuid).await.unwrap();
    let uids = step("uids");
    let apis = step("runtime apis");
    assert_eq!(metagraph.size(), 2);
    for (place, neuron) in metagraph.neurons.iter().enumerate() {
        assert_eq!(uids[neuron.hotkey.to_string()], neuron.uid.0);
        assert_eq!(apis["hotkeys"][place], neuron.hotkey.to_string());
        assert_eq!(apis["coldkeys"][place], neuron.coldkey.to_string());
        assert_eq!(apis["stake"][place], neuron.total_stake.0.to_string());
        assert_eq!(apis["registered"][place], neuron.registered_at.0);
    }
    assert_eq!(apis["nonce"], balance.nonce);
    assert_eq!(
        apis["price"],
        before.alpha_price(netuid).await.unwrap().0.to_string()
    );

    let (multi, summary) = (step("multi"), before.subnet(netuid).await.unwrap());
    assert_eq!(multi["tempo"], summary.tempo);
    assert_eq!(multi["owner"], summary.owner.to_string());
    assert_eq!(multi["nobody"], true);
    // The price of a registration falls a little with every block.
    let burn: u64 = multi["burn"].as_str().unwrap().parse().unwrap();
    assert!(burn <= summary.burn.0 && burn > summary.burn.0 / 2, "{burn}");

    for (stream, count) in [("heads", 3), ("final heads", 2), ("best", 2)] {
        let numbers: Vec<u64> = serde_json::from_value(step(stream)["numbers"].clone()).unwrap();
        let follow: Vec<u64> = (numbers[0]..numbers[0] + count).collect();
        assert_eq!(numbers, follow, "{stream}");
    }
    let heads = step("heads");
    let first = Block(heads["numbers"][0].as_u64().unwrap());
    assert_eq!(
        client.block_hash(first).await.unwrap(),
        Some(hash(&heads["hash"]))
    );

    transactions(client, subnet, step).await;
    assert_eq!(
        client.genesis().0,
        devnet.genesis_hash().0,
        "it was the chain of this test"
    );
}

async fn transactions(client: &ChainClient, subnet: &Subnet, step: &impl Fn(&str) -> Value) {
    let netuid = subnet.netuid;
    let stranger = pair("//Stranger").account();

    let transfer = step("transfer");
    assert_eq!(transfer["error"], Value::Null);
    assert_eq!(
        transfer["balances"],
        json!(["0", "2500000000"]),
        "before and after"
    );
    assert_eq!(transfer["fee"], transfer["estimate"]);
    let at = client.at(hash(&transfer["block"])).await.unwrap();
    assert_eq!(at.balance(&stranger).await.unwrap().free, Rao(2_500_000_000));
    let block = at.block_contents().await.unwrap();
    let index = transfer["index"].as_u64().unwrap() as usize;
    let extrinsic = &block.extrinsics[index];
    assert_eq!(extrinsic.hash.to_string(), transfer["hash"].as_str().unwrap());
    assert_eq!(extrinsic.title(), "Balances.transfer_keep_alive");
    assert_eq!(
        extrinsic.fee.unwrap().0.to_string(),
        transfer["fee"].as_str().unwrap()
    );
    let names: Vec<String> = extrinsic
        .events
        .iter()
        .map(|event| format!("{}.{}", camel(&event.pallet), event.name))
        .collect();
    assert_eq!(json!(names), transfer["events"]);
    let history = step("history");
    assert_eq!(
        (&history["before"], &history["after"]),
        (&json!("0"), &json!("2500000000"))
    );
    assert_eq!(history["method"], "transferKeepAlive");

    let weights = step("weights");
    assert_eq!(weights["error"], Value::Null);
    let row = client
        .pin()
        .await
        .unwrap()
        .weights_of(netuid, Uid(0))
        .await
        .unwrap();
    let row: Vec<(u16, u16)> = row.into_iter().map(|(uid, value)| (uid.0, value)).collect();
    assert_eq!(weights["row"], json!(row));
    assert_eq!(row, [(0, 32_768), (1, 65_535)]);

    let failing = step("failing call");
    assert_eq!(
        failing["error"],
        "subtensorModule.FirstEmissionBlockNumberAlreadySet"
    );
    assert!(!failing["docs"].as_str().unwrap().is_empty(), "{failing}");
    let sudo = step("sudo");
    assert_eq!(sudo["refused"], "sudo.RequireSudo");
    assert_eq!((&sudo["error"], &sudo["result"]), (&Value::Null, &json!(true)));
    assert_eq!(sudo["tempo"], 77);
    assert_eq!(client.subnet(netuid).await.unwrap().tempo, 77);

    let stale = step("bad nonce")["error"].as_str().unwrap().to_owned();
    assert!(
        stale.contains("1010") && stale.contains("Transaction is outdated"),
        "{stale}"
    );
    let dry = step("dry run");
    assert_eq!(
        (&dry["ok"], &dry["failure"]),
        (&json!(true), &json!("Arithmetic"))
    );
    assert_eq!(dry["balance"], "2500000000", "nothing was done");

    let batch = step("batch");
    assert_eq!(batch["error"], Value::Null);
    assert!(
        batch["events"]
            .as_array()
            .unwrap()
            .contains(&json!("utility.BatchCompleted"))
    );
    assert!(
        batch["interrupted"]
            .as_array()
            .unwrap()
            .contains(&json!("utility.BatchInterrupted"))
    );
    assert_eq!(batch["balance"], "2500007000");
    let at_once = step("at once");
    assert_eq!(at_once["errors"], json!([null, null, null]));
    let balance = client.balance(&stranger).await.unwrap().free;
    assert_eq!(balance, Rao(2_500_007_006));
}

/// A pallet's name as polkadot.js writes it.
fn camel(pallet: &str) -> String {
    let mut letters = pallet.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}
