//! The tables as others read them.

use super::{ask, database, open, record};
use assay_peers::Python;
use serde_json::json;

#[tokio::test]
#[ignore = "needs pyarrow, pandas, DuckDB and Polars: cargo xtask test"]
async fn python_reads_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    for start in [0, 20, 40] {
        record(&log, start..start + 20);
        log.roll().unwrap();
    }
    let ours = ask(
        &database(&[folder.path()]),
        "SELECT count(*) AS rows, sum(number) AS numbers, sum(score) AS scores, sum(array_length(answers)) AS answers FROM questions",
    )
    .await;
    let told = Python::venv("columnar")
        .script("conformance/columnar/read_table.py")
        .arg(folder.path().join("questions"))
        .run();
    assert_eq!(told.len(), 4);
    for theirs in told {
        for figure in ["rows", "numbers", "scores", "answers"] {
            let (theirs, ours) = (&theirs[figure], &ours[0][figure]);
            assert_eq!(theirs.as_f64(), ours.as_f64(), "{figure}: {theirs} {ours}");
        }
        assert_eq!(theirs["first"], json!("2026-11-29T12:00:00+00:00"));
        assert_eq!(theirs["last"], json!("2026-12-01T23:00:00+00:00"));
    }
}
