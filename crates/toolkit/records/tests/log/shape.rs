//! Types and their columns.

use arrow_schema::{DataType, TimeUnit};
use assay_records::{Columns, Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One of each.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Everything {
    /// A number
    /// on two lines.
    zeta: u16,
    block: u64,
    loss: Option<f32>,
    rewards: Vec<Option<f64>>,
    pairs: Vec<Vec<i64>>,
    outcome: Outcome,
    maybe: Option<Outcome>,
    parts: Vec<Part>,
    done: bool,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It did.
    Answered,
    NotAsked,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Part {
    name: String,
    score: f64,
}

impl Stream for Everything {
    const NAME: &'static str = "everything";
    const VERSION: u32 = 3;
}

#[test]
fn fields_become_columns_in_their_order() {
    let columns = Columns::of::<Everything>().unwrap();
    assert_eq!(columns.description, "One of each.");
    let list = |item| DataType::new_list(item, true);
    let told: Vec<(&str, DataType)> = columns
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.data_type.clone()))
        .collect();
    let part = DataType::Struct(
        [("name", DataType::Utf8), ("score", DataType::Float64)]
            .map(|(name, kind)| arrow_schema::Field::new(name, kind, true))
            .into_iter()
            .collect(),
    );
    assert_eq!(
        told,
        [
            ("seq", DataType::UInt64),
            (
                "time",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            ),
            ("source", DataType::Utf8),
            ("zeta", DataType::UInt16),
            ("block", DataType::UInt64),
            ("loss", DataType::Float32),
            ("rewards", list(DataType::Float64)),
            ("pairs", list(list(DataType::Int64))),
            ("outcome", DataType::Utf8),
            ("maybe", DataType::Utf8),
            ("parts", list(part)),
            ("done", DataType::Boolean),
        ]
    );
    assert_eq!(columns.columns[3].description, "A number on two lines.");
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Mapped {
    by_name: BTreeMap<String, f64>,
}

impl Stream for Mapped {
    const NAME: &'static str = "mapped";
    const VERSION: u32 = 1;
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Timed {
    time: u64,
}

impl Stream for Timed {
    const NAME: &'static str = "timed";
    const VERSION: u32 = 1;
}

#[test]
fn what_no_column_can_hold_is_named() {
    let refused = Columns::of::<Mapped>().unwrap_err().to_string();
    assert_eq!(refused, "the field by_name of mapped has no column: it is a map");
    let refused = Columns::of::<Timed>().unwrap_err().to_string();
    assert!(refused.contains("time of timed"), "{refused}");
}

#[test]
fn every_stream_of_ours_has_columns_that_are_documented() {
    for columns in assay_records::streams::all().unwrap() {
        assert!(!columns.description.is_empty(), "{}", columns.stream);
        for column in &columns.columns {
            assert!(
                !column.description.is_empty(),
                "{}.{}",
                columns.stream,
                column.name
            );
        }
    }
    let reference = assay_records::reference().unwrap();
    assert!(reference.contains("| `rewards` | list of (`"), "{reference}");
}
