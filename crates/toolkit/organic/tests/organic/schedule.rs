//! The loop under a paused clock: when it scores, what it does with failures, and how it stops.

use crate::recorder::{Always, Fault, Recorder, every_15_seconds, pauses, synthetic, until};
use assay_organic::{
    DropReason, JobState, JournalBounds, JournalQueue, OrganicConfig, OrganicScorer, OrganicScorerBuilder,
    Phase, Privacy, Profile, SiblingPolicy, Stage, Stopped, Trigger,
    queue::JournalError,
    synth::{Datasets, SynthDataset},
};
use rand::SeedableRng;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

pub(crate) const SOON: Duration = Duration::from_secs(5);

pub(crate) fn scorer(hooks: Recorder, config: OrganicConfig) -> OrganicScorer<Recorder> {
    builder(hooks, config).finish().unwrap()
}

pub(crate) fn builder(hooks: Recorder, config: OrganicConfig) -> OrganicScorerBuilder<Recorder> {
    OrganicScorer::build(hooks).config(config).seed(4)
}

fn every_5_steps() -> OrganicConfig {
    OrganicConfig {
        trigger: Trigger::Steps,
        trigger_frequency: 5.0,
        ..every_15_seconds()
    }
}

pub(crate) fn close(seconds: &[f64], wanted: &[f64]) {
    // The clock of the runtime counts milliseconds.
    let is_close = |(a, b): (&f64, &f64)| (a - b).abs() < 0.005;
    assert!(
        seconds.len() == wanted.len() && seconds.iter().zip(wanted).all(is_close),
        "{seconds:?} for {wanted:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn users_come_first_and_synthetic_samples_when_none_waits() {
    let scorer = builder(Recorder::default(), every_15_seconds())
        .synth(synthetic())
        .finish()
        .unwrap();
    let jobs = ["A", "B"].map(|sample| scorer.submit(json!(sample), None).unwrap());
    assert_eq!(scorer.job(jobs[0]), Some(JobState::Queued));
    close(&pauses(&scorer, 3).await, &[14.8, 15.0, 15.0]);
    let trace = &scorer.hooks().trace;
    let records = trace.records();
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record.queue_size, record.is_organic))
        .collect();
    assert_eq!(seen[..3], [(1, true), (0, true), (0, false)]);
    let order: Vec<_> = trace.events()[..5].iter().map(|event| event[0].clone()).collect();
    assert_eq!(order, ["reference", "query", "rewards", "weights", "log"]);
    assert_eq!(trace.scales()[..3], [1.0, 1.0, 0.1]);
    assert_eq!(jobs.map(|job| scorer.job(job)), [Some(JobState::Scored); 2]);
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn without_samples_it_waits_out_each_interval_in_silence() {
    let scorer = scorer(Recorder::default(), every_15_seconds());
    close(&pauses(&scorer, 3).await, &[15.0, 15.0, 15.0]);
    assert!(scorer.hooks().trace.events().is_empty());
    assert_eq!(scorer.status().failures, 0);
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn the_time_that_an_iteration_took_is_taken_off_the_wait() {
    let hooks = Recorder {
        query_time: Duration::from_millis(3_500),
        ..Recorder::default()
    };
    let scorer = builder(hooks, every_15_seconds())
        .synth(synthetic())
        .finish()
        .unwrap();
    close(&pauses(&scorer, 2).await, &[15.0, 15.0]);
    let record = &scorer.hooks().trace.records()[0];
    close(
        &[
            record.times.responses.as_secs_f64(),
            record.times.total.as_secs_f64(),
        ],
        &[3.5, 3.5],
    );
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_fills_during_a_wait_shortens_it() {
    for (profile, seconds) in [(Profile::Assay, 5.0), (Profile::Original, 15.0)] {
        let config = OrganicConfig {
            profile,
            ..every_15_seconds()
        };
        let scorer = scorer(Recorder::default(), config);
        let began = Instant::now();
        scorer.start();
        until(&scorer, |status| status.idle == 1).await;
        for _ in 0..50 {
            scorer.submit(json!("A"), None).unwrap();
        }
        until(&scorer, |status| status.organic == 1).await;
        close(&[began.elapsed().as_secs_f64()], &[seconds]);
        scorer.stop(SOON).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_interval_may_be_enough_for_several_users() {
    let config = OrganicConfig {
        samples_per_interval: 3,
        ..every_15_seconds()
    };
    let scorer = builder(Recorder::default(), config)
        .synth(synthetic())
        .finish()
        .unwrap();
    for _ in 0..4 {
        scorer.submit(json!("A"), None).unwrap();
    }
    // Of synthetic samples, one an interval is enough.
    close(&pauses(&scorer, 5).await, &[0.0, 0.0, 14.8, 15.0, 15.0]);
    let status = scorer.status();
    assert_eq!((status.organic, status.synthetic), (4, 2));
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn a_sample_that_fails_is_tried_again_with_growing_pauses_and_then_given_up() {
    let scorer = builder(Recorder::failing(Stage::Query), every_15_seconds())
        .synth(synthetic())
        .finish()
        .unwrap();
    let [a, b] = ["A", "B"].map(|sample| scorer.submit(json!(sample), None).unwrap());
    close(
        &pauses(&scorer, 8).await,
        &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0],
    );
    let synth = json!({"src": "synth"});
    let asked = scorer.hooks().trace.asked();
    assert_eq!(
        asked[..5],
        [json!("B"), json!("B"), json!("A"), json!("A"), synth]
    );
    let attempts: Vec<_> = scorer
        .hooks()
        .trace
        .records()
        .iter()
        .map(|record| record.attempt)
        .collect();
    assert_eq!(attempts[..5], [1, 2, 1, 2, 1]);
    let status = scorer.status();
    assert_eq!(
        (status.requeued, status.dead_letters, status.last_failure),
        (2, 2, Some(Stage::Query))
    );
    assert_eq!(
        [a, b].map(|job| scorer.job(job)),
        [Some(JobState::GivenUp { stage: Stage::Query }); 2]
    );
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_the_growing_of_pauses() {
    // The failing dataset is the one that is asked last.
    struct Flaky(std::sync::atomic::AtomicUsize);
    impl SynthDataset<serde_json::Value> for Flaky {
        fn sample(
            &self,
            _rng: rand_chacha::ChaCha8Rng,
        ) -> futures::future::BoxFuture<'_, Result<Option<serde_json::Value>, assay_organic::HookError>>
        {
            let call = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Box::pin(async move {
                if call == 2 {
                    Ok(Some(json!("synth")))
                } else {
                    Err(assay_organic::HookError::public("no data"))
                }
            })
        }
    }
    let scorer = builder(Recorder::default(), every_15_seconds())
        .synth(Datasets::one(Flaky(0.into())))
        .finish()
        .unwrap();
    close(&pauses(&scorer, 4).await, &[1.0, 2.0, 15.0, 1.0]);
    let record = &scorer.hooks().trace.records()[0];
    assert_eq!(
        (record.stage, record.error.as_deref(), record.sample_id),
        (Stage::Sample, Some("no data"), None)
    );
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_or_hangs_is_an_error_like_others() {
    for (stage, fault, words) in [
        (Stage::Rewards, Fault::Panics, "the hook panicked"),
        (
            Stage::Reference,
            Fault::Hangs,
            "not done within 120 s: see organic.stage_timeout",
        ),
    ] {
        let scorer = builder(Recorder::with(stage, fault), every_15_seconds())
            .synth(synthetic())
            .finish()
            .unwrap();
        pauses(&scorer, 1).await;
        assert_eq!(scorer.hooks().trace.errors()[0], words);
        assert_eq!(scorer.hooks().trace.records()[0].stage, stage);
        scorer.stop(SOON).await;
    }
}

#[tokio::test(start_paused = true)]
async fn weights_that_may_have_been_applied_are_not_applied_again() {
    for (fault, tries) in [(Fault::Fails, 2), (Fault::Hangs, 1), (Fault::Panics, 1)] {
        let scorer = scorer(Recorder::with(Stage::Weights, fault), every_15_seconds());
        let job = scorer.submit(json!("A"), None).unwrap();
        scorer.start();
        until(&scorer, |status| status.dead_letters == 1).await;
        assert_eq!(scorer.hooks().trace.asked().len(), tries, "{fault:?}");
        assert_eq!(
            scorer.job(job),
            Some(JobState::GivenUp {
                stage: Stage::Weights
            })
        );
        scorer.stop(SOON).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_hook_that_fails_costs_no_pause_and_no_sample() {
    let scorer = builder(Recorder::failing(Stage::Log), every_15_seconds())
        .synth(synthetic())
        .finish()
        .unwrap();
    scorer.submit(json!("A"), None).unwrap();
    close(&pauses(&scorer, 2).await, &[15.0, 15.0]);
    let status = scorer.status();
    assert_eq!(
        (status.organic, status.log_failures >= 2, status.failures),
        (1, true, 0)
    );
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn a_reference_that_fails_ends_the_query_unless_it_is_told_not_to() {
    for (sibling, done) in [(SiblingPolicy::Cancel, 0), (SiblingPolicy::Detach, 1)] {
        let hooks = Recorder {
            query_time: Duration::from_secs(3),
            ..Recorder::failing(Stage::Reference)
        };
        let config = OrganicConfig {
            sibling,
            max_attempts: 1,
            ..every_15_seconds()
        };
        let scorer = scorer(hooks, config);
        scorer.submit(json!("A"), None).unwrap();
        scorer.start();
        until(&scorer, |status| status.failures == 1).await;
        sleep(Duration::from_secs(10)).await;
        assert_eq!(scorer.hooks().trace.queries_done(), done, "{sibling:?}");
        scorer.stop(SOON).await;
    }
}

#[tokio::test(start_paused = true)]
async fn steps_are_counted_taken_and_waited_for() {
    let scorer = builder(Recorder::default(), every_5_steps())
        .synth(synthetic())
        .finish()
        .unwrap();
    scorer.set_step(23);
    scorer.start();
    let status = until(&scorer, |status| {
        status.synthetic == 4 && status.phase == Phase::Waiting
    })
    .await;
    assert_eq!((status.synthetic, scorer.steps()), (4, 3));
    scorer.increment_step();
    sleep(Duration::from_secs(1_000)).await;
    assert_eq!(scorer.status().synthetic, 4);
    scorer.increment_step();
    until(&scorer, |status| {
        status.synthetic == 5 && status.phase == Phase::Waiting
    })
    .await;
    assert_eq!(scorer.steps(), 0);
    scorer.stop(SOON).await;

    // Ten that wait make three of five steps enough, and with each that is taken it is nearer to five again.
    let scorer = self::scorer(Recorder::default(), every_5_steps());
    scorer.start();
    for _ in 0..10 {
        scorer.submit(json!("A"), None).unwrap();
    }
    scorer.set_step(2);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scorer.status().organic, 0);
    scorer.increment_step();
    until(&scorer, |status| {
        status.organic == 1 && status.phase == Phase::Waiting
    })
    .await;
    assert_eq!(scorer.steps(), 0);
    scorer.stop(SOON).await;

    // Seconds do not count steps.
    let scorer = self::scorer(Recorder::default(), every_15_seconds());
    scorer.set_step(23);
    scorer.increment_step();
    assert_eq!(scorer.steps(), 0);
}

#[tokio::test(start_paused = true)]
async fn steps_of_july_are_compared_with_the_base_and_reduced_by_the_adaptive_interval() {
    let config = OrganicConfig {
        profile: Profile::ThresholdBase,
        ..every_5_steps()
    };
    let scorer = scorer(Recorder::default(), config);
    for _ in 0..10 {
        scorer.submit(json!("A"), None).unwrap();
    }
    scorer.start();
    scorer.set_step(4);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scorer.status().organic, 0);
    scorer.increment_step();
    until(&scorer, |status| {
        status.organic == 1 && status.phase == Phase::Waiting
    })
    .await;
    assert_eq!(scorer.steps(), 2);
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_every_wait_at_once_and_starting_again_works() {
    let config = OrganicConfig {
        trigger_frequency: 120.0,
        ..every_15_seconds()
    };
    for (hooks, config, phase) in [
        (Recorder::default(), config.clone(), Phase::Waiting),
        (Recorder::default(), every_5_steps(), Phase::Waiting),
        (Recorder::failing(Stage::Query), config, Phase::BackingOff),
    ] {
        let scorer = builder(hooks, config).synth(synthetic()).finish().unwrap();
        assert_eq!(scorer.stop(SOON).await, Stopped::WasNotRunning);
        for _ in 0..2 {
            scorer.start();
            scorer.start();
            assert!(scorer.is_running());
            until(&scorer, |status| status.phase == phase).await;
            let began = Instant::now();
            assert_eq!(scorer.stop(SOON).await, Stopped::Finished);
            assert!(began.elapsed() < Duration::from_millis(100));
            assert_eq!(
                (scorer.is_running(), scorer.status().phase),
                (false, Phase::Stopped)
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn starting_twice_scores_once() {
    let hooks = Recorder {
        query_time: Duration::from_secs(1),
        ..Recorder::default()
    };
    let scorer = builder(hooks, every_15_seconds())
        .synth(synthetic())
        .finish()
        .unwrap();
    scorer.start();
    scorer.start();
    until(&scorer, |status| status.synthetic == 1).await;
    assert_eq!(scorer.hooks().trace.asked().len(), 1);
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn an_iteration_may_end_within_the_patience_and_is_cancelled_after_it() {
    let slow = || Recorder {
        query_time: Duration::from_secs(20),
        ..Recorder::default()
    };
    let scorer = scorer(slow(), every_15_seconds());
    let job = scorer.submit(json!("A"), None).unwrap();
    scorer.start();
    until(&scorer, |status| status.phase == Phase::Scoring).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scorer.stop(SOON).await, Stopped::Cancelled);
    // It waits again, and that it was interrupted is not its fault.
    assert_eq!((scorer.queue_len(), scorer.job(job)), (1, Some(JobState::Queued)));
    scorer.start();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scorer.stop(Duration::from_secs(30)).await, Stopped::Finished);
    assert_eq!((scorer.queue_len(), scorer.job(job)), (0, Some(JobState::Scored)));
    assert_eq!(scorer.hooks().trace.records().last().unwrap().attempt, 1);

    let scorer = self::scorer(Recorder::with(Stage::Weights, Fault::Hangs), every_15_seconds());
    let job = scorer.submit(json!("A"), None).unwrap();
    scorer.start();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scorer.stop(SOON).await, Stopped::Cancelled);
    // Its weights may count already.
    assert_eq!((scorer.queue_len(), scorer.job(job)), (0, Some(JobState::Scored)));
}

#[tokio::test(start_paused = true)]
async fn a_sample_that_is_dropped_ends_in_a_state_that_says_why() {
    let config = OrganicConfig {
        queue_max_size: 1,
        ..every_15_seconds()
    };
    let hooks = Recorder {
        query_time: Duration::from_secs(20),
        ..Recorder::default()
    };
    let scorer = scorer(hooks, config);
    let first = scorer.submit(json!("A"), None).unwrap();
    scorer.start();
    until(&scorer, |status| status.phase == Phase::Scoring).await;
    sleep(Duration::from_secs(1)).await;
    // The first is in flight, so there is room for one. It comes back, and takes that room again.
    let second = scorer.submit(json!("B"), None).unwrap();
    assert_eq!(scorer.job(second), Some(JobState::Queued));
    assert_eq!(scorer.stop(SOON).await, Stopped::Cancelled);
    let dropped = |why| Some(JobState::Dropped { why });
    assert_eq!(
        (scorer.job(first), scorer.job(second)),
        (Some(JobState::Queued), dropped(DropReason::ForAnother))
    );
    assert_eq!((scorer.queue_len(), scorer.status().evicted), (1, 1));

    let config = OrganicConfig {
        // Whatever waits at all has waited longer.
        queue_max_age: Some(1e-9),
        ..every_15_seconds()
    };
    let scorer = self::scorer(Recorder::default(), config);
    let old = scorer.submit(json!("A"), None).unwrap();
    scorer.start();
    let status = until(&scorer, |status| status.idle == 1).await;
    assert_eq!(scorer.job(old), dropped(DropReason::TooOld));
    assert_eq!((scorer.queue_len(), status.expired, status.evicted), (0, 1, 0));
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn no_text_of_a_user_reaches_a_log_unless_it_is_asked_for() {
    let secret = "my secret prompt";
    for (privacy, shows) in [(Privacy::Withhold, false), (Privacy::Show, true)] {
        let hooks = Recorder {
            logs_content: true,
            ..Recorder::default()
        };
        let config = OrganicConfig {
            privacy,
            ..every_15_seconds()
        };
        let scorer = builder(hooks, config)
            .synth(Datasets::one(Always(json!("synthetic prompt"))))
            .finish()
            .unwrap();
        scorer.submit(json!(secret), None).unwrap();
        scorer.start();
        until(&scorer, |status| status.organic + status.synthetic == 2).await;
        let records = scorer.hooks().trace.records();
        let organic = serde_json::to_value(&records[0]).unwrap();
        let text = organic.to_string();
        for content in [secret, "RESP", "REF"] {
            assert_eq!(text.contains(content), shows, "{text}");
        }
        assert_eq!(
            (&organic["chars"], &organic["task"]),
            (&json!([3, 4.5, null, true]), &json!("inference"))
        );
        assert!(organic["organic_time_total"].as_f64().unwrap() < 1.0);
        assert_eq!(organic["organic_queue_len"], organic["organic_queue_size"]);
        let withheld = json!(["prompt", "details", "words"]);
        assert_eq!(organic.get("withheld"), (!shows).then_some(&withheld));
        let synthetic = serde_json::to_string(&records[1]).unwrap();
        assert!(synthetic.contains("synthetic prompt") && synthetic.contains("RESP"));
        scorer.stop(SOON).await;
    }
}

#[test]
fn an_error_that_may_repeat_what_a_user_wrote_shows_only_its_type() {
    let error = assay_organic::HookError::from(std::io::Error::other("cannot answer `my secret prompt`"));
    assert_eq!(error.public_text(), "std::io::error::Error");
    assert!(error.private_text().contains("secret"));
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn a_synthetic_sample_that_repeats_a_users_is_passed_over() {
    let scorer = builder(Recorder::default(), every_15_seconds())
        .synth(
            Datasets::new([
                Arc::new(Always(json!("What is gold? "))) as Arc<dyn SynthDataset<serde_json::Value>>,
                Arc::new(Always(json!("What is silver?"))),
            ])
            .unwrap(),
        )
        .finish()
        .unwrap();
    scorer.submit(json!("what is GOLD?"), None).unwrap();
    scorer.start();
    until(&scorer, |status| status.synthetic + status.idle == 12).await;
    let asked = scorer.hooks().trace.asked();
    assert!(asked.contains(&json!("What is silver?")) && !asked.contains(&json!("What is gold? ")));
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn a_scorer_with_a_durable_queue_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let scorer = |hooks: Recorder| {
        let rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let limits = every_15_seconds().queue_limits().unwrap();
        let path = folder.path().join("queue");
        // A process that another test starts holds this one's locks for a moment.
        let gives_up = std::time::Instant::now() + Duration::from_secs(10);
        let queue = loop {
            match JournalQueue::open(&path, limits, JournalBounds::default(), 2, rng.clone()) {
                Err(JournalError::InUse { .. }) if std::time::Instant::now() < gives_up => {
                    std::thread::yield_now()
                }
                opened => break opened.unwrap(),
            }
        };
        builder(hooks, every_15_seconds()).queue(queue).finish().unwrap()
    };
    let hangs = scorer(Recorder::with(Stage::Query, Fault::Hangs));
    for sample in ["A", "B", "C"] {
        hangs.submit(json!(sample), None).unwrap();
    }
    hangs.start();
    // C is being scored, and the machine stops: nothing is put back, nothing settled.
    until(&hangs, |status| status.phase == Phase::Scoring).await;
    tokio::task::yield_now().await;
    assert_eq!(hangs.queue_len(), 2);
    let file = fs_err::read(folder.path().join("queue")).unwrap();
    hangs.stop(Duration::ZERO).await;
    drop(hangs);
    fs_err::write(folder.path().join("queue"), file).unwrap();

    let scorer = scorer(Recorder::default());
    assert_eq!(scorer.queue_len(), 3);
    scorer.start();
    until(&scorer, |status| status.organic == 3).await;
    let tries: Vec<_> = scorer
        .hooks()
        .trace
        .records()
        .iter()
        .map(|record| record.attempt)
        .collect();
    assert_eq!(scorer.hooks().trace.asked(), ["C", "B", "A"]);
    assert_eq!(tries, [2, 1, 1]);
    scorer.stop(SOON).await;
}
