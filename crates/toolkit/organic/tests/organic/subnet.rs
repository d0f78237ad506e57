//! A whole subnet on sockets: miners that stream, a validator that merges and scores them, a user, an API that pushes.

use crate::entry::{PATIENCE, local, pair, status, target};
use assay_axon::{
    BodyDigest, Caller, Dendrite, DendriteConfig, Identity, RequestUuid, SynapseRequest, Target, UnixNanos,
    server::{Asked, Axon, AxonConfig, Blacklisted, Everybody, Failure, Parts, Priority, Route, Synapse},
    sign_epistula,
    synapse::{Field, FieldType},
};
use assay_organic::{
    Completion, Entered, FanInLimits, Framing, HookError, JobState, LogRecord, OrganicConfig, OrganicScorer,
    OrganicScoring, PushIntake, Pushed, SampleId, Sampled, Streamed, Unverified, ask_streaming, fan_in,
    scoring::ScoreUpdate,
    synth::{Datasets, Templates},
};
use bytes::Bytes;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What users ask the subnet, and it its miners, in parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Chat {
    messages: Vec<String>,
    #[serde(default)]
    completion: String,
}

impl Synapse for Chat {
    const NAME: &'static str = "Chat";
    const HASHED: &'static [&'static str] = &["messages"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("messages", FieldType::list(FieldType::Str)),
            Field::with_default("completion", FieldType::Str, ""),
        ]
    }
}

