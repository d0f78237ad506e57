//! An axon on a real socket: each dialect is answered, and whoever must be refused is, before its body is read.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

mod echo;

use assay_axon::{
    BodyDigest, Caller, Dialect, Identity, OperatorTokens, ReplayLimits, ReplayStore, RequestUuid, Standing,
    UnixNanos,
    server::{Access, Asked, Axon, AxonConfig, Blacklisted, Failure, Priority, QueueLimits, Route},
    sign_btauth, sign_epistula,
    synapse::{AnswerText, Freshness, InputObject, RequestText, SIGN_ANSWER, SynapseHead},
};
use assay_keys::{AccountId, Pair, Scheme};
use echo::{Echo, streamed};
use http::{HeaderMap, HeaderValue, Method, StatusCode, uri::PathAndQuery};
use serde_json::{Value, json};
use std::{net::SocketAddr, num::NonZeroUsize, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
};

const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015";
/// SHA3-256 of Echo's hashed fields for the text "hello" and the number 3.
const HELLO_3: &str = "24cf12887e6c5561e2324a8502632b91ab190cb95c64e423290c141641613abb";

fn pair(name: &str) -> Pair {
    Pair::from_uri(name, Scheme::Sr25519).unwrap()
}

/// Nobody but Alice and operators.
struct OnlyAlice;

