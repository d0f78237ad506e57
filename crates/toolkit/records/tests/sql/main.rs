//! Questions in SQL over what a log keeps.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod formats;
mod objects;
mod readers;

use assay_records::{
    Log, LogConfig, Stream,
    sql::{Database, Format, write},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime, macros::datetime};

/// A question, scored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Question {
    /// Counts up.
    number: u64,
    /// What it brought; null when nothing came.
    score: Option<f64>,
    /// What was answered.
    answers: Vec<String>,
}

impl Stream for Question {
    const NAME: &'static str = "questions";
    const VERSION: u32 = 1;
}

/// The same table after a change: a column less, and another.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct LaterQuestion {
    /// Counts up, since ever.
    number: u64,
    /// Who asked.
    asker: String,
}

impl Stream for LaterQuestion {
    const NAME: &'static str = "questions";
    const VERSION: u32 = 2;
}

const NOON: OffsetDateTime = datetime!(2026-11-29 12:00:00 UTC);

fn question(number: u64) -> Question {
    Question {
        number,
        score: (!number.is_multiple_of(4)).then_some(number as f64 / 8.0),
        answers: (0..number % 3)
            .map(|answer| format!("\"{answer}\", said {number}"))
            .collect(),
    }
}

fn open(folder: &Path) -> Log {
    Log::open(LogConfig::new(folder, "5Fsource")).unwrap()
}

fn record(log: &Log, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let later = Duration::hours(i64::try_from(number).unwrap());
        log.record(NOON + later, &question(number)).unwrap();
    }
    log.flush().unwrap();
}

fn database(folders: &[&Path]) -> Database {
    let folders: Vec<PathBuf> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    Database::open(&folders, 256 * 1024 * 1024).unwrap()
}

async fn ask(database: &Database, sql: &str) -> Value {
    let mut json = Vec::new();
    let answer = database.query(sql).await.unwrap();
    write(answer, Format::Json, &mut json).await.unwrap();
    serde_json::from_slice(&json).unwrap()
}

#[tokio::test]
async fn parquet_and_lines_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    record(&log, 0..30);
    log.roll().unwrap();
    record(&log, 30..40);
    let database = database(&[folder.path()]);
    assert_eq!(
        ask(
            &database,
            "SELECT count(*) AS n, sum(number) AS numbers, count(score) AS scored, max(time) AS last FROM questions"
        )
        .await,
        json!([{ "n": 40, "numbers": 780, "scored": 30, "last": "2026-12-01T03:00:00Z" }])
    );
    assert_eq!(
        ask(
            &database,
            "SELECT number FROM questions WHERE time >= '2026-12-01T01:00:00Z' AND array_length(answers) = 2 ORDER BY number"
        )
        .await,
        json!([{ "number": 38 }])
    );
    let [table] = database.tables() else {
        panic!("{database:?}")
    };
    assert_eq!((table.name.as_str(), table.live_rows), ("questions", 10));
    assert_eq!(table.description, "A question, scored.");
    assert_eq!(
        table.columns[4].description,
        "What it brought; null when nothing came."
    );
    assert!(database.problems().is_empty());
}

#[tokio::test]
async fn several_programs_records_are_asked_at_once() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    record(&open(one.path()), 0..5);
    let log = Log::open(LogConfig::new(other.path(), "another's hotkey")).unwrap();
    record(&log, 5..7);
    log.roll().unwrap();
    assert_eq!(
        ask(
            &database(&[one.path(), other.path()]),
            "SELECT source, count(*) AS n FROM questions GROUP BY source ORDER BY n"
        )
        .await,
        json!([{ "source": "another's hotkey", "n": 2 }, { "source": "5Fsource", "n": 5 }])
    );
}

#[tokio::test]
async fn older_versions_stay_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    record(&log, 0..2);
    log.roll().unwrap();
    drop(log);
    let log = open(folder.path());
    let asked = LaterQuestion {
        number: 2,
        asker: "alice".to_owned(),
    };
    log.record(NOON, &asked).unwrap();
    log.roll().unwrap();
    let database = database(&[folder.path()]);
    assert_eq!(
        ask(
            &database,
            "SELECT seq, number, asker, score FROM questions ORDER BY seq"
        )
        .await,
        json!([
            { "seq": 0, "number": 0 },
            { "seq": 1, "number": 1, "score": 0.125 },
            { "seq": 2, "number": 2, "asker": "alice" },
        ])
    );
    assert_eq!(
        database.tables()[0].columns[3].description,
        "Counts up, since ever."
    );
}

#[tokio::test]
async fn what_is_damaged_is_named_and_the_rest_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    record(&log, 0..1);
    log.roll().unwrap();
    // The next day's.
    record(&log, 24..25);
    log.roll().unwrap();
    record(&log, 48..50);
    drop(log);
    let damaged = folder.path().join("questions/version=1/date=2026-11-29");
    let file = fs_err::read_dir(&damaged)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs_err::read(&file).unwrap();
    fs_err::write(&file, &whole[..whole.len() - 10]).unwrap();
    let lines = folder.path().join("questions/version=1/date=2026-12-01");
    let lines = fs_err::read_dir(&lines).unwrap().next().unwrap().unwrap().path();
    let text = fs_err::read_to_string(&lines)
        .unwrap()
        .replacen("\"number\":48", "\"number\":x", 1);
    fs_err::write(&lines, text).unwrap();

    let database = database(&[folder.path()]);
    assert_eq!(
        ask(&database, "SELECT number FROM questions ORDER BY number").await,
        json!([{ "number": 24 }, { "number": 49 }])
    );
    let problems: Vec<String> = database.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains(file.to_str().unwrap()), "{problems:?}");
    assert!(problems[1].contains("1 of its lines"), "{problems:?}");
}

#[tokio::test]
async fn a_query_can_only_read_and_says_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    record(&open(folder.path()), 0..1);
    let database = database(&[folder.path()]);
    let elsewhere = folder.path().join("copy.parquet");
    for sql in [
        "DROP TABLE questions".to_owned(),
        format!("COPY questions TO '{}'", elsewhere.display()),
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        "INSERT INTO questions SELECT * FROM questions".to_owned(),
    ] {
        assert!(database.query(&sql).await.is_err(), "{sql}");
    }
    assert!(!elsewhere.exists());
    let Err(unknown) = database.query("SELECT scor FROM questions").await else {
        panic!("there is no such column")
    };
    assert!(unknown.to_string().contains("scor"), "{unknown}");
    let missing = Database::open(&[folder.path().join("nothing")], 1 << 20).unwrap_err();
    assert!(missing.to_string().contains("there is no folder"), "{missing}");
}
