//! Writes a state file of today's schema with one of everything in it, to be kept in `tests/old-states` before the
//! schema changes: `cargo run -p assay-datasets --example keep_state FILE`.

use assay_chain::{AccountId, Block, BlockHash, NetUid, Uid};
use assay_datasets::{
    commitment::DatasetCommitment,
    event::{MinerScore, Standing},
    outcome::{NoAnswer, Outcome, OwnFault},
    profile::CompetitionId,
    recipe::Identity,
    rows::DatasetFault,
    scoring::RowSet,
    seed::RoundSeed,
    state::{DatasetFacts, DatasetVerdict, EvaluationKey, Measured, NewEntrant, NewRound, RoundState, State},
};
use assay_hub::Revision;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("name the file to write")?;
    let folder = tempfile::tempdir()?;
    let state = State::open(folder.path()).await?;
    let (recipe, held_out) = (Identity([7; 32]), Identity([8; 32]));
    let round = NewRound {
        netuid: NetUid(2),
        competition: CompetitionId::seed(),
        closed: Block(361),
        hash: BlockHash([3; 32]),
        seed: RoundSeed(u64::MAX - 1),
        recipe,
        held_out,
    };
    let revision = Revision::from_bytes([0xab; 20]);
    let commitment: DatasetCommitment = format!("alice/set:f127:{revision}").parse()?;
    let entrant = |n: u8, commitment, outcome| NewEntrant {
        hotkey: AccountId([n; 32]),
        uid: Uid(n.into()),
        registered: Block(5),
        commitment,
        outcome,
    };
    let roster = [
        entrant(0, Some((commitment.clone(), Block(9))), None),
        entrant(1, Some((commitment.clone(), Block(10))), None),
        entrant(2, None, Some(Outcome::NoAnswer(NoAnswer::NoCommitment))),
    ];
    let round = state.open_round(&round, &roster).await?;
    let facts = DatasetFacts {
        revision,
        bytes: 1000,
        rows: 3,
        tokens: 90,
        digest: Identity([9; 32]),
        row_set: RowSet::new(vec![[1; 16], [2; 16]]),
    };
    let accepted = DatasetVerdict::Accepted(facts);
    let dataset = state
        .keep_verdict(&commitment.repo, &revision, recipe, &accepted)
        .await?;
    let rejected = DatasetVerdict::Rejected(DatasetFault::Empty);
    state
        .keep_verdict(
            &commitment.repo,
            &Revision::from_bytes([1; 20]),
            recipe,
            &rejected,
        )
        .await?;
    state.begin_job(round.id, &AccountId([0; 32])).await?;
    state.accept(round.id, &AccountId([0; 32]), dataset).await?;
    let key = EvaluationKey {
        dataset,
        seed: round.what.seed,
        held_out,
    };
    let measured = Measured {
        loss: Some(0.1 + 0.2),
        row_losses: vec![0.1, 0.5],
        seconds: 2.5,
    };
    state
        .finish(round.id, &AccountId([0; 32]), key, &measured, 1_800_000_000)
        .await?;
    let fault = OwnFault::Hub {
        reason: "down".to_owned(),
    };
    state.fail(round.id, &AccountId([1; 32]), &fault).await?;
    let score = MinerScore {
        uid: Uid(0),
        hotkey: AccountId([0; 32]),
        standing: Standing::Ranked {
            loss: 0.1 + 0.2,
            wins: 0,
            win_rate: 0.0,
            carried: false,
        },
        repo: Some(commitment.repo),
        rows: Some(3),
        share: 1.0,
        weight: 0.16,
        committed: Some(Block(1_284)),
        consensus: Some(1.0 / 3.0),
    };
    state.score(round.id, &[score]).await?;
    state.begin_publishing(round.id, 4).await?;
    state.end_round(round.id, RoundState::Done, "").await?;
    state.close().await;
    fs_err::copy(folder.path().join("state.sqlite"), file)?;
    Ok(())
}
