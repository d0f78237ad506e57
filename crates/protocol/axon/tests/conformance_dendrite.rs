//! Our dendrite asks the axon of bittensor 10.5.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

use assay_axon::{
    Dendrite, DendriteConfig, Outcome, SynapseRequest, Target,
    dendrite::{NoAnswer, RefusalKind, Reply},
    synapse::{Field, FieldType},
};
use assay_keys::{AccountId, Pair, Scheme};
use serde::Serialize;
use std::{fmt, net::SocketAddr, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Echo {
    text: &'static str,
    n: i64,
    tags: Vec<&'static str>,
    reply: Option<String>,
}

fn echo(name: &str) -> SynapseRequest {
    let echo = Echo {
        text: "Grüße, 世界",
        n: 3,
        tags: vec!["a", "b"],
        reply: None,
    };
    SynapseRequest::new(name, &echo, PATIENCE)
        .unwrap()
        .requiring(&["text"])
        .unwrap()
        .hashing(&[
            Field::required("text", FieldType::Str),
            Field::required("n", FieldType::Int),
        ])
        .unwrap()
}

fn refusal<A: fmt::Debug>(reply: Reply<A>) -> (RefusalKind, String) {
    match reply.outcome {
        Outcome::Refused(refusal) => (refusal.kind, refusal.message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn the_axon_of_bittensor_takes_our_requests() {
    let axon = assay_peers::Python::venv("sdk10")
        .script("conformance/sdk10/axon_serve.py")
        .serve();
    let said = axon.said();
    let port = u16::try_from(said["port"].as_u64().unwrap()).unwrap();
    let target = Target {
        hotkey: said["hotkey"].as_str().unwrap().parse().unwrap(),
        address: SocketAddr::from(([127, 0, 0, 1], port)),
    };
    let pair = Pair::from_uri("//Alice", Scheme::Sr25519).unwrap();
    let dendrite = Dendrite::new(pair, DendriteConfig::default());

    // Twice: the second goes over the same connection, with a nonce that must be above the first.
    for _ in 0..2 {
        let reply = dendrite.call(&target, &echo("Echo")).await;
        let Outcome::Answered(answer) = reply.outcome else {
            panic!("{reply:?}")
        };
        let text: String = answer.fields.get("reply").unwrap().unwrap();
        assert_eq!(text, "界世 ,eßürG");
        assert_eq!(
            answer.fields.names().collect::<Vec<_>>(),
            ["text", "n", "tags", "reply"]
        );
        assert_eq!(answer.axon.status_code, Some(200));
        assert!(answer.process_time.unwrap() <= reply.took);
    }

    let reply = dendrite.call(&target, &echo("Black")).await;
    let (kind, message) = refusal(reply);
    assert_eq!(kind, RefusalKind::Blacklisted);
    assert_eq!(message, "Forbidden. Key is blacklisted: not today.");

    let stranger = Target {
        hotkey: AccountId([9; 32]),
        ..target
    };
    let (kind, message) = refusal(dendrite.call(&stranger, &echo("Echo")).await);
    assert_eq!(kind, RefusalKind::Unverified);
    assert!(
        message.starts_with("Not Verified with error: Signature mismatch"),
        "{message}"
    );

    let (kind, _) = refusal(dendrite.call(&target, &echo("Nowhere")).await);
    assert_eq!(kind, RefusalKind::UnknownRoute);

    // A hash of other fields than those that were sent.
    let altered = echo("Echo").hashed(assay_axon::synapse::BodyHash::EMPTY);
    let (kind, _) = refusal(dendrite.call(&target, &altered).await);
    assert!(matches!(kind, RefusalKind::Failed(_)));

    let after = Duration::from_millis(500);
    let slow = SynapseRequest::new("Slow", &serde_json::json!({"seconds": 3.0}), after).unwrap();
    let reply = dendrite.call(&target, &slow).await;
    assert!(
        matches!(reply.outcome, Outcome::NoAnswer(NoAnswer::TimedOut { .. })),
        "{reply:?}"
    );

    let prompts = serde_json::json!({"prompts": ["one ", "two ", "three"]});
    let tokens = SynapseRequest::new("Tokens", &prompts, PATIENCE)
        .unwrap()
        .requiring(&["prompts"])
        .unwrap()
        .hashing(&[Field::required("prompts", FieldType::list(FieldType::Str))])
        .unwrap();
    let reply = dendrite.stream(&target, &tokens).await;
    let mut stream = reply.outcome.into_answer().unwrap();
    let mut text = Vec::new();
    while let Some(piece) = stream.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(text, b"one two three");
}
