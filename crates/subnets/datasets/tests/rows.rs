//! Rows: identity, rendering and tokens against the original, and the limits that the original lacks.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

use assay_datasets::{
    rows::{
        Dataset, DatasetFault, DatasetLimits, MarksInContent, Row, RowEncoder, RowFault, Speaker, SystemText,
        Template, canonical_text, fingerprint,
    },
    scoring::RowSet,
};
use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/flock")
}

fn cases(key: &str) -> Value {
    let text = fs_err::read_to_string(vectors().join("cases.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all[key].clone()
}

fn encoder(marks: MarksInContent, context: usize) -> RowEncoder {
    RowEncoder::open(&vectors().join("base"), Template::Qwen, marks, context).unwrap()
}

fn read(text: &str) -> Result<Dataset, DatasetFault> {
    let limits = DatasetLimits {
        bytes: 4000,
        line_bytes: 1000,
        rows: 4,
        tokens: 100,
    };
    let encoder = encoder(MarksInContent::Text, 96);
    Dataset::read(
        Cursor::new(text.to_owned()),
        &encoder,
        SystemText::Optional,
        &limits,
    )
    .unwrap()
}

const ROW: &str =
    r#"{"system":"S","conversations":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"}]}"#;

#[test]
fn canonical_text_is_python_s() {
    for case in cases("canonical_json").as_array().unwrap() {
        assert_eq!(
            canonical_text(&case["value"]),
            case["canonical"].as_str().unwrap()
        );
    }
}

#[test]
fn rows_are_the_same_exactly_when_the_original_counts_them_as_the_same() {
    let set = |rows: &Value| RowSet::new(rows.as_array().unwrap().iter().map(fingerprint).collect());
    for case in cases("dedup").as_array().unwrap() {
        let shared = set(&case["a"]).shared_with(&set(&case["b"]));
        assert_eq!(
            shared as u64,
            case["count_similar"].as_u64().unwrap(),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn rows_render_and_count_as_in_the_original() {
    let exact = encoder(MarksInContent::Interpreted, 2048);
    let ours = encoder(MarksInContent::Text, 2048);
    let mut rendered = 0;
    for (name, case) in cases("flock_row_rendering").as_object().unwrap() {
        let row = Row::parse(case["row"].as_str().unwrap().as_bytes(), SystemText::Required);
        let Ok(row) = row else {
            // Rows without an answer are no error in the original; there they make every loss undefined.
            let silent = case.get("n_target").is_some_and(|n| n.as_u64() == Some(0));
            assert!(case.get("error").is_some() || silent, "{name}: {row:?}");
            continue;
        };
        assert_eq!(exact.rendered(&row), case["rendered"].as_str().unwrap(), "{name}");
        assert_eq!(
            exact.rendered_targets(&row),
            case["target"].as_str().unwrap(),
            "{name}"
        );
        let example = exact.encode(&row).unwrap().unwrap();
        assert_eq!(
            example.input_ids.len() as u64,
            case["n_tokens"].as_u64().unwrap(),
            "{name}"
        );
        assert_eq!(
            example.target_count() as u64,
            case["n_target"].as_u64().unwrap(),
            "{name}"
        );
        // Without control tokens inside, the two ways of encoding agree to the token.
        assert_eq!(
            ours.encode(&row).unwrap().unwrap() == example,
            name != "special_in_content",
            "{name}"
        );
        rendered += 1;
    }
    assert_eq!(rendered, 6);
}

#[test]
fn tokens_and_targets_are_those_of_the_original() {
    let encoded: Value =
        serde_json::from_str(&fs_err::read_to_string(vectors().join("data/encoded.json")).unwrap()).unwrap();
    for marks in [MarksInContent::Interpreted, MarksInContent::Text] {
        let encoder = encoder(marks, 96);
        for (part, file, count) in [("train", "data/train.jsonl", 12), ("eval", "data/eval.jsonl", 5)] {
            let text = fs_err::read_to_string(vectors().join(file)).unwrap();
            let limits = DatasetLimits::default();
            let data = Dataset::read(Cursor::new(text), &encoder, SystemText::Required, &limits)
                .unwrap()
                .unwrap();
            assert_eq!(data.examples.len(), count);
            for (example, expected) in data.examples.iter().zip(encoded[part].as_array().unwrap()) {
                let ids: Vec<u64> = example.input_ids.iter().map(|id| u64::from(*id)).collect();
                let mask: Vec<u64> = example
                    .target_mask
                    .iter()
                    .map(|target| u64::from(*target))
                    .collect();
                let list = |key: &str| -> Vec<u64> {
                    expected[key]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|x| x.as_u64().unwrap())
                        .collect()
                };
                assert_eq!(ids, list("input_ids"), "{part}");
                assert_eq!(mask, list("target_mask"), "{part}");
            }
        }
    }
}

#[test]
fn control_tokens_inside_a_row_stay_text() {
    let text = ROW.replace("Hi", "a<|im_end|>\\n<|im_start|>assistant\\nYo");
    let row = Row::parse(text.as_bytes(), SystemText::Optional).unwrap();
    let marks_in = |marks| {
        let example = encoder(marks, 2048).encode(&row).unwrap().unwrap();
        // The template's own: three turns of one start and one end each.
        example.input_ids.iter().filter(|id| **id >= 510).count()
    };
    assert_eq!(marks_in(MarksInContent::Text), 6);
    assert_eq!(marks_in(MarksInContent::Interpreted), 8);
}

#[test]
fn a_missing_system_text_is_the_template_s_unless_strict() {
    for row in [ROW.replace(r#""system":"S","#, ""), ROW.replace(r#""S""#, "null")] {
        let parsed = Row::parse(row.as_bytes(), SystemText::Optional).unwrap();
        let rendered = encoder(MarksInContent::Text, 96).rendered(&parsed);
        assert!(rendered.starts_with("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"));
        assert_eq!(
            Row::parse(row.as_bytes(), SystemText::Required),
            Err(RowFault::SystemMissing)
        );
    }
}

#[test]
fn every_way_to_break_a_row_has_its_name() {
    for (row, fault) in [
        ("nope", RowFault::NotJson { column: 2 }),
        ("[]", RowFault::NotAnObject),
        (r#"{"system": 3}"#, RowFault::SystemNotText),
        ("{}", RowFault::ConversationsMissing),
        (r#"{"conversations": {}}"#, RowFault::ConversationsNotAList),
        (r#"{"conversations": []}"#, RowFault::NoAnswer),
        (
            r#"{"conversations": [{"role": "user", "content": "Hi"}]}"#,
            RowFault::NoAnswer,
        ),
        (
            r#"{"conversations": [1, 2]}"#,
            RowFault::TurnMalformed { turn: 0 },
        ),
        (
            &ROW.replace("user", "system"),
            RowFault::RoleOrder {
                turn: 0,
                expected: Speaker::User,
            },
        ),
        (
            &ROW.replace("assistant", "user"),
            RowFault::RoleOrder {
                turn: 1,
                expected: Speaker::Assistant,
            },
        ),
        (
            &ROW.replace("\"Yo\"", "null"),
            RowFault::ContentNotText { turn: 1 },
        ),
        (&ROW.replace("Yo", r"\ud800"), RowFault::NotJson { column: 100 }),
        (
            &format!("{}1{}", "[".repeat(5000), "]".repeat(5000)),
            RowFault::NotJson { column: 128 },
        ),
    ] {
        assert_eq!(
            Row::parse(row.as_bytes(), SystemText::Optional),
            Err(fault),
            "{row:.80}"
        );
    }
    assert_eq!(Row::parse(b"\xff", SystemText::Optional), Err(RowFault::NotUtf8));
}

#[test]
fn a_row_whose_answer_lies_beyond_the_cut_is_refused() {
    let long = ROW.replace("Hi", &"word ".repeat(90));
    assert_eq!(
        read(&format!("{ROW}\n{long}\n")),
        Err(DatasetFault::Row {
            line: 2,
            fault: RowFault::AnswerBeyondContext { context: 96 }
        })
    );
}

#[test]
fn blank_lines_count_for_nothing_and_the_last_line_needs_no_end() {
    let data = read(&format!("\n \t\n{ROW}\r\n\n{ROW}")).unwrap();
    assert_eq!((data.examples.len(), data.row_set.len()), (2, 1));
    assert_eq!(
        read(&format!("\n{ROW}\n\nnope")),
        Err(DatasetFault::Row {
            line: 4,
            fault: RowFault::NotJson { column: 2 }
        })
    );
}

#[test]
fn limits_hold_before_anything_large_is_in_memory() {
    assert_eq!(read(""), Err(DatasetFault::Empty));
    assert_eq!(read("\n\n"), Err(DatasetFault::Empty));
    assert_eq!(
        read(&format!("{ROW}\n").repeat(5)),
        Err(DatasetFault::TooManyRows { limit: 4 })
    );
    assert_eq!(
        read(&"x".repeat(1001)),
        Err(DatasetFault::LineTooLong { line: 1, limit: 1000 })
    );
    assert_eq!(
        read(&format!("{}\n", " ".repeat(999)).repeat(5)),
        Err(DatasetFault::TooManyBytes { limit: 4000 })
    );
    let wordy = ROW.replace("Yo", &"yes ".repeat(20));
    assert_eq!(
        read(&format!("{wordy}\n").repeat(3)),
        Err(DatasetFault::TooManyTokens { limit: 100 })
    );

    // A line that never ends is cut off after a thousand bytes, however long the sender keeps sending.
    let endless = std::io::BufReader::new(std::io::repeat(b'x'));
    let limits = DatasetLimits {
        line_bytes: 1000,
        ..DatasetLimits::default()
    };
    let verdict = Dataset::read(
        endless,
        &encoder(MarksInContent::Text, 96),
        SystemText::Optional,
        &limits,
    )
    .unwrap();
    assert_eq!(verdict, Err(DatasetFault::LineTooLong { line: 1, limit: 1000 }));
}

#[test]
fn the_digest_knows_order_and_the_row_set_does_not() {
    let other = ROW.replace("Hi", "Ho");
    let (a, b) = (
        read(&format!("{ROW}\n{other}")).unwrap(),
        read(&format!("{other}\n{ROW}")).unwrap(),
    );
    assert_ne!(a.digest, b.digest);
    assert_eq!(a.row_set, b.row_set);
    // Another way of writing the same row is the same row.
    let spaced = ROW.replace(':', " : ");
    assert_eq!(read(&spaced).unwrap().digest, read(ROW).unwrap().digest);
}
