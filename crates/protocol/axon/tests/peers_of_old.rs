//! What bittensor's dendrite and axon did under load, with broken peers and with classes that headers cannot carry
//! (`behaviour.json`, `client_edge.json`, `schema_limits.json`), and what ours do there: the same where that was right.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod echo;

use assay_axon::{
    Dendrite, DendriteConfig, Outcome, SynapseRequest, Target,
    dendrite::{BadAnswer, NoAnswer, RefusalKind},
    server::{
        Asked, Axon, AxonConfig, Failure, Manner, Priority, QueueLimits, Refused, Route, Synapse, WorkQueue,
    },
    synapse::{Field, FieldType, PythonValue},
};
use assay_keys::{Pair, Scheme};
use echo::{Echo, streamed};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeSet, net::SocketAddr, num::NonZeroUsize, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

const PATIENCE: Duration = Duration::from_secs(20);

fn pair(uri: &str) -> Pair {
    Pair::from_uri(uri, Scheme::Sr25519).unwrap()
}

/// The rows of a vector that are still to be compared with.
struct Rows {
    rows: serde_json::Map<String, Value>,
    left: BTreeSet<String>,
}

impl Rows {
    fn of(text: &str) -> Self {
        let Value::Object(rows) = serde_json::from_str(text).unwrap() else {
            panic!("an object")
        };
        let left = rows.keys().filter(|key| *key != "_meta").cloned().collect();
        Self { rows, left }
    }

    fn take(&mut self, name: &str) -> Value {
        assert!(self.left.remove(name), "{name}");
        self.rows[name].clone()
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.left, BTreeSet::new(), "rows that nothing was compared with");
        }
    }
}

