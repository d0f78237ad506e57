//! Hooks that write down what is asked of them, and do it badly where they are told to.

use assay_axon::{
    server::{Asked, Failure, Synapse},
    synapse::{Field, FieldType, PythonValue},
};
use assay_organic::{
    Entered, Fingerprint, HookError, LogRecord, OrganicConfig, OrganicScorer, OrganicScoring, SampleId,
    Sampled, Stage, StageError, Status, Trigger, Whole,
    synth::{Datasets, SynthDataset},
};
use futures::future::BoxFuture;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

/// What users ask in these tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    pub(crate) answer: Option<String>,
}

impl Synapse for Prompt {
    const NAME: &'static str = "Prompt";
    const HASHED: &'static [&'static str] = &["text"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("text", FieldType::Str),
            Field::with_default("answer", FieldType::optional(FieldType::Str), PythonValue::None),
        ]
    }
}

/// How a hook goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Fails,
    /// At these samples, and at every try.
    FailsForGood(&'static str),
    Panics,
    Hangs,
}

/// What happened, with the sample or value that each hook saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    events: Vec<Value>,
    records: Vec<LogRecord>,
    errors: Vec<String>,
    /// Queries that ran to their end, whoever waited for it.
    queries_done: usize,
    scales: Vec<f64>,
}

impl Trace {
    fn event(&self, name: &str, value: Value) {
        self.0.lock().unwrap().events.push(json!([name, value]));
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.0.lock().unwrap().events.clone()
    }

    /// The samples that miners were asked, in order.
    pub(crate) fn asked(&self) -> Vec<Value> {
        let queries = |event: &Value| (event[0] == "query").then(|| event[1].clone());
        self.events().iter().filter_map(queries).collect()
    }

    fn last_asked(&self) -> Option<Value> {
        self.asked().pop()
    }

    pub(crate) fn records(&self) -> Vec<LogRecord> {
        self.0.lock().unwrap().records.clone()
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        self.0.lock().unwrap().errors.clone()
    }

    pub(crate) fn queries_done(&self) -> usize {
        self.0.lock().unwrap().queries_done
    }

    pub(crate) fn scales(&self) -> Vec<f64> {
        self.0.lock().unwrap().scales.clone()
    }
}

/// The hooks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) trace: Trace,
    /// Which hook goes wrong, how.
    pub(crate) fault: Option<(Stage, Fault)>,
    /// How long miners take.
    pub(crate) query_time: Duration,
    /// What the log hook would like to log of the sample.
    pub(crate) logs_content: bool,
    /// The sample that is its user's alone.
    pub(crate) private: Option<&'static str>,
}

impl Recorder {
    pub(crate) fn failing(stage: Stage) -> Self {
        Self::with(stage, Fault::Fails)
    }

    pub(crate) fn with(stage: Stage, fault: Fault) -> Self {
        Self {
            fault: Some((stage, fault)),
            ..Self::default()
        }
    }

