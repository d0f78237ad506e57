//! The state file: what is written stays, is never written twice, and belongs to one process.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{AccountId, Block, BlockHash, NetUid, Uid};
use assay_datasets::{
    commitment::DatasetCommitment,
    event::{MinerScore, Standing},
    outcome::{BadAnswer, NotAsked, Outcome, OwnFault},
    profile::CompetitionId,
    recipe::Identity,
    rows::{DatasetFault, RowFault},
    scoring::RowSet,
    seed::RoundSeed,
    state::{
        DatasetFacts, DatasetVerdict, EvaluationKey, Measured, NewEntrant, NewRound, RoundState, State,
        StateError,
    },
};
use assay_hub::{RepoId, Revision};
use sqlx::{Connection as _, SqliteConnection};

const RECIPE: Identity = Identity([7; 32]);
const HELD_OUT: Identity = Identity([8; 32]);

fn hotkey(n: u8) -> AccountId {
    AccountId([n; 32])
}

fn commitment() -> DatasetCommitment {
    format!("alice/set:f127:{}", revision()).parse().unwrap()
}

fn repo() -> RepoId {
    commitment().repo
}

fn revision() -> Revision {
    Revision::from_bytes([0xab; 20])
}

fn round(closed: u64) -> NewRound {
    NewRound {
        netuid: NetUid(2),
        competition: CompetitionId::seed(),
        closed: Block(closed),
        hash: BlockHash([closed as u8; 32]),
        seed: RoundSeed(u64::MAX - closed),
        recipe: RECIPE,
        held_out: HELD_OUT,
    }
}

fn roster() -> Vec<NewEntrant> {
    let entrant = |n: u8, outcome| NewEntrant {
        hotkey: hotkey(n),
        uid: Uid(u16::from(n)),
        registered: Block(5),
        commitment: Some((commitment(), Block(9))),
        outcome,
    };
    vec![
        entrant(0, None),
        entrant(1, None),
        entrant(2, Some(Outcome::NotAsked(NotAsked::LaterTurn))),
    ]
}

fn facts() -> DatasetFacts {
    DatasetFacts {
        revision: revision(),
        bytes: 1000,
        rows: 3,
        tokens: 90,
        digest: Identity([9; 32]),
        row_set: RowSet::new(vec![[1; 16], [2; 16], [3; 16]]),
    }
}

fn measured(loss: f64) -> Measured {
    // A third has no short decimal form: what comes back must be the same bits.
    Measured {
        loss: Some(loss),
        row_losses: vec![loss, 1.0 / 3.0],
        seconds: 2.5,
    }
}

#[tokio::test]
async fn everything_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).await.unwrap();
    let opened = state.open_round(&round(40), &roster()).await.unwrap();
    state.begin_job(opened.id, &hotkey(0)).await.unwrap();
    let dataset = state
        .keep_verdict(&repo(), &revision(), RECIPE, &DatasetVerdict::Accepted(facts()))
        .await
        .unwrap();
    state.accept(opened.id, &hotkey(0), dataset).await.unwrap();
    state.begin_job(opened.id, &hotkey(0)).await.unwrap();
    let key = EvaluationKey {
        dataset,
        seed: opened.what.seed,
        held_out: HELD_OUT,
    };
    state
        .finish(opened.id, &hotkey(0), key, &measured(0.1 + 0.2), 1_800_000_000)
        .await
        .unwrap();
    state.begin_job(opened.id, &hotkey(1)).await.unwrap();
    drop(state);

    let state = State::open(folder.path()).await.unwrap();
    let found = state
        .newest_round(NetUid(2), &CompetitionId::seed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found, opened);
    let entrants = state.entrants(found.id).await.unwrap();
    assert_eq!(
        entrants[0].found,
        NewEntrant {
            outcome: Some(Outcome::Assayed),
            ..roster().remove(0)
        }
    );
    assert_eq!(entrants[0].dataset, Some((dataset, facts())));
    assert_eq!(entrants[0].loss, Some(Some(0.1 + 0.2)));
    assert_eq!(entrants[0].deaths(), 0);
    assert_eq!(
        (entrants[1].deaths(), entrants[1].found.outcome.clone()),
        (1, None)
    );
    assert_eq!(entrants[2].found, roster().remove(2));
    assert_eq!(state.evaluation(key).await.unwrap(), Some(measured(0.1 + 0.2)));
}

