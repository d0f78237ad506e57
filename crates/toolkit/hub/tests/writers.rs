//! Several writers at once.

mod bench;

use assay_hub::{HubError, RepoType};
use bench::{Bench, adding, head, read_all, titles};
use futures::future::join_all;

const KIND: RepoType = RepoType::Dataset;

#[tokio::test(flavor = "multi_thread")]
async fn writers_wait_for_each_other_and_none_is_lost() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let commits = (0..16).map(|n| {
        let (client, repo) = (client.clone(), repo.clone());
        async move {
            client
                .commit(&repo, KIND, adding([(&*format!("f{n}"), vec![n])]))
                .await
                .unwrap()
        }
    });
    let mut made = join_all(commits).await;
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 16, "each writer has a commit of its own");
    let last = head(&client, &repo).await;
    let files = read_all(&client, &repo, &last).await;
    assert_eq!(files, (0..16).map(|n| (format!("f{n}"), vec![n])).collect());
    assert_eq!(titles(&client, &repo).await.len(), 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_writers_on_the_same_parent_one_wins() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    let base = head(&client, &repo).await;
    let commits = (0..8).map(|n| {
        let (client, repo) = (client.clone(), repo.clone());
        async move {
            client
                .commit(&repo, KIND, adding([("f", vec![n])]).parent(base))
                .await
        }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(commits).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for refused in lost {
        assert!(
            matches!(refused, Err(HubError::HeadMoved { parent, .. }) if parent == base),
            "{refused:?}"
        );
    }
    assert_eq!(head(&client, &repo).await, *won[0].as_ref().unwrap());
    assert_eq!(titles(&client, &repo).await.len(), 2);
}
