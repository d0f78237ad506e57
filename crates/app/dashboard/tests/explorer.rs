//! The pages about a chain, through a real socket, of a real chain.

mod chain;

use assay_chain::Block;
use assay_dashboard::Chain;
use chain::{BACKWARDS, HOSTILE, Pages, World, pair};
use reqwest::StatusCode;
use serde_json::Value;
use std::time::Duration;

/// Longer than anything here takes on a busy machine, shorter than a person would wait.
const DEADLINE: Duration = Duration::from_secs(60);

fn browser() -> reqwest::Client {
    // Only once a process, and only asked for: nothing here speaks TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(DEADLINE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client")
}

impl Pages {
    async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = browser().get(self.url(path)).send().await.expect("an answer");
        let status = answer.status();
        (status, answer.text().await.expect("a text"))
    }

    /// A page, with its spaces made plain.
    async fn page(&self, path: &str) -> String {
        let (status, page) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {page}");
        page.replace(['\u{a0}', '\u{202f}'], " ")
    }

    async fn json(&self, path: &str) -> Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn goes_to(&self, query: &str) -> String {
        let answer = browser()
            .get(self.url("/search"))
            .query(&[("q", query)])
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 303, "{query}");
        answer.headers()["location"]
            .to_str()
            .expect("an address")
            .to_owned()
    }
}

