//! A folder that becomes a repository, again and again.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bench;

use assay_hub::{
    BatchLimits, HubClient, Others, Outbox, Publication, PublishError, RepoType, Step, Target, Visibility,
    publish,
};
use bench::{
    Bench, MINER, READER, noise, outbox, path,
    proxy::{Fault, Proxy},
    read_all, repo, titles,
};
use std::path::Path;

fn write(folder: &Path, files: &[(&str, &[u8])]) {
    for (name, content) in files {
        let path = folder.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }
}

fn publication(folder: &Path) -> Publication {
    Publication {
        folder: folder.to_owned(),
        target: Target::main(repo("miner/set"), RepoType::Dataset),
        visibility: Visibility::Public,
        message: "Publish the set".to_owned(),
        others: Others::RemoveBelow(path("data")),
    }
}

async fn names(client: &HubClient) -> Vec<String> {
    let revision = bench::head(client, &repo("miner/set")).await;
    read_all(client, &repo("miner/set"), &revision)
        .await
        .into_keys()
        .collect()
}

#[tokio::test]
async fn a_branch_holds_what_the_folder_holds_and_only_differences_travel() {
    let bench = Bench::with(|mut config| {
        config.limits.inline_bytes = 1000;
        config
    })
    .await;
    let (client, folder) = (bench.client(Some(MINER)), bench.path("set"));
    let large = noise(50_000, 7);
    write(
        &folder,
        &[
            ("README.md", b"one"),
            ("data/train-00000-of-00002.jsonl", &large),
            ("data/train-00001-of-00002.jsonl", b"{}\n"),
            (".hidden/secret", b"not this"),
        ],
    );
    let outbox = outbox(&bench.path("outbox")).await;
    let first = publish(&client, &outbox, &publication(&folder)).await.unwrap();
    assert_eq!((first.sent, first.unchanged, first.removed), (3, 0, 0));
    assert_eq!(titles(&client, &repo("miner/set")).await[0], "Publish the set");

    let again = publish(&client, &outbox, &publication(&folder)).await.unwrap();
    assert_eq!(
        (again.sent, again.unchanged, again.revision),
        (0, 3, first.revision)
    );

    fs_err::remove_file(folder.join("data/train-00001-of-00002.jsonl")).unwrap();
    fs_err::rename(
        folder.join("data/train-00000-of-00002.jsonl"),
        folder.join("data/train-00000-of-00001.jsonl"),
    )
    .unwrap();
    write(&folder, &[("README.md", b"two")]);
    let third = publish(&client, &outbox, &publication(&folder)).await.unwrap();
    assert_eq!((third.sent, third.unchanged, third.removed), (2, 0, 2));
    let files = read_all(&client, &repo("miner/set"), &third.revision).await;
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["README.md", "data/train-00000-of-00001.jsonl"]
    );
    assert_eq!(
        (&files["README.md"][..], &files["data/train-00000-of-00001.jsonl"]),
        (&b"two"[..], &large)
    );
    assert_eq!(
        titles(&client, &repo("miner/set")).await.len(),
        3,
        "one commit each, and the repository's own"
    );

    let mut keeping = publication(&folder);
    keeping.others = Others::Keep;
    fs_err::remove_dir_all(folder.join("data")).unwrap();
    assert_eq!(publish(&client, &outbox, &keeping).await.unwrap().removed, 0);
    assert_eq!(names(&client).await.len(), 2);
}

#[tokio::test]
async fn what_was_begun_before_a_kill_is_gone_on_with() {
    let bench = Bench::new().await;
    let (client, folder) = (bench.client(Some(MINER)), bench.path("set"));
    for number in 0..5 {
        write(&folder, &[(&format!("data/{number}.bin"), &noise(1000, number))]);
    }
    write(&folder, &[("README.md", b"card")]);
    // Two files a commit: three commits, of which the second never gets its answer.
    let limits = BatchLimits {
        files: 2,
        ..BatchLimits::default()
    };
    let mut commits = 0;
    let proxy = Proxy::start(&bench.hub.url(), move |seen: &bench::proxy::Seen| {
        commits += u32::from(seen.is_commit());
        if seen.is_commit() && commits == 2 {
            Fault::StallAnswer
        } else {
            Fault::None
        }
    })
    .await;
    let through = bench::client(&proxy.url, Some(MINER));
    let outbox = Outbox::open(&bench.path("outbox"), limits).await.unwrap();
    let publication = publication(&folder);
    {
        let publishing = publish(&through, &outbox, &publication);
        tokio::pin!(publishing);
        // As a kill ends it: in the middle.
        tokio::select! {
            done = &mut publishing => panic!("it ended before it was killed: {done:?}"),
            () = proxy.stalled.notified() => {}
        }
    }
    drop(outbox);
    let outbox = Outbox::open(&bench.path("outbox"), limits).await.unwrap();
    let published = publish(&client, &outbox, &publication).await.unwrap();
    assert_eq!(published.sent + published.unchanged, 6);
    assert_eq!(outbox.step(&client).await.unwrap(), Step::Idle);
    assert_eq!(names(&client).await.len(), 6);
    assert_eq!(
        titles(&client, &repo("miner/set")).await.len(),
        4,
        "no commit was made twice"
    );
}

#[tokio::test]
async fn what_cannot_be_published_is_named() {
    let bench = Bench::new().await;
    let (client, folder) = (bench.client(Some(MINER)), bench.path("set"));
    let outbox = outbox(&bench.path("outbox")).await;
    fs_err::create_dir_all(&folder).unwrap();
    let refused = async || {
        publish(&client, &outbox, &publication(&folder))
            .await
            .unwrap_err()
    };
    assert!(matches!(refused().await, PublishError::Empty { .. }));
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).unwrap();
    let error = refused().await;
    assert!(
        matches!(error, PublishError::NoFile { .. }) && error.to_string().contains("link"),
        "{error}"
    );
    fs_err::rename(folder.join("link"), folder.join(".link")).unwrap();
    write(&folder, &[("a\\b", b"x")]);
    assert!(matches!(refused().await, PublishError::Path { .. }));
    fs_err::remove_file(folder.join("a\\b")).unwrap();
    write(&folder, &[("README.md", b"card")]);
    let reader = bench.client(Some(READER));
    let error = publish(&reader, &outbox, &publication(&folder))
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Hub(_)), "{error}");
    assert_eq!(outbox.waiting().await.unwrap(), 0);
}