#[tokio::test]
async fn a_result_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).await.unwrap();
    let first = state.open_round(&round(40), &roster()).await.unwrap();
    let again = state.open_round(&round(40), &[]).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(state.entrants(again.id).await.unwrap().len(), 3);

    let accepted = DatasetVerdict::Accepted(facts());
    let dataset = state
        .keep_verdict(&repo(), &revision(), RECIPE, &accepted)
        .await
        .unwrap();
    let rejected = DatasetVerdict::Rejected(DatasetFault::Empty);
    assert_eq!(
        state
            .keep_verdict(&repo(), &revision(), RECIPE, &rejected)
            .await
            .unwrap(),
        dataset
    );
    assert_eq!(
        state.verdict(&repo(), &revision(), RECIPE).await.unwrap(),
        Some((dataset, accepted))
    );

    let key = EvaluationKey {
        dataset,
        seed: first.what.seed,
        held_out: HELD_OUT,
    };
    state
        .finish(first.id, &hotkey(0), key, &measured(1.0), 1)
        .await
        .unwrap();
    state
        .finish(first.id, &hotkey(0), key, &measured(2.0), 2)
        .await
        .unwrap();
    let all = state.evaluations().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].measured, measured(1.0));

    // Another recipe's rules may say something else of the same commit.
    let other = Identity([1; 32]);
    assert_eq!(state.verdict(&repo(), &revision(), other).await.unwrap(), None);
    let fault = DatasetFault::Row {
        line: 3,
        fault: RowFault::TurnMalformed { turn: 1 },
    };
    let verdict = DatasetVerdict::Rejected(fault);
    let id = state
        .keep_verdict(&repo(), &revision(), other, &verdict)
        .await
        .unwrap();
    assert_ne!(id, dataset);
    assert_eq!(
        state.verdict(&repo(), &revision(), other).await.unwrap(),
        Some((id, verdict))
    );
}

#[tokio::test]
async fn an_earlier_loss_stands_in_while_the_registration_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).await.unwrap();
    let first = state.open_round(&round(40), &roster()).await.unwrap();
    let dataset = state
        .keep_verdict(&repo(), &revision(), RECIPE, &DatasetVerdict::Accepted(facts()))
        .await
        .unwrap();
    state.accept(first.id, &hotkey(0), dataset).await.unwrap();
    let key = EvaluationKey {
        dataset,
        seed: first.what.seed,
        held_out: HELD_OUT,
    };
    state
        .finish(first.id, &hotkey(0), key, &measured(1.5), 1)
        .await
        .unwrap();
    state.end_round(first.id, RoundState::Done, "").await.unwrap();

    let second = state.open_round(&round(60), &roster()).await.unwrap();
    let carried = state
        .carried(&second, &hotkey(0), Block(5), 4)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (carried.loss, carried.committed, carried.facts),
        (1.5, Block(9), facts())
    );
    let none = [
        state.carried(&second, &hotkey(0), Block(50), 4).await.unwrap(), // registered anew since
        state.carried(&second, &hotkey(1), Block(5), 4).await.unwrap(),  // never measured
        state.carried(&second, &hotkey(0), Block(5), 0).await.unwrap(),  // too long ago
        state.carried(&first, &hotkey(0), Block(5), 4).await.unwrap(),   // not earlier than itself
    ];
    assert_eq!(none, [None, None, None, None]);
    let mut other_rows = round(80);
    other_rows.held_out = Identity([1; 32]);
    let third = state.open_round(&other_rows, &roster()).await.unwrap();
    assert_eq!(
        state.carried(&third, &hotkey(0), Block(5), 4).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn who_was_asked_last_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).await.unwrap();
    let first = state.open_round(&round(40), &roster()).await.unwrap();
    let mut later = roster();
    later[0].outcome = Some(Outcome::NotAsked(NotAsked::LaterTurn));
    let second = state.open_round(&round(60), &later).await.unwrap();
    let mut asked = state.last_asked().await.unwrap();
    asked.sort_unstable();
    assert_eq!(asked, [(hotkey(0), first.id), (hotkey(1), second.id)]);
}

#[tokio::test]
async fn faults_of_ours_leave_the_miner_to_be_assayed() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).await.unwrap();
    let round = state.open_round(&round(40), &roster()).await.unwrap();
    let fault = OwnFault::Hub {
        reason: "down".to_owned(),
    };
    for _ in 0..2 {
        state.begin_job(round.id, &hotkey(0)).await.unwrap();
        state.fail(round.id, &hotkey(0), &fault).await.unwrap();
    }
    state.begin_job(round.id, &hotkey(1)).await.unwrap();
    state
        .reject(round.id, &hotkey(1), &BadAnswer::NoDataFile)
        .await
        .unwrap();
    let entrants = state.entrants(round.id).await.unwrap();
    assert_eq!((entrants[0].faults, entrants[0].deaths()), (2, 0));
    assert_eq!(entrants[0].found.outcome, Some(Outcome::OwnFault(fault)));
    assert_eq!(
        entrants[1].found.outcome,
        Some(Outcome::BadAnswer(BadAnswer::NoDataFile))
    );
}

