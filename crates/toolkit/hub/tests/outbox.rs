//! The outbox against a hub that limits, loses, stalls and refuses, and against its own death.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bench;

use assay_hub::{
    Account, BatchLimits, Delivery, HubServerConfig, Outbox, OutboxError, RepoType, Source, Step, Target,
    Ticket,
};
use bench::{
    Bench, MINER, adding, child,
    clock::SetClock,
    head, names_in, noise, path,
    proxy::{Fault, Proxy},
    read_all, titles,
};
use std::{path::Path, sync::Arc, time::Duration};

const KIND: RepoType = RepoType::Dataset;

fn small_inline(mut config: HubServerConfig) -> HubServerConfig {
    config.limits.inline_bytes = 1000;
    config
}

async fn open(folder: &Path, clock: &Arc<SetClock>, batches: BatchLimits) -> Outbox {
    let clock: Arc<SetClock> = Arc::clone(clock);
    Outbox::open_with_clock(folder, batches, clock).await.unwrap()
}

/// Spoils the first `count` requests that `chosen` picks.
fn first(
    count: usize,
    fault: Fault,
    chosen: fn(&bench::proxy::Seen) -> bool,
) -> impl FnMut(&bench::proxy::Seen) -> Fault {
    let mut left = count;
    move |seen| {
        if left > 0 && chosen(seen) {
            left -= 1;
            return fault;
        }
        Fault::None
    }
}

#[tokio::test]
async fn a_pause_that_the_hub_asks_for_is_kept_exactly() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let proxy = Proxy::start(
        &bench.hub.url(),
        first(1, Fault::RateLimit(7), |seen| seen.is_commit()),
    )
    .await;
    let through = bench::client(&proxy.url, Some(MINER));
    let clock = SetClock::new();
    let outbox = open(&bench.path("outbox"), &clock, BatchLimits::default()).await;
    let target = Target::main(repo.clone(), KIND);
    let ticket = outbox
        .put(&target, &path("f"), "x".into(), "Add f")
        .await
        .unwrap();

    let Step::Retrying { .. } = outbox.step(&through).await.unwrap() else {
        panic!("the refusal was not seen")
    };
    let requests = proxy.seen().len();
    clock.advance(Duration::from_millis(6_999));
    assert!(matches!(outbox.step(&through).await.unwrap(), Step::Wait { .. }));
    drop(outbox);
    // A restart does not forget the pause.
    let outbox = open(&bench.path("outbox"), &clock, BatchLimits::default()).await;
    assert!(matches!(outbox.step(&through).await.unwrap(), Step::Wait { .. }));
    assert_eq!(
        proxy.seen().len(),
        requests,
        "a request was made within the pause"
    );

    clock.advance(Duration::from_millis(1));
    let Step::Committed { revision, tickets } = outbox.step(&through).await.unwrap() else {
        panic!("not committed")
    };
    assert_eq!((tickets, proxy.commits()), (vec![ticket], 2), "one retry");
    assert_eq!(
        outbox.delivery(ticket).await.unwrap(),
        Some(Delivery::Delivered(revision))
    );
    assert_eq!(outbox.step(&through).await.unwrap(), Step::Idle);
    assert_eq!(titles(&client, &repo).await, ["Add f", "initial commit"]);
}

#[tokio::test]
async fn draining_waits_as_long_as_the_hub_says_and_no_longer() {
    let bench = Bench::new().await;
    let (_, repo) = bench.with_repo("miner/ore").await;
    let mut answers = vec![Fault::RateLimit(3600), Fault::RateLimit(7)];
    let plan = move |seen: &bench::proxy::Seen| {
        if seen.is_commit() {
            answers.pop().unwrap_or(Fault::None)
        } else {
            Fault::None
        }
    };
    let proxy = Proxy::start(&bench.hub.url(), plan).await;
    let clock = SetClock::new();
    let outbox = open(&bench.path("outbox"), &clock, BatchLimits::default()).await;
    outbox
        .put(&Target::main(repo, KIND), &path("f"), "x".into(), "Add f")
        .await
        .unwrap();
    outbox
        .drain(&bench::client(&proxy.url, Some(MINER)))
        .await
        .unwrap();
    assert_eq!(clock.waits(), [Duration::from_secs(7), Duration::from_secs(3600)]);
    assert_eq!(proxy.commits(), 3);
}

