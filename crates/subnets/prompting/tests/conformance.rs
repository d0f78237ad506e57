//! Our miner asked by the dendrite of bittensor 10.5.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::server::{Axon, AxonConfig};
use assay_keys::{Pair, Scheme};
use assay_minds::Scripted;
use assay_peers::Python;
use std::sync::Arc;

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
