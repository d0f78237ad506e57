//! What the original did, row by row: the same where it was right, and the fault put right where it was not.

use crate::recorder::{Recorder, every_15_seconds, pauses, synthetic, until};
use assay_axon::{
    Caller, Dialect, Identity, Standing, UnixNanos,
    server::{Access, Asked, Blacklisted, Everybody, Failure},
};
use assay_keys::AccountId;
use assay_organic::{
    ConfigError, Entered, HookError, MemoryQueue, OrganicConfig, OrganicScorer, OrganicScoring, Pace, Phase,
    Profile, Queue, QueueLimits, Queued, SampleId, Sampled, Stage, Trigger, Whole,
    synth::{Augmenter, Conversation, Datasets, Turn},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::{collections::HashSet, num::NonZeroUsize, time::Duration};

fn cases() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../vectors/organic/cases.json");
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn rows(key: &str) -> Vec<Value> {
    cases()[key].as_array().unwrap().clone()
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap()
}

#[test]
fn every_case_is_tested() {
    let tested: HashSet<&str> = [
        "sample_rate_dynamic",
        "bad_scaling",
        "wait_seconds",
        "wait_steps_bug",
        "step_api_bug",
        "loop_synthetic_only",
        "loop_organic_then_synth",
        "loop_no_synth_empty_queue",
        "loop_empty_synth_sequence",
        "loop_query_fails",
        "loop_reference_fails",
        "loop_rewards_fail",
        "loop_weights_fail",
        "loop_log_returns_none",
        "invalid_trigger",
        "attach",
        "queue",
        "synth_conversation",
    ]
    .into();
    let cases = cases();
    let there: HashSet<&str> = cases.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(there, tested);
}

#[test]
fn the_interval_is_the_originals() {
    let rows = rows("sample_rate_dynamic");
    assert_eq!(rows.len(), 117);
    for row in rows {
        let pace = Pace::new(
            row["trigger"].as_str().unwrap().parse().unwrap(),
            number(&row, "frequency"),
            number(&row, "min"),
            number(&row, "scaling"),
        )
        .unwrap();
        let size = row["queue_size"].as_u64().unwrap() as usize;
        assert_eq!(pace.unit(size), number(&row, "dynamic"), "{row}");
    }
}

#[test]
fn a_scaling_factor_that_is_not_above_zero_is_refused_in_the_originals_words() {
    for row in rows("bad_scaling") {
        let config = OrganicConfig {
            trigger_scaling_factor: number(&row, "scaling"),
            ..OrganicConfig::default()
        };
        let error = config.validate().unwrap_err();
        assert_eq!(format!("AssertionError: {error}"), row["error"].as_str().unwrap());
        assert!(error.hint().unwrap().contains("organic.trigger_scaling_factor"));
    }
}

#[test]
fn the_wait_after_an_iteration_is_the_originals() {
    for row in rows("wait_seconds") {
        let pace = Pace::new(
            Trigger::Seconds,
            number(&row, "frequency"),
            number(&row, "min"),
            number(&row, "scaling"),
        )
        .unwrap();
        let elapsed = Duration::from_secs_f64(number(&row, "elapsed"));
        let wait = pace.wait(row["queue_size"].as_u64().unwrap() as usize, elapsed);
        assert_eq!(
            json!([wait.as_secs_f64()]),
            json!([row["slept"][0].as_f64()]),
            "{row}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn steps_go_on_where_the_originals_loop_stands_still() {
    let case = &cases()["wait_steps_bug"];
    let config = OrganicConfig {
        trigger: case["trigger"].as_str().unwrap().parse().unwrap(),
        trigger_frequency: number(case, "frequency"),
        ..every_15_seconds()
    };
    let scorer = OrganicScorer::build(Recorder::default())
        .config(config)
        .synth(synthetic())
        .finish()
        .unwrap();
    let before = case["counter_before"].as_u64().unwrap();
    scorer.set_step(before);
    scorer.start();
    // The original ends up with the same count after one iteration, and never makes another.
    until(&scorer, |status| {
        status.synthetic == 4 && status.phase == Phase::Waiting
    })
    .await;
    assert_eq!(scorer.steps(), case["counter_after"].as_u64().unwrap());

    let api = &cases()["step_api_bug"];
    assert!(api["increment_step"].as_str().unwrap().starts_with("TypeError"));
    assert_eq!(
        (&api["has_start"], &api["has_stop"]),
        (&json!(false), &json!(false))
    );
    scorer.increment_step();
    scorer.increment_step();
    until(&scorer, |status| {
        status.synthetic == 5 && status.phase == Phase::Waiting
    })
    .await;
    assert_eq!(scorer.steps(), 0);
    scorer.stop(Duration::from_secs(1)).await;
}

/// Runs a loop of the original as it was, and compares all that is written of it.
async fn replay(key: &str, hooks: Recorder, queued: &[&str], datasets: Option<Datasets<Value>>) {
    let case = &cases()[key];
    let mut scorer = OrganicScorer::build(hooks).config(OrganicConfig {
        profile: Profile::Original,
        ..every_15_seconds()
    });
    if let Some(datasets) = datasets {
        scorer = scorer.synth(datasets);
    }
    let scorer = scorer.finish().unwrap();
    for sample in queued {
        scorer.submit(json!(sample), None).unwrap();
    }
    let slept: Vec<f64> = case["slept"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slept| slept.as_f64().unwrap())
        .collect();
    let pauses = pauses(&scorer, slept.len()).await;
    for (pause, slept) in pauses.iter().zip(&slept) {
        // The clock of the runtime counts milliseconds.
        assert!((pause - slept).abs() < 0.002, "{key}: {pauses:?} for {slept:?}");
    }
    let trace = &scorer.hooks().trace;
    let wanted = case["trace"].as_array().unwrap();
    let events = trace.events();
    assert_eq!(&events[..wanted.len()], wanted, "{key}");
    let errors = case["errors"].as_array().unwrap();
    let seen: Vec<Value> = trace
        .errors()
        .iter()
        .map(|error| {
            json!(format!(
                "Error occured during organic scoring iteration:\n{error}"
            ))
        })
        .collect();
    if key == "loop_log_returns_none" {
        // A record that is none cannot be returned here; the hook fails instead.
        assert!(seen.len() >= errors.len());
    } else {
        assert_eq!(&seen[..errors.len()], errors, "{key}");
    }
    assert_eq!(scorer.queue_len() as u64, case["queue_left"].as_u64().unwrap());
    scorer.stop(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn loops_that_go_well_are_the_originals() {
    replay("loop_synthetic_only", Recorder::default(), &[], Some(synthetic())).await;
    replay(
        "loop_organic_then_synth",
        Recorder::default(),
        &["A", "B"],
        Some(synthetic()),
    )
    .await;
    replay("loop_no_synth_empty_queue", Recorder::default(), &[], None).await;
}

#[tokio::test(start_paused = true)]
async fn loops_that_fail_are_the_originals_in_its_profile() {
    for (key, stage, queued) in [
        ("loop_query_fails", Stage::Query, &["A", "B"][..]),
        ("loop_reference_fails", Stage::Reference, &["A"]),
        ("loop_rewards_fail", Stage::Rewards, &["A"]),
        ("loop_weights_fail", Stage::Weights, &["A"]),
        ("loop_log_returns_none", Stage::Log, &["A"]),
    ] {
        replay(key, Recorder::failing(stage), queued, Some(synthetic())).await;
    }
}

#[test]
fn an_empty_list_of_datasets_is_refused_rather_than_failing_every_second() {
    let errors = cases()["loop_empty_synth_sequence"]["errors"].clone();
    assert!(
        errors[0]
            .as_str()
            .unwrap()
            .ends_with("Cannot choose from an empty sequence")
    );
    assert_eq!(Datasets::<Value>::new([]).unwrap_err(), ConfigError::NoDatasets);
}

#[test]
fn a_trigger_that_is_none_is_refused_rather_than_looping_hot() {
    let case = &cases()["invalid_trigger"];
    let text = json!({"trigger": case["trigger"]}).to_string();
    let error = serde_json::from_str::<OrganicConfig>(&text)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("organic.trigger is `minutes`: it must be `seconds` or `steps`"),
        "{error}"
    );
}

/// Hooks with a blacklist of their own, as a base class has it. What a subnet must fill in is little.
trait Guarded: Send + Sync + 'static {
    fn is_welcome(&self, _caller: &Caller) -> bool {
        false
    }
}

struct Base;
impl Guarded for Base {}

/// A subnet on a base, which takes over everything.
struct Derived<G>(G);
impl<G: Guarded> Guarded for Derived<G> {
    fn is_welcome(&self, caller: &Caller) -> bool {
        self.0.is_welcome(caller)
    }
}

struct Adapter<G>(G, Recorder);

impl<G: Guarded> OrganicScoring for Adapter<G> {
    type Entry = crate::recorder::Prompt;
    type Answer = Whole<Self::Entry>;
    type Sample = Value;
    type Responses = Value;
    type Reference = Value;
    type Rewards = Value;

    async fn on_organic_entry(
        &self,
        asked: Asked<Self::Entry>,
        id: SampleId,
    ) -> Result<Entered<Self::Answer, Value>, Failure> {
        self.1.on_organic_entry(asked, id).await
    }
    async fn query_miners(&self, sample: &Sampled<Value>) -> Result<Value, HookError> {
        self.1.query_miners(sample).await
    }
    async fn generate_rewards(
        &self,
        sample: &Sampled<Value>,
        responses: &Value,
        reference: Option<&Value>,
    ) -> Result<Value, HookError> {
        self.1.generate_rewards(sample, responses, reference).await
    }
    async fn set_weights(&self, sample: &Sampled<Value>, rewards: &Value) -> Result<(), HookError> {
        self.1.set_weights(sample, rewards).await
    }
    fn blacklist(&self, caller: &Caller) -> Result<(), Blacklisted> {
        if self.0.is_welcome(caller) {
            Ok(())
        } else {
            Err(Blacklisted {
                reason: "not welcome".to_owned(),
            })
        }
    }
}

#[test]
fn a_blacklist_two_levels_up_is_attached() {
    let shapes = cases()["attach"].as_object().unwrap().clone();
    // The original loses it in these shapes.
    for lost in ["overridden_in_parent_only", "mixin_first_parent_overrides"] {
        assert_eq!(shapes[lost]["blacklist_fn"], json!(null));
    }
    assert_eq!(
        shapes["overridden_in_class"]["blacklist_fn"],
        json!("_blacklist_fn")
    );
    assert_eq!(shapes["mixin_own_override"]["verify_fn"], json!("_verify_fn"));
    assert_eq!(shapes["none_overridden"]["blacklist_fn"], json!(null));
    assert_eq!(shapes.len(), 5);

    let caller = Caller {
        identity: Identity::Hotkey(AccountId([7; 32])),
        dialect: Dialect::SynapseV10,
        standing: Standing::Verified,
    };
    let hooks = Adapter(Derived(Derived(Base)), Recorder::default());
    let scorer = OrganicScorer::build(hooks).finish().unwrap();
    let refused = scorer.access(Everybody).admit(&caller, "Prompt").unwrap_err();
    assert_eq!(refused.reason, "not welcome");
    assert!(scorer.access(Everybody).admit(&caller, "Other").is_ok());
    // And where nothing is overridden, nobody is refused.
    let scorer = OrganicScorer::build(Recorder::default()).finish().unwrap();
    assert!(scorer.access(Everybody).admit(&caller, "Prompt").is_ok());
}

fn queued(id: u8) -> Queued<u8> {
    Queued {
        id: SampleId([id; 16]),
        sample: id,
        caller: None,
        queued_at: UnixNanos(0),
        failures: 0,
    }
}

fn drain(queue: &MemoryQueue<u8>) -> Vec<u8> {
    std::iter::from_fn(|| queue.sample(UnixNanos(0)).unwrap().next)
        .map(|queued| queued.sample)
        .collect()
}

fn of_three(seed: u64, last: u8) -> MemoryQueue<u8> {
    let limits = QueueLimits {
        capacity: NonZeroUsize::new(3).unwrap(),
        ..QueueLimits::default()
    };
    let queue = MemoryQueue::new(limits, ChaCha8Rng::seed_from_u64(seed));
    for id in 0..=last {
        queue.add(queued(id)).unwrap();
    }
    queue
}

#[test]
fn a_queue_keeps_and_draws_as_the_original_does() {
    let case = &cases()["queue"];
    assert_eq!(
        json!(QueueLimits::default().capacity.get()),
        case["default_max_size"]
    );
    let empty = MemoryQueue::<u8>::new(QueueLimits::default(), ChaCha8Rng::seed_from_u64(1));
    assert_eq!(
        (json!(empty.len()), json!(empty.is_empty())),
        (case["len_empty"].clone(), case["is_empty"].clone())
    );
    assert_eq!(
        json!(
            empty
                .sample(UnixNanos(0))
                .unwrap()
                .next
                .map(|queued| queued.sample)
        ),
        case["sample_empty"]
    );

    let mut kept = drain(&of_three(1, 4));
    kept.sort_unstable();
    assert_eq!(json!(kept), case["max3_after_adding_0..4"]);

    // Another generator draws in another order; some seed gives the original's.
    let mut order = case["seed7_pop_order"].as_array().unwrap().clone();
    assert_eq!(order.pop(), Some(Value::Null));
    assert!((0..100).any(|seed| json!(drain(&of_three(seed, 4))) == json!(order)));

    let counts = case["uniform_check_6000"].as_object().unwrap();
    let mut drawn = [0_i64; 3];
    for seed in 0..6_000 {
        let first = of_three(seed, 2).sample(UnixNanos(0)).unwrap().next.unwrap();
        drawn[usize::from(first.sample)] += 1;
    }
    for (id, count) in counts {
        let ours = drawn[id.parse::<usize>().unwrap()];
        assert!((ours - count.as_i64().unwrap()).abs() < 150, "{drawn:?}");
    }

    // The original only fails when the first sample comes.
    assert!(case["max0_add"].as_str().unwrap().starts_with("IndexError"));
    let config = OrganicConfig {
        queue_max_size: 0,
        ..OrganicConfig::default()
    };
    let error = config.validate().unwrap_err().to_string();
    assert_eq!(error, "organic.queue_max_size is 0: it must be 1 or more");
}

#[test]
fn conversations_are_changed_as_the_original_changes_them() {
    let case = &cases()["synth_conversation"];
    let turn = |role: &str, content: &str| Turn {
        role: role.to_owned(),
        content: content.to_owned(),
    };
    let conversation = |turns: &[Turn]| Conversation {
        turns: turns.to_vec(),
        source: case["samples_seed3"][0]["source"].as_str().unwrap().to_owned(),
        is_organic: false,
    };
    let augmenter = Augmenter::default();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let known = conversation(&[
        turn("user", "hello brave new world"),
        turn("assistant", "hi"),
        turn("user", "and again"),
    ]);
    let samples = case["samples_seed3"].as_array().unwrap();
    let mut left: Vec<&Value> = samples.iter().collect();
    for _ in 0..400_000 {
        if left.is_empty() {
            break;
        }
        let made = serde_json::to_value(augmenter.conversation(&known, &mut rng)).unwrap();
        left.retain(|sample| **sample != made);
    }
    assert!(left.is_empty(), "never made: {left:?}");

    // An assistant that speaks first leaves the original with nothing at all.
    assert_eq!(case["assistant_first"]["messages"], json!([]));
    let known = conversation(&[
        turn("assistant", "welcome"),
        turn("user", "hello"),
        turn("assistant", "hi"),
    ]);
    for _ in 0..100 {
        let made = augmenter.conversation(&known, &mut rng).unwrap();
        assert!(made.turns.iter().any(Turn::asks));
        assert_eq!(made.turns.last().unwrap().role, "user");
    }
    // Empty messages, which make the original fail, are left out.
    for (key, content) in [("empty_message", ""), ("whitespace_message", " \n")] {
        assert!(case[key].as_str().unwrap().starts_with("ValueError"));
        assert_eq!(augmenter.message(content, &mut rng), content);
        let known = conversation(&[turn("user", content), turn("user", "x")]);
        assert_eq!(augmenter.conversation(&known, &mut rng).unwrap().turns.len(), 1);
        let silent = conversation(&[turn("user", content)]);
        assert_eq!(augmenter.conversation(&silent, &mut rng), None);
    }
    // A source that cannot be read is an error at its opening, not at each sample.
    assert_eq!(case["sample_raises"], case["exception_stored"]);
    let missing = assay_organic::synth::ConversationFiles::open(&["/nowhere/chat.jsonl".into()], augmenter);
    assert!(missing.unwrap_err().to_string().contains("/nowhere/chat.jsonl"));
}
