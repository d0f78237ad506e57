//! A miner: checks before it sends anything, publishes once, and finds what it did before.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod stage;

use std::{path::PathBuf, time::Duration};

use assay_chain::NetUid;
use assay_datasets::{
    EventKind, EventSink, Miner, MinerConfig, MinerError, Publish, Published,
    commitment::{COMMITMENT_BYTES, CommitmentTooLong},
    event::PublishStep,
    profile::CompetitionId,
    rows::{DatasetFault, RowFault},
};
use assay_hub::{HubClient, RepoType, Visibility};
use stage::{Account, Rule, Stage, accounts, rows};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

fn config(stage: &Stage, miner: &Account, content: &str) -> MinerConfig {
    let home = stage.folder.path().join(&miner.name);
    fs_err::create_dir_all(&home).unwrap();
    let dataset: PathBuf = home.join("my rows.jsonl");
    fs_err::write(&dataset, content).unwrap();
    MinerConfig {
        netuid: stage.netuid,
        competition: CompetitionId::seed(),
        dataset,
        repo: Stage::repo_of(miner),
        visibility: Visibility::Public,
        recipe: stage::recipe(),
        base_model: stage::base_model(),
        home,
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(100),
    }
}

async fn run(stage: &Stage, miner: &Account, hub: HubClient, config: MinerConfig, how: Publish) -> Ran {
    let (sender, mut events) = broadcast::channel(1024);
    let sink = EventSink::new(miner.id(), sender);
    let work =
        Miner::new(stage.chain.clone(), hub, miner.hotkey(), config, sink).run(how, CancellationToken::new());
    let result = tokio::time::timeout(stage::DEADLINE, work).await.unwrap();
    let mut steps = Vec::new();
    while let Ok(event) = events.try_recv() {
        match event.kind {
            EventKind::Publishing(step) => steps.push(step),
            other => panic!("a miner tells {other:?}"),
        }
    }
    Ran { result, steps }
}

struct Ran {
    result: Result<Published, MinerError>,
    steps: Vec<PublishStep>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_miner_publishes_once_whatever_happens_in_between() {
    let miners = accounts(["miner"]);
    let [miner] = &miners;
    let stage = Stage::build(&[], &[miner]).await;
    let content = rows("clean.jsonl", 8);

    // A dry run checks and changes nothing.
    let dry = run(
        &stage,
        miner,
        stage.hub_for_miners(),
        config(&stage, miner, &content),
        Publish::DryRun,
    )
    .await;
    let checked = dry.result.unwrap();
    assert_eq!((checked.rows, checked.revision, checked.block), (8, None, None));
    assert_eq!(
        stage.chain.commitment(stage.netuid, &miner.id()).await.unwrap(),
        None
    );
    let main = assay_hub::RefName::main();
    let repo = Stage::repo_of(miner);
    stage
        .hub_for_miners()
        .repo_info(&repo, RepoType::Dataset, &main)
        .await
        .unwrap_err();

    // The real one, through a hub that first asks for a pause.
    stage.gate.set(Rule::TooMany(1));
    let hub = HubClient::new(&stage.gate.url(), Some(stage::HUB_TOKEN.into())).unwrap();
    let real = run(
        &stage,
        miner,
        hub,
        config(&stage, miner, &content),
        Publish::Everything,
    )
    .await;
    let published = real.result.unwrap();
    assert!(
        real.steps
            .iter()
            .any(|step| matches!(step, PublishStep::Retrying { retry_in: 1.0, .. }))
    );
    let text = published.commitment.clone().unwrap();
    assert_eq!(text, format!("miners/miner:f127:{}", published.revision.unwrap()));
    let standing = stage
        .chain
        .commitment(stage.netuid, &miner.id())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (standing.text(), Some(standing.block)),
        (Some(text), published.block)
    );

    // Again: nothing is uploaded or committed a second time, which would make it later than its copies.
    stage.devnet.produce(5).await.unwrap();
    let again = run(
        &stage,
        miner,
        stage.hub_for_miners(),
        config(&stage, miner, &content),
        Publish::Everything,
    )
    .await;
    assert_eq!(again.result.unwrap(), published);
    assert!(!again.steps.iter().any(|step| matches!(
        step,
        PublishStep::Uploading { .. } | PublishStep::Committing { .. }
    )));

    // Another file is another commit and another commitment.
    let more = rows("clean.jsonl", 9);
    let changed = run(
        &stage,
        miner,
        stage.hub_for_miners(),
        config(&stage, miner, &more),
        Publish::Everything,
    )
    .await;
    let changed = changed.result.unwrap();
    assert_ne!(changed.revision, published.revision);
    assert!(changed.block > published.block);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_validators_would_refuse_never_leaves_the_miner() {
    let miners = accounts(["miner"]);
    let [miner] = &miners;
    let [stranger] = accounts(["stranger"]);
    let stage = Stage::build(&[], &[miner]).await;
    let hub = || stage.hub_for_miners();

    let broken = run(
        &stage,
        miner,
        hub(),
        config(&stage, miner, &rows("malformed.jsonl", 6)),
        Publish::Everything,
    )
    .await;
    assert!(
        matches!(
            broken.result,
            Err(MinerError::Dataset {
                fault: DatasetFault::Row {
                    line: 3,
                    fault: RowFault::NoAnswer
                },
                ..
            })
        ),
        "{:?}",
        broken.result
    );
    let empty = run(
        &stage,
        miner,
        hub(),
        config(&stage, miner, "\n"),
        Publish::Everything,
    )
    .await;
    assert!(matches!(
        empty.result,
        Err(MinerError::Dataset {
            fault: DatasetFault::Empty,
            ..
        })
    ));

    let good = rows("clean.jsonl", 8);
    let mut long = config(&stage, miner, &good);
    long.repo = format!("miners/{}", "x".repeat(80)).parse().unwrap();
    let long = run(&stage, miner, hub(), long, Publish::Everything).await;
    let Err(MinerError::TooLong(CommitmentTooLong {
        bytes,
        longest_repo: 82,
    })) = long.result
    else {
        panic!("{:?}", long.result)
    };
    assert!(bytes > COMMITMENT_BYTES);

    let unknown = run(
        &stage,
        &stranger,
        hub(),
        config(&stage, &stranger, &good),
        Publish::Everything,
    )
    .await;
    assert!(
        matches!(unknown.result, Err(MinerError::Registration(_))),
        "{:?}",
        unknown.result
    );
    let mut nowhere = config(&stage, miner, &good);
    nowhere.netuid = NetUid(77);
    let nowhere = run(&stage, miner, hub(), nowhere, Publish::Everything).await;
    assert!(
        matches!(nowhere.result, Err(MinerError::Registration(_))),
        "{:?}",
        nowhere.result
    );

    // A token without rights is refused at once, not tried for ever.
    let wrong = HubClient::new(&stage.hub.url(), Some("hf_of_nobody".into())).unwrap();
    let wrong = run(
        &stage,
        miner,
        wrong,
        config(&stage, miner, &good),
        Publish::Everything,
    )
    .await;
    assert!(
        matches!(wrong.result, Err(MinerError::Hub(_))),
        "{:?}",
        wrong.result
    );
    assert_eq!(
        stage.chain.commitment(stage.netuid, &miner.id()).await.unwrap(),
        None
    );
}
