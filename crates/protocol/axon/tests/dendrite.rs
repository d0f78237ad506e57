//! The dendrite against peers that answer well, badly, late and not at all.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

use assay_axon::{
    BodyDigest, BtauthClaim, BtauthPolicy, Dendrite, DendriteConfig, EpistulaClaim, EpistulaPolicy, Outcome,
    SynapseRequest, Target, UnixNanos,
    dendrite::{
        Addresses, Answer, BadAnswer, BtauthRequest, Failure, NoAnswer, OwnFault, RawRequest, RefusalKind,
        Repeatable, Reply, Retries, Verdict,
    },
    synapse::{Field, FieldType, RequestText, SynapseHead},
};
use assay_keys::{AccountId, Pair, Scheme};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, uri::PathAndQuery};
use serde::Serialize;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[derive(Clone, Serialize)]
struct Echo {
    text: &'static str,
    n: i64,
    reply: Option<String>,
}

const ECHO: Echo = Echo {
    text: "hello",
    n: 3,
    reply: None,
};
const PATIENCE: Duration = Duration::from_secs(10);

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

fn echo(timeout: Duration) -> SynapseRequest {
    SynapseRequest::new("Echo", &ECHO, timeout)
        .unwrap()
        .requiring(&["text"])
        .unwrap()
        .hashing(&[
            Field::required("text", FieldType::Str),
            Field::required("n", FieldType::Int),
        ])
        .unwrap()
}

fn dendrite() -> Dendrite {
    Dendrite::new(pair("//Alice"), DendriteConfig::default())
}

fn target(address: SocketAddr) -> Target {
    Target {
        hotkey: pair("//Bob").account(),
        address,
    }
}

/// A request as it came.
struct Came {
    line: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Reads one request; none when the connection ends instead.
async fn read(stream: &mut TcpStream) -> Option<Came> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            )
        })
        .collect();
    let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
    while bytes.len() < head_end + length {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
    Some(Came {
        line,
        headers,
        body: bytes[head_end..].to_vec(),
    })
}

/// A peer that handles every connection with `handle`.
async fn peer<H, F>(handle: H) -> SocketAddr
where
    H: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    address
}

