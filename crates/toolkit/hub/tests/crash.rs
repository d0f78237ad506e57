//! The server killed in the middle of things, at moments that nobody chose.

mod bench;

use assay_hub::{HubServer, RepoType};
use bench::{Bench, MINER, adding, child, config, noise, titles};
use std::{path::Path, time::Duration};

const KIND: RepoType = RepoType::Dataset;

fn server(root: &Path) -> assay_hub::HubServerConfig {
    let mut config = config(root);
    config.limits.inline_bytes = 10_000;
    config
}

/// The child: serves until it is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the part of a test that runs in a process of its own"]
async fn serve_until_killed() {
    let Some((root, _)) = child::part() else { return };
    let hub = HubServer::start(server(&root)).await.unwrap();
    child::say(hub.url());
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_every_commit_it_confirmed_and_no_half_of_another() {
    let bench = Bench::new().await;
    let (_, repo) = bench.with_repo("miner/ore").await;
    let Bench { hub, folder } = bench;
    hub.stop().await;
    let root = folder.path().join("hub");
    // What was confirmed, oldest first.
    let mut confirmed = Vec::new();

    for round in 0..5_u64 {
        let mut serving = child::start("serve_until_killed", &root, "");
        let client = bench::client(&serving.hear(), Some(MINER));
        let deadly = 1 + round as usize % 3;
        for n in 0..=deadly {
            let name = format!("{round}-{n}");
            let files = (0..20).map(|k| (format!("{name}/{k}"), noise(500 + k, round * 100 + k as u64)));
            let mut request = files.fold(
                adding([("large", noise(60_000, round * 10 + n as u64))]),
                |request, (path, content)| request.add(bench::path(&path), content),
            );
            request.summary = name.clone();
            if n < deadly {
                confirmed.push((name, client.commit(&repo, KIND, request).await.unwrap()));
                continue;
            }
            // The last one of the round is under way when the server dies, each time a little further.
            let sending = tokio::spawn({
                let (client, repo) = (client.clone(), repo.clone());
                async move { client.commit(&repo, KIND, request).await }
            });
            tokio::time::sleep(Duration::from_millis(4 + 9 * round)).await;
            serving.kill();
            if let Ok(revision) = sending.await.unwrap() {
                confirmed.push((name, revision));
            }
        }

        let hub = HubServer::start(server(&root)).await.unwrap();
        let client = bench::client(&hub.url(), Some(MINER));
        let most = 100.try_into().unwrap();
        let mut history = client
            .list_commits(&repo, KIND, &bench::main(), most)
            .await
            .unwrap();
        history.reverse();
        let history: Vec<_> = history
            .into_iter()
            .skip(1)
            .map(|commit| (commit.title, commit.revision))
            .collect();
        // A commit whose answer was lost in the kill may be there; then it is there whole, and the last one.
        let surplus: Vec<_> = history
            .iter()
            .filter(|commit| !confirmed.contains(commit))
            .cloned()
            .collect();
        assert!(surplus.len() <= 1, "{surplus:?}");
        confirmed.extend(surplus);
        assert_eq!(history, confirmed, "round {round}");
        for (name, revision) in &history[history.len().saturating_sub(1)..] {
            let files = bench::read_all(&client, &repo, revision).await;
            assert_eq!(
                files
                    .keys()
                    .filter(|path| path.starts_with(&format!("{name}/")))
                    .count(),
                20
            );
            assert_eq!(files["large"].len(), 60_000);
        }
        assert_eq!(titles(&client, &repo).await.len(), confirmed.len() + 1);
        assert_eq!(bench::names_in(&root.join("scratch")), [""; 0]);
        hub.stop().await;
    }
}