async fn reversed(asked: Asked<Echo>) -> Result<Echo, Failure> {
    let mut echo = asked.synapse;
    if echo.text == "wait" {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    echo.reply = Some(echo.text.chars().rev().collect());
    Ok(echo)
}

async fn axon_at(address: &str, config: AxonConfig) -> Result<Axon, assay_axon::server::BindError> {
    Axon::build(pair("//Bob"), config)
        .route(Route::new(reversed))
        .route(Route::streaming(streamed))
        .listen(&[address.parse().unwrap()])
        .await
}

async fn axon(config: AxonConfig) -> Axon {
    axon_at("127.0.0.1:0", config).await.unwrap()
}

fn target(address: SocketAddr) -> Target {
    Target {
        hotkey: pair("//Bob").account(),
        address,
    }
}

fn dendrite(uri: &str) -> Dendrite {
    Dendrite::new(pair(uri), DendriteConfig::default())
}

fn echo(text: &str) -> SynapseRequest {
    let echo = Echo {
        text: text.to_owned(),
        n: 0,
        tags: Vec::new(),
        reply: None,
    };
    SynapseRequest::new(Echo::NAME, &echo, PATIENCE)
        .unwrap()
        .requiring(&["text"])
        .unwrap()
        .hashing(&[
            Field::required("text", FieldType::Str),
            Field::required("n", FieldType::Int),
        ])
        .unwrap()
}

fn reply(outcome: Outcome<assay_axon::dendrite::Answer>) -> String {
    let answer = outcome.into_answer().unwrap();
    answer.fields.get("reply").unwrap().unwrap()
}

async fn sent(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_axon_behaves_under_load_as_the_original_or_better() {
    let mut rows = Rows::of(include_str!("../../../../vectors/wire/behaviour.json"));
    let mut config = AxonConfig::default();
    config.connections.head_time = Duration::from_secs(1);
    let axon = axon(config).await;
    let address = axon.addresses()[0];

    // Requests of one dendrite overtake each other, and all are answered.
    let row = rows.take("one_dendrite_n_concurrent_to_same_axon");
    for (number, outcomes) in row["runs"].as_object().unwrap() {
        let number: usize = number.parse().unwrap();
        assert_eq!(outcomes["200 Success"], number);
        let replies = dendrite("//Alice")
            .call_many(&vec![target(address); number], &echo("hello"))
            .await;
        assert!(
            replies.iter().all(|reply| reply.outcome.answer().is_some()),
            "{replies:?}"
        );
    }
    let row = rows.take("n_dendrites_100_concurrent_to_same_axon");
    let dendrites: Vec<Dendrite> = (0..100).map(|number| dendrite(&format!("//D{number}"))).collect();
    let (one, request) = (target(address), echo("hello"));
    let calls = dendrites.iter().map(|dendrite| dendrite.call(&one, &request));
    let replies = futures::future::join_all(calls).await;
    assert_eq!(replies.len(), row["200 Success"].as_u64().unwrap() as usize);
    assert!(replies.iter().all(|reply| reply.outcome.answer().is_some()));

    // The original has a hundred connections, whose queue counts against the timeout of those behind it.
    let row = rows.take("150_slow_4s_calls_timeout_7s_one_dendrite");
    assert_eq!(row["result"]["200 Success"], 100);
    let replies = dendrite("//Alice")
        .call_many(&[target(address); 150], &echo("wait"))
        .await;
    assert!(replies.iter().all(|reply| reply.outcome.answer().is_some()));

    // Whether the handler is a blocking function makes no difference to Rust's.
    for name in [
        "4_concurrent_sync_forward_sleep_0.5",
        "4_concurrent_async_forward_sleep_0.5",
    ] {
        assert_eq!(rows.take(name)["result"]["200 Success"], 4);
    }

    // The original bounds a head only when it comes in several parts, ours always.
    let row = rows.take("drip_fed_request_head");
    for (bytes, answer) in row.as_object().unwrap() {
        let bytes: usize = bytes.parse().unwrap();
        let start = "POST /Nope HTTP/1.1\r\nhost: axon\r\nconnection: close\r\ncontent-length: 0\r\nx-pad: ";
        let pad = "a".repeat(bytes - start.len() - 4);
        let mut stream = TcpStream::connect(address).await.unwrap();
        for part in format!("{start}{pad}\r\n\r\n").as_bytes().chunks(8_192) {
            let _ = stream.write_all(part).await;
            let _ = stream.flush().await;
        }
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said).await;
        let is_known = answer.as_str().unwrap().contains("404");
        let fits = bytes <= 32 * 1024;
        assert!(!is_known || fits);
        let status = if fits { "HTTP/1.1 404" } else { "HTTP/1.1 431" };
        assert!(said.starts_with(status), "{bytes}: {said}");
    }

    // An idle connection is closed: after 5 s there, after the time for a head here.
    let row = rows.take("server_keepalive_idle_close_s");
    assert_eq!(row["read_returned"], "b''");
    let mut idle = TcpStream::connect(address).await.unwrap();
    let request = "POST /Nope HTTP/1.1\r\nhost: axon\r\ncontent-length: 0\r\n\r\n";
    idle.write_all(request.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    tokio::time::timeout(PATIENCE, idle.read_to_end(&mut said))
        .await
        .unwrap()
        .unwrap();

    let random = rows.take("priority_pool_execution_order_for_priorities_0_to_11");
    let right = rows.take("priority_pool_order_when_priority_kwarg_given");
    assert_ne!(
        random["order"], right["order"],
        "what the miner says counts for nothing there"
    );
    assert_eq!(json!(order_of_work().await), right["order"]);
    rows.take("stale_work_item");
    late_work().await;
    axon.stop().await;
}

fn queue() -> WorkQueue {
    WorkQueue::new(QueueLimits {
        workers: NonZeroUsize::MIN,
        waiting: 100,
    })
}

async fn order_of_work() -> Vec<u32> {
    let queue = queue();
    let deadline = Instant::now() + PATIENCE;
    let busy = queue.place(Priority(0.0), deadline).await.unwrap();
    let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
    for priority in 0..12u32 {
        let (asking, done) = (queue.clone(), done.clone());
        tokio::spawn(async move {
            let _place = asking
                .place(Priority(f64::from(priority)), deadline)
                .await
                .unwrap();
            done.send(priority).unwrap();
        });
    }
    while queue.load().1 < 12 {
        tokio::task::yield_now().await;
    }
    drop((busy, done));
    let mut seen = Vec::new();
    while let Some(priority) = order.recv().await {
        seen.push(priority);
    }
    seen
}

/// Whoever waits too long is told so, where the original leaves it hanging.
async fn late_work() {
    let queue = queue();
    let _busy = queue
        .place(Priority(0.0), Instant::now() + PATIENCE)
        .await
        .unwrap();
    let late = queue.place(Priority(1.0), Instant::now()).await;
    assert!(matches!(late, Err(Refused::TimedOut { .. })));
}

/// A peer that answers each request with these bytes and closes.
async fn saying(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 16_384];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn the_dendrite_takes_no_harm_from_broken_peers() {
    let mut rows = Rows::of(include_str!("../../../../vectors/wire/client_edge.json"));
    let ours = dendrite("//Alice");
    let ask = async |answer: String| {
        let (target, request) = (target(saying(answer).await), echo("mine"));
        let outcome = ours.call(&target, &request).await.outcome;
        let recorded = outcome.recorded(&target, &request);
        (outcome, recorded)
    };
    let json = "application/json";

    // Statuses of the original beside what ours say; its fields never change but by an answer.
    type Check = fn(&Outcome<assay_axon::dendrite::Answer>) -> bool;
    let malformed: Check = |outcome| matches!(outcome, Outcome::BadAnswer(BadAnswer::Malformed { .. }));
    let not_json: Check = |outcome| matches!(outcome, Outcome::BadAnswer(BadAnswer::NotJson { .. }));
    let disconnected: Check = |outcome| matches!(outcome, Outcome::NoAnswer(NoAnswer::Disconnected));
    let redirected: Check = |outcome| matches!(outcome, Outcome::BadAnswer(BadAnswer::Redirect { .. }));
    let answered: Check = |outcome| outcome.answer().is_some();
    let refused: Check = |outcome| matches!(outcome, Outcome::Refused(_));
    for (name, said, check) in [
        ("server_not_http", "garbage\r\n\r\n".to_owned(), malformed),
        (
            "server_200_text",
            answer("200 OK", "text/plain", "hello"),
            not_json,
        ),
        ("server_200_bad_json", answer("200 OK", json, "{oops"), not_json),
        ("server_200_json_list", answer("200 OK", json, "[1]"), malformed),
        (
            "server_200_truncated_body",
            "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{".to_owned(),
            disconnected,
        ),
        ("server_close_without_bytes", String::new(), disconnected),
        (
            "server_200_no_bt_headers",
            answer("200 OK", json, r#"{"text":"srv"}"#),
            answered,
        ),
        (
            "server_302",
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(),
            redirected,
        ),
        (
            "server_500_json",
            answer("500 Oh", json, r#"{"message":"m"}"#),
            refused,
        ),
        (
            "server_418_json_no_message",
            answer("418 Tea", json, "{}"),
            refused,
        ),
        (
            "server_200_server_overrides_fields",
            answer(
                "200 OK",
                json,
                r#"{"text":"rewritten","n":9,"name":"Evil","timeout":9,"dendrite":{"hotkey":"EVIL"}}"#,
            ),
            answered,
        ),
    ] {
        let theirs = rows.take(name);
        let (outcome, recorded) = ask(said).await;
        assert!(check(&outcome), "{name}: {outcome:?}");
        let status = match name {
            // No HTTP and half an answer are 400 there.
            "server_not_http" => Some(422),
            "server_200_truncated_body" => Some(503),
            // It is followed there, to where nobody listens.
            "server_302" => Some(422),
            // It was told another status than this peer tells.
            "server_200_server_overrides_fields" => None,
            _ => theirs["status_code"].as_i64(),
        };
        assert_eq!(recorded.code, status, "{name}: {recorded:?}");
        // The words of Python's libraries are its own.
        if [
            "server_close_without_bytes",
            "server_200_no_bt_headers",
            "server_500_json",
        ]
        .contains(&name)
        {
            assert_eq!(recorded.message, theirs["status_message"], "{name}");
        }
        match &outcome {
            Outcome::Answered(answer) => {
                let text: Option<String> = answer.fields.get("text").unwrap();
                assert_eq!(json!(text), theirs["text_after"], "{name}");
                // Who asked is not the axon's to say.
                assert!(answer.fields.names().all(|field| field != "dendrite"), "{name}");
            }
            Outcome::Refused(refusal) => {
                assert_eq!(
                    json!(refusal.message),
                    if name == "server_500_json" {
                        json!("m")
                    } else {
                        json!("{}")
                    }
                );
                assert!(matches!(
                    refusal.kind,
                    RefusalKind::Failed(_) | RefusalKind::Other(_)
                ));
            }
            _ => assert_eq!(theirs["text_after"], "mine", "{name}"),
        }
    }

    // The same dendrite asks as often as it likes, over IPv6 too, and its own address as any other.
    let axon = axon(AxonConfig::default()).await;
    for name in [
        "aquery_first",
        "aquery_second_same_dendrite",
        "target_equals_own_external_ip",
    ] {
        rows.take(name);
        let outcome = ours.call(&target(axon.addresses()[0]), &echo("zz")).await.outcome;
        assert_eq!(reply(outcome), "zz", "{name}");
    }
    assert_eq!(rows.take("ipv6_target_::1")["status_code"], 422);
    // Some machines have no IPv6 at all.
    if let Ok(axon) = axon_at("[::1]:0", AxonConfig::default()).await {
        let outcome = ours.call(&target(axon.addresses()[0]), &echo("zz")).await.outcome;
        assert_eq!(reply(outcome), "zz");
        axon.stop().await;
    }
    // A target is an address: no name is looked up.
    assert!(rows.take("hostname_target_unresolvable")["status_message"].is_string());

    assert_eq!(rows.take("forward_single_axon_returns"), "str 'a'");
    assert_eq!(rows.take("forward_list_of_one_returns"), "list ['a']");
    assert_eq!(
        rows.take("forward_three_one_down_deserialized"),
        "['zz', None, 'zz']"
    );
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let up = target(axon.addresses()[0]);
    let replies = ours.call_many(&[up, target(nobody), up], &echo("zz")).await;
    let texts: Vec<Option<String>> = replies
        .into_iter()
        .map(|reply| reply.outcome.into_answer()?.fields.get("reply").unwrap())
        .collect();
    assert_eq!(texts, [Some("zz".to_owned()), None, Some("zz".to_owned())]);

    let compatible = self::axon(AxonConfig::bittensor10()).await;
    for (name, path) in [
        ("GET /docs", "/docs"),
        ("GET /openapi.json", "/openapi.json"),
        ("GET /", "/"),
    ] {
        let theirs = rows.take(name);
        assert!(theirs.as_str().unwrap().starts_with("404"));
        let request = format!("GET {path} HTTP/1.1\r\nhost: axon\r\n\r\n");
        let strict = sent(up.address, request.as_bytes()).await;
        assert!(
            strict.starts_with("HTTP/1.1 404") && !strict.contains("Echo"),
            "{strict}"
        );
        let told = sent(compatible.addresses()[0], request.as_bytes()).await;
        let words = format!(
            "{{\"message\":\"Synapse name '{}' not found. Available synapses ['Synapse', 'Echo', 'EchoStream']\"}}",
            &path[1..]
        );
        assert!(
            told.starts_with("HTTP/1.1 404") && told.ends_with(&words),
            "{told}"
        );
    }
    // The original says that it has started.
    assert_eq!(rows.take("second_axon_same_port")["start_raised"], false);
    let taken = axon_at(&up.address.to_string(), AxonConfig::default()).await;
    assert!(taken.unwrap_err().to_string().contains("another axon"));
    compatible.stop().await;
    axon.stop().await;
}

/// A class with one required field of some type.
macro_rules! class {
    ($name:ident { $field:ident: $type:ty = $kind:expr }) => {
        #[derive(Serialize, Deserialize)]
        struct $name {
            #[serde(rename = "field")]
            $field: $type,
        }

        impl Synapse for $name {
            const NAME: &'static str = stringify!($name);

            fn fields() -> Vec<Field> {
                vec![Field::required("field", $kind)]
            }
        }
    };
}

class!(OfNested {
    field: Value = FieldType::Model(vec![Field::required("inner", FieldType::Int)])
});
class!(OfDefaults {
    field: Value = FieldType::Model(vec![Field::with_default("inner", FieldType::Int, 1i64)])
});
class!(OfOptional { field: Option<i64> = FieldType::optional(FieldType::Int) });
class!(OfList { field: Vec<i64> = FieldType::list(FieldType::Int) });
class!(OfText {
    field: String = FieldType::Str
});

#[derive(Serialize, Deserialize)]
struct Camel {
    #[serde(rename = "camelCase")]
    camel: String,
}

impl Synapse for Camel {
    const NAME: &'static str = "Camel";

    fn fields() -> Vec<Field> {
        vec![Field::required("camelCase", FieldType::Str)]
    }
}

async fn back<S>(asked: Asked<S>) -> Result<S, Failure> {
    Ok(asked.synapse)
}

#[tokio::test]
async fn classes_that_headers_cannot_carry_are_refused_where_the_original_refuses_them_and_only_there() {
    let mut rows = Rows::of(include_str!("../../../../vectors/wire/schema_limits.json"));
    let axon = async |manner| {
        let config = match manner {
            Manner::Strict => AxonConfig::default(),
            Manner::Bittensor10 => AxonConfig::bittensor10(),
        };
        Axon::build(pair("//Bob"), config)
            .route(Route::new(back::<OfNested>))
            .route(Route::new(back::<OfDefaults>))
            .route(Route::new(back::<OfOptional>))
            .route(Route::new(back::<OfList>))
            .route(Route::new(back::<OfText>))
            .route(Route::new(back::<Camel>))
            .listen(&["127.0.0.1:0".parse().unwrap()])
            .await
            .unwrap()
    };
    let (strict, compatible) = (axon(Manner::Strict).await, axon(Manner::Bittensor10).await);
    let status = async |axon: &Axon, class: &str, field: &str, value: Value| {
        let request = SynapseRequest::new(class, &json!({ field: value }), PATIENCE)
            .unwrap()
            .requiring(&[field])
            .unwrap();
        match dendrite("//Alice")
            .call(&target(axon.addresses()[0]), &request)
            .await
            .outcome
        {
            Outcome::Answered(_) => 200,
            Outcome::Refused(refusal) => match refusal.kind {
                RefusalKind::Failed(status) => status.as_u16(),
                other => panic!("{class}: {other:?}"),
            },
            other => panic!("{class}: {other:?}"),
        }
    };
    for (row, class, field, value) in [
        ("nested_model_required", "OfNested", "field", json!({"inner": 1})),
        (
            "nested_model_with_defaults_required",
            "OfDefaults",
            "field",
            json!({"inner": 1}),
        ),
        ("optional_required_none", "OfOptional", "field", Value::Null),
        ("optional_required_value", "OfOptional", "field", json!(1)),
        ("list_required", "OfList", "field", json!([1])),
    ] {
        let theirs = rows.take(row);
        let theirs: u16 = theirs.as_str().unwrap()[..3].parse().unwrap();
        assert_eq!(
            status(&compatible, class, field, value.clone()).await,
            theirs,
            "{row}"
        );
        assert_eq!(status(&strict, class, field, value).await, 200, "{row}");
    }
    // Headers have no upper case, and texts here no shortest length: both are served.
    for (row, class, field) in [
        ("camel_case_required", "Camel", "camelCase"),
        ("constrained_str_required", "OfText", "field"),
    ] {
        assert!(rows.take(row).as_str().unwrap().starts_with("500"), "{row}");
        for axon in [&strict, &compatible] {
            assert_eq!(status(axon, class, field, json!("x")).await, 200, "{row}");
        }
    }
    // What JSON has no place for cannot be put into a request at all: bytes, enums and times of Python, and a map whose
    // keys are none.
    for row in [
        "bytes_required",
        "enum_required",
        "datetime_required",
        "enum_default_in_hash",
        "bytes_default_non_utf8",
    ] {
        assert!(rows.take(row).as_str().unwrap().contains("serializ"), "{row}");
    }
    let keys_are_lists = std::collections::BTreeMap::from([(vec![1], 1)]);
    assert!(SynapseRequest::new("Any", &keys_are_lists, PATIENCE).is_err());
    // A text that only Python knows how to make is hashed as the text that it is.
    let theirs = rows.take("enum_python_str");
    assert_eq!(
        PythonValue::from(theirs.as_str().unwrap()).to_str(),
        theirs.as_str().unwrap()
    );
    strict.stop().await;
    compatible.stop().await;
}
