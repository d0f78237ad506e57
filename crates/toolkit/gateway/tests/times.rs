//! What becomes of miners when the time of a chat runs out, on a clock that the tests move.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_axon::dendrite::Verdict;
use assay_gateway::{Delivery, Ended, Fanout, GatewayConfig};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use subnet::{Bench, PATIENCE, Step, answered, miner};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

/// How long miners have.
const ANSWER: Duration = Duration::from_secs(40);

/// One after the other, and with clients and miners whose own patience is far longer.
fn in_turns(config: &mut GatewayConfig) {
    config.times.answer = ANSWER;
    config.fanout = Fanout {
        at_once: 1,
        reserve: 1,
    };
}

/// Lets time pass, at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Waits until a miner is at a step.
async fn at(step: &CancellationToken) {
    tokio::time::timeout(PATIENCE, step.cancelled()).await.unwrap();
}

/// A chat that may take longer than the test has patience for, on the way.
fn ask(bench: &Bench) -> tokio::task::JoinHandle<(StatusCode, Value)> {
    let request = bench.chat(json!({})).timeout(10 * ANSWER);
    tokio::spawn(answered(request))
}

#[tokio::test]
async fn a_body_that_comes_slowly_takes_no_time_from_the_miners() {
    let miner = miner(0, vec![Step::Say("answer")]).await;
    let mut bench = Bench::open(&[&miner.listed], |config| {
        in_turns(config);
        config.times.body = 2 * ANSWER;
    })
    .await;
    let body = json!({"model": "subnet", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The gateway has the head, and waits for the body.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    pass(ANSWER).await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(bench.exchange().await.completions[0].ended, Ended::Whole);
    bench.end().await;
}

#[tokio::test]
async fn who_is_asked_too_late_for_a_fair_chance_has_not_failed() {
    // The first fails when this part of the time has passed, and then the other hangs to its end.
    for (passed, verdict) in [(ANSWER / 4, Some(Verdict::NoAnswer)), (ANSWER * 3 / 4, None)] {
        let (has_first, has_other, gate) = (
            CancellationToken::new(),
            CancellationToken::new(),
            CancellationToken::new(),
        );
        let steps = vec![
            Step::Open(has_first.clone()),
            Step::Wait(gate.clone()),
            Step::Break,
        ];
        let first = miner(0, steps).await;
        let steps = vec![
            Step::Open(has_other.clone()),
            Step::Hang(CancellationToken::new()),
        ];
        let other = miner(1, steps).await;
        let mut bench = Bench::open(&[&first.listed, &other.listed], in_turns).await;
        let chat = ask(&bench);
        at(&has_first).await;
        pass(passed).await;
        gate.cancel();
        at(&has_other).await;
        pass(ANSWER - passed).await;

        let (status, body) = chat.await.unwrap();
        assert_eq!(
            (status, &body["error"]["code"]),
            (StatusCode::GATEWAY_TIMEOUT, &json!("timeout"))
        );
        assert!(
            body["error"]["message"].as_str().unwrap().contains(" 40 s"),
            "{body}"
        );
        let exchange = bench.exchange().await;
        assert_eq!(exchange.delivery, Delivery::NoAnswer);
        let verdicts: Vec<_> = exchange
            .completions
            .iter()
            .map(|completion| match &completion.ended {
                Ended::Failed(failure) => Some(failure.verdict()),
                Ended::Whole | Ended::Stopped => None,
            })
            .collect();
        assert_eq!(verdicts, [Some(Verdict::NoAnswer), verdict], "{exchange:?}");
        bench.end().await;
    }
}

#[tokio::test]
async fn who_hangs_rests_and_is_not_asked_again_in_the_next_chat() {
    let has_it = CancellationToken::new();
    let steps = vec![Step::Open(has_it.clone()), Step::Hang(CancellationToken::new())];
    let hanging = miner(0, steps).await;
    let good = miner(1, vec![Step::Say("answer")]).await;
    let mut bench = Bench::open(&[&hanging.listed, &good.listed], |config| {
        in_turns(config);
        config.fanout.reserve = 0;
    })
    .await;
    let chat = ask(&bench);
    at(&has_it).await;
    pass(ANSWER).await;
    let (status, _) = chat.await.unwrap();
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    bench.exchange().await;

    let (status, _) = answered(bench.chat(json!({}))).await;
    assert_eq!(status, StatusCode::OK);
    let exchange = bench.exchange().await;
    let asked: Vec<_> = exchange
        .completions
        .iter()
        .map(|completion| completion.miner.uid)
        .collect();
    assert_eq!(asked, [good.listed.uid]);
    bench.end().await;
}