#[tokio::test]
async fn a_large_file_takes_the_put_path_and_is_never_inlined() {
    let bench = Bench::with(small_inline).await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let proxy = Proxy::start(&bench.hub.url(), |_| Fault::None).await;
    let content = noise(200_000, 3);
    let outbox = bench::outbox(&bench.path("outbox")).await;
    outbox
        .put(
            &Target::main(repo.clone(), KIND),
            &path("f"),
            content.clone().into(),
            "Add f",
        )
        .await
        .unwrap();
    outbox
        .drain(&bench::client(&proxy.url, Some(MINER)))
        .await
        .unwrap();

    let seen = proxy.seen();
    let put = seen
        .iter()
        .find(|seen| seen.is_upload())
        .expect("the content was not sent");
    assert_eq!(put.body, content, "the content travels as it is");
    let commit = seen.iter().find(|seen| seen.is_commit()).unwrap();
    assert!(commit.body.len() < 1000, "{} bytes of commit", commit.body.len());
    let made = head(&client, &repo).await;
    assert_eq!(read_all(&client, &repo, &made).await["f"], content);
    assert_eq!(
        names_in(&bench.path("outbox/spool")),
        [""; 0],
        "a delivered content is not kept"
    );
}

#[tokio::test]
async fn an_answer_that_is_lost_leads_to_no_second_commit() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let proxy = Proxy::start(
        &bench.hub.url(),
        first(1, Fault::LoseAnswer, |seen| seen.is_commit()),
    )
    .await;
    let clock = SetClock::new();
    let outbox = open(&bench.path("outbox"), &clock, BatchLimits::default()).await;
    let ticket = outbox
        .put(&Target::main(repo.clone(), KIND), &path("f"), "x".into(), "Add f")
        .await
        .unwrap();
    let through = bench::client(&proxy.url, Some(MINER));
    assert!(matches!(
        outbox.step(&through).await.unwrap(),
        Step::Retrying { .. }
    ));
    // Somebody else commits before the next look.
    client
        .commit(&repo, KIND, adding([("g", b"y".to_vec())]))
        .await
        .unwrap();
    outbox.drain(&through).await.unwrap();
    assert_eq!(
        titles(&client, &repo).await,
        ["Add files", "Add f", "initial commit"]
    );
    assert_eq!(proxy.commits(), 1, "the commit was sent again");
    let most = 3.try_into().unwrap();
    let commits = client
        .list_commits(&repo, KIND, &bench::main(), most)
        .await
        .unwrap();
    assert_eq!(
        outbox.delivery(ticket).await.unwrap(),
        Some(Delivery::Delivered(commits[1].revision))
    );
}

#[tokio::test]
async fn many_small_files_make_as_few_commits_as_the_batch_allows() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let proxy = Proxy::start(&bench.hub.url(), |_| Fault::None).await;
    let outbox = Outbox::open(
        &bench.path("outbox"),
        BatchLimits {
            bytes: 10_000,
            files: 1000,
        },
    )
    .await
    .unwrap();
    let target = Target::main(repo.clone(), KIND);
    for n in 0..120_u8 {
        outbox
            .put(
                &target,
                &path(&format!("f{n:03}")),
                vec![n; 250].into(),
                "Add rows",
            )
            .await
            .unwrap();
    }
    outbox
        .drain(&bench::client(&proxy.url, Some(MINER)))
        .await
        .unwrap();
    // 40 files of 250 bytes fill a batch.
    assert_eq!(proxy.commits(), 3);
    let made = head(&client, &repo).await;
    let expected = (0..120_u8).map(|n| (format!("f{n:03}"), vec![n; 250])).collect();
    assert_eq!(read_all(&client, &repo, &made).await, expected);
}

