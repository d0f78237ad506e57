//! Writes the outbox that `tests/kept.rs` opens: one change delivered, one given up, two waiting for different
//! branches, one of them in a commit whose answer never came.
//!
//! Run it once for each new form of the database, into a new folder, and leave the older folders as they are:
//! `cargo run -p assay-hub --example keep_outbox -- crates/toolkit/hub/tests/kept/outbox-1`

use assay_hub::{
    Account, BatchLimits, Clock, ExistingRepo, HubClient, HubServer, HubServerConfig, Outbox, RepoPath,
    RepoType, Source, Target, Visibility,
};
use futures::future::BoxFuture;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Always the same day, so that the kept pause does not depend on when this ran.
#[derive(Debug)]
struct ThatDay;

impl Clock for ThatDay {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_795_000_000)
    }

    fn sleep_until(&self, _time: SystemTime) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name the folder to write")?);
    let scratch = tempfile::TempDir::new()?;
    let config = HubServerConfig::new(scratch.path()).account(Account::new("miner", "hf_kept"));
    let hub = HubServer::start(config).await?;
    let client = HubClient::new(&hub.url(), Some("hf_kept".to_owned().into()))?;
    let target = |name: &str| Ok::<_, assay_hub::RepoIdError>(Target::main(name.parse()?, RepoType::Dataset));
    let path: RepoPath = "data.jsonl".parse()?;
    client
        .create_repo(
            &target("miner/ore")?.repo,
            RepoType::Dataset,
            Visibility::Public,
            ExistingRepo::Refuse,
        )
        .await?;

    let outbox = Outbox::open_with_clock(&folder, BatchLimits::default(), Arc::new(ThatDay)).await?;
    outbox
        .put(
            &target("miner/ore")?,
            &path,
            Source::from("delivered\n"),
            "Delivered",
        )
        .await?;
    outbox
        .put(
            &target("miner/none")?,
            &path,
            Source::from("given up\n"),
            "Given up",
        )
        .await?;
    outbox.drain(&client).await?;
    outbox
        .put(&target("miner/ore")?, &path, Source::from("waiting\n"), "Waiting")
        .await?;
    hub.stop().await;
    // Nobody is there: the commit is put off.
    outbox.step(&client).await?;
    outbox
        .put(&target("miner/later")?, &path, Source::from("queued\n"), "Queued")
        .await?;
    Ok(())
}
