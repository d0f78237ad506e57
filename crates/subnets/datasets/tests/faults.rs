//! Failures that are not a miner's: they cost nobody anything, and end by themselves.

mod stage;

use std::time::{Duration, Instant};

use assay_chain::Block;
use assay_datasets::{
    EventKind,
    event::{MinerScore, Standing},
    outcome::{BadAnswer, NotAsked, OwnFault},
    profile::Profile,
};
use stage::{Rule, Stage, accounts, line, rows};

fn loss(score: &MinerScore) -> (f64, bool) {
    match score.standing {
        Standing::Ranked { loss, carried, .. } => (loss, carried),
        _ => panic!("{} has no loss: {:?}", score.hotkey, score.standing),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hub_that_is_down_costs_nobody_anything() {
    let [only] = accounts(["only"]);
    let miners = accounts(["good", "bad"]);
    let [good, bad] = &miners;
    let stage = Stage::build(&[&only], &miners.each_ref()).await;
    stage.publish(good, &rows("clean.jsonl", 24)).await;
    stage.publish(bad, &rows("noisy.jsonl", 24)).await;
    stage.epoch().await;

    // Down for a whole round: it ends without weights.
    stage.gate.set(Rule::HangUp);
    let mut validator = stage.validator(&only, stage.validator_config("only"));
    let mut faults = 0;
    let reason = validator
        .until(|kind| match kind {
            EventKind::OwnFault {
                fault: OwnFault::Hub { .. },
                ..
            } => {
                faults += 1;
                None
            }
            EventKind::Rejected { message, .. } => panic!("a miner is blamed: {message}"),
            EventKind::RoundDropped { reason, .. } => Some(reason),
            _ => None,
        })
        .await;
    assert_eq!(faults, 2 * 3, "two miners, three attempts each");
    assert!(reason.contains("no dataset has a loss"), "{reason}");
    assert!(stage.chain.weights(stage.netuid).await.unwrap().is_empty());

    // Back for the next one.
    stage.gate.set(Rule::Pass);
    validator.idle().await;
    stage.epoch().await;
    let table = validator.table().await;
    let (first_loss, carried) = loss(line(&table, good));
    assert!(!carried && line(&table, good).weight > line(&table, bad).weight);
    validator.weights().await;

    // Away for one miner, which has just published something new: its earlier loss stands in.
    stage.publish(good, &rows("clean.jsonl", 20)).await;
    stage.gate.set(Rule::HangUpAt("miners/good".to_owned()));
    stage.epoch().await;
    let table = validator.table().await;
    assert_eq!(loss(line(&table, good)), (first_loss, true));
    assert!(!loss(line(&table, bad)).1);
    assert!(line(&table, good).weight > line(&table, bad).weight);
    validator.weights().await;

    // And once it can be fetched, the new dataset counts.
    stage.gate.set(Rule::Pass);
    stage.epoch().await;
    let table = validator.table().await;
    assert!(!loss(line(&table, good)).1);
    assert_eq!(line(&table, good).rows, Some(20));
    validator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hub_that_asks_for_a_pause_gets_it() {
    let [only] = accounts(["only"]);
    let miners = accounts(["good"]);
    let [good] = &miners;
    let stage = Stage::build(&[&only], &[good]).await;
    stage.publish(good, &rows("clean.jsonl", 8)).await;
    stage.epoch().await;
    stage.gate.set(Rule::TooMany(2));
    let mut validator = stage.validator(&only, stage.validator_config("only"));
    let mut pauses = Vec::new();
    let started = Instant::now();
    let table = validator
        .until(|kind| match kind {
            EventKind::OwnFault { retry_in, .. } => {
                pauses.extend(retry_in);
                None
            }
            EventKind::RoundScored { rows, .. } => Some(rows),
            _ => None,
        })
        .await;
    loss(line(&table, good));
    assert_eq!(pauses, [1.0, 1.0], "the hub's second, not our tenths");
    assert!(started.elapsed() >= Duration::from_secs(2));
    validator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slot_s_new_holder_and_a_stale_commitment_start_from_nothing() {
    let [only] = accounts(["only"]);
    let miners = accounts(["good", "bad"]);
    let [good, bad] = &miners;
    let [next] = accounts(["next"]);
    let stage = Stage::build(&[&only], &miners.each_ref()).await;
    stage.publish(good, &rows("clean.jsonl", 16)).await;
    let revision = stage.publish(bad, &rows("noisy.jsonl", 16)).await;
    stage.epoch().await;
    let mut validator = stage.validator(&only, stage.validator_config("only"));
    loss(line(&validator.table().await, bad));
    validator.weights().await;

    // Full subnet, nobody immune: the newcomer takes the slot of the worst.
    let size = stage.chain.metagraph(stage.netuid).await.unwrap().size();
    let value = |n: usize| scale_value::Value::u128(n as u128);
    stage
        .set_here("sudo_set_immunity_period", ("immunity_period", value(0)))
        .await;
    stage.epoch().await;
    validator.weights().await;
    for (call, argument, n) in [
        ("sudo_set_min_non_immune_uids", "min", 0),
        ("sudo_set_min_allowed_uids", "min_allowed_uids", 1),
        ("sudo_set_max_allowed_uids", "max_allowed_uids", size),
    ] {
        stage.set_here(call, (argument, value(n))).await;
    }
    let slot = stage.chain.uid(stage.netuid, &bad.id()).await.unwrap().unwrap();
    stage.fund(&next).await;
    stage.register(&next).await;
    let metagraph = stage.chain.metagraph(stage.netuid).await.unwrap();
    assert_eq!(metagraph.uid_of(&next.id()), Some(slot));
    stage.epoch().await;
    let table = validator.table().await;
    assert!(
        matches!(line(&table, &next).standing, Standing::NoAnswer(_)),
        "{:?}",
        line(&table, &next)
    );
    assert_eq!(line(&table, &next).share, 0.0);
    assert!(table.iter().all(|score| score.hotkey != bad.id()));
    validator.weights().await;

    // The old holder comes back in another slot with its old commitment, which it has to make anew.
    stage
        .set_here("sudo_set_max_allowed_uids", ("max_allowed_uids", value(size + 1)))
        .await;
    stage.register(bad).await;
    stage.epoch().await;
    let table = validator.table().await;
    let standing = &line(&table, bad).standing;
    // The chain may have taken the commitment with the slot; then there is none.
    assert!(
        matches!(
            standing,
            Standing::BadAnswer(BadAnswer::CommittedBeforeRegistration { .. }) | Standing::NoAnswer(_)
        ),
        "{standing:?}"
    );
    validator.weights().await;
    stage
        .commit(bad, &format!("{}:f127:{revision}", Stage::repo_of(bad)))
        .await;
    stage.epoch().await;
    loss(line(&validator.table().await, bad));
    validator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_round_asks_so_many_and_everybody_in_turn() {
    let [only] = accounts(["only"]);
    let miners = accounts(["one", "two", "three"]);
    let stage = Stage::build(&[&only], &miners.each_ref()).await;
    for (miner, from) in miners.iter().zip([0, 8, 16]) {
        let all = rows("clean.jsonl", 24);
        let part: Vec<&str> = all.lines().skip(from).take(8).collect();
        stage.publish(miner, &part.join("\n")).await;
    }
    stage.epoch().await;
    let mut config = stage.validator_config("only");
    config.profile = Profile {
        miners_per_round: 2.try_into().unwrap(),
        ..Profile::seed()
    };
    let mut validator = stage.validator(&only, config);
    let table = validator.table().await;
    let later: Vec<_> = miners
        .iter()
        .filter(|miner| line(&table, miner).standing == Standing::NotAsked(NotAsked::LaterTurn))
        .collect();
    assert_eq!(later.len(), 1);
    validator.weights().await;
    stage.epoch().await;
    let table = validator.table().await;
    // Whose turn it is has a loss of this round; whose it is not keeps that of the last one.
    assert!(!loss(line(&table, later[0])).1);
    assert_eq!(
        miners.iter().filter(|miner| loss(line(&table, miner)).1).count(),
        1
    );
    validator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_commits_after_the_close_waits_for_the_next_round() {
    let [only] = accounts(["only"]);
    let miners = accounts(["early", "late"]);
    let [early, late] = &miners;
    let stage = Stage::build(&[&only], &miners.each_ref()).await;
    stage.publish(early, &rows("clean.jsonl", 8)).await;
    stage.epoch().await;
    stage.publish(late, &rows("clean.jsonl", 24)).await;
    let mut validator = stage.validator(&only, stage.validator_config("only"));
    let closed = validator
        .until(|kind| match kind {
            EventKind::RoundStarted { closed, .. } => Some(closed),
            _ => None,
        })
        .await;
    assert!(closed < Block(u64::from(stage.devnet.head().0)));
    let table = validator.table().await;
    loss(line(&table, early));
    // The chain as it was at the close has no commitment of it.
    assert!(
        matches!(line(&table, late).standing, Standing::NoAnswer(_)),
        "{:?}",
        line(&table, late)
    );
    validator.weights().await;
    stage.epoch().await;
    let table = validator.table().await;
    assert!(loss(line(&table, late)).0 < loss(line(&table, early)).0);
    validator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_chain_that_goes_away_is_waited_for() {
    let [only] = accounts(["only"]);
    let miners = accounts(["good"]);
    let [good] = &miners;
    let stage = Stage::build(&[&only], &[good]).await;
    stage.publish(good, &rows("clean.jsonl", 8)).await;
    stage.epoch().await;
    let mut validator = stage.validator(&only, stage.validator_config("only"));
    // Gone while it trains, back once it has noticed.
    validator
        .until(|kind| matches!(kind, EventKind::Training { .. }).then_some(()))
        .await;
    let noticed = async {
        validator
            .until(|kind| matches!(kind, EventKind::Trouble { .. }).then_some(()))
            .await;
    };
    let stage = stage.without_chain(noticed).await;
    let table = validator.table().await;
    loss(line(&table, good));
    validator.weights().await;
    assert_eq!(stage.chain.weights(stage.netuid).await.unwrap().len(), 1);
    validator.stop().await;
}
