//! Every number has a query that answers the same: each table beside what the SQL engine says, over the same records.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod made_up;
mod same;

use assay_analysis::{Follower, Limits, Scope, Table};
use assay_records::{
    Log, LogConfig,
    sql::{Database, Format, SqlError, write},
};
use made_up::{BEGIN, MadeUp, epoch, hotkey};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use same::difference;
use serde_json::Value;
use std::path::Path;
use time::Duration;

async fn answer(database: &Database, table: &Table) -> Result<Vec<Value>, SqlError> {
    let stream = database.query(&table.sql).await?;
    let mut text = Vec::new();
    write(stream, Format::Json, &mut text).await?;
    Ok(serde_json::from_slice(&text).unwrap())
}

async fn check(folder: &Path, scope: Scope, limits: Limits, least: usize) {
    let folders = [folder.to_owned()];
    let mut follower = Follower::new(&folders, scope, limits);
    follower.read();
    assert!(follower.problems().is_empty(), "{:?}", follower.problems());
    let database = Database::open(&folders, 1 << 30).unwrap();
    let mut tables = follower.store().tables();
    assert!(
        tables.len() >= least,
        "{:?}",
        tables.iter().map(|table| table.name).collect::<Vec<_>>()
    );
    for number in [0, 3, 12] {
        let miner = follower.store().miner(&hotkey(number));
        tables.extend(miner.map(|miner| miner.tables).unwrap_or_default());
    }
    let mut wrong = Vec::new();
    for table in &tables {
        let difference = match answer(&database, table).await {
            Ok(answered) => difference(table, &answered),
            Err(error) => Some(error.to_string()),
        };
        wrong.extend(difference.map(|difference| format!("{}: {difference}\n  {}", table.name, table.sql)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_what_its_query_answers() {
    let folder = tempfile::tempdir().unwrap();
    MadeUp::default().record(folder.path());
    check(folder.path(), Scope::default(), Limits::none(), 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn also_of_a_part_of_the_time_and_of_what_is_still_kept() {
    let folder = tempfile::tempdir().unwrap();
    MadeUp {
        seed: 2,
        hours: 3,
        ..MadeUp::default()
    }
    .record(folder.path());
    let part = Scope {
        netuid: Some(2),
        since: Some(BEGIN + Duration::hours(1)),
        until: Some(BEGIN + Duration::minutes(150)),
    };
    check(folder.path(), part, Limits::none(), 30).await;
    check(
        folder.path(),
        Scope {
            netuid: Some(7),
            ..part
        },
        Limits::none(),
        5,
    )
    .await;
    check(
        folder.path(),
        Scope::default(),
        Limits {
            small: 300,
            large: 40,
        },
        20,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_that_records_only_some_streams_has_tables_too() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(LogConfig::new(folder.path(), "up datasets")).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for block in [100, 200, 300] {
        epoch(
            &log,
            &mut random,
            BEGIN + Duration::seconds(block),
            block as u64,
            12,
        );
    }
    log.flush().unwrap();
    check(folder.path(), Scope::default(), Limits::live(), 5).await;
}