/// A peer that answers a request with these bytes and closes.
async fn saying(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = answer.into();
    peer(move |mut stream| {
        let answer = answer.clone();
        async move {
            read(&mut stream).await;
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

fn json(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
}

async fn ask(address: SocketAddr) -> Reply<Answer> {
    dendrite().call(&target(address), &echo(PATIENCE)).await
}

#[tokio::test]
async fn an_answer_gives_the_fields_of_the_class_and_nothing_else() {
    let body = r#"{"name":"Evil","timeout":99.0,"dendrite":{"hotkey":"x"},"text":"hello","n":4,"reply":"olleh","more":[1]}"#;
    let answer = json("200 OK", body).replacen(
        "\r\n",
        "\r\nbt_header_axon_process_time: 5.7e-05\r\nbt_header_axon_status_code: 200\r\n",
        1,
    );
    let reply = ask(saying(answer).await).await;
    assert_eq!(reply.outcome.verdict(), Verdict::Answered);
    let answer = reply.outcome.into_answer().unwrap();
    assert_eq!(answer.fields.names().collect::<Vec<_>>(), ["text", "n", "reply"]);
    assert_eq!(answer.fields.get::<String>("reply").unwrap().unwrap(), "olleh");
    assert_eq!(answer.process_time, Some(Duration::from_micros(57)));
    assert_eq!(answer.axon.status_code, Some(200));
}

#[tokio::test]
async fn a_request_is_signed_for_the_one_who_is_asked() {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let address = peer(move |mut stream| {
        let sender = sender.clone();
        async move {
            while let Some(came) = read(&mut stream).await {
                sender.send(came).unwrap();
                stream.write_all(json("200 OK", "{}").as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let dendrite = dendrite();
    let mut last = 0;
    for _ in 0..2 {
        let reply = dendrite.call(&target(address), &echo(PATIENCE)).await;
        assert!(reply.outcome.answer().is_some(), "{reply:?}");
        let came = received.recv().await.unwrap();
        assert_eq!(came.line, "POST /Echo HTTP/1.1");
        assert_eq!(came.headers["bt_header_input_obj_text"], "IiI=");
        let head = SynapseHead::from_headers(&came.headers).unwrap();
        let nonce = head.dendrite.nonce.unwrap();
        assert!(nonce > last);
        last = nonce;
        let text = RequestText {
            nonce,
            sender: &pair("//Alice").account().to_string(),
            receiver: pair("//Bob").account(),
            uuid: head.dendrite.uuid.as_deref(),
            body_hash: "24cf12887e6c5561e2324a8502632b91ab190cb95c64e423290c141641613abb",
        };
        let signature = head.dendrite.signature.unwrap().parse().unwrap();
        let alice = pair("//Alice").public();
        assert!(alice.verify(text.to_string().as_bytes(), &signature));
        let body: serde_json::Value = serde_json::from_slice(&came.body).unwrap();
        assert_eq!(body["dendrite"]["nonce"], nonce);
        assert_eq!(body["computed_body_hash"], "");
    }
}

#[tokio::test]
async fn a_refusal_says_what_kind_it_is_and_counts_as_no_answer() {
    for (status, kind) in [
        ("401 Unauthorized", RefusalKind::Unverified),
        ("403 Forbidden", RefusalKind::Blacklisted),
        ("404 Not Found", RefusalKind::UnknownRoute),
        ("408 Request Timeout", RefusalKind::TimedOut),
        ("429 Too Many Requests", RefusalKind::TooFast),
        ("503 Service Unavailable", RefusalKind::Busy),
    ] {
        let reply = ask(saying(json(status, r#"{"message":"no"}"#)).await).await;
        assert_eq!(reply.outcome.verdict(), Verdict::NoAnswer);
        let Outcome::Refused(refusal) = reply.outcome else {
            panic!("{status}: {:?}", reply.outcome)
        };
        assert_eq!((refusal.kind, refusal.message.as_str()), (kind, "no"));
    }
    let reply = ask(saying(json("500 Oh", "")).await).await;
    assert!(matches!(&reply.outcome, Outcome::Refused(no) if matches!(no.kind, RefusalKind::Failed(_))));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let elsewhere = peer(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async {}
    })
    .await;
    let answer =
        format!("HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/Echo\r\ncontent-length: 0\r\n\r\n");
    let reply = ask(saying(answer).await).await;
    assert!(
        matches!(
            reply.outcome,
            Outcome::BadAnswer(BadAnswer::Redirect { status: 302 })
        ),
        "{reply:?}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_body_is_bounded_whether_or_not_its_size_is_announced() {
    let large = format!(r#"{{"reply":"{}"}}"#, "a".repeat(5_000));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    let config = DendriteConfig {
        body: 4_096,
        ..DendriteConfig::default()
    };
    let dendrite = Dendrite::new(pair("//Alice"), config);
    for answer in [json("200 OK", &large), chunked] {
        let address = saying(answer).await;
        let reply = dendrite.call(&target(address), &echo(PATIENCE)).await;
        assert!(
            matches!(
                reply.outcome,
                Outcome::BadAnswer(BadAnswer::TooLarge { limit: 4_096 })
            ),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_out_of_time() {
    let address = peer(|mut stream| async move {
        read(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let after = Duration::from_millis(300);
    let reply = dendrite().call(&target(address), &echo(after)).await;
    assert!(
        matches!(reply.outcome, Outcome::NoAnswer(NoAnswer::TimedOut { after: said }) if said == after),
        "{reply:?}"
    );
    assert!(reply.took >= after && reply.took < PATIENCE);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_never_begins_is_a_lost_connection() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-len",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ] {
        let reply = ask(saying(answer).await).await;
        assert!(
            matches!(reply.outcome, Outcome::NoAnswer(NoAnswer::Disconnected)),
            "{answer:?}: {reply:?}"
        );
    }
}

#[tokio::test]
async fn garbage_is_a_bad_answer() {
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(1_000_000)),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
        json("200 OK", "[1]"),
        json("200 OK", "{}").replacen("\r\n", "\r\nbt_header_axon_port: x\r\n", 1),
    ] {
        let reply = ask(saying(answer.clone()).await).await;
        assert!(
            matches!(reply.outcome, Outcome::BadAnswer(BadAnswer::Malformed { .. })),
            "{}: {reply:?}",
            &answer[..30]
        );
    }
    for body in ["", "{", "<html>", r#"{"reply":"a"} x"#] {
        let reply = ask(saying(json("200 OK", body)).await).await;
        assert!(
            matches!(reply.outcome, Outcome::BadAnswer(BadAnswer::NotJson { .. })),
            "{body}: {reply:?}"
        );
    }
}

#[tokio::test]
async fn nobody_there_is_no_answer() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let reply = ask(closed).await;
    assert!(
        matches!(reply.outcome, Outcome::NoAnswer(NoAnswer::Unreachable { .. })),
        "{reply:?}"
    );
    let reply = ask("0.0.0.0:8091".parse().unwrap()).await;
    assert!(matches!(reply.outcome, Outcome::NoAnswer(NoAnswer::NotServing)));
}

#[tokio::test]
async fn waiting_for_a_turn_costs_nobody() {
    let slow = peer(|mut stream| async move {
        while read(&mut stream).await.is_some() {
            tokio::time::sleep(Duration::from_millis(400)).await;
            stream.write_all(json("200 OK", "{}").as_bytes()).await.unwrap();
        }
    })
    .await;
    let one_at_a_time = |queue| {
        let config = DendriteConfig {
            in_flight: 1,
            queue,
            ..DendriteConfig::default()
        };
        Dendrite::new(pair("//Alice"), config)
    };
    // Each takes 400 ms of the 700 ms that it has, so the second would be late if its wait counted.
    let request = echo(Duration::from_millis(700));
    let replies = one_at_a_time(PATIENCE)
        .call_many(&[target(slow); 2], &request)
        .await;
    assert!(
        replies.iter().all(|reply| reply.outcome.answer().is_some()),
        "{replies:?}"
    );
    assert!(replies[1].queued >= Duration::from_millis(300), "{replies:?}");
    let replies = one_at_a_time(Duration::from_millis(50))
        .call_many(&[target(slow); 2], &request)
        .await;
    assert!(
        matches!(replies[1].outcome, Outcome::OwnFault(OwnFault::Crowded { .. })),
        "{replies:?}"
    );
    assert_eq!(replies[1].outcome.verdict(), Verdict::OwnFault);
}

#[tokio::test]
async fn a_hotkey_that_the_dialect_does_not_know_is_our_own_fault() {
    let ed25519 = Pair::from_uri("//Alice", Scheme::Ed25519).unwrap();
    let dendrite = Dendrite::new(ed25519, DendriteConfig::default());
    let reply = dendrite
        .call(&target("127.0.0.1:9".parse().unwrap()), &echo(PATIENCE))
        .await;
    assert!(matches!(reply.outcome, Outcome::OwnFault(OwnFault::Scheme)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_one_second_calls_are_all_answered_within_three() {
    let mut targets = Vec::new();
    for _ in 0..300 {
        let address = peer(|mut stream| async move {
            read(&mut stream).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _ = stream
                .write_all(json("200 OK", r#"{"reply":"x"}"#).as_bytes())
                .await;
        })
        .await;
        targets.push(Target {
            hotkey: AccountId([7; 32]),
            address,
        });
    }
    let began = Instant::now();
    let replies = dendrite()
        .call_many(&targets, &echo(Duration::from_secs(3)))
        .await;
    let failed = replies.iter().find(|reply| reply.outcome.answer().is_none());
    assert!(failed.is_none(), "after {:?}: {failed:?}", began.elapsed());
    assert_eq!(replies.len(), 300);
}

#[tokio::test]
async fn btauth_signs_what_is_sent_and_gives_the_bytes_that_come() {
    let path = PathAndQuery::from_static("/generate?seed=1");
    let address = peer(|mut stream| async move {
        let came = read(&mut stream).await.unwrap();
        let (path, bob) = (
            PathAndQuery::from_static("/generate?seed=1"),
            pair("//Bob").account(),
        );
        let is_proven = BtauthClaim::parse(&came.headers)
            .unwrap()
            .check(&BtauthPolicy::default(), &bob, UnixNanos::now())
            .unwrap()
            .verify(&Method::POST, &path, &BodyDigest::of(&came.body))
            .is_ok();
        let status = if is_proven { "201 Created" } else { "401 No" };
        let _ = stream.write_all(json(status, "\u{1}raw").as_bytes()).await;
    })
    .await;
    let request = BtauthRequest {
        method: Method::POST,
        path,
        content_type: None,
        body: Bytes::from_static(b"\x00body"),
        timeout: PATIENCE,
    };
    let reply = dendrite().call_btauth(&target(address), &request).await;
    let answer = reply.outcome.into_answer().unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_ref()),
        (201, b"\x01raw".as_slice())
    );

    let unended = saying("HTTP/1.1 200 OK\r\n\r\nhalf of it").await;
    let reply = dendrite().call_btauth(&target(unended), &request).await;
    assert_eq!(reply.outcome.verdict(), Verdict::BadAnswer);
}

#[tokio::test]
async fn a_stream_ends_well_only_when_its_end_is_announced() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    for (rest, whole) in [("1\r\n!\r\n0\r\n\r\n", true), ("1\r\n!\r\n", false), ("", false)] {
        let address = saying(format!("{head}{rest}")).await;
        let reply = dendrite().stream(&target(address), &echo(PATIENCE)).await;
        let mut stream = reply.outcome.into_answer().unwrap();
        let (mut text, mut failure) = (Vec::new(), None);
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => text.extend_from_slice(&piece),
                Err(error) => failure = Some(error),
            }
        }
        assert!(text.starts_with(b"hello"));
        match whole {
            true => assert_eq!((text.as_slice(), failure), (b"hello!".as_slice(), None)),
            false => assert_eq!(failure, Some(Failure::NoAnswer(NoAnswer::Disconnected))),
        }
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test]
async fn a_stream_that_is_refused_or_too_long_is_not_an_answer() {
    let refusing = saying(json("403 Forbidden", r#"{"message":"no"}"#)).await;
    let reply = dendrite().stream(&target(refusing), &echo(PATIENCE)).await;
    assert!(matches!(reply.outcome, Outcome::Refused(_)), "{reply:?}");

    let long =
        saying("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n")
            .await;
    let config = DendriteConfig {
        body: 8,
        ..DendriteConfig::default()
    };
    let reply = Dendrite::new(pair("//Alice"), config)
        .stream(&target(long), &echo(PATIENCE))
        .await;
    let mut stream = reply.outcome.into_answer().unwrap();
    let mut last = None;
    while let Some(piece) = stream.next().await {
        last = Some(piece);
    }
    assert_eq!(
        last,
        Some(Err(Failure::BadAnswer(BadAnswer::TooLarge { limit: 8 })))
    );
}

#[tokio::test]
async fn epistula_signs_what_is_sent_for_the_one_who_is_asked() {
    let address = peer(|mut stream| async move {
        let came = read(&mut stream).await.unwrap();
        let is_proven = EpistulaClaim::parse(&came.headers)
            .unwrap()
            .check(
                &EpistulaPolicy::default(),
                &pair("//Bob").account(),
                UnixNanos::now(),
            )
            .unwrap()
            .verify(&BodyDigest::of(&came.body))
            .is_ok();
        let status = if is_proven { "200 OK" } else { "400 No" };
        let _ = stream
            .write_all(json(status, &came.line.len().to_string()).as_bytes())
            .await;
    })
    .await;
    let request = RawRequest {
        method: Method::POST,
        path: PathAndQuery::from_static("/v1/chat/completions"),
        content_type: None,
        body: Bytes::from_static(b"{}"),
        timeout: PATIENCE,
    };
    let reply = dendrite().call_epistula(&target(address), &request).await;
    let answer = reply.outcome.into_answer().unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_ref()),
        (200, b"34".as_slice())
    );
}

/// A peer that gives each connection the next of these answers, and how many it has given.
async fn in_turn(answers: Vec<String>) -> (SocketAddr, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let address = peer(move |mut stream| {
        let answer = answers.get(count.fetch_add(1, Ordering::SeqCst)).cloned();
        async move {
            read(&mut stream).await;
            let _ = stream.write_all(answer.unwrap_or_default().as_bytes()).await;
        }
    })
    .await;
    (address, asked)
}

#[tokio::test]
async fn a_call_is_repeated_only_where_it_was_surely_not_handled_or_may_be_twice() {
    let retries = |after| Retries {
        most: 2,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(2),
        within: PATIENCE,
        after,
    };
    let (busy, broken, good) = (
        json("503 Busy", "{}"),
        json("500 Oh", "{}"),
        json("200 OK", r#"{"reply":"x"}"#),
    );
    for (first, after, calls, verdict) in [
        (&busy, Repeatable::Unhandled, 3, Verdict::Answered),
        (&broken, Repeatable::Unhandled, 1, Verdict::NoAnswer),
        (&broken, Repeatable::Idempotent, 3, Verdict::Answered),
        // It closed after it had been asked: who knows what it has done.
        (&String::new(), Repeatable::Unhandled, 1, Verdict::NoAnswer),
        (&String::new(), Repeatable::Idempotent, 3, Verdict::Answered),
    ] {
        let (address, asked) = in_turn(vec![first.clone(), first.clone(), good.clone()]).await;
        let (dendrite, request) = (dendrite(), echo(PATIENCE));
        let target = target(address);
        let reply = retries(after).run(|| dendrite.call(&target, &request)).await;
        assert_eq!(
            (asked.load(Ordering::SeqCst), reply.outcome.verdict()),
            (calls, verdict),
            "{first}: {reply:?}"
        );
    }
    let (address, asked) = in_turn(vec![busy.clone(); 9]).await;
    let (dendrite, request, target) = (dendrite(), echo(PATIENCE), target(address));
    let never = Retries {
        within: Duration::ZERO,
        ..retries(Repeatable::Idempotent)
    };
    never.run(|| dendrite.call(&target, &request)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1, "no time for another");
}

#[test]
fn pauses_double_up_to_the_longest_and_are_spread() {
    let retries = Retries::default();
    let millis = |repetition, random| retries.pause_before(repetition, random).as_millis();
    assert_eq!([millis(0, 0.0), millis(0, 1.0)], [250, 500]);
    assert_eq!(
        [millis(1, 1.0), millis(2, 1.0), millis(3, 1.0)],
        [1_000, 2_000, 4_000]
    );
    assert_eq!([millis(9, 1.0), millis(u32::MAX, 0.5)], [4_000, 3_000]);
}

#[tokio::test]
async fn only_public_addresses_are_asked_where_that_is_said() {
    let address = saying(json("200 OK", "{}")).await;
    let config = DendriteConfig {
        addresses: Addresses::PublicOnly,
        ..DendriteConfig::default()
    };
    let reply = Dendrite::new(pair("//Alice"), config)
        .call(&target(address), &echo(PATIENCE))
        .await;
    assert!(
        matches!(reply.outcome, Outcome::NoAnswer(NoAnswer::NotPublic { ip }) if ip == address.ip()),
        "{reply:?}"
    );
}

#[tokio::test]
async fn all_answers_together_are_bounded_and_that_is_our_own_fault() {
    let (half, whole) = (30_000, 60_000);
    // Says half of its answer, and the rest when the other has come as far.
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let waiting = Arc::clone(&both);
    let address = peer(move |mut stream| {
        let waiting = Arc::clone(&waiting);
        async move {
            read(&mut stream).await;
            let body = json("200 OK", &format!("{{\"reply\":\"{}\"}}", "a".repeat(whole)));
            let (first, rest) = body.as_bytes().split_at(half);
            let _ = stream.write_all(first).await;
            waiting.wait().await;
            let _ = stream.write_all(rest).await;
        }
    })
    .await;
    let dendrite = |answers| {
        let config = DendriteConfig {
            answers,
            ..DendriteConfig::default()
        };
        Dendrite::new(pair("//Alice"), config)
    };
    let replies = dendrite(200_000)
        .call_many(&[target(address); 2], &echo(PATIENCE))
        .await;
    assert!(
        replies.iter().all(|reply| reply.outcome.answer().is_some()),
        "{replies:?}"
    );
    let small = dendrite(80_000);
    let replies = small.call_many(&[target(address); 2], &echo(PATIENCE)).await;
    let full = |reply: &&Reply<Answer>| {
        matches!(
            reply.outcome,
            Outcome::OwnFault(OwnFault::Memory { limit: 80_000 })
        )
    };
    assert!(replies.iter().filter(full).count() >= 1, "{replies:?}");
    // What was held is given back.
    let alone = saying(json(
        "200 OK",
        &format!("{{\"reply\":\"{}\"}}", "a".repeat(whole)),
    ))
    .await;
    let reply = small.call(&target(alone), &echo(PATIENCE)).await;
    assert!(reply.outcome.answer().is_some(), "{reply:?}");
}
