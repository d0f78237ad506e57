//! Samples that can never be scored: they cost the others nothing.

use crate::{
    recorder::{Always, Fault, Recorder, every_15_seconds, pauses, until},
    schedule::{SOON, builder, close, scorer},
};
use assay_organic::{
    HookError, JobState, Stage,
    synth::{Datasets, SynthDataset},
};
use futures::future::BoxFuture;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_sample_that_can_never_be_scored_holds_up_no_other() {
    let too_long = |stage| Recorder::with(stage, Fault::FailsForGood("too long"));
    for stage in [Stage::Query, Stage::Rewards, Stage::Weights] {
        let scorer = scorer(too_long(stage), every_15_seconds());
        let good = scorer.submit(json!("good"), None).unwrap();
        let bad = [(); 5].map(|()| scorer.submit(json!("too long"), None).unwrap());
        let began = Instant::now();
        scorer.start();
        let status = until(&scorer, |status| status.organic == 1).await;
        close(&[began.elapsed().as_secs_f64()], &[0.0]);
        assert_eq!(
            (
                status.dead_letters,
                status.requeued,
                status.failures_in_a_row,
                status.last_failure
            ),
            (5, 0, 0, Some(stage))
        );
        assert_eq!(
            bad.map(|job| scorer.job(job)),
            [Some(JobState::GivenUp { stage }); 5]
        );
        assert_eq!(scorer.job(good), Some(JobState::Scored));
        assert_eq!(scorer.hooks().trace.errors(), ["longer than the model reads"; 5]);
        scorer.stop(SOON).await;
    }

    // Many of them wait out an interval, not a pause that grows; the same with a dataset that has nothing else.
    let scorer = builder(too_long(Stage::Query), every_15_seconds())
        .synth(Datasets::one(Always(json!("too long"))))
        .finish()
        .unwrap();
    for _ in 0..10 {
        scorer.submit(json!("too long"), None).unwrap();
    }
    let mut wanted = [0.0; 24];
    // Two wait after the first eight.
    (wanted[7], wanted[15], wanted[23]) = (14.6, 15.0, 15.0);
    close(&pauses(&scorer, 24).await, &wanted);
    scorer.stop(SOON).await;
}

#[tokio::test(start_paused = true)]
async fn a_sample_that_can_never_be_scored_leaves_the_pauses_of_others_as_they_are() {
    struct Broken;
    impl SynthDataset<Value> for Broken {
        fn sample(&self, _rng: ChaCha8Rng) -> BoxFuture<'_, Result<Option<Value>, HookError>> {
            Box::pin(async { Err(HookError::public("no data")) })
        }
    }
    let hooks = Recorder::with(Stage::Query, Fault::FailsForGood("too long"));
    let scorer = builder(hooks, every_15_seconds())
        .synth(Datasets::one(Broken))
        .finish()
        .unwrap();
    close(&pauses(&scorer, 2).await, &[1.0, 2.0]);
    for _ in 0..3 {
        scorer.submit(json!("too long"), None).unwrap();
    }
    // The three, and the dataset at once: it has failed three times before, and its pauses go on from there.
    close(&pauses(&scorer, 5).await, &[0.0, 0.0, 0.0, 8.0, 16.0]);
    assert_eq!(scorer.status().dead_letters, 3);
    scorer.stop(SOON).await;
}
