//! A validator over real sockets on a real chain: whom it pays, what it survives, what it remembers.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod subnet;

use assay_keys::AccountId;
use assay_minds::{Mind, Scripted};
use assay_prompting::{
    Fault, PromptingEvent, Settings, StepTold, profile::MaskRules, prompts::tasks::TaskKind,
    scoring::diversity::history::HistoryRule,
};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use subnet::{ByLength, Subnet, settings, stack};

fn says(text: &'static str) -> Option<Arc<dyn Mind>> {
    Some(Arc::new(Scripted::new(move |_| Some(text.to_owned()))))
}

/// A good answer, another one to each question: what was said before counts for nothing.
fn long(question: &str) -> String {
    format!("{LONG} in {}", question.len())
}

fn good() -> Option<Arc<dyn Mind>> {
    Some(Arc::new(Scripted::new(|question| Some(long(question)))))
}

const LONG: &str = "it stands on seven arches of grey stone, and people who cross it at night hear the water";
const SHORT: &str = "a bridge";

fn everybody_answered(step: &StepTold) -> bool {
    step.miners.len() == 5 && step.record.name == "answer0"
}

/// What became of a miner in a step.
fn told<'a>(subnet: &Subnet, step: &'a StepTold, name: &str) -> &'a assay_prompting::MinerTold {
    let hotkey = subnet.hotkey(name);
    step.miners.iter().find(|miner| miner.hotkey == hotkey).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_good_are_paid_and_the_record_says_which_filter_forbade_the_others() {
    let copied = Scripted::new(|question| Some(long(question))).after(Duration::from_millis(300));
    let echo = Scripted::new(|question| Some(question.to_owned()));
    let labelled = Scripted::new(|_| Some(format!("Question: and Summary: {SHORT} by the mill")));
    let subnet = Subnet::start(vec![
        ("good", good()),
        ("short", says(SHORT)),
        ("copycat", Some(Arc::new(copied))),
        ("echo", Some(Arc::new(echo))),
        ("labelled", Some(Arc::new(labelled))),
    ])
    .await;
    let settings = settings();
    let stack = stack(&settings, ByLength::default());
    let mut validating = subnet.validate(settings, stack);
    let step = validating.step(everybody_answered).await;

    let reward = |name| told(&subnet, &step, name).reward.unwrap();
    assert!(reward("good") > reward("short"), "{step:#?}");
    assert!(reward("copycat") < 0.05 * reward("good"), "{step:#?}");
    assert_eq!((reward("echo"), reward("labelled")), (0.0, 0.0), "{step:#?}");
    let forbidden = |name| match &told(&subnet, &step, name).fault {
        Some(Fault::Forbidden(filters)) => filters.clone(),
        _ => Vec::new(),
    };
    assert_eq!(forbidden("good"), [] as [&str; 0]);
    assert_eq!(forbidden("copycat"), ["diversity_reward_model"]);
    assert_eq!(forbidden("echo"), ["blacklist_filter", "task_validator_filter"]);
    assert_eq!(forbidden("labelled"), ["task_validator_filter"]);

    // The record has the same, in the originals' columns.
    let record = &step.record;
    let at = |name: &str| {
        let hotkey = subnet.hotkey(name).to_string();
        record.hotkeys.iter().position(|known| *known == hotkey).unwrap()
    };
    assert_eq!(record.best, Some(long(&record.prompt)));
    assert_eq!(record.completions[at("short")], SHORT);
    assert_eq!(record.rewards[at("good")], Some(reward("good")));
    assert_eq!(
        record.dpo_reward_model.as_ref().unwrap()[at("short")],
        Some(SHORT.len() as f64)
    );
    assert_eq!(record.blacklist_filter.as_ref().unwrap()[at("echo")], Some(0.0));
    assert_eq!(record.completion_status_codes[at("good")].as_deref(), Some("200"));
    assert_eq!(record.chosen_by, vec![Some("chance".to_owned()); 5]);
    assert!(record.prompt.contains(subnet::TEXT) || record.prompt.contains(LONG));

    // The scores follow, by the seed's average: a twentieth at a time, from nothing.
    validating.step(everybody_answered).await;
    let score = |name| validating.score(subnet.hotkey(name));
    assert!(score("good") > score("short") && score("short") > score("copycat"));
    assert_eq!(score("echo"), 0.0);
    validating.stop().await;
    subnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_mark_the_answers_of_others_and_that_pays_nobody() {
    // Whoever is shown a text with a place for a mark gives one: the others' by their length, one beyond all bounds.
    let marking = |mark: &'static str, otherwise: fn(&str) -> String| -> Option<Arc<dyn Mind>> {
        Some(Arc::new(Scripted::new(move |question| {
            Some(if question.contains("<Score>") {
                format!("<Score>{mark}</Score> as I see it")
            } else {
                otherwise(question)
            })
        })))
    };
    let subnet = Subnet::start(vec![
        ("good", marking("2", long)),
        (
            "short",
            marking("9", |question| format!("{SHORT} {}", question.len())),
        ),
        (
            "immodest",
            marking("12", |_| "Question: who is better than me?".to_owned()),
        ),
    ])
    .await;
    let settings = Settings {
        outsource_scoring: true,
        ..settings()
    };
    let mut validating = subnet.validate(settings.clone(), stack(&settings, ByLength::default()));
    let step = validating
        .step(|step| step.miners.len() == 3 && step.record.name == "answer0")
        .await;
    let marks = |name: &str| {
        let hotkey = subnet.hotkey(name).to_string();
        step.marks.iter().find(|mark| mark.hotkey == hotkey).unwrap()
    };
    let given = |name: &str| -> Vec<(String, Option<f64>)> {
        let mark = marks(name);
        let mut given: Vec<_> = mark
            .scoring_hotkeys
            .iter()
            .cloned()
            .zip(mark.scoring_values.iter().copied())
            .collect();
        given.sort_by_key(|(hotkey, _)| {
            ["good", "short", "immodest"]
                .iter()
                .position(|name| subnet.hotkey(name).to_string() == *hotkey)
        });
        given
    };
    let by = |name: &str, mark| (subnet.hotkey(name).to_string(), mark);
    assert_eq!(given("good"), [by("short", Some(9.0)), by("immodest", None)]);
    assert_eq!(given("short"), [by("good", Some(2.0)), by("immodest", None)]);
    assert_eq!(given("immodest"), [by("good", Some(2.0)), by("short", Some(9.0))]);
    assert_eq!([marks("good").scoring, marks("immodest").scoring], [9.0, 5.5]);
    assert!(marks("good").best && !marks("immodest").best && !marks("short").best);
    assert_eq!(marks("good").step, step.record.step);
    assert!(marks("short").scoring_completions[0].ends_with("as I see it"));
    // By marks it would be worth something; a filter forbade it, and that counts.
    assert_eq!(told(&subnet, &step, "immodest").reward, Some(0.0));
    validating.stop().await;
    subnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_for_what_it_declines_and_that_is_not_free() {
    let parts = vec![
        ("all", good()),
        ("answers", says("by the mill, where the water is slow")),
    ];
    let subnet = Subnet::start_with(parts, |name| match name {
        "answers" => [TaskKind::Answer].into(),
        _ => TaskKind::ALL.into(),
    })
    .await;
    let settings = Settings {
        // Whatever came before is forgotten with each step.
        moving_average_alpha: 1.0,
        mask_rules: MaskRules {
            // It says the same each time.
            history: HistoryRule {
                grace: 10_000,
                ..settings().mask_rules.history
            },
            ..settings().mask_rules
        },
        ..settings()
    };
    let mut validating = subnet.validate(settings.clone(), stack(&settings, ByLength::default()));
    let asked =
        |step: &StepTold| -> Vec<AccountId> { step.miners.iter().map(|miner| miner.hotkey).collect() };
    let step = validating
        .step(|step| step.record.name == "followup0" && step.miners.len() == 1)
        .await;
    assert_eq!(asked(&step), [subnet.hotkey("all")]);
    let step = validating.step(|step| step.record.name == "answer0").await;
    assert!(asked(&step).contains(&subnet.hotkey("answers")), "{step:#?}");
    // The next summary is nothing to it, and that is what its score says then.
    let step = validating.step(|step| step.record.name == "augment").await;
    assert_eq!(asked(&step), [subnet.hotkey("all")]);
    let mut standings = validating.standings.clone();
    let hotkey = subnet.hotkey("answers");
    let nothing = standings.wait_for(|standing| {
        let scores = standing.iter().flat_map(|standing| &standing.scores);
        scores
            .clone()
            .any(|(known, score)| *known == hotkey && *score == 0.0)
    });
    tokio::time::timeout(subnet::PATIENCE, nothing)
        .await
        .unwrap()
        .unwrap();
    validating.stop().await;
    subnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_that_fails_costs_nobody_anything_and_does_not_end_the_validator() {
    let subnet = Subnet::start(vec![("good", good()), ("gone", None)]).await;
    let settings = settings();
    let failures = Arc::new(AtomicU32::new(2));
    let model = ByLength {
        failures: Arc::clone(&failures),
    };
    let stack = stack(&settings, model);
    let mut validating = subnet.validate(settings, stack);

    let failed = validating.step(|step| !step.miners.is_empty()).await;
    assert_eq!(failed.record.rewards, vec![None; failed.miners.len()]);
    assert_eq!(failed.record.completions, [long(&failed.record.prompt)]);
    let reason = loop {
        if let PromptingEvent::Failed { reason, .. } = validating.event().await {
            break reason;
        }
    };
    assert!(
        reason.contains("dpo_reward_model") && !reason.contains(LONG),
        "{reason}"
    );
    assert_eq!(validating.score(subnet.hotkey("good")), 0.0);

    // It goes on by itself.
    let judged = validating
        .step(|step| step.miners.iter().any(|miner| miner.reward.is_some()))
        .await;
    assert_eq!(failures.load(Ordering::Relaxed), 0);
    assert!(judged.record.rewards[0].unwrap() > 0.0);
    validating.stop().await;
    subnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_judges_remember_and_scores_outlive_the_process_and_damage_is_refused() {
    let subnet = Subnet::start(vec![("good", good()), ("short", says(SHORT))]).await;
    let settings = settings();
    let mut validating = subnet.validate(settings.clone(), stack(&settings, ByLength::default()));
    for _ in 0..4 {
        validating.step(|step| step.miners.len() == 2).await;
    }
    validating.stop().await;
    let statistics = || -> Value {
        let content = fs_err::read(subnet.judges().join("reward_statistics.json")).unwrap();
        serde_json::from_slice(&content).unwrap()
    };
    let count = |statistics: &Value| statistics["dpo_reward_model"]["count"].as_u64().unwrap();
    let answers = fs_err::read(subnet.judges().join("answers.bin")).unwrap();
    let first = statistics();
    assert!(count(&first) >= 8, "{first}");

    // Another process: it begins where the first one ended.
    let mut validating = subnet.validate(settings.clone(), stack(&settings, ByLength::default()));
    let step = validating.step(|step| step.miners.len() == 2).await;
    let one_step = 0.05 * told(&subnet, &step, "good").reward.unwrap();
    let score = validating.score(subnet.hotkey("good"));
    assert!(
        score > 1.5 * one_step,
        "{score} is not more than one step makes, {one_step}"
    );
    validating.stop().await;
    assert!(count(&statistics()) > count(&first));
    let more = fs_err::read(subnet.judges().join("answers.bin")).unwrap();
    assert!(
        more.len() > answers.len() && more[20..answers.len()] == answers[20..],
        "the history goes on"
    );

    // What cannot be read is not overwritten.
    let path = subnet.judges().join("answers.bin");
    fs_err::write(&path, &answers[..answers.len() - 3]).unwrap();
    let validating = subnet.validate(settings.clone(), stack(&settings, ByLength::default()));
    let error = validating.fail().await.to_string();
    assert!(
        error.contains("answers.bin") && error.contains("damaged"),
        "{error}"
    );
    assert_eq!(fs_err::read(&path).unwrap().len(), answers.len() - 3);
    subnet.stop().await;
}