#[tokio::test]
async fn each_version_of_a_file_has_a_commit_in_order() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let outbox = bench::outbox(&bench.path("outbox")).await;
    let target = Target::main(repo.clone(), KIND);
    outbox
        .put(&target, &path("f"), "one".into(), "First")
        .await
        .unwrap();
    outbox
        .put(&target, &path("g"), "g".into(), "First")
        .await
        .unwrap();
    outbox
        .put(&target, &path("f"), "two".into(), "Second")
        .await
        .unwrap();
    outbox.remove(&target, &path("g"), "Third").await.unwrap();
    outbox.drain(&client).await.unwrap();
    assert_eq!(
        titles(&client, &repo).await,
        ["Second (and 1 more)", "First", "initial commit"]
    );
    let made = head(&client, &repo).await;
    assert_eq!(
        read_all(&client, &repo, &made).await,
        [("f".to_owned(), b"two".to_vec())].into()
    );
}

#[tokio::test]
async fn what_the_hub_refuses_holds_up_nothing_else_and_can_be_tried_again() {
    let bench = Bench::new().await;
    let (client, ore) = bench.with_repo("miner/ore").await;
    let outbox = bench::outbox(&bench.path("outbox")).await;
    let missing = Target::main(bench::repo("miner/later"), KIND);
    let refused = outbox
        .put(&missing, &path("f"), "x".into(), "Add f")
        .await
        .unwrap();
    let fine = outbox
        .put(&Target::main(ore.clone(), KIND), &path("f"), "x".into(), "Add f")
        .await
        .unwrap();
    outbox.drain(&client).await.unwrap();
    let Some(Delivery::Failed(reason)) = outbox.delivery(refused).await.unwrap() else {
        panic!("not failed")
    };
    assert!(reason.contains("miner/later"), "{reason}");
    assert!(matches!(
        outbox.delivery(fine).await.unwrap(),
        Some(Delivery::Delivered(_))
    ));

    bench.with_repo("miner/later").await;
    assert_eq!(outbox.retry_failed().await.unwrap(), 1);
    outbox.drain(&client).await.unwrap();
    assert!(matches!(
        outbox.delivery(refused).await.unwrap(),
        Some(Delivery::Delivered(_))
    ));
    assert_eq!(outbox.delivery(Ticket(99)).await.unwrap(), None);

    outbox
        .put(
            &Target::main(bench::repo("miner/never"), KIND),
            &path("f"),
            "y".into(),
            "Add",
        )
        .await
        .unwrap();
    outbox.drain(&client).await.unwrap();
    assert_eq!(
        names_in(&bench.path("outbox/spool")).len(),
        1,
        "a failed content is kept"
    );
    assert_eq!(outbox.forget_failed().await.unwrap(), 1);
    assert_eq!(names_in(&bench.path("outbox/spool")), [""; 0]);
}

#[tokio::test]
async fn a_broken_hub_is_asked_less_and_less_often() {
    let bench = Bench::new().await;
    let (_, repo) = bench.with_repo("miner/ore").await;
    let proxy = Proxy::start(&bench.hub.url(), first(11, Fault::Status(503), |_| true)).await;
    let clock = SetClock::new();
    let outbox = open(&bench.path("outbox"), &clock, BatchLimits::default()).await;
    outbox
        .put(&Target::main(repo, KIND), &path("f"), "x".into(), "Add f")
        .await
        .unwrap();
    outbox
        .drain(&bench::client(&proxy.url, Some(MINER)))
        .await
        .unwrap();
    let seconds: Vec<_> = clock.waits().iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
}

