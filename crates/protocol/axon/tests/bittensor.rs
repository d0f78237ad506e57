//! An axon in bittensor's manner answers what bittensor's axon answered, byte by byte of what counts, and a strict one what
//! it must: every hand-made request of `vectors/wire/rejections.json` and every captured one of `exchanges.json`, sent
//! over a socket as it stands, to an axon whose clock stands where it stood then.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_axon::{
    Caller, Dendrite, DendriteConfig, Identity, OperatorTokens, Outcome, Standing, SynapseRequest, Target,
    UnixNanos,
    dendrite::{NoAnswer, RecordedStatus},
    server::{
        Access, Asked, Axon, AxonConfig, Blacklisted, Failure, Parts, Priority, QueueLimits, Route, Synapse,
        Unverified,
    },
    synapse::{Field, FieldType, PythonValue, RequestText, SynapseHead},
};
use assay_keys::{DEV_PHRASE, Pair, Scheme};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

const AXON_PHRASE: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(30);
const TOKEN: &str = "9f86d081884c7d659a2feaa0c55ad015";

fn rejections() -> Value {
    serde_json::from_str(include_str!("../../../../vectors/wire/rejections.json")).unwrap()
}

fn exchanges() -> Value {
    serde_json::from_str(include_str!("../../../../vectors/wire/exchanges.json")).unwrap()
}

fn pair(phrase: &str) -> Pair {
    Pair::from_mnemonic(phrase, Scheme::Sr25519, None).unwrap()
}

/// Synapses with the fields of `Echo` under many names.
macro_rules! echoes {
    ($($name:ident),*) => {$(
        #[derive(Serialize, Deserialize)]
        struct $name {
            text: String,
            #[serde(default)]
            n: i64,
            #[serde(default)]
            tags: Vec<String>,
            #[serde(default)]
            reply: Option<String>,
        }

        impl Synapse for $name {
            const NAME: &'static str = stringify!($name);
            const HASHED: &'static [&'static str] = &["text", "n"];

            fn fields() -> Vec<Field> {
                vec![
                    Field::required("text", FieldType::Str),
                    Field::with_default("n", FieldType::Int, 0i64),
                    Field::with_default("tags", FieldType::list(FieldType::Str), PythonValue::List(Vec::new())),
                    Field::with_default("reply", FieldType::optional(FieldType::Str), PythonValue::None),
                ]
            }
        }

        impl $name {
            async fn answer(asked: Asked<Self>) -> Result<Self, Failure> {
                assert_eq!(asked.caller.hotkey(), Some(pair(DEV_PHRASE).account()), "whoever signed");
                let mut synapse = asked.synapse;
                match synapse.text.as_str() {
                    "boom" => panic!("the forward function raises"),
                    "teapot" => return Err(Failure {
                        status: StatusCode::IM_A_TEAPOT,
                        message: "I am a teapot".to_owned(),
                    }),
                    "nonl" => return Err(Failure {
                        status: StatusCode::OK,
                        message: "two\r\nlines".to_owned(),
                    }),
                    "uni" => return Err(Failure {
                        status: StatusCode::OK,
                        message: "✓".to_owned(),
                    }),
                    _ => {}
                }
                synapse.reply = Some(synapse.text.chars().rev().collect());
                Ok(synapse)
            }
        }
    )*};
}

echoes!(
    Echo, Black, BlackLong, BlackNL, BlackUni, BlackRaise, Veri, PrioTO, PrioRaise
);

macro_rules! streams {
    ($($name:ident),*) => {$(
        #[derive(Serialize, Deserialize)]
        struct $name {
            prompts: Vec<String>,
            #[serde(default)]
            completion: String,
        }

        impl Synapse for $name {
            const NAME: &'static str = stringify!($name);
            const HASHED: &'static [&'static str] = &["prompts"];

            fn fields() -> Vec<Field> {
                vec![
                    Field::required("prompts", FieldType::list(FieldType::Str)),
                    Field::with_default("completion", FieldType::Str, ""),
                ]
            }
        }
    )*};
}

streams!(StreamBlack, StreamBoom, StreamRaise, EchoStream);

impl EchoStream {
    async fn answer(_: Asked<Self>) -> Result<Parts, Failure> {
        let parts = ["Hel", "lo, ", "world", " ✓"].map(|part| Ok(Bytes::from_static(part.as_bytes())));
        Ok(futures::stream::iter(parts).boxed())
    }
}