    async fn stage(&self, stage: Stage) -> Result<(), HookError> {
        match self.fault {
            Some((at, Fault::FailsForGood(sample)))
                if at == stage && self.trace.last_asked() == Some(json!(sample)) =>
            {
                Err(HookError::permanent("longer than the model reads"))
            }
            Some((at, Fault::Fails)) if at == stage => Err(HookError::public(format!("boom {stage}"))),
            Some((at, Fault::Panics)) if at == stage => panic!("a test's hook panics"),
            Some((at, Fault::Hangs)) if at == stage => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

impl OrganicScoring for Recorder {
    type Entry = Prompt;
    type Answer = Whole<Prompt>;
    type Sample = Value;
    type Responses = Value;
    type Reference = Value;
    type Rewards = Value;

    async fn on_organic_entry(
        &self,
        asked: Asked<Prompt>,
        id: SampleId,
    ) -> Result<Entered<Whole<Prompt>, Value>, Failure> {
        let mut prompt = asked.synapse;
        let sample = json!(prompt.text);
        prompt.answer = Some(id.to_string());
        Ok(Entered::now(Whole(prompt), sample))
    }

    async fn query_miners(&self, sample: &Sampled<Value>) -> Result<Value, HookError> {
        self.trace.event("query", sample.sample.clone());
        if !self.query_time.is_zero() {
            tokio::time::sleep(self.query_time).await;
        }
        self.stage(Stage::Query).await?;
        self.trace.0.lock().unwrap().queries_done += 1;
        Ok(json!("RESP"))
    }

    async fn generate_reference(&self, sample: &Sampled<Value>) -> Result<Option<Value>, HookError> {
        self.trace.event("reference", sample.sample.clone());
        self.stage(Stage::Reference).await?;
        Ok(Some(json!("REF")))
    }

    async fn generate_rewards(
        &self,
        _sample: &Sampled<Value>,
        responses: &Value,
        reference: Option<&Value>,
    ) -> Result<Value, HookError> {
        assert_eq!(responses, "RESP");
        self.trace
            .event("rewards", reference.cloned().unwrap_or_default());
        self.stage(Stage::Rewards).await?;
        Ok(json!({"w": 1}))
    }

    async fn set_weights(&self, sample: &Sampled<Value>, rewards: &Value) -> Result<(), HookError> {
        self.trace.event("weights", rewards.clone());
        self.trace.0.lock().unwrap().scales.push(sample.reward_scale);
        self.stage(Stage::Weights).await
    }

    async fn log_results(
        &self,
        mut logs: LogRecord,
        sample: &Sampled<Value>,
        responses: &Value,
        reference: Option<&Value>,
        _rewards: &Value,
    ) -> Result<LogRecord, HookError> {
        if self.logs_content {
            logs.insert("prompt", sample.sample.clone());
            logs.insert(
                "details",
                json!([{"completion": responses, "reference": reference}]),
            );
            logs.insert("words", json!({ sample.sample.to_string(): 3 }));
            logs.insert("chars", json!([3, 4.5, null, true]));
            logs.insert("organic_time_total", 9_999.0);
            logs.label("task", "inference");
        }
        let record = serde_json::to_value(&logs)?;
        let original = |key: &&String| {
            key.starts_with("organic_time") || *key == "organic_queue_size" || *key == "is_organic_sample"
        };
        let mut keys: Vec<_> = record
            .as_object()
            .unwrap()
            .keys()
            .filter(original)
            .cloned()
            .collect();
        keys.sort();
        let seen = json!({
            "organic_queue_size": record["organic_queue_size"],
            "is_organic_sample": record["is_organic_sample"],
            "keys": keys,
        });
        self.trace.event("log", seen);
        self.trace.0.lock().unwrap().records.push(logs.clone());
        self.stage(Stage::Log).await?;
        Ok(logs)
    }

    async fn log_failure(&self, logs: &LogRecord, error: &StageError) {
        let mut written = self.trace.0.lock().unwrap();
        written.records.push(logs.clone());
        written.errors.push(error.public_text());
    }

    fn fingerprint(&self, sample: &Value) -> Option<Fingerprint> {
        sample.as_str().map(|text| Fingerprint::of([text]))
    }

    fn may_be_remembered(&self, sample: &Value) -> bool {
        self.private.is_none_or(|private| sample != private)
    }
}

/// A dataset of one sample.
#[derive(Clone, Debug)]
pub(crate) struct Always(pub(crate) Value);

impl SynthDataset<Value> for Always {
    fn sample(&self, _rng: ChaCha8Rng) -> BoxFuture<'_, Result<Option<Value>, HookError>> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }
}

pub(crate) fn synthetic() -> Datasets<Value> {
    Datasets::one(Always(json!({"src": "synth"})))
}

/// The setting of the vectors and of most acceptance cases.
pub(crate) fn every_15_seconds() -> OrganicConfig {
    OrganicConfig {
        trigger: Trigger::Seconds,
        trigger_frequency: 15.0,
        trigger_frequency_min: 2.0,
        trigger_scaling_factor: 5.0,
        // As the original: the newest of two is the one that was drawn when the vectors were made.
        queue_policy: assay_organic::QueuePolicy::Lifo,
        ..OrganicConfig::default()
    }
}

/// Lets a scorer run for so many iterations after its first, and returns the seconds from each to the next.
pub(crate) async fn pauses(scorer: &OrganicScorer<Recorder>, count: usize) -> Vec<f64> {
    let iterations = |status: &Status| status.idle + status.organic + status.synthetic + status.failures;
    let mut status = scorer.watch();
    let mut seen = iterations(&status.borrow_and_update());
    let mut times = Vec::new();
    scorer.start();
    while times.len() <= count {
        status.changed().await.unwrap();
        let now = iterations(&status.borrow_and_update());
        // Several may have ended in the same moment.
        times.extend((seen..now).map(|_| Instant::now()));
        seen = now;
    }
    times[..=count]
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect()
}

/// Waits until the status is as it should be; paused clocks make it a matter of moments.
pub(crate) async fn until(scorer: &OrganicScorer<Recorder>, is: impl Fn(&Status) -> bool) -> Status {
    let mut status = scorer.watch();
    let waiting = status.wait_for(|status| is(status));
    let waited = tokio::time::timeout(Duration::from_secs(100_000), waiting).await;
    waited.expect("it never comes").unwrap().clone()
}
