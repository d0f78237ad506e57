//! What a scorer gets to see of those it asks: an answer, a bad one, none, and each with its miner.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod echoing;
mod subnet;

use assay_axon::{
    Outcome,
    dendrite::Verdict,
    server::{Asked, Axon, AxonConfig, Failure, Route, Synapse},
    synapse::{Field, FieldType, PythonValue},
};
use assay_chain::AxonAnnouncement;
use assay_devnet::BlockProduction;
use assay_neuron::{Shutdown, StakeCheck, Validator};
use echoing::{Echo, config, free_address};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    net::SocketAddr,
    time::Duration,
};
use subnet::Subnet;
use tokio::{sync::mpsc, time::timeout};

/// The same route as an echo, with a number where its text should be.
#[derive(Serialize, Deserialize)]
struct Odd {
    text: String,
    reply: Option<i64>,
}

impl Synapse for Odd {
    const NAME: &'static str = Echo::NAME;
    const HASHED: &'static [&'static str] = Echo::HASHED;

    fn fields() -> Vec<Field> {
        vec![
            Field::required("text", FieldType::Str),
            Field::with_default("reply", FieldType::optional(FieldType::Int), PythonValue::None),
        ]
    }
}

async fn well(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some("well".to_owned());
    Ok(echo)
}

async fn odd(asked: Asked<Odd>) -> Result<Odd, Failure> {
    let mut odd = asked.synapse;
    odd.reply = Some(7);
    Ok(odd)
}

async fn axon(subnet: &Subnet, name: &str, route: Route) -> (Axon, SocketAddr) {
    let axon = Axon::build(subnet.hotkey(name), AxonConfig::default())
        .route(route)
        .listen(&[free_address()])
        .await
        .unwrap();
    let address = axon.addresses()[0];
    (axon, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reply_is_of_its_miner_and_says_what_may_be_made_of_it() {
    let names = ["Validator", "Well", "Odd", "Gone", "Silent"];
    let (devnet, subnet) = Subnet::with(&names, BlockProduction::OnDemand).await;
    let (well, at_well) = axon(&subnet, "Well", Route::new(well)).await;
    let (odd, at_odd) = axon(&subnet, "Odd", Route::new(odd)).await;
    for (name, address) in [("Well", at_well), ("Odd", at_odd), ("Gone", free_address())] {
        let wanted = AxonAnnouncement {
            address,
            version: 1,
            protocol: 4,
        };
        let receipt = subnet
            .client
            .serve_axon(&subnet.hotkey(name), subnet.netuid, wanted)
            .await;
        receipt.unwrap().finalized().await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let (send, mut seen) = mpsc::channel(1);
    let shutdown = Shutdown::new();
    let validator = Validator::new(config(
        &devnet.url(),
        subnet.netuid,
        subnet.hotkey("Validator"),
        folder.path(),
    ))
    .stake(StakeCheck::Unchecked)
    .score(move |context| {
        let send = send.clone();
        async move {
            let metagraph = context.metagraph().await?;
            let miners = context.choose(&metagraph, 9, &BTreeSet::new())?;
            let echo = Echo {
                text: "how are you".to_owned(),
                reply: None,
            };
            let replies = context.ask(&miners, &echo, Duration::from_secs(10)).await?;
            send.send((miners, replies)).await?;
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        }
    });
    let running = tokio::spawn(validator.run_until(shutdown.clone()));
    let (miners, replies) = timeout(Duration::from_secs(60), seen.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        miners,
        replies.iter().map(|reply| reply.miner).collect::<Vec<_>>()
    );
    let verdicts: BTreeMap<_, _> = replies
        .iter()
        .map(|reply| (reply.miner.target.hotkey, reply.outcome.verdict()))
        .collect();
    let of = |name: &str| verdicts.get(&subnet.hotkey(name).account()).copied();
    assert_eq!(of("Well"), Some(Verdict::Answered));
    assert_eq!(of("Odd"), Some(Verdict::BadAnswer));
    assert_eq!(of("Gone"), Some(Verdict::NoAnswer));
    assert_eq!((of("Silent"), of("Validator")), (None, None), "not asked");
    let answer = replies.into_iter().find_map(|reply| match reply.outcome {
        Outcome::Answered(echo) => Some(echo),
        _ => None,
    });
    let answer = answer.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.reply.as_deref()),
        ("how are you", Some("well"))
    );
    shutdown.begin();
    seen.close();
    timeout(Duration::from_secs(60), running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    well.stop().await;
    odd.stop().await;
    devnet.stop().await;
}
