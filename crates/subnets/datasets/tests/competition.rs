//! Whole competitions on a devnet: who is paid for what, and what failures cost.

mod stage;

use std::num::NonZeroUsize;

use assay_datasets::{
    event::Standing,
    outcome::{BadAnswer, NoAnswer},
    rows::{DatasetFault, RowFault},
    state::State,
};
use assay_hub::{ExistingRepo, RepoType, Visibility};
use assay_records::streams::{Forward, WeightStep};
use stage::{Account, Stage, accounts, line, rows};

fn downloads_from(stage: &Stage, miner: &Account) -> usize {
    let repo = Stage::repo_of(miner).to_string();
    stage
        .gate
        .asked()
        .iter()
        .filter(|line| line.contains(&repo))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn good_data_is_paid_and_copies_and_rubbish_are_not() {
    let validators = accounts(["first", "second"]);
    let miners = accounts([
        "bad",
        "good",
        "copy",
        "empty",
        "malformed",
        "moving",
        "hidden",
        "silent",
    ]);
    let [bad, good, copy, empty, malformed, moving, hidden, silent] = &miners;
    let stage = Stage::build(&validators.each_ref(), &miners.each_ref()).await;

    // The bad one is first, so that being good beats being early; the copy comes one block after its original.
    let good_rows = rows("clean.jsonl", 24);
    stage.publish(bad, &rows("noisy.jsonl", 24)).await;
    let revision = stage.publish(good, &good_rows).await;
    stage
        .commit(copy, &format!("{}:f127:{revision}", Stage::repo_of(good)))
        .await;
    stage.publish(empty, "").await;
    stage.publish(malformed, &rows("malformed.jsonl", 6)).await;
    stage.upload(&Stage::repo_of(moving), &good_rows).await;
    stage
        .commit(moving, &format!("{}:f127:main", Stage::repo_of(moving)))
        .await;
    let owner = stage.hub_for_miners();
    let secret = Stage::repo_of(hidden);
    owner
        .create_repo(
            &secret,
            RepoType::Dataset,
            Visibility::Private,
            ExistingRepo::Refuse,
        )
        .await
        .unwrap();
    stage.publish(hidden, &good_rows).await;
    stage.epoch().await;

    let mut running = Vec::new();
    for (account, threads) in validators.iter().zip([1, 2]) {
        let mut config = stage.validator_config(&account.name);
        config.threads = NonZeroUsize::new(threads);
        running.push(stage.validator(account, config));
    }
    let mut tables = Vec::new();
    for validator in &mut running {
        tables.push(validator.table().await);
        validator.weights().await;
    }

    let table = &tables[0];
    assert_eq!(
        tables[0], tables[1],
        "two validators with one and two threads agree to the bit"
    );
    let Standing::Ranked {
        loss: good_loss,
        win_rate: 1.0,
        carried: false,
        ..
    } = line(table, good).standing
    else {
        panic!("{:?}", line(table, good));
    };
    let Standing::Ranked {
        loss: bad_loss,
        win_rate: 0.0,
        ..
    } = line(table, bad).standing
    else {
        panic!("{:?}", line(table, bad));
    };
    assert!(good_loss < 0.9 * bad_loss, "{good_loss} against {bad_loss}");
    assert_eq!(line(table, copy).standing, Standing::Copy { of: good.id() });
    assert_eq!(
        line(table, empty).standing,
        Standing::BadAnswer(BadAnswer::Dataset(DatasetFault::Empty))
    );
    let fault = DatasetFault::Row {
        line: 3,
        fault: RowFault::NoAnswer,
    };
    assert_eq!(
        line(table, malformed).standing,
        Standing::BadAnswer(BadAnswer::Dataset(fault))
    );
    assert!(matches!(
        line(table, moving).standing,
        Standing::BadAnswer(BadAnswer::RevisionNotPinned { .. })
    ));
    assert_eq!(
        line(table, hidden).standing,
        Standing::BadAnswer(BadAnswer::RepoNotFound { repo: secret })
    );
    assert_eq!(
        line(table, silent).standing,
        Standing::NoAnswer(NoAnswer::NoCommitment)
    );
    for miner in [copy, empty, malformed, moving, hidden, silent] {
        assert_eq!(line(table, miner).weight, 0.0, "{}", miner.name);
    }
    assert!(line(table, good).weight > line(table, bad).weight);

    // What the chain makes of it.
    stage.epoch().await;
    let paid = stage.incentive(good).await;
    assert!(paid > u16::MAX / 2, "{paid}");
    assert!(stage.incentive(bad).await < paid);
    for miner in [copy, empty, malformed, moving, hidden, silent] {
        assert_eq!(stage.incentive(miner).await, 0, "{}", miner.name);
    }

    // The next epoch is the next round, with another seed; what never changes is not downloaded again.
    let downloads = downloads_from(&stage, good) + downloads_from(&stage, bad);
    assert!(downloads > 0);
    let mut again = Vec::new();
    for validator in &mut running {
        again.push(validator.table().await);
        validator.weights().await;
    }
    assert_eq!(again[0], again[1]);
    assert_eq!(
        downloads_from(&stage, good) + downloads_from(&stage, bad),
        downloads
    );
    let Standing::Ranked { loss, .. } = line(&again[0], good).standing else {
        panic!("the good one is ranked")
    };
    assert_ne!(loss, good_loss, "another round, another seed");

    for validator in running {
        validator.stop().await;
    }
    for validator in &validators {
        let rounds: Vec<Forward> = stage.recorded(validator);
        let counted: Vec<_> = rounds
            .iter()
            .map(|round| (round.step, round.asked, round.answered, round.failed.as_deref()))
            .collect();
        // All but the silent one have published something; the good, the bad and the copy can be judged.
        assert_eq!(counted, [(0, 7, 3, None), (1, 7, 3, None)]);
        let steps: Vec<WeightStep> = stage.recorded(validator);
        let at = |stage: &str| {
            steps
                .iter()
                .filter(|step| step.stage == stage)
                .collect::<Vec<_>>()
        };
        // Ended as soon as the second row is final, it may not have seen it applied.
        assert_eq!(at("finalized").len(), 2, "{steps:?}");
        for planned in at("planned") {
            let value = |miner: &Account| {
                let place = planned
                    .hotkeys
                    .iter()
                    .position(|hotkey| *hotkey == miner.id().to_string());
                planned.values[place.unwrap()]
            };
            assert!(value(good) > value(bad) && value(copy) == 0, "{planned:?}");
        }
    }
    // Two datasets in two rounds: four trainings, each once.
    let state = State::open(&stage.folder.path().join("first")).await.unwrap();
    assert_eq!(state.evaluations().await.unwrap().len(), 4);
}
