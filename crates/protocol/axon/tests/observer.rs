//! What an axon's observers are told, through a real socket.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![allow(dead_code, reason = "the echo has more than this test asks for")]

mod echo;

use assay_axon::{
    BodyDigest, Caller, Dendrite, DendriteConfig, Dialect, Identity, OperatorTokens, Outcome, SynapseRequest,
    Target, UnixNanos,
    server::{
        Access, Asked, Axon, AxonConfig, Blacklisted, CUT_OFF, Failure, FinishedRequest, Manner, Observer,
        Priority, Route,
    },
    sign_btauth,
    synapse::{Field, FieldType},
};
use assay_keys::{AccountId, Pair, Scheme};
use echo::{Echo, streamed};
use http::{HeaderMap, HeaderValue, Method, uri::PathAndQuery};
use serde_json::json;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};

/// No wait of these tests may take longer.
const HANG: Duration = Duration::from_secs(30);
const TOKEN: &str = "a-token-that-is-long-enough-for-an-operator";

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

async fn reversed(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    echo.reply = Some(echo.text.chars().rev().collect());
    Ok(echo)
}

struct NotEve;

impl Access for NotEve {
    fn admit(&self, caller: &Caller, _: &str) -> Result<(), Blacklisted> {
        match &caller.identity {
            Identity::Hotkey(hotkey) if *hotkey == pair("//Eve").account() => Err(Blacklisted {
                reason: "not in metagraph".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn priority(&self, _: &Caller) -> Priority {
        Priority(1.0)
    }
}

/// A request as it was told.
#[derive(Debug, PartialEq)]
struct Told {
    route: Option<String>,
    caller: Option<AccountId>,
    dialect: Option<Dialect>,
    status: u16,
    refusal: Option<&'static str>,
    request_bytes: u64,
    answer_bytes: u64,
}

#[derive(Debug)]
struct Teller(mpsc::UnboundedSender<(Told, Duration)>);

impl Observer for Teller {
    fn finished(&self, request: &FinishedRequest<'_>) {
        let told = Told {
            route: request.route.map(str::to_owned),
            caller: request.caller,
            dialect: request.dialect,
            status: request.status,
            refusal: request.refusal,
            request_bytes: request.request_bytes,
            answer_bytes: request.answer_bytes,
        };
        self.0.send((told, request.took)).unwrap();
    }
}

/// One that fails must not take anything with it.
#[derive(Debug)]
struct Panicking;

impl Observer for Panicking {
    fn finished(&self, _: &FinishedRequest<'_>) {
        panic!("an observer's own defect");
    }
}

struct Observed {
    axon: Axon,
    told: mpsc::UnboundedReceiver<(Told, Duration)>,
}

impl Observed {
    async fn listen(manner: Manner) -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        let config = AxonConfig {
            manner,
            operators: OperatorTokens::new([("ada", TOKEN)]).unwrap(),
            observers: vec![Arc::new(Panicking), Arc::new(Teller(sender))],
            ..AxonConfig::default()
        };
        let axon = Axon::build(pair("//Bob"), config)
            .access(NotEve)
            .route(Route::new(reversed).body_bytes(10_000))
            .route(Route::streaming(streamed))
            .listen(&["127.0.0.1:0".parse().unwrap()])
            .await
            .unwrap();
        Self { axon, told }
    }

    fn address(&self) -> SocketAddr {
        self.axon.addresses()[0]
    }

    async fn next(&mut self) -> Told {
        let (told, took) = timeout(HANG, self.told.recv()).await.unwrap().unwrap();
        assert!(took > Duration::ZERO && took < HANG, "{took:?}");
        told
    }

    /// Sends a request on a connection of its own; its answer's body as it came.
    async fn post(&self, path: &str, headers: &HeaderMap, body: &str) -> String {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: axon\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        request.push_str(&format!("\r\n{body}"));
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // A connection that is broken off may also be reset.
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

fn btauth(sender: &Pair, path: &'static str, body: &str) -> HeaderMap {
    sign_btauth(
        sender,
        &Method::POST,
        &PathAndQuery::from_static(path),
        &BodyDigest::of(body.as_bytes()),
        Some(pair("//Bob").account()),
        UnixNanos::now(),
    )
}

fn bearer() -> HeaderMap {
    let token = HeaderValue::try_from(format!("Bearer {TOKEN}")).unwrap();
    HeaderMap::from_iter([(http::header::AUTHORIZATION, token)])
}

#[tokio::test]
async fn each_request_is_told_once_with_who_asked_what_and_how_it_ended() {
    let mut observed = Observed::listen(Manner::Strict).await;
    let body = json!({"text": "hello", "n": 3, "tags": [], "reply": null}).to_string();
    let (alice, eve) = (pair("//Alice"), pair("//Eve"));
    let good = Told {
        route: Some("Echo".to_owned()),
        caller: Some(alice.account()),
        dialect: Some(Dialect::Btauth),
        status: 200,
        refusal: None,
        request_bytes: body.len() as u64,
        answer_bytes: 0,
    };

    let headers = btauth(&alice, "/Echo", &body);
    let answer = observed.post("/Echo", &headers, &body).await;
    assert!(answer.contains("olleh"), "{answer}");
    let answered = Told {
        answer_bytes: answer.len() as u64,
        ..good
    };
    assert_eq!(observed.next().await, answered);

    // The same again: who it is is known by the body, and so is that it came before.
    let answer = observed.post("/Echo", &headers, &body).await;
    let replayed = observed.next().await;
    assert_eq!((replayed.status, replayed.refusal), (401, Some("replayed")));
    assert_eq!(replayed.answer_bytes, answer.len() as u64);

    // Nobody signed it: refused before its body, which is not counted.
    let answer = observed.post("/Echo", &HeaderMap::new(), &body).await;
    let unsigned = Told {
        caller: None,
        dialect: None,
        status: 401,
        refusal: Some("unsigned"),
        request_bytes: 0,
        answer_bytes: answer.len() as u64,
        ..answered
    };
    assert_eq!(observed.next().await, unsigned);

    // A stranger's path is not told on.
    observed.post("/Nonsense", &HeaderMap::new(), "{}").await;
    let lost = observed.next().await;
    assert_eq!(
        (lost.route, lost.status, lost.refusal),
        (None, 404, Some("no_route"))
    );

    // Of a claim that was not proven the caller is not told.
    observed.post("/Echo", &btauth(&eve, "/Echo", &body), &body).await;
    let barred = observed.next().await;
    assert_eq!(
        (barred.caller, barred.status, barred.refusal),
        (None, 403, Some("blacklisted"))
    );

    let other = body.replace("hello", "other");
    observed
        .post("/Echo", &btauth(&alice, "/Echo", &body), &other)
        .await;
    let forged = observed.next().await;
    assert_eq!((forged.caller, forged.refusal), (None, Some("signature")));
    assert_eq!(forged.request_bytes, other.len() as u64);
    observed.axon.stop().await;
    assert!(observed.told.try_recv().is_err(), "each once");
}

#[tokio::test]
async fn answers_in_parts_are_counted_to_their_end_and_broken_ones_are_cut_off() {
    let mut observed = Observed::listen(Manner::Strict).await;
    for (prompts, bytes, refusal) in [
        (json!(["one ", "two"]), 7, None),
        (json!(["one ", "fail", "two"]), 4, Some(CUT_OFF)),
    ] {
        let body = json!({ "prompts": prompts }).to_string();
        observed.post("/EchoStream", &bearer(), &body).await;
        let streamed = Told {
            route: Some("EchoStream".to_owned()),
            caller: None,
            dialect: Some(Dialect::Operator),
            status: 200,
            refusal,
            request_bytes: body.len() as u64,
            answer_bytes: bytes,
        };
        assert_eq!(observed.next().await, streamed);
    }
    observed.axon.stop().await;
}

#[tokio::test]
async fn an_axon_in_the_manner_of_bittensor_tells_the_same() {
    let mut observed = Observed::listen(Manner::Bittensor10).await;
    #[derive(serde::Serialize)]
    struct Question {
        text: &'static str,
        n: i64,
        tags: [String; 0],
        reply: Option<String>,
    }
    let question = Question {
        text: "hello",
        n: 3,
        tags: [],
        reply: None,
    };
    let request = SynapseRequest::new("Echo", &question, HANG)
        .unwrap()
        .requiring(&["text"])
        .unwrap()
        .hashing(&[
            Field::required("text", FieldType::Str),
            Field::required("n", FieldType::Int),
        ])
        .unwrap();
    let target = Target {
        hotkey: pair("//Bob").account(),
        address: observed.address(),
    };
    for (sender, status, refusal) in [("//Alice", 200, None), ("//Eve", 403, Some("blacklisted"))] {
        let sender = pair(sender);
        let account = sender.account();
        let config = DendriteConfig {
            addresses: assay_axon::dendrite::Addresses::Any,
            ..DendriteConfig::default()
        };
        let reply = Dendrite::new(sender, config).call(&target, &request).await;
        assert_eq!(
            matches!(reply.outcome, Outcome::Answered(_)),
            refusal.is_none(),
            "{:?}",
            reply.outcome
        );
        let told = observed.next().await;
        assert_eq!(
            (told.route.as_deref(), told.dialect, told.status, told.refusal),
            (Some("Echo"), Some(Dialect::SynapseV10), status, refusal)
        );
        // There a blacklist judges before the signature.
        assert_eq!(told.caller, refusal.is_none().then_some(account));
        assert_eq!(told.request_bytes > 0, refusal.is_none());
        assert!(told.answer_bytes > 0);
    }
    observed.post("/Nonsense", &HeaderMap::new(), "{}").await;
    let lost = observed.next().await;
    assert_eq!(
        (lost.route, lost.status, lost.refusal),
        (None, 404, Some("no_route"))
    );
    observed.axon.stop().await;
}