impl StreamBlack {
    async fn answer(_: Asked<Self>) -> Result<Parts, Failure> {
        panic!("nobody is let in here")
    }
}

impl StreamRaise {
    async fn answer(_: Asked<Self>) -> Result<Parts, Failure> {
        panic!("the forward function raises")
    }
}

impl StreamBoom {
    async fn answer(_: Asked<Self>) -> Result<Parts, Failure> {
        let parts = futures::stream::iter(["par", ""]).then(async |part| {
            if part.is_empty() {
                // What was written before a failure need not have been sent, if it comes in the same moment.
                tokio::time::sleep(Duration::from_millis(100)).await;
                return Err(Failure {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    message: "the streamer raises".to_owned(),
                });
            }
            Ok(Bytes::from_static(part.as_bytes()))
        });
        Ok(parts.boxed())
    }
}

#[derive(Serialize, Deserialize)]
struct Nested {
    cfg: Map<String, Value>,
    flag: bool,
    ratio: f64,
    items: Vec<String>,
    text: String,
    count: i64,
}

impl Synapse for Nested {
    const NAME: &'static str = "Nested";
    const HASHED: &'static [&'static str] = &["cfg", "flag", "ratio", "items", "text", "count"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("cfg", FieldType::dict(FieldType::Any)),
            Field::required("flag", FieldType::Bool),
            Field::required("ratio", FieldType::Float),
            Field::required("items", FieldType::list(FieldType::Str)),
            Field::required("text", FieldType::Str),
            Field::required("count", FieldType::Int),
        ]
    }
}

#[derive(Serialize, Deserialize)]
struct Plain {
    value: Value,
}

impl Synapse for Plain {
    const NAME: &'static str = "Plain";

    fn fields() -> Vec<Field> {
        vec![Field::with_default("value", FieldType::Any, PythonValue::None)]
    }
}

#[derive(Serialize, Deserialize)]
struct Slow {
    delay: f64,
    tag: String,
}

impl Synapse for Slow {
    const NAME: &'static str = "Slow";

    fn fields() -> Vec<Field> {
        vec![
            Field::with_default("delay", FieldType::Float, 0.0),
            Field::with_default("tag", FieldType::Str, ""),
        ]
    }
}

/// What the miner of the captures had for its hooks.
struct Hooks {
    queued: Arc<Notify>,
}

impl Access for Hooks {
    fn admit(&self, caller: &Caller, route: &str) -> Result<(), Blacklisted> {
        let reason = match route {
            "Black" => "not in metagraph".to_owned(),
            "BlackLong" => "r".repeat(9_000),
            "BlackNL" => "two\r\nlines".to_owned(),
            "BlackUni" => "no ✓".to_owned(),
            "StreamBlack" => "no streams for you".to_owned(),
            "BlackRaise" => panic!("the blacklist raises"),
            _ => return Ok(()),
        };
        assert_ne!(caller.identity, Identity::Hotkey(pair(AXON_PHRASE).account()));
        Err(Blacklisted { reason })
    }

