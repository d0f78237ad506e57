//! Our miner asked by the dendrite of bittensor 10.5, and a miner on its axon asked and ranked by our validator.

mod subnet;

use assay_axon::server::{Axon, AxonConfig};
use assay_keys::{Pair, Scheme};
use assay_localnet::free_addresses;
use assay_minds::{Mind, Scripted};
use assay_peers::Python;
use std::{sync::Arc, time::Duration};
use subnet::{ByLength, PATIENCE, Subnet, settings, stack};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn bittensors_dendrite_gets_completions_whole_and_streamed() {
    let pair = Pair::from_uri("//Miner", Scheme::Sr25519).unwrap();
    let mind = Scripted::new(|question| Some(format!("Grüße, 世界: {question}")));
    let axon = Axon::build(pair.clone(), AxonConfig::default());
    let axon = assay_prompting::routes(Arc::new(mind))
        .into_iter()
        .fold(axon, |axon, route| axon.route(route))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap();
    let port = axon.addresses()[0].port();
    let asked = tokio::task::spawn_blocking(move || {
        Python::venv("sdk10")
            .script("conformance/sdk10/prompting_ask.py")
            .arg("127.0.0.1")
            .arg(port.to_string())
            .arg(pair.account().to_string())
            .arg("What is the capital of Texas?")
            .arg("words")
            .run()
    });
    let lines = asked.await.unwrap();
    let of = |step: &str| lines.iter().find(|line| line["step"] == step).unwrap();
    let wanted = "Grüße, 世界: What is the capital of Texas?";
    assert_eq!(
        (&of("whole")["status"], &of("whole")["completion"]),
        (&200.into(), &wanted.into())
    );
    assert_eq!(of("streamed")["completion"], wanted);
    assert_eq!(of("uneven")["status"], 400);
    assert_eq!(of("uneven")["message"], "2 roles for 1 messages");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn a_miner_on_bittensors_axon_answers_our_validator_and_is_ranked() {
    let short: Arc<dyn Mind> = Arc::new(Scripted::new(|_| Some("a bridge".to_owned())));
    let subnet = Subnet::start(vec![("python", None), ("short", Some(short))]).await;
    let address = free_addresses(1).unwrap()[0];
    let script = Python::venv("sdk10")
        .script("conformance/sdk10/prompting_miner.py")
        .arg(subnet.local.devnet.url())
        .arg(subnet.local.netuid.to_string())
        .arg(subnet::path_of("python"))
        .arg(format!("{}//default", subnet::path_of("python")))
        .arg(address.ip().to_string())
        .arg(address.port().to_string());
    let served = tokio::task::spawn_blocking(move || script.serve()).await.unwrap();
    let hotkey = subnet.hotkey("python");
    assert_eq!(served.said()["hotkey"], hotkey.to_string());

    let settings = settings();
    let stack = stack(&settings, ByLength::default());
    let mut validating = subnet.validate(settings, stack);
    for name in ["augment", "followup0", "answer0"] {
        let step = validating
            .step(|step| step.record.name == name && step.miners.iter().any(|miner| miner.hotkey == hotkey))
            .await;
        let miner = step.miners.iter().find(|miner| miner.hotkey == hotkey).unwrap();
        assert!(miner.reward.unwrap() > 0.5, "{step:#?}");
        let at = step
            .record
            .hotkeys
            .iter()
            .position(|known| *known == hotkey.to_string())
            .unwrap();
        assert!(step.record.completions[at].contains("bridge"), "{step:#?}");
    }
    // The chain pays it.
    subnet.local.permit_validators().await.unwrap();
    let paid = async {
        loop {
            let metagraph = subnet.local.metagraph().await.unwrap();
            let incentive = |name: &str| metagraph.by_hotkey(&subnet.hotkey(name)).unwrap().incentive;
            if incentive("python") > incentive("short") {
                break;
            }
            subnet.local.hurry().await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, paid).await.unwrap();
    validating.stop().await;
    drop(served);
    subnet.stop().await;
}
