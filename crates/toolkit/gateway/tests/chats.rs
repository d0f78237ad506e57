//! Chats through real sockets, with miners of every kind.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_axon::dendrite::Verdict;
use assay_gateway::{Delivery, Ended, Fanout, GatewayConfig, keys::Privacy};
use futures::StreamExt;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use subnet::{Bench, PATIENCE, Step, answered, dead, events, miner, said};
use tokio_util::sync::CancellationToken;

fn text(body: &Value) -> &str {
    body["choices"][0]["message"]["content"].as_str().unwrap()
}

#[tokio::test]
async fn the_first_to_begin_is_passed_on_and_the_others_are_heard_for_scoring() {
    let gate = CancellationToken::new();
    let slow = miner(
        0,
        vec![Step::Wait(gate.clone()), Step::Say("slow "), Step::Say("answer")],
    )
    .await;
    let fast = miner(1, vec![Step::Say("fast "), Step::Say("answer, é")]).await;
    let mut bench = Bench::open(&[&slow.listed, &fast.listed], |_| {}).await;

    let response = bench.chat(json!({})).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-assay-uid"], "1");
    assert_eq!(
        response.headers()["x-assay-hotkey"],
        fast.listed.target.hotkey.to_string()
    );
    let body: Value = response.json().await.unwrap();
    assert_eq!(text(&body), "fast answer, é");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        body["usage"],
        json!({"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5})
    );

    assert!(bench.exchanges.try_recv().is_err(), "the slow one is still heard");
    gate.cancel();
    let exchange = bench.exchange().await;
    assert_eq!(exchange.id, body["id"]);
    assert_eq!(
        (exchange.delivery, exchange.privacy),
        (Delivery::Whole, Privacy::Shared)
    );
    assert_eq!(exchange.answer(), Some("fast answer, é"));
    let [of_slow, of_fast] = exchange.completions.as_slice() else {
        panic!("{exchange:?}")
    };
    assert_eq!(
        (of_slow.text.as_str(), &of_slow.ended),
        ("slow answer", &Ended::Whole)
    );
    assert_eq!(of_fast.miner.hotkey, fast.listed.target.hotkey);
    let joined: String = of_fast.chunks().map(|(text, _)| text).collect();
    assert_eq!(joined, of_fast.text);
    assert!(of_slow.pieces.is_sorted_by_key(|piece| (piece.end, piece.after)));
    assert_eq!(exchange.record().completion_tokens(), 4);

    let stats = bench.stats.clone();
    bench.end().await;
    let stats = stats.snapshot();
    assert_eq!((stats.answered, stats.exchanges_taken), (1, 1));
    assert_eq!(stats.by_status[&200], 1);
    assert_eq!(stats.total.count, 1);
}

#[tokio::test]
async fn a_streamed_answer_comes_piece_by_piece() {
    let gate = CancellationToken::new();
    let steps = vec![Step::Say("one "), Step::Wait(gate.clone()), Step::Say("two")];
    let miner = miner(0, steps).await;
    let bench = Bench::open(&[&miner.listed], |_| {}).await;
    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let response = bench.chat(asked).send().await.unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let mut seen = String::new();
    let mut body = response.bytes_stream();
    while !seen.contains("one ") {
        seen += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
    }
    // Only now the miner says more.
    gate.cancel();
    while let Some(bytes) = body.next().await {
        seen += std::str::from_utf8(&bytes.unwrap()).unwrap();
    }
    let events = events(&seen);
    assert_eq!(
        events[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": ""})
    );
    assert_eq!(events[0]["usage"], Value::Null);
    assert_eq!(said(&events), "one two");
    let [.., end, usage, done] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        (&usage["choices"], &usage["usage"]["total_tokens"]),
        (&json!([]), &json!(3))
    );
    assert_eq!(done, "[DONE]");
    bench.end().await;
}

#[tokio::test]
async fn whoever_has_no_answer_is_replaced_before_the_user_sees_anything() {
    let failing = miner(0, vec![Step::Break]).await;
    let gone = dead(1);
    let garbage = miner(2, vec![Step::Send(b"\xff\xfe")]).await;
    let empty = miner(3, vec![Step::Say(" "), Step::Say("\n")]).await;
    let good = miner(4, vec![Step::Repeat]).await;
    let miners = [
        &failing.listed,
        &gone,
        &garbage.listed,
        &empty.listed,
        &good.listed,
    ];
    for is_streamed in [false, true] {
        let mut bench = Bench::open(&miners, |config| {
            config.fanout = Fanout {
                at_once: 2,
                reserve: 3,
            };
        })
        .await;
        let asked = json!({
            "stream": is_streamed, "temperature": 0.5, "max_tokens": 200,
            "messages": [{"role": "developer", "content": "be short"}, {"role": "user", "content": "hi"}],
        });
        let response = bench.chat(asked).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.text().await.unwrap();
        let answer = match is_streamed {
            true => said(&events(&body)),
            false => text(&serde_json::from_str(&body).unwrap()).to_owned(),
        };
        // This is what the miner heard.
        let heard: Value = serde_json::from_str(&answer).unwrap();
        let sampling = json!({"temperature": 0.5, "max_tokens": 200});
        let expected = json!({
            "roles": ["system", "user"], "messages": ["be short", "hi"], "completion": "", "sampling": sampling,
        });
        assert_eq!(heard, expected);

        let exchange = bench.exchange().await;
        let failures: Vec<_> = exchange
            .completions
            .iter()
            .map(|completion| match &completion.ended {
                Ended::Failed(failure) => Some(failure.verdict()),
                _ => None,
            })
            .collect();
        let (none, bad) = (Some(Verdict::NoAnswer), Some(Verdict::BadAnswer));
        assert_eq!(failures, [none, none, bad, bad, None]);
        bench.end().await;
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_passed_off_as_whole() {
    let gate = CancellationToken::new();
    let breaking = miner(
        0,
        vec![Step::Say("half an "), Step::Wait(gate.clone()), Step::Break],
    )
    .await;
    let other_gate = CancellationToken::new();
    let other = miner(1, vec![Step::Wait(other_gate.clone()), Step::Say("another")]).await;
    let mut bench = Bench::open(&[&breaking.listed, &other.listed], |_| {}).await;

    let response = bench.chat(json!({"stream": true})).send().await.unwrap();
    let mut seen = String::new();
    let mut body = response.bytes_stream();
    while !seen.contains("half an ") {
        seen += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
    }
    gate.cancel();
    while let Some(bytes) = body.next().await {
        seen += std::str::from_utf8(&bytes.unwrap()).unwrap();
    }
    let events = events(&seen);
    assert_eq!(events.last().unwrap()["error"]["code"], "incomplete_answer");
    assert!(!seen.contains("[DONE]") && !seen.contains("finish_reason\":\"stop"));
    other_gate.cancel();
    let exchange = bench.exchange().await;
    assert_eq!(
        (exchange.delivery, exchange.answer()),
        (Delivery::Broken, Some("half an "))
    );
    // The other one is scored all the same.
    assert_eq!(exchange.completions[1].ended, Ended::Whole);

    bench.end().await;
}

#[tokio::test]
async fn another_takes_over_from_one_that_broke_off_unseen() {
    // Nothing is passed on of an answer that is wanted whole before it is.
    let broken = CancellationToken::new();
    let steps = vec![
        Step::Say("half an "),
        Step::Pause,
        Step::Open(broken.clone()),
        Step::Break,
    ];
    let breaking = miner(0, steps).await;
    let late = miner(1, vec![Step::Wait(broken), Step::Say("whole")]).await;
    let mut bench = Bench::open(&[&breaking.listed, &late.listed], |_| {}).await;
    let (status, body) = answered(bench.chat(json!({}))).await;
    assert_eq!((status, text(&body)), (StatusCode::OK, "whole"));
    let exchange = bench.exchange().await;
    assert_eq!(exchange.relayed.unwrap().index, 1);
    assert_eq!(exchange.completions[0].text, "half an ");
    assert_eq!(bench.stats.snapshot().failovers, 1);
    bench.end().await;
}

#[tokio::test]
async fn whoever_gave_no_answer_is_left_alone_for_a_while() {
    let gone = dead(0);
    let good = miner(1, vec![Step::Say("answer")]).await;
    let mut bench = Bench::open(&[&gone, &good.listed], |config| {
        config.fanout = Fanout {
            at_once: 1,
            reserve: 1,
        };
    })
    .await;
    for asked in [vec![0, 1], vec![1]] {
        let (status, _) = answered(bench.chat(json!({}))).await;
        assert_eq!(status, StatusCode::OK);
        let exchange = bench.exchange().await;
        let uids: Vec<u16> = exchange
            .completions
            .iter()
            .map(|completion| completion.miner.uid.0)
            .collect();
        assert_eq!(uids, asked);
    }
    bench.end().await;
}

#[tokio::test]
async fn an_answer_that_nobody_gives_has_a_status_that_says_why() {
    let hanging = miner(0, vec![Step::Hang(CancellationToken::new())]).await;
    let (one, two) = (dead(1), dead(2));
    let short = |config: &mut GatewayConfig| config.times.answer = Duration::from_millis(300);
    for (miners, status, code) in [
        (vec![&one, &two], StatusCode::BAD_GATEWAY, "no_answer"),
        (
            vec![&hanging.listed, &one],
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
        ),
        (vec![], StatusCode::SERVICE_UNAVAILABLE, "no_miners"),
    ] {
        for is_streamed in [false, true] {
            let bench = Bench::open(&miners, short).await;
            let (got, body) = answered(bench.chat(json!({"stream": is_streamed}))).await;
            assert_eq!((got, &body["error"]["code"]), (status, &json!(code)));
            assert_eq!(body["error"]["type"], "server_error");
            bench.end().await;
        }
    }
}

#[tokio::test]
async fn miners_are_told_to_stop_when_the_user_goes_away() {
    let (one_gone, other_gone) = (CancellationToken::new(), CancellationToken::new());
    let one = miner(0, vec![Step::Say("begun"), Step::Hang(one_gone.clone())]).await;
    let other = miner(1, vec![Step::Hang(other_gone.clone())]).await;
    for is_streamed in [true, false] {
        // The miners' own time is far away, so it cannot be what ends them.
        let long = |config: &mut GatewayConfig| config.times.answer = 4 * PATIENCE;
        let mut bench = Bench::open(&[&one.listed, &other.listed], long).await;
        let request = bench.chat(json!({"stream": is_streamed}));
        if is_streamed {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            drop(response);
            for gone in [&one_gone, &other_gone] {
                tokio::time::timeout(PATIENCE, gone.cancelled()).await.unwrap();
            }
        } else {
            // Wanted whole, it never comes; the client's own patience ends.
            request
                .timeout(Duration::from_millis(300))
                .send()
                .await
                .unwrap_err();
        }
        let exchange = bench.exchange().await;
        assert_eq!(exchange.delivery, Delivery::ClientLeft);
        assert!(
            exchange
                .completions
                .iter()
                .all(|completion| completion.ended == Ended::Stopped)
        );
        bench.end().await;
    }
}

#[tokio::test]
async fn an_answer_ends_at_a_stop_text_and_at_the_most_tokens() {
    let miner = miner(0, vec![Step::Say("one two E"), Step::Say("ND three")]).await;
    let mut bench = Bench::open(&[&miner.listed], |_| {}).await;
    for (more, expected, reason) in [
        (json!({"stop": ["END"]}), "one two ", "stop"),
        (json!({"max_tokens": 1}), "one ", "length"),
        (json!({"max_completion_tokens": 100}), "one two END three", "stop"),
    ] {
        let (_, body) = answered(bench.chat(more.clone())).await;
        assert_eq!(
            (text(&body), &body["choices"][0]["finish_reason"]),
            (expected, &json!(reason))
        );
        let mut streamed = more;
        streamed["stream"] = json!(true);
        let response = bench.chat(streamed).send().await.unwrap().text().await.unwrap();
        assert_eq!(said(&events(&response)), expected);
        // What the miner said beyond it is scored.
        for _ in 0..2 {
            let exchange = bench.exchange().await;
            assert_eq!(exchange.completions[0].text, "one two END three");
            assert_eq!(exchange.answer(), Some(expected));
        }
    }
    bench.end().await;
}

#[tokio::test]
async fn what_is_private_is_scored_and_written_down_nowhere() {
    let miner = miner(0, vec![Step::Say("a secret answer")]).await;
    let mut bench = Bench::open(&[&miner.listed], |_| {}).await;
    let asked = || bench.chat(json!({"messages": [{"role": "user", "content": "a secret question"}]}));
    let (status, _) = answered(asked().header("x-assay-private", "true")).await;
    assert_eq!(status, StatusCode::OK);
    let (status, body) = answered(asked().header("x-assay-private", "yes please")).await;
    assert_eq!(
        (status, &body["error"]["param"]),
        (StatusCode::BAD_REQUEST, &json!("x-assay-private"))
    );
    let (status, _) = answered(asked()).await;
    assert_eq!(status, StatusCode::OK);

    let private = bench.exchange().await;
    assert_eq!(private.privacy, Privacy::Private);
    assert_eq!(private.question.messages[0].text, "a secret question");
    assert_eq!(private.completions[0].text, "a secret answer");
    let written = serde_json::to_string(&private.record()).unwrap() + &format!("{private:?}");
    assert!(
        !written.contains("secret") && !written.contains("after_s"),
        "{written}"
    );

    let shared = bench.exchange().await;
    let written = serde_json::to_string(&shared.record()).unwrap();
    assert!(written.contains("a secret question") && written.contains("a secret answer"));
    let logged = format!("{shared:?} {:?} {:?}", shared.question, shared.record());
    assert!(!logged.contains("secret"), "{logged}");
    bench.end().await;
}

#[tokio::test]
async fn others_are_dropped_where_the_user_does_not_want_them_scored() {
    let gone = CancellationToken::new();
    let other = miner(0, vec![Step::Say(" "), Step::Hang(gone.clone())]).await;
    let fast = miner(1, vec![Step::Say("fast")]).await;
    let mut bench = Bench::open(&[&other.listed, &fast.listed], |_| {}).await;
    let (_, body) = answered(bench.chat(json!({})).header("x-assay-collect", "false")).await;
    assert_eq!(text(&body), "fast");
    let exchange = bench.exchange().await;
    assert_eq!(exchange.completions[0].ended, Ended::Stopped);
    bench.end().await;
}

#[tokio::test]
async fn a_sink_that_is_behind_slows_no_answer() {
    let miner = miner(0, vec![Step::Say("answer")]).await;
    let mut config = GatewayConfig::without_keys("subnet");
    config.exchanges = 1;
    let mut bench = Bench::with(&[&miner.listed], config).await;
    for _ in 0..6 {
        let (status, _) = answered(bench.chat(json!({}))).await;
        assert_eq!(status, StatusCode::OK);
    }
    // Until the chats have ended on the gateway's side too.
    while bench.stats.snapshot().chats_under_way > 0 {
        tokio::task::yield_now().await;
    }
    // One is with the sink, at most, and one waits.
    let dropped = bench.stats.snapshot().exchanges_dropped;
    assert!((4..=5).contains(&dropped), "{dropped}");
    bench.sink.cancel();
    for _ in dropped..6 {
        bench.exchange().await;
    }
    bench.end().await;
}

#[tokio::test]
async fn a_gateway_with_all_it_can_do_says_so_and_a_stopping_one_finishes() {
    let gate = CancellationToken::new();
    let miner = miner(
        0,
        vec![Step::Say("begun "), Step::Wait(gate.clone()), Step::Say("ended")],
    )
    .await;
    let mut bench = Bench::open(&[&miner.listed], |config| config.limits.chats = 1).await;
    let response = bench.chat(json!({"stream": true})).send().await.unwrap();
    let (status, body) = answered(bench.chat(json!({}))).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("overloaded"))
    );

    bench.stop.cancel();
    gate.cancel();
    let text = response.text().await.unwrap();
    assert_eq!(said(&events(&text)), "begun ended");
    assert!(text.ends_with("data: [DONE]\n\n"));
    let exchange = bench.exchange().await;
    assert_eq!(exchange.delivery, Delivery::Whole);
    let address = bench.address;
    bench.end().await;
    tokio::net::TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn a_chat_that_outlives_the_drain_is_told_that_it_ends() {
    let miner = miner(0, vec![Step::Say("begun"), Step::Hang(CancellationToken::new())]).await;
    let mut bench = Bench::open(&[&miner.listed], |config| {
        config.times.drain = Duration::from_millis(100);
    })
    .await;
    let response = bench.chat(json!({"stream": true})).send().await.unwrap();
    bench.stop.cancel();
    let events = events(&response.text().await.unwrap());
    assert_eq!(events.last().unwrap()["error"]["code"], "stopping");
    assert_eq!(bench.exchange().await.delivery, Delivery::Broken);
    bench.end().await;
}