impl Access for OnlyAlice {
    fn admit(&self, caller: &Caller, _route: &str) -> Result<(), Blacklisted> {
        match &caller.identity {
            Identity::Hotkey(hotkey) if *hotkey != pair("//Alice").account() => Err(Blacklisted {
                reason: "not in metagraph".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn priority(&self, _caller: &Caller) -> Priority {
        Priority(1.0)
    }
}

/// Told when a handler sleeps. One test lets one sleep.
static ASLEEP: Notify = Notify::const_new();

async fn reversed(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    assert_eq!(asked.caller.standing, Standing::Verified);
    match echo.text.as_str() {
        "sleep" => {
            ASLEEP.notify_one();
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        "fail" => {
            return Err(Failure {
                status: StatusCode::IM_A_TEAPOT,
                message: "short and stout".to_owned(),
            });
        }
        _ => {}
    }
    echo.reply = Some(echo.text.chars().rev().collect());
    Ok(echo)
}

fn config() -> AxonConfig {
    AxonConfig {
        operators: OperatorTokens::new([("ada", TOKEN)]).unwrap(),
        ..AxonConfig::default()
    }
}

async fn axon(config: AxonConfig, replay: ReplayStore) -> Axon {
    Axon::build(pair("//Bob"), config)
        .access(OnlyAlice)
        .replay(replay)
        .route(Route::new(reversed).body_bytes(10_000))
        .route(Route::streaming(streamed))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap()
}

async fn strict() -> Axon {
    axon(config(), ReplayStore::in_memory(ReplayLimits::default())).await
}

/// A request in synapse-v10 as Alice's dendrite makes it.
struct Request {
    sender: Pair,
    receiver: AccountId,
    nonce: UnixNanos,
    timeout: f64,
    body: Value,
    hash: &'static str,
}

impl Request {
    fn hello() -> Self {
        Self {
            sender: pair("//Alice"),
            receiver: pair("//Bob").account(),
            nonce: UnixNanos::now(),
            timeout: 12.0,
            body: json!({"text": "hello", "n": 3, "tags": [], "reply": null}),
            hash: HELLO_3,
        }
    }

    fn headers(&self) -> HeaderMap {
        let sender = self.sender.account().to_string();
        let text = RequestText {
            nonce: self.nonce.0,
            sender: &sender,
            receiver: self.receiver,
            uuid: Some("11111111-2222-3333-4444-555555555555"),
            body_hash: self.hash,
        };
        let mut head = SynapseHead {
            name: Some("Echo".to_owned()),
            timeout: Some(self.timeout),
            body_hash: self.hash.to_owned(),
            input_objects: InputObject::of("text", &json!("")).into_iter().collect(),
            ..SynapseHead::default()
        };
        head.dendrite.version = Some(10_005_000);
        head.dendrite.nonce = Some(self.nonce.0);
        head.dendrite.uuid = Some("11111111-2222-3333-4444-555555555555".to_owned());
        head.dendrite.signature = Some(self.sender.sign(text.to_string().as_bytes()).to_string());
        head.dendrite.hotkey = Some(sender);
        head.axon.hotkey = Some(self.receiver.to_string());
        head.to_headers()
    }

    async fn send(&self, axon: &Axon) -> (StatusCode, HeaderMap, Value) {
        post(
            axon.addresses()[0],
            "/Echo",
            &self.headers(),
            self.body.to_string().as_bytes(),
        )
        .await
    }
}

async fn post(
    address: SocketAddr,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> (StatusCode, HeaderMap, Value) {
    let (status, headers, text) = post_raw(address, path, headers, body).await;
    (status, headers, serde_json::from_str(&text).unwrap())
}

async fn post_raw(
    address: SocketAddr,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> (StatusCode, HeaderMap, String) {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: axon\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    request.push_str("\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(&[request.as_bytes(), body].concat())
        .await
        .unwrap();
    answer(&mut stream).await
}

async fn answer(stream: &mut TcpStream) -> (StatusCode, HeaderMap, String) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (
                http::HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            )
        })
        .collect();
    (status, headers, body.to_owned())
}

fn message(answer: &(StatusCode, HeaderMap, Value)) -> (u16, &str) {
    (
        answer.0.as_u16(),
        answer.2["message"].as_str().unwrap_or_default(),
    )
}

#[tokio::test]
async fn synapse_v10_is_answered_and_the_answer_is_signed_for_who_asks_for_it() {
    let axon = strict().await;
    let request = Request::hello();
    let (mut asked, question) = (request.headers(), request.body.to_string());
    let (_, unsigned, _) = post_raw(axon.addresses()[0], "/Echo", &asked, question.as_bytes()).await;
    assert!(!unsigned.contains_key("bt_header_axon_response_signature"));
    let request = Request::hello();
    asked.clone_from(&request.headers());
    asked.insert(SIGN_ANSWER, HeaderValue::from_static("1"));
    let (status, headers, text) = post_raw(axon.addresses()[0], "/Echo", &asked, question.as_bytes()).await;
    assert_eq!(status, 200, "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&body["reply"], &body["name"]), (&json!("olleh"), &json!("Echo")));
    assert_eq!(headers["bt_header_axon_status_code"], "200");
    let said = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
    let signature = said(&headers, "bt_header_axon_response_signature")
        .parse()
        .unwrap();
    let is_signed = |question: &[u8]| {
        let text = AnswerText {
            nonce: said(&headers, "bt_header_axon_nonce").parse().unwrap(),
            request: &said(&asked, "bt_header_dendrite_signature"),
            path: "/Echo",
            question: BodyDigest::of(question),
            answer: BodyDigest::of(text.as_bytes()),
        };
        let bob = pair("//Bob").account();
        assay_keys::verify(&bob, Scheme::Sr25519, text.to_string().as_bytes(), &signature)
    };
    assert!(is_signed(question.as_bytes()));
    assert!(!is_signed(b"another question"));
    axon.stop().await;
}

#[tokio::test]
async fn the_same_handler_answers_every_dialect() {
    let axon = strict().await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    let body = br#"{"text": "hello", "n": 3}"#;
    let target = PathAndQuery::from_static("/Echo");
    let mut operators = HeaderMap::new();
    operators.insert(
        "authorization",
        HeaderValue::try_from(format!("Bearer {TOKEN}")).unwrap(),
    );
    let epistula = sign_epistula(
        &alice,
        &BodyDigest::of(body),
        Some(bob),
        &RequestUuid::random(),
        UnixNanos::now(),
    );
    for (dialect, headers) in [
        (
            Dialect::Btauth,
            sign_btauth(
                &alice,
                &Method::POST,
                &target,
                &BodyDigest::of(body),
                Some(bob),
                UnixNanos::now(),
            ),
        ),
        (Dialect::Epistula, epistula),
        (Dialect::Operator, operators),
    ] {
        let (status, _, answer) = post(axon.addresses()[0], "/Echo", &headers, body).await;
        assert_eq!(
            (status.as_u16(), &answer),
            (
                200,
                &json!({"text": "hello", "n": 3, "tags": [], "reply": "olleh"})
            ),
            "{dialect}"
        );
        if dialect != Dialect::Operator {
            let (again, _, _) = post(axon.addresses()[0], "/Echo", &headers, body).await;
            assert!(again.is_client_error(), "{dialect} is taken once");
            let (changed, _, _) = post(
                axon.addresses()[0],
                "/Echo",
                &headers,
                br#"{"text": "other", "n": 3}"#,
            )
            .await;
            assert!(changed.is_client_error(), "{dialect} signs the body");
        }
    }
    axon.stop().await;
}

#[tokio::test]
async fn whoever_must_be_refused_is_with_its_own_answer() {
    let axon = strict().await;
    let address = axon.addresses()[0];
    let unsigned = post(address, "/Echo", &HeaderMap::new(), b"{}").await;
    assert_eq!(unsigned.0, 401);
    assert_eq!(post(address, "/Nope", &HeaderMap::new(), b"{}").await.0, 404);
    assert_eq!(post(address, "/Echo/more", &HeaderMap::new(), b"{}").await.0, 404);

    let mut no_signature = Request::hello().headers();
    no_signature.remove("bt_header_dendrite_signature");
    let answer = post(address, "/Echo", &no_signature, b"{}").await;
    assert_eq!(
        message(&answer),
        (401, "Not Verified with error: Missing Signature")
    );

    let stranger = Request {
        sender: pair("//Eve"),
        ..Request::hello()
    };
    let answer = stranger.send(&axon).await;
    assert_eq!(
        message(&answer),
        (403, "Forbidden. Key is blacklisted: not in metagraph.")
    );
    assert_eq!(answer.1["bt_header_axon_status_code"], "403");

    let for_eve = Request {
        receiver: pair("//Eve").account(),
        ..Request::hello()
    };
    let answer = for_eve.send(&axon).await;
    assert_eq!(
        message(&answer),
        (401, "Not Verified with error: Signature mismatch")
    );

    let old = Request {
        nonce: UnixNanos::now().minus(Duration::from_secs(17)),
        ..Request::hello()
    };
    let answer = old.send(&axon).await;
    assert_eq!(answer.0, 401);
    assert!(
        message(&answer).1.contains("acceptable delta is 16.00 seconds"),
        "{}",
        answer.2
    );

    let once = Request::hello();
    assert_eq!(once.send(&axon).await.0, 200);
    let answer = once.send(&axon).await;
    assert_eq!(
        message(&answer),
        (
            401,
            "Not Verified with error: Nonce is too old, a newer one was last processed"
        )
    );

    let tampered = Request {
        body: json!({"text": "hello", "n": 4}),
        ..Request::hello()
    };
    assert_eq!(tampered.send(&axon).await.0, 400);
    let incomplete = Request {
        body: json!({"n": 3}),
        ..Request::hello()
    };
    let answer = incomplete.send(&axon).await;
    assert_eq!(answer.0, 400);
    assert!(message(&answer).1.contains("text"), "{}", answer.2);
    axon.stop().await;
}

#[tokio::test]
async fn a_strangers_body_is_not_read() {
    let axon = strict().await;
    let stranger = Request {
        sender: pair("//Eve"),
        ..Request::hello()
    };
    // A gigabyte is announced and never sent: an axon that waited for it would not answer.
    let mut request = "POST /Echo HTTP/1.1\r\nhost: axon\r\ncontent-length: 1000000000\r\n".to_owned();
    for (name, value) in &stranger.headers() {
        request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    let mut stream = TcpStream::connect(axon.addresses()[0]).await.unwrap();
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(answer(&mut stream).await.0, 403);

    // A known one may send no more than the route takes, announced or not.
    let mut request = "POST /Echo HTTP/1.1\r\nhost: axon\r\ntransfer-encoding: chunked\r\n".to_owned();
    for (name, value) in &Request::hello().headers() {
        request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    let mut stream = TcpStream::connect(axon.addresses()[0]).await.unwrap();
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .await
        .unwrap();
    for _ in 0..11 {
        let chunk = [b"3e8\r\n", &[b'x'; 1_000][..], b"\r\n"].concat();
        stream.write_all(&chunk).await.unwrap();
    }
    assert_eq!(answer(&mut stream).await.0, 413);
    axon.stop().await;
}

#[tokio::test]
async fn nothing_is_remembered_of_strangers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replay");
    let limits = ReplayLimits {
        per_caller: 2,
        overall: 2,
    };
    let axon = axon(
        config(),
        ReplayStore::open(&file, limits, UnixNanos::now()).unwrap(),
    )
    .await;
    for number in 0..10 {
        let stranger = Request {
            sender: pair(&format!("//Stranger//{number}")),
            ..Request::hello()
        };
        assert_eq!(stranger.send(&axon).await.0, 403);
    }
    assert_eq!(Request::hello().send(&axon).await.0, 200, "there is still room");
    axon.stop().await;
}

#[tokio::test]
async fn a_request_is_not_taken_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replay");
    let open = || ReplayStore::open(&file, ReplayLimits::default(), UnixNanos::now()).unwrap();
    let request = Request::hello();
    let first = axon(config(), open()).await;
    assert_eq!(request.send(&first).await.0, 200);
    first.stop().await;
    let second = axon(config(), open()).await;
    assert_eq!(request.send(&second).await.0, 401);
    second.stop().await;
}

#[tokio::test]
async fn slow_and_failing_handlers_and_a_full_queue_have_their_answers() {
    let mut config = config();
    config.freshness = Freshness::STRICT;
    config.queue = QueueLimits {
        workers: NonZeroUsize::MIN,
        waiting: 0,
    };
    let axon = axon(config, ReplayStore::in_memory(ReplayLimits::default())).await;
    let address = axon.addresses()[0];
    let headers = |text: &str, timeout: f64| {
        let hash = hash_of(text);
        let request = Request {
            timeout,
            hash: Box::leak(hash.into_boxed_str()),
            ..Request::hello()
        };
        request.headers()
    };
    let body = |text: &str| json!({"text": text, "n": 0}).to_string();
    let failing = post(address, "/Echo", &headers("fail", 12.0), body("fail").as_bytes()).await;
    assert_eq!(message(&failing), (418, "short and stout"));

    let (sleeping, sent) = (headers("sleep", 0.5), body("sleep"));
    let slow = tokio::spawn(async move { post(address, "/Echo", &sleeping, sent.as_bytes()).await });
    ASLEEP.notified().await;
    let busy = post(address, "/Echo", &headers("hi", 12.0), body("hi").as_bytes()).await;
    assert_eq!(busy.0, 503, "the one worker sleeps");
    assert_eq!(busy.1["retry-after"], "1");
    let slow = slow.await.unwrap();
    assert_eq!(message(&slow), (408, "Response timeout after: 0.5s"));
    axon.stop().await;
}

#[tokio::test]
async fn a_streamed_answer_comes_in_chunks_and_a_broken_one_without_its_end() {
    let axon = strict().await;
    for (prompts, chunks, ends) in [
        (json!(["one ", "two"]), "4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n", true),
        (json!(["one ", "fail", "two"]), "4\r\none \r\n", false),
    ] {
        let body = json!({ "prompts": prompts }).to_string();
        let request = format!(
            "POST /EchoStream HTTP/1.1\r\nhost: axon\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(axon.addresses()[0]).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // A connection that is broken off may also be reset.
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, rest) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        assert_eq!(rest, chunks);
        assert_eq!(rest.ends_with("0\r\n\r\n"), ends);
    }
    axon.stop().await;
}

fn hash_of(text: &str) -> String {
    use assay_axon::synapse::{PythonValue, body_hash};
    body_hash(&[PythonValue::from(text), PythonValue::from(0i64)]).to_string()
}