    fn verify(&self, caller: &Caller, route: &str) -> Result<(), Unverified> {
        assert_eq!(caller.standing, Standing::Verified);
        match route {
            "Veri" => Err(Unverified {
                reason: "custom verify says no".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn priority(&self, _: &Caller) -> Priority {
        Priority::default()
    }
}

/// As above, where some priorities fail or are waited for.
struct WithPriorities(Hooks);

impl Access for WithPriorities {
    fn admit(&self, caller: &Caller, route: &str) -> Result<(), Blacklisted> {
        if ["PrioRaise", "PrioTO"].contains(&route) {
            ROUTE.set(Some(route.to_owned()));
        }
        self.0.admit(caller, route)
    }

    fn verify(&self, caller: &Caller, route: &str) -> Result<(), Unverified> {
        self.0.verify(caller, route)
    }

    fn priority(&self, _: &Caller) -> Priority {
        match ROUTE.take().as_deref() {
            Some("PrioRaise") => panic!("the priority raises"),
            Some("PrioTO") => self.0.queued.notify_one(),
            _ => {}
        }
        Priority::default()
    }
}

std::thread_local! {
    /// The route of the request that is judged: a priority is by caller alone, and all of a test runs on one thread.
    static ROUTE: std::cell::RefCell<Option<String>> = const { std::cell::RefCell::new(None) };
}

struct Setting {
    axon: Axon,
    clock: Arc<AtomicU64>,
    queued: Arc<Notify>,
    /// Told when `Slow` has the place of the only worker.
    at_work: Arc<Notify>,
    /// Ends what is asked of `Slow`.
    enough: Arc<Notify>,
}

impl Setting {
    async fn new(mut config: AxonConfig) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let (queued, at_work, enough) = (
            Arc::new(Notify::new()),
            Arc::new(Notify::new()),
            Arc::new(Notify::new()),
        );
        config.operators = OperatorTokens::new([("ada", TOKEN)]).unwrap();
        config.queue = QueueLimits {
            workers: NonZeroUsize::MIN,
            waiting: 4,
        };
        config.answers.usual = Duration::from_secs(100);
        let (hooks, now, began, until) = (
            Hooks {
                queued: queued.clone(),
            },
            clock.clone(),
            at_work.clone(),
            enough.clone(),
        );
        // In the order in which the original had them attached, which it tells.
        let axon = Axon::build(pair(AXON_PHRASE), config)
            .clock(move || UnixNanos(now.load(Ordering::SeqCst)))
            .access(WithPriorities(hooks))
            .route(Route::streaming(StreamBlack::answer))
            .route(Route::streaming(StreamBoom::answer))
            .route(Route::streaming(StreamRaise::answer))
            .route(Route::new(BlackLong::answer))
            .route(Route::new(Echo::answer).body_bytes(3_000_000))
            .route(Route::new(Black::answer))
            .route(Route::new(BlackNL::answer))
            .route(Route::new(BlackUni::answer))
            .route(Route::new(BlackRaise::answer))
            .route(Route::new(Veri::answer))
            .route(Route::new(PrioTO::answer))
            .route(Route::new(PrioRaise::answer))
            .route(Route::new(async |asked: Asked<Nested>| Ok(asked.synapse)))
            .route(Route::new(async |asked: Asked<Plain>| {
                Ok(Plain {
                    value: json!({ "got": asked.synapse.value }),
                })
            }))
            .route(Route::new(move |asked: Asked<Slow>| {
                let (began, until) = (began.clone(), until.clone());
                async move {
                    began.notify_one();
                    until.notified().await;
                    Ok(asked.synapse)
                }
            }))
            .route(Route::streaming(EchoStream::answer))
            .listen(&["127.0.0.1:0".parse().unwrap()])
            .await
            .unwrap();
        Self {
            axon,
            clock,
            queued,
            at_work,
            enough,
        }
    }

    fn address(&self) -> SocketAddr {
        self.axon.addresses()[0]
    }

    /// Sends a request at a moment of the axon's clock.
    async fn at(&self, now: UnixNanos, request: &[u8]) -> Answer {
        self.clock.store(now.0, Ordering::SeqCst);
        sent(self.address(), request).await
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Whether an answer has come to its end.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(head_bytes) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&bytes[..head_bytes]).to_lowercase();
    match head.split_once("content-length: ") {
        Some((_, rest)) => {
            let length: usize = rest.lines().next().unwrap().parse().unwrap();
            bytes.len() >= head.len() + 4 + length
        }
        None => bytes.ends_with(b"\r\n0\r\n\r\n"),
    }
}

async fn sent(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever is refused may have closed before everything is sent.
    let _ = stream.write_all(request).await;
    let mut bytes = Vec::new();
    while !is_whole(&bytes) {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_lowercase(), value.to_owned())
    });
    Answer {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

/// The bytes of a hand-made request. What was cut out of the vector for its length is padding.
fn request(case: &Value) -> Vec<u8> {
    let padded = |text: &str| match text.rsplit_once("...(") {
        Some((_, bytes)) => "a".repeat(bytes.trim_end_matches(" bytes)").parse().unwrap()),
        None => text.to_owned(),
    };
    let request = &case["request"];
    let body = match request["body"].as_str().unwrap() {
        // Two megabytes, by the hash.
        body if body.starts_with('(') => json!({"text": "B".repeat(2_000_000), "n": 3}).to_string(),
        body => body.to_owned(),
    };
    let mut head = format!(
        "{} {} HTTP/1.1\r\nhost: axon\r\ncontent-length: {}\r\n",
        request["method"].as_str().unwrap(),
        request["path"].as_str().unwrap(),
        body.len()
    );
    for (name, value) in request["headers"].as_object().unwrap() {
        head.push_str(&format!("{name}: {}\r\n", padded(value.as_str().unwrap())));
    }
    [head.as_bytes(), b"\r\n", body.as_bytes()].concat()
}

/// What the axon's clock showed, by the age that a case's name tells.
fn clock_of(case: &Value) -> UnixNanos {
    let name = case["name"].as_str().unwrap();
    let header = &case["request"]["headers"]["bt_header_dendrite_nonce"];
    let nonce = header.as_str().and_then(|nonce| nonce.parse().ok());
    let nonce = UnixNanos(nonce.unwrap_or(1_795_162_185_389_590_148));
    let hour = Duration::from_secs(3_600);
    let age = match name {
        "nonce_1h_future" => return nonce.minus(hour),
        _ if name.starts_with("nonce_1h_old") => hour,
        _ if name.starts_with("nonce_17s_old") => Duration::from_secs(17),
        _ if name.starts_with("nonce_15s_old") => Duration::from_secs(15),
        "timeout_header_missing_5s_old" => Duration::from_secs(5),
        "timeout_header_missing_3s_old" => Duration::from_secs(3),
        _ => Duration::from_millis(1),
    };
    nonce.plus(age)
}

/// What differs from one run of the original to the next.
fn settled(value: &str) -> String {
    const HIDDEN: &str = "Internal Server Error #";
    match value.split_once(HIDDEN) {
        Some((before, after)) => format!("{before}{HIDDEN}{}", after.get(36..).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// Headers of the server or the run, not of the answer.
fn is_incidental(name: &str) -> bool {
    [
        "server",
        "date",
        "content-length",
        "transfer-encoding",
        "connection",
        "header_size",
        "total_size",
        "bt_header_axon_nonce",
        "bt_header_axon_uuid",
        "bt_header_axon_signature",
        "bt_header_axon_process_time",
        "bt_header_dendrite_port",
        // Ours alone: who answers, over the answer.
        "bt_header_axon_response_signature",
    ]
    .contains(&name)
}

fn headers_that_count(headers: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    headers
        .into_iter()
        .filter(|(name, _)| !is_incidental(name))
        .map(|(name, value)| (name, settled(&value)))
        .collect()
}

fn body_that_counts(body: &str) -> Value {
    let Ok(mut value) = serde_json::from_str::<Value>(&settled(body)) else {
        return json!(body);
    };
    if value.get("axon").is_some() {
        value["axon"]["process_time"] = Value::Null;
        value["total_size"] = Value::Null;
        value["header_size"] = Value::Null;
    }
    value
}

/// All routes with a ping before them; the rest is the vector's.
fn assert_same(name: &str, ours: &Answer, status: u64, headers: BTreeMap<String, String>, body: &str) {
    assert_eq!(u64::from(ours.status), status, "{name}: {ours:?}");
    let counted = headers_that_count(ours.headers.clone());
    assert_eq!(counted, headers_that_count(headers), "{name}");
    match body.rsplit_once("...(") {
        None => assert_eq!(body_that_counts(&ours.body), body_that_counts(body), "{name}"),
        // The vector is cut.
        Some(_) => {
            let ours: Value = serde_json::from_str(&ours.body).unwrap();
            assert_eq!(ours["reply"], ours["text"], "{name}");
        }
    }
}

#[tokio::test]
async fn in_bittensors_manner_every_hand_made_request_gets_the_originals_answer() {
    let setting = Setting::new(AxonConfig::bittensor10()).await;
    let vector = rejections();
    let cases = vector["cases"].as_array().unwrap();
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let (now, bytes) = (clock_of(case), request(case));
        let answer = if name == "priority_timeout" {
            waited_for(&setting, now, &bytes).await
        } else {
            setting.at(now, &bytes).await
        };
        let theirs = &case["response"];
        let headers: BTreeMap<String, String> = serde_json::from_value(theirs["headers"].clone()).unwrap();
        let body = theirs["body"].as_str().unwrap();
        assert_same(name, &answer, theirs["status"].as_u64().unwrap(), headers, body);
    }
    assert_eq!(cases.len(), 65);
    setting.axon.stop().await;
}

/// A request that waits for its turn for as long as it may, while the only worker is taken. The time is the test's.
async fn waited_for(setting: &Setting, now: UnixNanos, request: &[u8]) -> Answer {
    let busy = format!(
        "POST /Slow HTTP/1.1\r\nhost: axon\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 22\r\n\r\n{}",
        r#"{"delay":1.0,"tag":""}"#
    );
    let mut worker = TcpStream::connect(setting.address()).await.unwrap();
    worker.write_all(busy.as_bytes()).await.unwrap();
    // Until its handler has the place, `PrioTO` would be served.
    tokio::time::timeout(PATIENCE, setting.at_work.notified())
        .await
        .unwrap();
    let asking = setting.at(now, request);
    let hurrying = async {
        setting.queued.notified().await;
        tokio::time::pause();
    };
    let (answer, ()) = tokio::join!(asking, hurrying);
    tokio::time::resume();
    setting.enough.notify_one();
    let mut first = [0; 12];
    worker.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    answer
}

/// What a strict axon answers where that is another status than the original's.
fn strict_status(name: &str) -> Option<u16> {
    Some(match name {
        // Nobody is told which routes there are, and only POST asks.
        "get_method" => 405,
        // What only Python's class needs before it has read the body.
        "missing_required_input_obj" | "bad_input_obj_base64" | "input_obj_wrong_type" => 200,
        // The one who asked has made a mistake, and is told.
        "bad_timeout_header" | "bad_nonce_header" | "bad_port_header" => 400,
        "body_tampered"
        | "hash_of_wrong_body_signed"
        | "body_not_json"
        | "body_empty"
        | "body_missing_field"
        | "body_wrong_type"
        | "body_list" => 400,
        // The body is JSON whatever it is called.
        "no_content_type" | "content_type_text" => 200,
        // An age that is unknown, far or yet to come.
        "nonce_1h_old_timeout_1e9"
        | "nonce_1h_old_version_7001999"
        | "nonce_1h_old_no_version"
        | "nonce_1h_future" => 401,
        // In any order within its time, but once.
        "seq_lower_nonce" => 200,
        // The signature first, then who it is.
        "blacklisted_unsigned" => 401,
        "header_total_70k" => 431,
        _ => return None,
    })
}

#[tokio::test]
async fn a_strict_axon_answers_every_hand_made_request_in_its_own_way() {
    let setting = Setting::new(AxonConfig::default()).await;
    let vector = rejections();
    for case in vector["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (now, bytes) = (clock_of(case), request(case));
        let answer = if name == "priority_timeout" {
            waited_for(&setting, now, &bytes).await
        } else {
            setting.at(now, &bytes).await
        };
        let theirs = case["response"]["status"].as_u64().unwrap();
        let expected = strict_status(name).map_or(theirs, u64::from);
        assert_eq!(u64::from(answer.status), expected, "{name}: {answer:?}");
        if theirs == 404 {
            assert!(!answer.body.contains("Echo"), "{name}: {answer:?}");
        }
        if name == "body_dendrite_spoofed" {
            // The handler has seen who signed (it asserts so), and so does the answer say.
            assert_eq!(
                answer.headers["bt_header_dendrite_hotkey"],
                case["signed_by"].as_str().unwrap()
            );
        }
        // What was not signed left no trace: signed, the same nonce is taken, once.
        if ["missing_signature", "empty_signature"].contains(&name) {
            let signed = signed_after_all(case);
            assert_eq!(setting.at(now, &signed).await.status, 200, "{name}");
            assert_eq!(setting.at(now, &signed).await.status, 401, "{name}");
        }
    }
    setting.axon.stop().await;
}

/// The request of a case with the signature that it lacks.
fn signed_after_all(case: &Value) -> Vec<u8> {
    let mut case = case.clone();
    let headers = case["request"]["headers"].as_object_mut().unwrap();
    let said = |name: &str| headers[name].as_str().unwrap();
    let text = RequestText {
        nonce: said("bt_header_dendrite_nonce").parse().unwrap(),
        sender: said("bt_header_dendrite_hotkey"),
        receiver: pair(AXON_PHRASE).account(),
        uuid: Some(said("bt_header_dendrite_uuid")),
        body_hash: said("computed_body_hash"),
    };
    let signature = pair(DEV_PHRASE).sign(text.to_string().as_bytes()).to_string();
    headers.insert("bt_header_dendrite_signature".to_owned(), json!(signature));
    request(&case)
}

fn headers_of(pairs: &Value) -> HeaderMap {
    let pairs = pairs.as_array().unwrap().iter();
    pairs
        .map(|pair| -> (HeaderName, HeaderValue) {
            (
                pair[0].as_str().unwrap().parse().unwrap(),
                pair[1].as_str().unwrap().parse().unwrap(),
            )
        })
        .collect()
}

/// The capture that was cut for its length: its text is known by the hash.
fn large(headers: &Value) -> Vec<u8> {
    let head = SynapseHead::from_headers(&headers_of(headers)).unwrap();
    let body = json!({
        "timeout": head.timeout,
        "dendrite": head.dendrite,
        "axon": head.axon,
        "text": "A".repeat(65_536),
        "n": 0,
    });
    let body = body.to_string();
    let mut head = format!("POST /Echo HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
    for header in headers.as_array().unwrap() {
        let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
        if name != "Content-Length" {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    [head.as_bytes(), b"\r\n", body.as_bytes()].concat()
}

/// What of a capture stays otherwise, and why.
fn differs(name: &str) -> Option<&'static str> {
    Some(match name {
        "blacklist_reason_9000_chars" => "a reason that no client can read is cut",
        "blacklist_reason_newline" | "forward_status_message_newline" => "a line break ended the connection",
        "blacklist_reason_unicode" | "forward_status_message_unicode" => "a character ended in an error",
        "stream_breaks_midway" => "a broken stream must not look like a whole one",
        "stream_timeout_0.05s" => "the client went away in the middle",
        "forward_sets_status_418" => "a handler that fails has words, and no synapse to send",
        _ => return None,
    })
}

/// The status that a capture's dendrite was left with.
fn recorded(exchange: &Value) -> RecordedStatus {
    let dendrite = &exchange["result"]["dendrite"];
    RecordedStatus {
        code: dendrite["status_code"].as_i64(),
        message: dendrite["status_message"].as_str().unwrap().to_owned(),
    }
}

/// The call of a capture, made by our dendrite: what came of it, and the status that the original would have for it.
async fn called_again(
    exchange: &Value,
    class: &str,
    fields: Value,
    address: SocketAddr,
) -> (NoAnswer, RecordedStatus) {
    let timeout = Duration::from_secs_f64(exchange["result"]["timeout"].as_f64().unwrap());
    let request = SynapseRequest::new(class, &fields, timeout).unwrap();
    let target = Target {
        hotkey: pair(AXON_PHRASE).account(),
        address,
    };
    let dendrite = Dendrite::new(pair(DEV_PHRASE), DendriteConfig::default());
    let outcome = dendrite.call(&target, &request).await.outcome;
    let status = outcome.recorded(&target, &request);
    match outcome {
        Outcome::NoAnswer(why) => (why, status),
        other => panic!("{other:?}"),
    }
}

/// A miner that takes longer than the caller waits: the capture has no answer, and its caller a status of its own making.
async fn the_caller_does_not_wait(setting: &Setting, exchange: &Value, raw: &[u8], now: UnixNanos) {
    assert_eq!(exchange["response"]["raw_base64"], "");
    let is_at_work = || tokio::time::timeout(PATIENCE, setting.at_work.notified());
    // The captured request is taken, and its caller goes before the work is done.
    setting.clock.store(now.0, Ordering::SeqCst);
    let mut caller = TcpStream::connect(setting.address()).await.unwrap();
    caller.write_all(raw).await.unwrap();
    is_at_work().await.unwrap();
    drop(caller);

    setting.clock.store(UnixNanos::now().0, Ordering::SeqCst);
    let fields = json!({"delay": exchange["result"]["delay"], "tag": exchange["result"]["tag"]});
    let asking = called_again(exchange, "Slow", fields, setting.address());
    let ((why, status), at_work) = tokio::join!(asking, is_at_work());
    at_work.unwrap();
    assert!(matches!(why, NoAnswer::TimedOut { .. }), "{why:?}");
    assert_eq!(status, recorded(exchange));
}

/// A port where nobody listens.
async fn nobody_is_asked(exchange: &Value) {
    let (result, field) = (&exchange["result"], |name: &str| exchange["result"][name].clone());
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let fields =
        json!({"text": field("text"), "n": field("n"), "tags": field("tags"), "reply": field("reply")});
    let (why, status) = called_again(exchange, "Echo", fields, closed).await;
    assert!(matches!(why, NoAnswer::Unreachable { .. }), "{why:?}");
    // Only the port is another.
    let mut theirs = recorded(exchange);
    let port = |port: &str| format!(":{port}/");
    theirs.message = theirs.message.replace(
        &port(&result["axon"]["port"].to_string()),
        &port(&closed.port().to_string()),
    );
    assert_eq!(status, theirs);
}

#[tokio::test]
async fn in_bittensors_manner_every_captured_request_gets_the_originals_answer() {
    let setting = Setting::new(AxonConfig::bittensor10()).await;
    let vector = exchanges();
    let (mut same, mut other, mut unanswered) = (0, 0, 0);
    for exchange in vector["exchanges"].as_array().unwrap() {
        let name = exchange["name"].as_str().unwrap();
        if name == "connection_refused_503" {
            nobody_is_asked(exchange).await;
            unanswered += 1;
            continue;
        }
        let raw = match exchange["request"]["raw_base64"].as_str() {
            Some(raw) => BASE64_STANDARD.decode(raw).unwrap(),
            None => large(&exchange["request"]["headers"]),
        };
        let nonce = exchange["request"]["headers"]
            .as_array()
            .unwrap()
            .iter()
            .find(|header| header[0] == "bt_header_dendrite_nonce");
        let nonce: u64 = nonce.unwrap()[1].as_str().unwrap().parse().unwrap();
        let now = UnixNanos(nonce).plus(Duration::from_millis(5));
        if name == "timeout_408" {
            the_caller_does_not_wait(&setting, exchange, &raw, now).await;
            unanswered += 1;
            continue;
        }
        let answer = setting.at(now, &raw).await;
        let theirs = &exchange["response"];
        let status = theirs["start_line"].as_str().unwrap().split(' ').nth(1);
        let status: u64 = status.unwrap_or("0").parse().unwrap();
        if differs(name).is_some() {
            match name {
                "blacklist_reason_9000_chars" => {
                    assert_eq!(answer.status, 403);
                    assert!(answer.headers["bt_header_axon_status_message"].len() <= 1_024);
                }
                "blacklist_reason_newline" => {
                    assert_eq!(answer.status, 403);
                    let told = &answer.headers["bt_header_axon_status_message"];
                    assert_eq!(told, "Forbidden. Key is blacklisted: two??lines.");
                }
                "blacklist_reason_unicode" => {
                    assert_eq!(answer.status, 403);
                    assert!(answer.body.contains("no ✓"), "{answer:?}");
                }
                "stream_breaks_midway" => {
                    assert_eq!((answer.status, answer.body.as_str()), (200, "3\r\npar\r\n"));
                }
                "forward_sets_status_418" => {
                    assert_eq!(u64::from(answer.status), status);
                    assert_eq!(answer.headers["bt_header_axon_status_message"], "I am a teapot");
                }
                _ => assert_eq!(answer.status, 200, "{name}"),
            }
            other += 1;
            continue;
        }
        let pairs: Vec<(String, String)> = serde_json::from_value(theirs["headers"].clone()).unwrap();
        let body = match theirs["chunks_utf8"].as_array() {
            None => theirs["body_utf8"].as_str().unwrap().to_owned(),
            Some(chunks) => {
                // One chunk a part.
                let chunks = chunks.iter().map(|chunk| chunk.as_str().unwrap());
                let framed = chunks.map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
                framed.chain(["0\r\n\r\n".to_owned()]).collect()
            }
        };
        let headers = pairs
            .into_iter()
            .map(|(name, value)| (name.to_lowercase(), value));
        assert_same(name, &answer, status, headers.collect(), &body);
        same += 1;
    }
    assert_eq!((same, other, unanswered), (14, 8, 2));
    setting.axon.stop().await;
}
