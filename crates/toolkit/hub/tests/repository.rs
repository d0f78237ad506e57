//! Repositories through the crate's own client: commits, histories, branches, large files.

mod bench;

use assay_hub::{CommitRequest, ContentId, ExistingRepo, HubError, RefName, RepoType, Source, Visibility};
use bench::{
    Bench, MINER, adding, clock::SetClock, head, main, names_in, noise, path, read, read_all, repo, titles,
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, time::Duration};

const KIND: RepoType = RepoType::Dataset;

#[tokio::test]
async fn a_commit_adds_replaces_copies_and_removes() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;

    let first = client
        .commit(
            &repo,
            KIND,
            adding([("a.txt", b"one".to_vec()), ("deep/er/b.txt", b"two".to_vec())]),
        )
        .await
        .unwrap();
    let change = CommitRequest::new("Change\nwith more to say")
        .add(path("a.txt"), "uno")
        .copy(path("deep/er/b.txt"), path("copy/of b.txt"))
        .delete(path("deep/er/b.txt"));
    let second = client.commit(&repo, KIND, change).await.unwrap();

    let at_first = read_all(&client, &repo, &first).await;
    assert_eq!(
        at_first,
        BTreeMap::from([
            ("a.txt".into(), b"one".to_vec()),
            ("deep/er/b.txt".into(), b"two".to_vec())
        ])
    );
    let at_second = read_all(&client, &repo, &second).await;
    assert_eq!(
        at_second,
        BTreeMap::from([
            ("a.txt".into(), b"uno".to_vec()),
            ("copy/of b.txt".into(), b"two".to_vec())
        ])
    );

    let most = 10.try_into().unwrap();
    let commits = client.list_commits(&repo, KIND, &main(), most).await.unwrap();
    assert_eq!(
        commits
            .iter()
            .map(|commit| commit.title.as_str())
            .collect::<Vec<_>>(),
        ["Change", "Add files", "initial commit"]
    );
    assert_eq!(commits[0].message, "with more to say");
    assert_eq!(commits[0].authors, ["miner"]);
    assert_eq!(commits[0].revision, second);

    let info = client
        .repo_info(&repo, KIND, &second.to_string()[..8].parse().unwrap())
        .await
        .unwrap();
    assert_eq!(
        (info.sha, info.id.as_str(), info.visibility),
        (second, "miner/ore", Visibility::Public)
    );
    assert_eq!(
        info.siblings,
        [path(".gitattributes"), path("a.txt"), path("copy/of b.txt")]
    );
}

#[tokio::test]
async fn a_revision_is_a_function_of_content_and_history() {
    let mut revisions = Vec::new();
    for content in ["same", "same", "other"] {
        let clock = SetClock::new();
        let bench = Bench::with(|config| assay_hub::HubServerConfig { clock, ..config }).await;
        let (client, repo) = bench.with_repo("miner/ore").await;
        revisions.push(
            client
                .commit(&repo, KIND, adding([("f", content.into())]))
                .await
                .unwrap(),
        );
    }
    assert_eq!(revisions[0], revisions[1]);
    assert_ne!(revisions[0], revisions[2]);
}

#[tokio::test]
async fn a_repository_survives_a_restart() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let made = client
        .commit(&repo, KIND, adding([("f", b"kept".to_vec())]))
        .await
        .unwrap();
    client
        .set_visibility(&repo, KIND, Visibility::Private)
        .await
        .unwrap();
    let Bench { hub, folder } = bench;
    hub.stop().await;

    let hub = assay_hub::HubServer::start(bench::config(&folder.path().join("hub")))
        .await
        .unwrap();
    let client = bench::client(&hub.url(), Some(MINER));
    assert_eq!(head(&client, &repo).await, made);
    assert_eq!(read(&client, &repo, &made, "f").await, b"kept");
    assert_eq!(
        client.repo_info(&repo, KIND, &main()).await.unwrap().visibility,
        Visibility::Private
    );
}

