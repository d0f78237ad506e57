//! Files that earlier forms of this crate left behind open as before.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod bench;

use assay_hub::{BatchLimits, Delivery, HubServer, Outbox, RepoType, Ticket};
use bench::{Bench, MINER, adding, config, head, names_in, read, titles};
use std::path::Path;

const KIND: RepoType = RepoType::Dataset;

/// The kept folder, copied to where a test may change it.
fn copy_of(kept: &str, to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/kept")
        .join(kept);
    fs_err::create_dir_all(to.join("spool")).unwrap();
    fs_err::copy(from.join("outbox.db"), to.join("outbox.db")).unwrap();
    for name in names_in(&from.join("spool")) {
        fs_err::copy(from.join("spool").join(&name), to.join("spool").join(&name)).unwrap();
    }
}

#[tokio::test]
async fn an_outbox_of_form_1_goes_on_where_it_stopped() {
    let bench = Bench::new().await;
    let (client, ore) = bench.with_repo("miner/ore").await;
    let (_, later) = bench.with_repo("miner/later").await;
    let folder = bench.path("outbox");
    copy_of("outbox-1", &folder);

    let outbox = Outbox::open(&folder, BatchLimits::default()).await.unwrap();
    assert_eq!(outbox.waiting().await.unwrap(), 2);
    let delivered = outbox.delivery(Ticket(1)).await.unwrap();
    assert!(matches!(delivered, Some(Delivery::Delivered(_))), "{delivered:?}");
    let Some(Delivery::Failed(reason)) = outbox.delivery(Ticket(2)).await.unwrap() else {
        panic!("not given up")
    };
    assert!(reason.contains("miner/none"), "{reason}");

    outbox.drain(&client).await.unwrap();
    assert_eq!(titles(&client, &ore).await, ["Waiting", "initial commit"]);
    assert_eq!(titles(&client, &later).await, ["Queued", "initial commit"]);
    let made = head(&client, &ore).await;
    assert_eq!(read(&client, &ore, &made, "data.jsonl").await, b"waiting\n");
    assert_eq!(
        names_in(&folder.join("spool")).len(),
        1,
        "what was given up is still there"
    );
}

#[tokio::test]
async fn a_repository_of_a_later_form_is_not_touched() {
    let bench = Bench::new().await;
    let (client, repo) = bench.with_repo("miner/ore").await;
    client
        .commit(&repo, KIND, adding([("f", b"x".to_vec())]))
        .await
        .unwrap();
    let Bench { hub, folder } = bench;
    hub.stop().await;
    let root = folder.path().join("hub");
    let settings = root.join("repos/datasets/miner/ore.git/assay-hub.json");
    let later = fs_err::read_to_string(&settings)
        .unwrap()
        .replace("\"version\": 1", "\"version\": 2");
    fs_err::write(&settings, &later).unwrap();

    let refused = HubServer::start(config(&root)).await.unwrap_err().to_string();
    assert!(
        refused.contains("miner/ore") && refused.contains("another version"),
        "{refused}"
    );
    assert_eq!(fs_err::read_to_string(&settings).unwrap(), later);

    fs_err::write(&settings, later.replace("\"version\": 2", "\"version\": 1")).unwrap();
    let hub = HubServer::start(config(&root)).await.unwrap();
    let client = bench::client(&hub.url(), Some(MINER));
    assert_eq!(titles(&client, &repo).await.len(), 2);
}
