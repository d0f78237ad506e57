//! How answers are written.

use super::{database, open, record};
use assay_records::sql::{Format, Written, write};

async fn written(sql: &str, format: Format) -> (Vec<u8>, Written) {
    let folder = tempfile::tempdir().unwrap();
    record(&open(folder.path()), 0..5);
    let database = database(&[folder.path()]);
    let mut bytes = Vec::new();
    let told = write(database.query(sql).await.unwrap(), format, &mut bytes)
        .await
        .unwrap();
    (bytes, told)
}

const SQL: &str = "SELECT number, score, answers FROM questions ORDER BY number";

#[tokio::test]
async fn a_table_says_when_it_is_cut() {
    let (table, told) = written(SQL, Format::Table { rows: 2 }).await;
    let table = String::from_utf8(table).unwrap();
    assert_eq!(
        table,
        "+--------+-------+---------------+\n\
         | number | score | answers       |\n\
         +--------+-------+---------------+\n\
         | 0      |       | []            |\n\
         | 1      | 0.125 | [\"0\", said 1] |\n\
         +--------+-------+---------------+\n"
    );
    assert_eq!(told, Written { rows: 2, cut: true });
    let (_, told) = written(SQL, Format::Table { rows: 5 }).await;
    assert_eq!(told, Written { rows: 5, cut: false });
}

#[tokio::test]
async fn csv_has_a_head_and_lists_as_json() {
    let (csv, _) = written(SQL, Format::Csv).await;
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.lines().next().unwrap(), "number,score,answers");
    assert_eq!(
        csv.lines().nth(3).unwrap(),
        "2,0.25,\"[\"\"\\\"\"0\\\"\", said 2\"\",\"\"\\\"\"1\\\"\", said 2\"\"]\""
    );
    let (csv, told) = written("SELECT number FROM questions WHERE false", Format::Csv).await;
    assert_eq!((csv.as_slice(), told.rows), (&b"number\n"[..], 0));
}

#[tokio::test]
async fn lines_of_json_are_one_row_each() {
    let (lines, told) = written("SELECT number FROM questions ORDER BY number", Format::JsonLines).await;
    assert_eq!(
        String::from_utf8(lines).unwrap(),
        "{\"number\":0}\n{\"number\":1}\n{\"number\":2}\n{\"number\":3}\n{\"number\":4}\n"
    );
    assert_eq!(told.rows, 5);
    let (none, _) = written("SELECT number FROM questions WHERE false", Format::Json).await;
    assert_eq!(none, b"[]\n");
}

#[tokio::test]
async fn parquet_reads_back() {
    let (bytes, _) = written(SQL, Format::Parquet).await;
    assert_eq!(
        (&bytes[..4], &bytes[bytes.len() - 4..]),
        (&b"PAR1"[..], &b"PAR1"[..])
    );
}
