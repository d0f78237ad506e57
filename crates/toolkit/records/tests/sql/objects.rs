//! Records in a bucket, on moto's server, which speaks S3 and is none of ours.

use super::{ask, database, open, record};
use assay_peers::{Python, Served};
use assay_records::{
    objects::{Bucket, ObjectsError, Stored},
    sql::{Database, SqlError},
};
use serde_json::{Value, json};
use std::path::Path;

const MEMORY: usize = 256 * 1024 * 1024;
const ALL: &str = "SELECT count(*) AS rows, sum(number) AS numbers, count(DISTINCT seq) AS seqs, max(time) AS last FROM questions";

struct Storage {
    served: Served,
}

impl Storage {
    fn start() -> Self {
        let served = Python::venv("s3")
            .script("conformance/s3/serve.py")
            .arg("subnet")
            .serve();
        Self { served }
    }

    fn address(&self) -> &str {
        self.served.said()["address"].as_str().unwrap()
    }

    fn options(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.address()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("HOME", "/nothing/of/the/store"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    fn bucket(&self, prefix: &str) -> Bucket {
        Bucket::open(&format!("s3://subnet/{prefix}"), self.options()).unwrap()
    }

    /// What pyarrow and boto3 find.
    fn read_by_python(&self, prefix: &str) -> Value {
        let mut told = Python::venv("s3")
            .script("conformance/s3/read_table.py")
            .arg(self.address())
            .arg("subnet")
            .arg(prefix)
            .run();
        told.remove(0)
    }
}

async fn stored(buckets: &[Bucket], folders: &[&Path]) -> Database {
    let folders: Vec<_> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    Database::open_with(&folders, buckets, MEMORY).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn records_of_several_programs_are_asked_in_one_bucket() {
    let storage = Storage::start();
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (open(one.path()), open(other.path()));
    record(&first, 0..30);
    first.roll().unwrap();
    record(&first, 30..40);
    record(&second, 100..120);
    second.roll().unwrap();
    let (at_first, at_second) = (storage.bucket("all/one"), storage.bucket("all/other"));
    let sent = at_first.keep(one.path()).await.unwrap();
    assert_eq!((sent.there, sent.sent >= 3), (0, true), "{sent:?}");
    at_second.keep(other.path()).await.unwrap();

    // The bucket's tables are those of the folders, all of them or one, also beside a folder.
    let here = ask(&database(&[one.path(), other.path()]), ALL).await;
    assert_eq!(here[0]["rows"], 60);
    let everything = stored(&[storage.bucket("all")], &[]).await;
    assert!(everything.problems().is_empty(), "{:?}", everything.problems());
    assert_eq!(everything.tables()[0].live_rows, 10);
    assert_eq!(ask(&everything, ALL).await, here);
    assert_eq!(
        ask(&stored(&[at_first.clone(), at_second], &[]).await, ALL).await,
        here
    );
    assert_eq!(
        ask(
            &stored(std::slice::from_ref(&at_first), &[other.path()]).await,
            ALL
        )
        .await,
        here
    );

    // Nothing is sent twice; lines that became Parquet do not count twice.
    let again = at_first.keep(one.path()).await.unwrap();
    assert_eq!((again.sent, again.bytes, again.there), (0, 0, sent.sent));
    record(&first, 40..45);
    first.roll().unwrap();
    let later = at_first.keep(one.path()).await.unwrap();
    assert!(later.sent > 0 && later.there > 0, "{later:?}");
    let here = ask(&database(&[one.path(), other.path()]), ALL).await;
    assert_eq!(here[0]["rows"], 65);
    assert_eq!(ask(&stored(&[storage.bucket("all")], &[]).await, ALL).await, here);

    // Python reads the same, by the same names.
    let told = storage.read_by_python("all/one/questions");
    let ours = ask(&database(&[one.path()]), ALL).await;
    assert_eq!(
        (&told["rows"], &told["numbers"]),
        (&ours[0]["rows"], &ours[0]["numbers"])
    );
    let keys = told["keys"].as_array().unwrap();
    assert!(
        keys.contains(&json!("all/one/questions/version=1/columns.json")),
        "{keys:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn what_is_damaged_in_a_bucket_is_named_and_the_rest_is_read() {
    let storage = Storage::start();
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    record(&log, 0..30);
    log.roll().unwrap();
    let bucket = storage.bucket("");
    bucket.keep(folder.path()).await.unwrap();
    let whole = ask(&database(&[folder.path()]), ALL).await;

    // Of one day the file is cut, of a later version the columns are missing, and strangers lie beside.
    let spoiled = tempfile::tempdir().unwrap();
    let table = spoiled.path().join("questions");
    for (place, content) in [
        (
            "version=1/date=2026-12-24/00000000000000000500-00000000000000000501.parquet",
            "PAR1 was cut",
        ),
        ("version=9/date=2026-12-24/00000000000000000000.jsonl", "{}\n"),
        (
            "version=1/date=2026-12-25/00000000000000000600.jsonl",
            "no event\n",
        ),
        ("version=1/date=2026-12-26/00000000000000000700.jsonl", ""),
        ("notes.txt", "by hand"),
    ] {
        let place = table.join(place);
        fs_err::create_dir_all(place.parent().unwrap()).unwrap();
        fs_err::write(&place, content).unwrap();
    }
    storage.bucket("").keep(spoiled.path()).await.unwrap();
    let database = stored(&[storage.bucket("")], &[]).await;
    let problems: Vec<String> = database.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 3, "{problems:#?}");
    for place in ["500-00000000000000000501.parquet", "version=9", "600.jsonl"] {
        assert!(
            problems
                .iter()
                .any(|problem| problem.starts_with("s3://subnet/questions/") && problem.contains(place)),
            "{place}: {problems:#?}"
        );
    }
    assert_eq!(ask(&database, ALL).await, whole);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn a_store_that_refuses_is_told_in_short() {
    let storage = Storage::start();
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    record(&log, 0..5);
    let none = Bucket::open("s3://nobodys/records", storage.options()).unwrap();
    for error in [
        none.keep(folder.path()).await.unwrap_err().to_string(),
        match Database::open_with(&[], &[none], MEMORY).await.unwrap_err() {
            SqlError::Objects(error) => error.to_string(),
            other => panic!("{other}"),
        },
    ] {
        assert!(
            error.contains("s3://nobodys/records") && error.contains("NoSuchBucket"),
            "{error}"
        );
        assert!(error.len() < 500, "{error}");
    }
    // An empty place is no failure: nobody has recorded anything there yet.
    assert_eq!(stored(&[storage.bucket("nothing")], &[]).await.tables().len(), 0);
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(
        storage.bucket("x").keep(nothing.path()).await.unwrap(),
        Stored::default()
    );
}

#[test]
fn an_address_that_is_none_is_refused_without_its_secret() {
    let nobody = Bucket::open("s3://subnet/records", [("PATH".to_owned(), "/bin".to_owned())]).unwrap_err();
    assert!(matches!(nobody, ObjectsError::NoKeys { .. }), "{nobody}");
    for (address, wanted) in [
        ("s3://", "s3:// is not"),
        ("https://subnet/records", "s3://bucket/prefix"),
        ("s3://AKIA:hunter2@subnet/records", "AWS_ACCESS_KEY_ID"),
    ] {
        let error = Bucket::open(address, []).unwrap_err();
        assert!(matches!(error, ObjectsError::Address { .. }), "{error:?}");
        let told = format!("{error} {error:?}");
        assert!(told.contains(wanted), "{told}");
        assert!(!told.contains("hunter2") && !told.contains("AKIA"), "{told}");
    }
}
