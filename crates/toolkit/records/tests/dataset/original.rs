//! The original validators' files: all versions of their events, and numbers that are no JSON.

use super::{Bench, owned, pairs};
use arrow_array::{Float64Array, RecordBatch, StringArray};
use assay_records::dataset::{Blacklist, BuildPlan, Dedup, Details, Format, Kind, Source, Take, build};
use parquet::arrow::ArrowWriter;
use serde_json::json;
use std::{collections::BTreeSet, path::PathBuf, sync::Arc};
use time::macros::datetime;

/// The three events of the first version that the original collector's behaviour was written down with.
const FIRST_VERSION: [&str; 3] = [
    r#"{"_timestamp": 1.0, "base_prompt": "B1", "best_followup": "F1", "followup_rewards": [0.6, NaN], "answer_prompt": "P1", "best_answer": "A1", "answer_rewards": [0.5, 0.0]}"#,
    r#"{"_timestamp": 2.0, "base_prompt": "B2", "best_followup": "[]", "followup_rewards": [0.2], "answer_prompt": "P2", "best_answer": "A2", "answer_rewards": 0.7}"#,
    r#"{"_timestamp": 3.0, "base_prompt": "B1", "best_followup": "F3", "followup_rewards": [0.1, 0.4], "answer_prompt": "P3", "best_answer": "This is a complex issue that has many aspects to consider.", "answer_rewards": [1.0]}"#,
];

