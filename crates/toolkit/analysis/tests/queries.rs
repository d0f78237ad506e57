//! Every number has a query that answers the same: each table beside what the SQL engine says, over the same records.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod made_up;

use assay_analysis::{Cell, Follower, Limits, Scope, Table};
use assay_records::{
    Log, LogConfig,
    sql::{Database, Format, SqlError, write},
};
use made_up::{BEGIN, MadeUp, epoch, hotkey};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::path::Path;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

async fn answer(database: &Database, table: &Table) -> Result<Vec<Value>, SqlError> {
    let stream = database.query(&table.sql).await?;
    let mut text = Vec::new();
    write(stream, Format::Json, &mut text).await?;
    Ok(serde_json::from_slice(&text).unwrap())
}

fn is_same(cell: &Cell, answered: &Value) -> bool {
    match cell {
        Cell::Null => answered.is_null(),
        Cell::Flag(value) => answered.as_bool() == Some(*value),
        Cell::Text(value) => answered.as_str() == Some(value),
        Cell::Time(value) => {
            let text = answered.as_str().unwrap_or_default();
            let zoned = if text.ends_with('Z') || text.contains('+') {
                text.to_owned()
            } else {
                format!("{text}Z")
            };
            OffsetDateTime::parse(&zoned, &Rfc3339).is_ok_and(|time| time == *value)
        }
        Cell::Whole(_) | Cell::Number(_) => {
            let (Some(one), Some(other)) = (cell.number(), answered.as_f64()) else {
                return false;
            };
            (one - other).abs() <= 1e-9 * one.abs().max(1.0)
        }
    }
}

/// What differs first.
fn difference(table: &Table, answered: &[Value]) -> Option<String> {
    if table.rows.len() != answered.len() {
        return Some(format!(
            "{} rows here, {} from the query",
            table.rows.len(),
            answered.len()
        ));
    }
    for (number, (row, answer)) in table.rows.iter().zip(answered).enumerate() {
        for (column, cell) in table.columns.iter().zip(row) {
            let value = answer.get(column.name).unwrap_or(&Value::Null);
            if !is_same(cell, value) {
                let name = column.name;
                return Some(format!(
                    "row {number}, {name}: here {cell:?}, the query says {value}"
                ));
            }
        }
    }
    None
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