#[tokio::test]
async fn two_hubs_cannot_share_a_folder() {
    let bench = Bench::new().await;
    let second = assay_hub::HubServer::start(bench::config(&bench.path("hub"))).await;
    assert!(
        matches!(second, Err(assay_hub::HubServerError::InUse { .. })),
        "{second:?}"
    );
}

#[tokio::test]
async fn branches_move_apart() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let base = client
        .commit(&repo, KIND, adding([("f", b"base".to_vec())]))
        .await
        .unwrap();
    let draft: RefName = "draft/one".parse().unwrap();
    client
        .create_branch(&repo, KIND, &draft, &base.into())
        .await
        .unwrap();
    let again = client.create_branch(&repo, KIND, &draft, &base.into()).await;
    assert!(matches!(again, Err(HubError::AlreadyExists { .. })), "{again:?}");

    let on_draft = client
        .commit(&repo, KIND, adding([("f", b"draft".to_vec())]).on(draft.clone()))
        .await
        .unwrap();
    assert_eq!(client.repo_info(&repo, KIND, &draft).await.unwrap().sha, on_draft);
    assert_eq!(head(&client, &repo).await, base);
    assert_eq!(read(&client, &repo, &on_draft, "f").await, b"draft");

    let nowhere: RefName = "nowhere".parse().unwrap();
    let refused = client
        .commit(&repo, KIND, adding([("f", b"x".to_vec())]).on(nowhere))
        .await;
    assert!(
        matches!(refused, Err(HubError::RevisionNotFound { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn large_files_travel_as_they_are_in_one_piece_or_in_parts() {
    let bench = Bench::with(|mut config| {
        (config.limits.inline_bytes, config.limits.part_bytes) = (1000, 100_000);
        config
    })
    .await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let (small, middle, large) = (noise(1000, 1), noise(1001, 2), noise(250_001, 3));
    let file = bench.path("large.dat");
    fs_err::write(&file, &large).unwrap();

    let request = adding([
        ("small", small.clone()),
        ("middle", middle.clone()),
        ("again", middle.clone()),
    ])
    .add(path("large"), Source::File(file))
    .add(path("empty"), Vec::new());
    let made = client.commit(&repo, KIND, request).await.unwrap();

    let files = client.list_files(&repo, KIND, &made.into(), 100).await.unwrap();
    let content = |name: &str| {
        files
            .iter()
            .find(|file| file.path.as_str() == name)
            .unwrap()
            .content
    };
    assert!(matches!(content("small"), ContentId::Git(_)));
    assert!(matches!(content("empty"), ContentId::Git(_)));
    assert_eq!(content("middle"), ContentId::Lfs(Sha256::digest(&middle).into()));
    assert_eq!(content("large"), ContentId::Lfs(Sha256::digest(&large).into()));
    let all = read_all(&client, &repo, &made).await;
    let expected = [
        ("again", middle.clone()),
        ("empty", vec![]),
        ("large", large),
        ("middle", middle),
        ("small", small),
    ];
    assert_eq!(
        all,
        expected
            .into_iter()
            .map(|(name, content)| (name.to_owned(), content))
            .collect()
    );

    assert_eq!(
        names_in(&bench.path("hub/scratch")),
        [""; 0],
        "something was left behind"
    );
    assert_eq!(
        names_in(&bench.path("hub/parts")),
        [""; 0],
        "parts were left behind"
    );
}

#[tokio::test]
async fn repositories_are_made_once_and_removed_whole() {
    let bench = Bench::new().await;
    let (client, ore) = bench.with_repo("miner/ore").await;
    let make = |existing| client.create_repo(&ore, KIND, Visibility::Public, existing);
    assert!(matches!(
        make(ExistingRepo::Refuse).await,
        Err(HubError::AlreadyExists { .. })
    ));
    make(ExistingRepo::Keep).await.unwrap();
    // Another kind is another repository.
    client
        .create_repo(&ore, RepoType::Model, Visibility::Public, ExistingRepo::Refuse)
        .await
        .unwrap();
    client
        .create_repo(&repo("guild/tin"), KIND, Visibility::Public, ExistingRepo::Refuse)
        .await
        .unwrap();

    client.delete_repo(&ore, KIND).await.unwrap();
    let gone = client.repo_info(&ore, KIND, &main()).await;
    assert!(matches!(gone, Err(HubError::RepoNotFound { .. })), "{gone:?}");
    client.repo_info(&ore, RepoType::Model, &main()).await.unwrap();
    assert_eq!(names_in(&bench.path("hub/repos/datasets/miner")), [""; 0]);
    make(ExistingRepo::Refuse).await.unwrap();
    assert_eq!(
        titles(&client, &ore).await,
        ["initial commit"],
        "the old history came back"
    );
}

#[tokio::test]
async fn the_client_knows_whose_token_it_has() {
    let bench = Bench::new().await;
    let me = bench.client(Some(MINER)).whoami().await.unwrap();
    assert_eq!(
        (me.name.as_str(), me.organizations),
        ("miner", vec!["guild".to_owned()])
    );
    for token in [None, Some("hf_wrong")] {
        let refused = bench.client(token).whoami().await;
        assert!(
            matches!(refused, Err(HubError::Unauthorized { .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn long_listings_come_in_pages_and_stay_bounded() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let request = (0..1500).fold(CommitRequest::new("Many"), |request, n| {
        request.add(
            path(&format!("f{:02}/{n:04}.txt", n % 20)),
            n.to_string().into_bytes(),
        )
    });
    let made = client.commit(&repo, KIND, request).await.unwrap();
    let files = client.list_files(&repo, KIND, &made.into(), 2000).await.unwrap();
    assert_eq!(files.len(), 1501);
    assert!(
        files.is_sorted_by(|left, right| left.path < right.path),
        "an order that pages cannot break"
    );
    let bounded = client.list_files(&repo, KIND, &made.into(), 1000).await;
    assert!(
        matches!(bounded, Err(HubError::TooManyFiles { limit: 1000, .. })),
        "{bounded:?}"
    );

    for n in 0..50 {
        client
            .commit(&repo, KIND, adding([("n", format!("{n}").into_bytes())]))
            .await
            .unwrap();
    }
    assert_eq!(titles(&client, &repo).await.len(), 52);
    let two = client
        .list_commits(&repo, KIND, &main(), 2.try_into().unwrap())
        .await
        .unwrap();
    assert_eq!(two.len(), 2);
}

#[tokio::test]
async fn commits_are_dated_by_the_hubs_clock() {
    let clock = SetClock::new();
    let hands = std::sync::Arc::clone(&clock);
    let bench = Bench::with(|config| assay_hub::HubServerConfig { clock, ..config }).await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    hands.advance(Duration::from_secs(60));
    client
        .commit(&repo, KIND, adding([("f", b"x".to_vec())]))
        .await
        .unwrap();
    let commits = client
        .list_commits(&repo, KIND, &main(), 2.try_into().unwrap())
        .await
        .unwrap();
    assert_eq!(commits[0].date.unix_timestamp(), 1_700_000_060);
    assert_eq!(commits[1].date.unix_timestamp(), 1_700_000_000);
}

#[tokio::test]
async fn adding_what_is_there_already_makes_no_commit() {
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 1000;
        config
    })
    .await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let files = || {
        adding([
            ("small", b"x".to_vec()),
            ("large", noise(5000, 1)),
            ("empty", Vec::new()),
        ])
    };
    let base = head(&client, &repo).await;
    let made = client.commit(&repo, KIND, files()).await.unwrap();
    assert_eq!(client.commit(&repo, KIND, files()).await.unwrap(), made);
    let stale = client.commit(&repo, KIND, files().parent(base)).await;
    assert!(matches!(stale, Err(HubError::HeadMoved { .. })), "{stale:?}");

    let changed = adding([("small", b"y".to_vec()), ("large", noise(5000, 1))]);
    let second = client.commit(&repo, KIND, changed).await.unwrap();
    assert_ne!(second, made);
    assert_eq!(titles(&client, &repo).await.len(), 3);
    assert_eq!(read_all(&client, &repo, &second).await["large"], noise(5000, 1));
}
