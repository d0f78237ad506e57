//! Many calls at one time, from one dendrite to one axon.

#[allow(dead_code, reason = "other tests stream")]
mod echo;

use assay_axon::{
    Dendrite, DendriteConfig, SynapseRequest, Target,
    server::{Asked, Axon, AxonConfig, Failure, Route},
    synapse::{Field, FieldType},
};
use assay_keys::{Pair, Scheme};
use echo::Echo;
use futures::future::join_all;
use std::{num::NonZeroUsize, time::Duration};

const CALLS: usize = 300;

async fn a_second_of_work(asked: Asked<Echo>) -> Result<Echo, Failure> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut echo = asked.synapse;
    echo.reply = Some(echo.text.chars().rev().collect());
    Ok(echo)
}

/// Each is signed and hashed, and its answer judged for itself. One after the other they would take five minutes; were
/// they to go in three turns, some would take longer than they have.
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_calls_of_a_second_are_all_answered_within_three() {
    let bob = Pair::from_uri("//Bob", Scheme::Sr25519).unwrap();
    let hotkey = bob.account();
    let mut config = AxonConfig::default();
    config.queue.workers = NonZeroUsize::new(CALLS).unwrap();
    let axon = Axon::build(bob, config)
        .route(Route::new(a_second_of_work))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap();
    let target = Target {
        hotkey,
        address: axon.addresses()[0],
    };
    let alice = Pair::from_uri("//Alice", Scheme::Sr25519).unwrap();
    let dendrite = Dendrite::new(alice, DendriteConfig::default());
    let hashed = [
        Field::required("text", FieldType::Str),
        Field::with_default("n", FieldType::Int, 0_i64),
    ];
    let requests: Vec<_> = (0..CALLS)
        .map(|number| {
            let echo = Echo {
                text: format!("call {number}"),
                n: i64::try_from(number).unwrap(),
                tags: Vec::new(),
                reply: None,
            };
            SynapseRequest::new("Echo", &echo, Duration::from_secs(3))
                .and_then(|request| request.requiring(&["text"]))
                .and_then(|request| request.hashing(&hashed))
                .unwrap()
        })
        .collect();
    let replies = join_all(requests.iter().map(|request| dendrite.call(&target, request))).await;
    for (number, reply) in replies.into_iter().enumerate() {
        let took = reply.took;
        let Some(answer) = reply.outcome.answer() else {
            panic!("call {number}, after {took:?}: {:?}", reply.outcome);
        };
        let text: String = answer.fields.get("reply").unwrap().unwrap();
        let expected: String = format!("call {number}").chars().rev().collect();
        assert_eq!(text, expected);
    }
    axon.stop().await;
}