fn chat(messages: &[String]) -> SynapseRequest {
    let chat = Chat {
        messages: messages.to_vec(),
        completion: String::new(),
    };
    SynapseRequest::new("Chat", &chat, PATIENCE)
        .unwrap()
        .requiring(&["messages"])
        .unwrap()
        .hashing(&[Field::required("messages", FieldType::list(FieldType::Str))])
        .unwrap()
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ChatSample {
    messages: Vec<String>,
    completions: Vec<Completion>,
}

impl From<assay_organic::synth::Conversation> for ChatSample {
    fn from(conversation: assay_organic::synth::Conversation) -> Self {
        Self {
            messages: conversation.turns.into_iter().map(|turn| turn.content).collect(),
            completions: Vec::new(),
        }
    }
}

/// A subnet whose miners repeat the last message word by word. Two pushed requests and a user's are scored alike.
struct Subnet {
    dendrite: Arc<Dendrite>,
    miners: BTreeMap<u16, Target>,
    scores: Mutex<BTreeMap<u16, f64>>,
    queries: Mutex<usize>,
    records: Mutex<Vec<LogRecord>>,
}

impl Subnet {
    fn ask(&self, messages: &[String], framing: Framing) -> (Parts, assay_organic::Completions) {
        let request = Arc::new(chat(messages));
        let streams = self
            .miners
            .iter()
            .map(|(uid, target)| ask_streaming(self.dendrite.clone(), *uid, *target, request.clone()));
        let limits = FanInLimits {
            time: PATIENCE,
            ..FanInLimits::default()
        };
        fan_in(streams.collect(), limits, framing)
    }
}

impl OrganicScoring for Subnet {
    type Entry = Chat;
    type Answer = Streamed;
    type Sample = ChatSample;
    type Responses = Vec<Completion>;
    type Reference = String;
    type Rewards = Vec<(u16, f64)>;

    async fn on_organic_entry(
        &self,
        asked: Asked<Chat>,
        _id: SampleId,
    ) -> Result<Entered<Streamed, ChatSample>, Failure> {
        assert!(asked.caller.hotkey().is_some());
        let messages = asked.synapse.messages;
        let (parts, completions) = self.ask(&messages, Framing::Lines);
        Ok(Entered::after(Streamed(parts), async move {
            let completions = completions.all().await;
            let is_any = completions.iter().any(Completion::is_completed);
            is_any.then_some(ChatSample {
                messages,
                completions,
            })
        }))
    }

    async fn query_miners(&self, sample: &Sampled<ChatSample>) -> Result<Vec<Completion>, HookError> {
        if sample.may_reuse_responses {
            return Ok(sample.sample.completions.clone());
        }
        *self.queries.lock().unwrap() += 1;
        let (parts, completions) = self.ask(&sample.sample.messages, Framing::Lines);
        drop(parts);
        Ok(completions.all().await)
    }

    async fn generate_reference(&self, sample: &Sampled<ChatSample>) -> Result<Option<String>, HookError> {
        Ok(sample.sample.messages.last().cloned())
    }

    async fn generate_rewards(
        &self,
        _sample: &Sampled<ChatSample>,
        responses: &Vec<Completion>,
        reference: Option<&String>,
    ) -> Result<Vec<(u16, f64)>, HookError> {
        let reference = reference.ok_or_else(|| HookError::public("there is no reference"))?;
        let reward = |completion: &Completion| {
            let is_right = completion.is_completed() && completion.text() == *reference;
            (completion.uid, if is_right { 1.0 } else { 0.0 })
        };
        Ok(responses.iter().map(reward).collect())
    }

    async fn set_weights(
        &self,
        sample: &Sampled<ChatSample>,
        rewards: &Vec<(u16, f64)>,
    ) -> Result<(), HookError> {
        let mut scores = self.scores.lock().unwrap();
        ScoreUpdate::default().apply(&mut scores, rewards, sample.reward_scale);
        Ok(())
    }

    async fn log_results(
        &self,
        mut logs: LogRecord,
        sample: &Sampled<ChatSample>,
        responses: &Vec<Completion>,
        _reference: Option<&String>,
        rewards: &Vec<(u16, f64)>,
    ) -> Result<LogRecord, HookError> {
        logs.insert(
            "uids",
            responses
                .iter()
                .map(|completion| completion.uid)
                .collect::<Vec<_>>(),
        );
        logs.insert(
            "rewards",
            rewards.iter().map(|(_, reward)| *reward).collect::<Vec<_>>(),
        );
        logs.insert("turn", sample.sample.messages.len() / 2);
        logs.insert("messages", sample.sample.messages.clone());
        self.records.lock().unwrap().push(logs.clone());
        Ok(logs)
    }

    fn priority(&self, _caller: &Caller) -> Option<Priority> {
        Some(Priority(10_000_000.0))
    }

    fn blacklist(&self, caller: &Caller) -> Result<(), Blacklisted> {
        if caller.identity == Identity::Hotkey(pair("//Banned").account()) {
            return Err(Blacklisted {
                reason: "banned".to_owned(),
            });
        }
        Ok(())
    }

    fn verify(&self, asked: &Asked<Chat>) -> Result<(), Unverified> {
        if asked.synapse.messages.is_empty() {
            return Err(Unverified {
                reason: "there is no message".to_owned(),
            });
        }
        Ok(())
    }
}

impl PushIntake for Subnet {
    async fn on_push(&self, pushed: Pushed, _caller: &Caller) -> Result<ChatSample, Failure> {
        let completions = pushed.chunks.into_iter().map(|(uid, chunks)| Completion {
            uid,
            timings: vec![Duration::ZERO; chunks.len()],
            chunks,
            ending: assay_organic::Ending::Completed,
            took: Duration::ZERO,
        });
        let messages = serde_json::from_value(pushed.body["messages"].clone());
        Ok(ChatSample {
            messages: messages.map_err(|_| Failure {
                status: http::StatusCode::BAD_REQUEST,
                message: "`body.messages` must be a list of texts".to_owned(),
            })?,
            completions: completions.collect(),
        })
    }
}

/// A miner that repeats the last message in pieces; a bad one says something else, a broken one breaks off.
async fn miner(name: &str) -> Axon {
    let kind = name.to_owned();
    let repeat = move |asked: Asked<Chat>| {
        let kind = kind.clone();
        async move {
            let said = asked.synapse.messages.last().cloned().unwrap_or_default();
            let mut parts: Vec<Result<Bytes, Failure>> = match kind.as_str() {
                "//Bad" => vec![Ok(Bytes::from("no idea"))],
                _ => said
                    .split_inclusive(' ')
                    .map(|word| Ok(Bytes::from(word.to_owned())))
                    .collect(),
            };
            if kind == "//Broken" {
                parts.insert(
                    1,
                    Err(Failure {
                        status: http::StatusCode::INTERNAL_SERVER_ERROR,
                        message: "the model ended".to_owned(),
                    }),
                );
            }
            Ok::<Parts, Failure>(futures::stream::iter(parts).boxed())
        }
    };
    Axon::build(pair(name), AxonConfig::default())
        .route(Route::streaming(repeat))
        .listen(&local())
        .await
        .unwrap()
}

async fn push(axon: &Axon, from: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let headers = sign_epistula(
        &pair(from),
        &BodyDigest::of(body.as_bytes()),
        Some(pair("//Validator").account()),
        &RequestUuid::random(),
        UnixNanos::now(),
    );
    let mut request = format!(
        "POST /scoring HTTP/1.1\r\nhost: axon\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in &headers {
        request.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    let mut stream = TcpStream::connect(axon.addresses()[0]).await.unwrap();
    stream
        .write_all(format!("{request}\r\n{body}").as_bytes())
        .await
        .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn a_user_is_streamed_the_answers_of_miners_who_are_scored_by_them() {
    let names = ["//Good", "//Bad", "//Broken"];
    let axons = futures::future::join_all(names.map(miner)).await;
    let mut miners: BTreeMap<u16, Target> = (1..)
        .zip(axons.iter().zip(names).map(|(axon, name)| target(axon, name)))
        .collect();
    // One that is not there at all.
    miners.insert(
        4,
        Target {
            hotkey: pair("//Dead").account(),
            address: "127.0.0.1:1".parse().unwrap(),
        },
    );
    let subnet = Subnet {
        dendrite: Arc::new(Dendrite::new(pair("//Validator"), DendriteConfig::default())),
        scores: Mutex::new(miners.keys().map(|uid| (*uid, 0.5)).collect()),
        miners,
        queries: Mutex::default(),
        records: Mutex::default(),
    };
    let config = OrganicConfig {
        trigger_frequency: 0.01,
        trigger_frequency_min: 0.01,
        push_signers: vec![pair("//Api").account()],
        ..OrganicConfig::default()
    };
    let templates = Templates::parse("what is gold worth", Path::new("asks")).unwrap();
    let scorer = OrganicScorer::build(subnet)
        .config(config)
        .synth(Datasets::one(templates))
        .seed(1)
        .finish()
        .unwrap();
    let builder = Axon::build(pair("//Validator"), AxonConfig::default()).route(scorer.push_route());
    let axon = scorer.attach(builder, Everybody).listen(&local()).await.unwrap();

    // A real dendrite asks, and gets whole lines of all miners.
    let user = Dendrite::new(pair("//User"), DendriteConfig::default());
    let secret = "tell me my secret";
    let reply = user
        .stream(
            &target(&axon, "//Validator"),
            &chat(&["hi".to_owned(), secret.to_owned()]),
        )
        .await;
    let mut stream = reply.outcome.into_answer().unwrap();
    let mut text = Vec::new();
    while let Some(piece) = stream.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    let lines: Vec<Value> = String::from_utf8(text)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let said = |uid: u16| -> String {
        let of_uid = lines.iter().filter(|line| line["uid"] == uid);
        of_uid.filter_map(|line| line["chunk"].as_str()).collect()
    };
    assert_eq!(
        (said(1).as_str(), said(2).as_str(), said(4).as_str()),
        (secret, "no idea", "")
    );
    let ended = |uid: u16| {
        lines
            .iter()
            .find(|line| line["uid"] == uid && line.get("completed").is_some())
            .unwrap()["completed"]
            == true
    };
    assert_eq!([1, 2, 3, 4].map(ended), [true, true, false, false]);

    // Those who may not ask leave nothing behind.
    for (from, messages, words) in [
        (
            "//Banned",
            vec!["x".to_owned()],
            "Forbidden. Key is blacklisted: banned.",
        ),
        ("//User", vec![], "Not Verified with error: there is no message"),
    ] {
        let dendrite = Dendrite::new(pair(from), DendriteConfig::default());
        let reply = dendrite
            .stream(&target(&axon, "//Validator"), &chat(&messages))
            .await;
        assert_eq!(status(reply.outcome), words);
    }
    scorer.drain_intake(PATIENCE).await;
    assert_eq!(scorer.queue_len(), 1);

    // An API pushes what it has asked itself.
    let pushed = json!({
        "body": {"messages": ["what is tin"]},
        "uids": [1, 2],
        "chunks": {"1": ["what is", " tin"], "2": ["tin"]},
        "timings": {"1": [0.1, 0.2], "2": [0.1]},
        "chunk_dicts_raw": null,
    });
    let (code, refusal) = push(&axon, "//Stranger", &pushed).await;
    assert_eq!((code, scorer.queue_len()), (403, 1), "{refusal}");
    let (code, answer) = push(&axon, "//Api", &pushed).await;
    assert_eq!((code, scorer.queue_len()), (200, 2), "{answer}");
    let job: SampleId = serde_json::from_value(answer["sample_id"].clone()).unwrap();
    assert_eq!(answer, json!({"sample_id": job}));
    let (code, refusal) = push(&axon, "//Api", &json!({"body": {}, "uids": []})).await;
    assert_eq!(
        (code, refusal),
        (400, json!({"message": "`body.messages` must be a list of texts"}))
    );

    // Both are scored by the answers that they came with; then a synthetic one asks the miners.
    scorer.start();
    let mut watch = scorer.watch();
    let scored = watch.wait_for(|status| status.organic == 2 && status.synthetic == 1);
    tokio::time::timeout(PATIENCE, scored).await.unwrap().unwrap();
    scorer.stop(PATIENCE).await;
    assert_eq!(scorer.job(job), Some(JobState::Scored));
    let subnet = scorer.hooks();
    assert!(*subnet.queries.lock().unwrap() >= 1);
    let records = subnet.records.lock().unwrap().clone();
    let organic: Vec<Value> = records
        .iter()
        .filter(|record| record.is_organic)
        .map(|record| serde_json::to_value(record).unwrap())
        .collect();
    assert!(
        organic.iter().any(|record| record["uids"] == json!([1, 2, 3, 4])
            && record["rewards"] == json!([1.0, 0.0, 0.0, 0.0]))
    );
    assert!(
        organic
            .iter()
            .any(|record| record["uids"] == json!([1, 2]) && record["rewards"] == json!([1.0, 0.0]))
    );
    assert!(organic.iter().all(|record| !record.to_string().contains("secret") && record["withheld"] == json!(["messages"])));
    let scores = subnet.scores.lock().unwrap().clone();
    let best = scores.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    assert_eq!(*best.0, 1, "{scores:?}");
    assert!((2..=4).all(|uid| scores[&uid] < 0.5), "{scores:?}");
    axon.stop().await;
    for axon in axons {
        axon.stop().await;
    }
}