#[tokio::test]
async fn the_source_may_vanish_once_it_is_queued() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let source = bench.path("source");
    fs_err::write(&source, "queued").unwrap();
    let folder = bench.path("outbox");
    let outbox = bench::outbox(&folder).await;
    let target = Target::main(repo.clone(), KIND);
    outbox
        .put(&target, &path("f"), Source::File(source.clone()), "Add f")
        .await
        .unwrap();
    fs_err::remove_file(source).unwrap();

    let second = Outbox::open(&folder, BatchLimits::default()).await;
    assert!(matches!(second, Err(OutboxError::InUse { .. })), "{second:?}");
    drop(outbox);
    let outbox = bench::outbox(&folder).await;
    assert_eq!(outbox.waiting().await.unwrap(), 1);
    outbox.drain(&client).await.unwrap();
    let made = head(&client, &repo).await;
    assert_eq!(read_all(&client, &repo, &made).await["f"], b"queued");
}

/// The child of the test below: queues a large file and sends it, until it is killed.
#[tokio::test]
#[ignore = "the part of a test that runs in a process of its own"]
async fn queue_and_send_until_killed() {
    let Some((folder, url)) = child::part() else {
        return;
    };
    let outbox = bench::outbox(&folder).await;
    let target = Target::main(bench::repo("miner/ore"), KIND);
    if outbox.waiting().await.unwrap() == 0 {
        outbox
            .put(&target, &path("f"), noise(300_000, 9).into(), "Add f")
            .await
            .unwrap();
        outbox
            .put(&target, &path("g"), "small".into(), "Add g")
            .await
            .unwrap();
    }
    child::say("queued");
    outbox.drain(&bench::client(&url, Some(MINER))).await.unwrap();
    child::say("sent");
}

/// Kills the sender as soon as the proxy has seen what `deadly` picks, then sends the rest from this process.
async fn killed_at(fault: Fault, deadly: fn(&bench::proxy::Seen) -> bool) -> (usize, usize, Vec<String>) {
    let bench = Bench::with(small_inline).await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let proxy = Proxy::start(&bench.hub.url(), first(1, fault, deadly)).await;
    let folder = bench.path("outbox");
    let mut sender = child::start("queue_and_send_until_killed", &folder, &proxy.url);
    let stalled = tokio::time::timeout(Duration::from_secs(60), proxy.stalled.notified()).await;
    stalled.expect("the sender did not get there");
    sender.kill();

    let outbox = bench::outbox(&folder).await;
    outbox
        .drain(&bench::client(&proxy.url, Some(MINER)))
        .await
        .unwrap();
    let made = head(&client, &repo).await;
    let expected = [
        ("f".to_owned(), noise(300_000, 9)),
        ("g".to_owned(), b"small".to_vec()),
    ];
    assert_eq!(read_all(&client, &repo, &made).await, expected.into());
    assert_eq!(outbox.waiting().await.unwrap(), 0);
    (proxy.uploads(), proxy.commits(), titles(&client, &repo).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_content_is_sent_it_is_sent_once() {
    let (uploads, commits, titles) = killed_at(Fault::Stall, |seen| seen.is_upload()).await;
    assert_eq!(
        (uploads, commits),
        (2, 1),
        "the stalled transfer and its repetition"
    );
    assert_eq!(titles, ["Add f (and 1 more)", "initial commit"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_content_and_commit_the_content_is_not_sent_again() {
    let (uploads, commits, titles) = killed_at(Fault::Stall, |seen| seen.is_commit()).await;
    assert_eq!(
        (uploads, commits),
        (1, 2),
        "the commit that did not arrive and its repetition"
    );
    assert_eq!(titles, ["Add f (and 1 more)", "initial commit"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_answer_there_is_no_second_commit() {
    let (uploads, commits, titles) = killed_at(Fault::StallAnswer, |seen| seen.is_commit()).await;
    assert_eq!((uploads, commits), (1, 1));
    assert_eq!(titles, ["Add f (and 1 more)", "initial commit"]);
}

#[tokio::test]
async fn accounts_are_checked_before_a_hub_starts() {
    let folder = tempfile::TempDir::new().unwrap();
    for account in [
        Account::new("../x", "hf_1"),
        Account::new("a", ""),
        Account::new("b", MINER),
    ] {
        let config = bench::config(folder.path()).account(account);
        assert!(assay_hub::HubServer::start(config).await.is_err());
    }
}