#[tokio::test]
async fn every_page_tells_what_is_on_the_chain() {
    let world = World::new().await;
    let pages = Pages::serve(Chain::Connected(world.client.clone())).await;
    let (netuid, head) = (world.netuid, world.client.head().await.expect("a head"));

    let list = pages.page("/blocks").await;
    assert!(list.contains("Newest blocks") && list.contains(&format!("/block/{}", head.number)));
    let older = pages.json("/api/blocks?before=3").await;
    let numbers: Vec<u64> = older["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["number"].as_u64().expect("a number"))
        .collect();
    assert_eq!(numbers, [2, 1, 0]);

    // A transfer: who, what, whom, how much, for how much.
    let place = format!("{}-1", world.transfer);
    let transfer = pages.json(&format!("/api/extrinsic/{place}")).await;
    let call = &transfer["extrinsic"]["call"];
    assert_eq!(
        (&call["pallet"], &call["name"]),
        (&"Balances".into(), &"transfer_keep_alive".into())
    );
    assert_eq!(call["arguments"]["value"], 1_234_567_891);
    assert_eq!(call["arguments"]["dest"], world.miner.account().to_string());
    let signed = &transfer["extrinsic"]["signed"];
    assert_eq!(signed["account"], pair("//Alice").account().to_string());
    assert_eq!(signed["mortality"], 128);
    assert_eq!(transfer["extrinsic"]["success"], true);
    let page = pages.page(&format!("/extrinsic/{place}")).await;
    for shown in [
        "Balances.transfer_keep_alive",
        "1.234567891 TAO",
        " UTC</time>",
        "success",
        "for 128 blocks",
        "TransactionPayment.TransactionFeePaid",
        &pair("//Alice").account().to_string(),
    ] {
        assert!(page.contains(shown), "{shown}");
    }

    // A failure: the chain's name for it, what it means, what to do.
    let page = pages.page(&format!("/block/{}", world.failure)).await;
    for shown in [
        "FirstEmissionBlockNumberAlreadySet",
        "of SubtensorModule",
        "What to do: ",
        "failed",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    let block = pages.json(&format!("/api/block/{}", world.failure)).await;
    assert_eq!(block["extrinsics"][1]["success"], false);
    assert_eq!(block["extrinsics"][0]["call"]["pallet"], "Timestamp");

    // Weights as pairs.
    let page = pages.page(&format!("/extrinsic/{}-1", world.weights)).await;
    assert!(page.contains("uid → weight") && page.contains("65 535"));

    let subnet = pages.page(&format!("/subnet/{netuid}")).await;
    for shown in [
        "Next epoch",
        "Hyperparameters",
        "validator",
        "10.1.2.3:8091",
        "Emission",
    ] {
        assert!(subnet.contains(shown), "{shown}");
    }
    let uids = |page: &str| -> Vec<String> {
        page.split("<tr data-key=\"")
            .skip(1)
            .filter_map(|row| row.split('"').next())
            .map(str::to_owned)
            .collect()
    };
    let by_incentive = pages
        .page(&format!("/subnet/{netuid}?by=incentive&from=usual"))
        .await;
    let turned = pages
        .page(&format!("/subnet/{netuid}?by=incentive&from=other_end"))
        .await;
    assert_eq!(uids(&by_incentive), ["1", "0"], "the miner earns");
    assert_eq!(uids(&turned), ["0", "1"]);

    let neuron = pages.json(&format!("/api/neuron/{netuid}/1")).await;
    let graph = world.client.metagraph(netuid).await.expect("a metagraph");
    assert_eq!(neuron["neuron"]["hotkey"], world.miner.account().to_string());
    assert_eq!(neuron["neuron"]["incentive"], graph.neurons[1].incentive);
    assert!(graph.neurons[1].incentive > 0, "an epoch has run");
    assert_eq!(neuron["weights_in"][0]["uid"], 0);
    assert_eq!(neuron["weights_in"][0]["share"], 65_535.0 / (65_535.0 + 21_845.0));
    assert!(neuron["bonds_in"][0]["value"].as_u64().expect("a bond") > 0);
    let page = pages.page(&format!("/neuron/{netuid}/0")).await;
    assert!(page.contains("Weights it sets") && page.contains("75.0 %"));

    let account = pages
        .json(&format!("/api/account/{}", pair("//Alice").account()))
        .await;
    assert_eq!(account["is_sudo"], true);
    assert_eq!(account["hotkeys"][0], world.owner.account().to_string());
    assert_eq!(account["stakes"][0]["netuid"], netuid.0);
    assert_eq!(account["owned_subnets"], serde_json::json!([netuid]));
    let titles: Vec<String> = account["extrinsics"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|found| format!("{} {}", found["call"]["name"], found["signed_by_it"]))
        .collect();
    assert!(
        titles.contains(&"\"transfer_keep_alive\" true".to_owned()),
        "{titles:?}"
    );
    // The list is a list: what a transaction carries is on its own page, however large.
    let listed = account["extrinsics"].as_array().expect("a list");
    assert!(
        listed
            .iter()
            .all(|found| found["call"].get("arguments").is_none())
    );
    assert!(
        listed
            .iter()
            .any(|found| found["failure"] == "FirstEmissionBlockNumberAlreadySet"),
        "{listed:?}"
    );
    let page = pages.page(&format!("/account/{}", world.miner.account())).await;
    assert!(page.contains("hotkey") && page.contains("mentioned") && page.contains("1.234567891 TAO"));
    pages.stop().await;
    world.devnet.stop().await;
}

#[tokio::test]
async fn no_text_from_the_chain_is_anything_but_text() {
    let world = World::new().await;
    let pages = Pages::serve(Chain::Connected(world.client.clone())).await;
    let netuid = world.netuid;
    let addresses = [
        format!("/subnet/{netuid}"),
        "/subnets".to_owned(),
        format!("/neuron/{netuid}/1"),
        format!("/account/{}", pair("//Bob").account()),
        format!("/block/{}", world.remark),
        format!("/extrinsic/{}-1", world.remark),
        "/search?q=img".to_owned(),
        format!("/search?q={}", "%3Cimg%20src=x%3E"),
        format!("/block/{}", "%3Cimg%20src=x%3E"),
    ];
    for address in &addresses {
        let (_, page) = pages.get(address).await;
        assert!(!page.contains("<img src=x"), "{address}");
        assert!(
            !page.contains("href=\"javascript:"),
            "{address}: nothing from outside is a link"
        );
        assert!(
            !page.contains('\u{202e}'),
            "{address}: no text turns its direction"
        );
        assert!(
            !page.contains("style=") && !page.contains("onclick="),
            "{address}"
        );
    }
    let subnets = pages.page("/subnets").await;
    assert!(
        subnets.contains("&lt;img src=x onerror=alert(1)&gt;&quot;'&amp;&lt;/script&gt;"),
        "shown as it is"
    );
    let page = pages.page(&format!("/extrinsic/{}-1", world.remark)).await;
    assert!(
        page.contains("9 000 bytes") && page.len() < 60_000,
        "{}",
        page.len()
    );
    // Programs get it as it is: JSON has its own quotes.
    let neuron = pages.json(&format!("/api/neuron/{netuid}/1")).await;
    let committed = neuron["commitment"]["fields"].to_string();
    assert!(committed.contains("raw"), "{committed}");
    assert_eq!(
        pages
            .json(&format!("/api/account/{}", pair("//Bob").account()))
            .await["identity"]["name"],
        BACKWARDS
    );
    let subnet = pages.json(&format!("/api/subnet/{netuid}")).await;
    assert_eq!(subnet["summary"]["name"], HOSTILE);
    pages.stop().await;
    world.devnet.stop().await;
}

#[tokio::test]
async fn the_search_knows_numbers_hashes_addresses_and_names() {
    let world = World::new().await;
    let pages = Pages::serve(Chain::Connected(world.client.clone())).await;
    let hash = world
        .client
        .block_hash(Block(world.transfer))
        .await
        .expect("an answer")
        .expect("a block");
    assert_eq!(pages.goes_to(&hash.to_string()).await, format!("/block/{hash}"));
    assert_eq!(pages.goes_to("17").await, "/block/17");
    let transfer = pages.json(&format!("/api/extrinsic/{}-1", world.transfer)).await;
    let extrinsic = transfer["extrinsic"]["hash"].as_str().expect("a hash");
    assert_eq!(
        pages.goes_to(extrinsic).await,
        format!("/extrinsic/{}-1", world.transfer)
    );
    let place = format!("{}-1", world.transfer);
    assert_eq!(pages.goes_to(&place).await, format!("/extrinsic/{place}"));
    let bob = pair("//Bob").account();
    assert_eq!(pages.goes_to(&bob.to_string()).await, format!("/account/{bob}"));
    assert_eq!(
        pages.goes_to("img src").await,
        format!("/subnet/{}", world.netuid)
    );
    // A number is a block and, when there is one, a subnet: the reader chooses.
    let both = pages.json(&format!("/api/search?q={}", world.netuid)).await;
    let kinds: Vec<&Value> = both["hits"]
        .as_array()
        .expect("hits")
        .iter()
        .map(|hit| &hit["kind"])
        .collect();
    assert_eq!(kinds, ["block", "subnet"]);
    let named = pages.json("/api/search?q=GOOD").await;
    assert_eq!(named["hits"][0]["address"], format!("/account/{bob}"));
    let nothing = pages.page(&format!("/search?q=0x{}", "77".repeat(32))).await;
    assert!(nothing.contains("Nothing is called") && nothing.contains("no index of extrinsics"));
    assert!(pages.page("/search").await.contains("Search the chain"));
    pages.stop().await;
    world.devnet.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_to_whoever_asks() {
    let connecting = Chain::Connecting {
        endpoint: "ws://127.0.0.1:1".to_owned(),
        trouble: Some("nobody listens".to_owned()),
    };
    let pages = Pages::serve(connecting).await;
    let (status, page) = pages.get("/blocks").await;
    assert_eq!(status, 503);
    assert!(page.contains("is not connected yet: nobody listens"), "{page}");
    assert!(page.contains("data-stream"), "it comes back by itself");
    assert_eq!(pages.get("/healthz").await.0, 503);
    let (status, text) = pages.get("/api/subnets").await;
    let told: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(status, 503);
    assert!(told["error"].as_str().expect("a text").contains("not connected"));

    let world = World::new().await;
    pages.chain.send_replace(Chain::Connected(world.client.clone()));
    assert_eq!(pages.get("/blocks").await.0, 200);
    for (address, expected) in [
        ("/block/999999", 404),
        (&format!("/block/0x{}", "11".repeat(32)) as &str, 404),
        ("/block/twelve", 400),
        ("/extrinsic/1-99", 404),
        ("/extrinsic/1", 400),
        ("/account/5Grwva", 400),
        ("/subnet/4000", 404),
        ("/subnet/70000", 400),
        ("/neuron/1/4000", 404),
        ("/nothing", 404),
    ] {
        assert_eq!(pages.get(address).await.0, expected, "{address}");
    }
    let start = browser().get(pages.url("/")).send().await.expect("an answer");
    assert_eq!(start.headers()["location"], "/blocks");
    // The chain is followed: the health knows its head.
    tokio::time::timeout(DEADLINE, async {
        while pages.get("/healthz").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it is followed");
    // And that nobody answers any more.
    world.devnet.stop().await;
    tokio::time::timeout(DEADLINE, async {
        while pages.get("/healthz").await.0 != 503 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("a dead node is told");
    pages.stop().await;
}

#[tokio::test]
async fn a_page_is_asked_of_the_chain_once_a_block() {
    let world = World::new().await;
    let pages = Pages::serve(Chain::Connected(world.client.clone())).await;
    let address = format!("/subnet/{}", world.netuid);
    pages.page(&address).await;
    pages.page("/blocks").await;
    let before = world.client.requests();
    for _ in 0..5 {
        pages.page(&address).await;
    }
    assert!(
        world.client.requests() - before <= 5,
        "{} requests",
        world.client.requests() - before
    );
    pages.stop().await;
    world.devnet.stop().await;
}