#[tokio::test]
async fn scores_read_back_as_written() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).await.unwrap();
    let round = state.open_round(&round(40), &roster()).await.unwrap();
    let scores = vec![
        MinerScore {
            uid: Uid(0),
            hotkey: hotkey(0),
            standing: Standing::Ranked {
                loss: 0.1 + 0.2,
                wins: 1,
                win_rate: 1.0 / 3.0,
                carried: false,
            },
            repo: Some(repo()),
            rows: Some(3),
            share: 1.0,
            weight: 0.16,
            committed: Some(Block(1_284)),
            consensus: Some(1.0 / 3.0),
        },
        MinerScore {
            uid: Uid(1),
            hotkey: hotkey(1),
            standing: Standing::BadAnswer(BadAnswer::CommittedBeforeRegistration {
                committed: Block(3),
                registered: Block(4),
            }),
            repo: None,
            rows: None,
            share: 0.0,
            weight: 0.0,
            committed: Some(Block(1_284)),
            consensus: Some(1.0 / 3.0),
        },
    ];
    state.score(round.id, &scores).await.unwrap();
    assert_eq!(state.scores(round.id).await.unwrap(), scores);
    let newest = state
        .newest_round(NetUid(2), &CompetitionId::seed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(newest.state, RoundState::Scored);
}

#[tokio::test]
async fn old_rounds_are_forgotten_with_what_only_they_used() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).await.unwrap();
    let mut keys = Vec::new();
    for closed in [40, 60, 80] {
        let round = state.open_round(&round(closed), &roster()).await.unwrap();
        // The second and third round find the same dataset, the first another.
        let revision = Revision::from_bytes([if closed == 40 { 0 } else { 1 }; 20]);
        let facts = DatasetFacts { revision, ..facts() };
        let dataset = state
            .keep_verdict(&repo(), &revision, RECIPE, &DatasetVerdict::Accepted(facts))
            .await
            .unwrap();
        state.accept(round.id, &hotkey(0), dataset).await.unwrap();
        let key = EvaluationKey {
            dataset,
            seed: round.what.seed,
            held_out: HELD_OUT,
        };
        state
            .finish(round.id, &hotkey(0), key, &measured(closed as f64), 1)
            .await
            .unwrap();
        state.end_round(round.id, RoundState::Done, "").await.unwrap();
        keys.push((round.id, key));
    }
    state.forget(3).await.unwrap();
    assert_eq!(state.evaluations().await.unwrap().len(), 3);
    state.forget(2).await.unwrap();
    assert_eq!(state.evaluation(keys[0].1).await.unwrap(), None);
    assert_eq!(
        state
            .verdict(&repo(), &Revision::from_bytes([0; 20]), RECIPE)
            .await
            .unwrap(),
        None
    );
    assert!(state.entrants(keys[0].0).await.unwrap().is_empty());
    for (round, key) in &keys[1..] {
        assert_eq!(state.entrants(*round).await.unwrap().len(), 3);
        assert!(state.evaluation(*key).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn one_process_at_a_time_and_no_newer_schema() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).await.unwrap();
    assert!(matches!(
        State::open(folder.path()).await,
        Err(StateError::InUse { .. })
    ));
    state.close().await;
    drop(State::open(folder.path()).await.unwrap());

    let url = format!("sqlite://{}", folder.path().join("state.sqlite").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET version = 99 WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    assert!(matches!(
        State::open(folder.path()).await,
        Err(StateError::Newer { found: 99, .. })
    ));
}

/// A file that a validator with schema 1 left behind (written by the example `keep_state`).
#[tokio::test]
async fn a_state_of_schema_1_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let old = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/old-states/schema-1.sqlite");
    fs_err::copy(old, folder.path().join("state.sqlite")).unwrap();
    let state = State::open(folder.path()).await.unwrap();
    let round = state
        .newest_round(NetUid(2), &CompetitionId::seed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (round.what.closed, round.what.seed, round.state),
        (Block(361), RoundSeed(u64::MAX - 1), RoundState::Done)
    );
    let entrants = state.entrants(round.id).await.unwrap();
    assert_eq!(entrants[0].loss, Some(Some(0.1 + 0.2)));
    assert_eq!(entrants[0].dataset.as_ref().unwrap().1.row_set.len(), 2);
    let fault = OwnFault::Hub {
        reason: "down".to_owned(),
    };
    assert_eq!(
        (entrants[1].faults, &entrants[1].found.outcome),
        (1, &Some(Outcome::OwnFault(fault)))
    );
    let rejected = state
        .verdict(&repo(), &Revision::from_bytes([1; 20]), RECIPE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(rejected.1, DatasetVerdict::Rejected(DatasetFault::Empty));
    assert_eq!(state.scores(round.id).await.unwrap().len(), 1);
    assert_eq!(state.begin_publishing(round.id, 9).await.unwrap(), 4);
    assert_eq!(
        state.evaluations().await.unwrap()[0].measured.row_losses,
        [0.1, 0.5]
    );
}