fn file(bench: &Bench, lines: &[&str]) -> PathBuf {
    let path = bench.folder.path().join("completions.log");
    fs_err::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

/// As the original collector is called without options.
fn as_the_collector(path: PathBuf) -> BuildPlan {
    let mut plan = BuildPlan::new([Source::Log(path)]);
    plan.take = Take::Named;
    plan.dedup = Dedup::None;
    plan.blacklist =
        Blacklist::from_iter(["This is a complex issue that has many aspects to consider.", "[]"]);
    plan
}

#[test]
fn the_first_versions_events_become_what_the_original_collector_made_for_openai() {
    let bench = Bench::new();
    let mut lines = FIRST_VERSION.to_vec();
    lines.push(
        r#"{"base_prompt": "ä😀", "best_followup": "\"\u0007\\", "answer_prompt": "", "best_answer": "-"}"#,
    );
    let mut plan = as_the_collector(file(&bench, &lines));
    plan.format = Format::OpenAi;
    build(&plan, &bench.dataset()).unwrap();
    let written = fs_err::read_to_string(bench.dataset().join("data/train-00000-of-00001.jsonl")).unwrap();
    assert_eq!(
        written,
        "{\"prompt\": \"B1\", \"completion\": \"F1\"}\n\
         {\"prompt\": \"P1\", \"completion\": \"A1\"}\n\
         {\"prompt\": \"P2\", \"completion\": \"A2\"}\n\
         {\"prompt\": \"B1\", \"completion\": \"F3\"}\n\
         {\"prompt\": \"\\u00e4\\ud83d\\ude00\", \"completion\": \"\\\"\\u0007\\\\\"}"
    );
}

#[test]
fn a_question_has_its_own_reward_and_not_the_answers() {
    let bench = Bench::new();
    let mut plan = as_the_collector(file(&bench, &FIRST_VERSION));
    plan.format = Format::Prompt;
    plan.details = Details::Score;
    plan.dedup = Dedup::Exact;
    plan.best_per_prompt = true;
    let (_, rows) = bench.rows(&plan);
    assert_eq!(
        rows,
        [
            json!({ "prompt": "B1", "completion": "F1", "score": 0.6 }),
            json!({ "prompt": "P1", "completion": "A1", "score": 0.5 }),
            json!({ "prompt": "P2", "completion": "A2", "score": 0.7 }),
        ]
    );
    plan.since = Some(datetime!(1970-01-01 00:00:02 UTC));
    plan.kinds = BTreeSet::from([Kind::Question]);
    assert_eq!(pairs(&bench.rows(&plan).1), owned(&[("B1", "F3")]));
}

#[test]
fn later_versions_lines_are_read_as_their_logger_wrote_them() {
    let bench = Bench::new();
    let logged = |event: &str, time: f64| {
        format!(
            r#"{{"text": "2023-08-11 at 12:00:00 | EVENTS | events\n", "record": {{"elapsed": {{"repr": "0:00:01", "seconds": 1.0}}, "exception": null, "extra": {event}, "level": {{"icon": "📝", "name": "EVENTS", "no": 38}}, "message": "events", "time": {{"repr": "", "timestamp": {time}}}}}}}"#
        )
    };
    let second = logged(
        r#"{"completions": ["low", "high", ""], "completion_times": [1.5, 2.0, 12.0], "name": "followup0", "block": 1, "gating_loss": NaN, "uids": [1, 2, 3], "prompt": "Ask.", "best": "high", "rewards": [0.25, 0.75, NaN], "set_weights": null, "rlhf_reward_model": [0.1, Infinity, NaN], "nsfw_filter": [1.0, 1.0, -Infinity]}"#,
        1_691_755_200.5,
    );
    let third = logged(
        r#"{"completions": ["It is."], "completion_status_codes": ["200"], "task_type": "question-answer", "name": "answer0", "prompt": "Is it?", "best": "It is.", "rewards": [0.5], "blacklist_filter_matched_ngram": [null]}"#,
        1_691_755_260.0,
    );
    let weights = r#"{"step": 10, "block": 7, "neuron_weights": [0.1, NaN], "neuron_hotkeys": ["5F", "5G"]}"#;
    let mut plan = BuildPlan::new([Source::Log(file(&bench, &[&second, weights, &third]))]);
    plan.format = Format::Prompt;
    plan.details = Details::Full;
    let (report, rows) = bench.rows(&plan);
    assert_eq!(report.faults, 0, "{report:?}");
    assert_eq!((report.counts.events, report.counts.other_lines), (2, 1));
    assert_eq!(
        (
            &rows[0]["completion"],
            &rows[0]["score"],
            &rows[0]["kind"],
            &rows[0]["time"]
        ),
        (
            &json!("high"),
            &json!(0.75),
            &json!("question"),
            &json!("2023-08-11T12:00:00.5Z")
        )
    );
    assert_eq!(
        (&rows[1]["completion"], &rows[1]["kind"]),
        (&json!("It is."), &json!("answer"))
    );
}

#[test]
fn the_published_tables_of_the_first_version_are_read() {
    let bench = Bench::new();
    let path = bench.folder.path().join("run.parquet");
    let text = |texts: [&str; 2]| Arc::new(StringArray::from_iter_values(texts)) as _;
    let batch = RecordBatch::try_from_iter([
        ("_timestamp", Arc::new(Float64Array::from(vec![5.0, 6.0])) as _),
        ("base_prompt", text(["B1", "B2"])),
        ("best_followup", text(["F1", ""])),
        ("answer_prompt", text(["P1", "P2"])),
        ("best_answer", text(["A1", "A2"])),
    ])
    .unwrap();
    let mut writer = ArrowWriter::try_new(
        fs_err::File::create(&path).unwrap().into_file(),
        batch.schema(),
        None,
    )
    .unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let (report, rows) = bench.rows(&BuildPlan::new([Source::Frame(path.clone())]));
    assert_eq!(pairs(&rows), owned(&[("B1", "F1"), ("P1", "A1"), ("P2", "A2")]));
    assert_eq!(report.counts.events, 4);

    fs_err::write(&path, "no table").unwrap();
    let log = file(&bench, &FIRST_VERSION);
    let (report, rows) = bench.rows(&BuildPlan::new([Source::Frame(path.clone()), Source::Log(log)]));
    assert_eq!(rows.len(), 6, "the other source is read");
    assert_eq!((report.faults, &report.named_faults[0].file), (1, &path));
}
