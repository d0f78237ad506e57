//! Real axons on sockets: who is let in, and what is queued.

use crate::recorder::{Prompt, Recorder, every_15_seconds, until};
use assay_axon::{
    Dendrite, DendriteConfig, Outcome, SynapseRequest, Target,
    server::{Axon, AxonConfig, Everybody},
    synapse::{Field, FieldType},
};
use assay_keys::{Pair, Scheme};
use assay_organic::{
    JobQuestion, JobState, OrganicConfig, OrganicScorer, OrganicScoring, QuotaConfig, SampleId,
};
use serde_json::json;
use std::{net::SocketAddr, time::Duration};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn pair(name: &str) -> Pair {
    Pair::from_uri(name, Scheme::Sr25519).unwrap()
}

pub(crate) fn local() -> [SocketAddr; 1] {
    ["127.0.0.1:0".parse().unwrap()]
}

pub(crate) fn target(axon: &Axon, name: &str) -> Target {
    Target {
        hotkey: pair(name).account(),
        address: axon.addresses()[0],
    }
}

fn prompt(text: &str) -> SynapseRequest {
    let prompt = Prompt {
        text: text.to_owned(),
        answer: None,
    };
    SynapseRequest::new("Prompt", &prompt, PATIENCE)
        .unwrap()
        .requiring(&["text"])
        .unwrap()
        .hashing(&[Field::required("text", FieldType::Str)])
        .unwrap()
}

fn question(id: &str) -> SynapseRequest {
    let question = JobQuestion {
        sample_id: id.to_owned(),
        state: None,
        stage: None,
        dropped: None,
    };
    SynapseRequest::new("OrganicJob", &question, PATIENCE)
        .unwrap()
        .requiring(&["sample_id"])
        .unwrap()
        .hashing(&[Field::required("sample_id", FieldType::Str)])
        .unwrap()
}

async fn serve<H: OrganicScoring>(scorer: &OrganicScorer<H>) -> Axon {
    let axon = Axon::build(pair("//Validator"), AxonConfig::default()).route(scorer.job_route());
    scorer.attach(axon, Everybody).listen(&local()).await.unwrap()
}

pub(crate) fn status<A: std::fmt::Debug>(outcome: Outcome<A>) -> String {
    match outcome {
        Outcome::Answered(_) => "answered".to_owned(),
        Outcome::Refused(refusal) => refusal.message,
        other => panic!("{other:?}"),
    }
}

async fn ask(axon: &Axon, from: &str, text: &str) -> String {
    let dendrite = Dendrite::new(pair(from), DendriteConfig::default());
    status(
        dendrite
            .call(&target(axon, "//Validator"), &prompt(text))
            .await
            .outcome,
    )
}

#[tokio::test]
async fn only_the_whitelist_is_answered_and_queued() {
    let config = OrganicConfig {
        whitelist: vec![pair("//Api").account(), pair("//Other").account()],
        ..every_15_seconds()
    };
    let scorer = OrganicScorer::build(Recorder::default())
        .config(config)
        .finish()
        .unwrap();
    let axon = serve(&scorer).await;
    let refused = ask(&axon, "//Stranger", "let me in").await;
    assert_eq!(
        refused,
        "Forbidden. Key is blacklisted: not on the whitelist for organic requests."
    );
    assert_eq!(scorer.queue_len(), 0);

    let dendrite = Dendrite::new(pair("//Api"), DendriteConfig::default());
    let reply = dendrite
        .call(&target(&axon, "//Validator"), &prompt("hello"))
        .await;
    let answer = reply.outcome.into_answer().unwrap();
    let job: SampleId = answer
        .fields
        .get::<String>("answer")
        .unwrap()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!((scorer.queue_len(), scorer.job(job)), (1, Some(JobState::Queued)));
    scorer.start();
    until(&scorer, |status| status.organic == 1).await;
    assert_eq!(scorer.job(job), Some(JobState::Scored));
    assert_eq!(scorer.hooks().trace.asked(), [json!("hello")]);
    scorer.stop(PATIENCE).await;

    // Who knows the id may ask what became of it, if it may ask at all.
    for (id, state) in [(job.to_string().as_str(), Some("scored")), ("00", None)] {
        let reply = dendrite.call(&target(&axon, "//Validator"), &question(id)).await;
        let told = reply
            .outcome
            .into_answer()
            .unwrap()
            .fields
            .get::<Option<String>>("state")
            .unwrap();
        assert_eq!(told.unwrap().as_deref(), state);
    }
    let stranger = Dendrite::new(pair("//Stranger"), DendriteConfig::default());
    let reply = stranger
        .call(&target(&axon, "//Validator"), &question(&job.to_string()))
        .await;
    assert_eq!(status(reply.outcome), refused);

    // The route judges by itself too, should an axon be built without the rules.
    let bare = Axon::build(pair("//Validator"), AxonConfig::default())
        .route(scorer.route())
        .listen(&local())
        .await
        .unwrap();
    assert_eq!(ask(&bare, "//Stranger", "again").await, refused);
    assert_eq!(scorer.queue_len(), 0);
    bare.stop().await;
    axon.stop().await;
}

#[tokio::test]
async fn a_caller_is_told_that_its_request_was_dropped_and_why() {
    let config = OrganicConfig {
        queue_max_size: 1,
        ..every_15_seconds()
    };
    let scorer = OrganicScorer::build(Recorder::default())
        .config(config)
        .finish()
        .unwrap();
    let axon = serve(&scorer).await;
    let [dropped, waiting] = ["first", "second"].map(|text| scorer.submit(json!(text), None).unwrap());
    let dendrite = Dendrite::new(pair("//Api"), DendriteConfig::default());
    for (job, state, why) in [
        (dropped, "dropped", Some("for another")),
        (waiting, "queued", None),
    ] {
        let reply = dendrite
            .call(&target(&axon, "//Validator"), &question(&job.to_string()))
            .await;
        let fields = reply.outcome.into_answer().unwrap().fields;
        let told = |name: &str| fields.get::<Option<String>>(name).unwrap().unwrap();
        assert_eq!(
            (told("state").as_deref(), told("dropped").as_deref()),
            (Some(state), why)
        );
    }
    axon.stop().await;
}

#[tokio::test]
async fn a_caller_has_its_quota() {
    let config = OrganicConfig {
        quota: Some(QuotaConfig {
            burst: 2,
            per_hour: 1.0,
        }),
        ..every_15_seconds()
    };
    let scorer = OrganicScorer::build(Recorder::default())
        .config(config)
        .finish()
        .unwrap();
    let axon = serve(&scorer).await;
    let dendrite = Dendrite::new(pair("//Api"), DendriteConfig::default());
    for _ in 0..2 {
        assert_eq!(ask(&axon, "//Api", "hello").await, "answered");
        // To ask what became of it is no request that counts.
        for _ in 0..3 {
            let reply = dendrite
                .call(&target(&axon, "//Validator"), &question("00"))
                .await;
            assert_eq!(status(reply.outcome), "answered");
        }
    }
    assert!(ask(&axon, "//Api", "hello").await.contains("too many requests"));
    assert_eq!(ask(&axon, "//Other", "hello").await, "answered");
    assert_eq!(scorer.queue_len(), 3);
    axon.stop().await;
}
