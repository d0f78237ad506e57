//! Input that is damaged: named, and passed over.

use super::{Bench, NOON, owned, pairs, step};
use assay_records::dataset::{BuildError, BuildPlan, Source, build};
use std::io::Write;
use time::Duration;

fn event(number: u32) -> String {
    format!(
        r#"{{"name": "answer0", "prompt": "Q{number}", "completions": ["A{number}"], "rewards": [{number}.5]}}"#
    )
}

#[test]
fn damaged_lines_are_named_by_file_and_line_and_the_rest_is_read() {
    let bench = Bench::new();
    let path = bench.folder.path().join("completions.log");
    let mut file = fs_err::File::create(&path).unwrap();
    for line in [
        event(1).as_bytes(),
        b"",
        b"Traceback (most recent call last):",
        b"[1, 2]",
        event(2).as_bytes(),
        b"{\"name\": \"answer0\", \"prompt\": \"\xff\", \"completions\": [], \"rewards\": []}",
        b"{\"name\": 7, \"completions\": {}, \"prompt\": [\"x\"]}",
    ] {
        file.write_all(line).unwrap();
        file.write_all(b"\n").unwrap();
    }
    // Longer than any line may be.
    let long = vec![b'x'; 1024 * 1024];
    for _ in 0..33 {
        file.write_all(&long).unwrap();
    }
    file.write_all(b"\n").unwrap();
    file.write_all(event(3).as_bytes()).unwrap();
    file.write_all(b"\n{\"name\": \"answer0\", \"prom").unwrap();
    drop(file);
    let (report, rows) = bench.rows(&BuildPlan::new([Source::Log(path.clone())]));
    assert_eq!(pairs(&rows), owned(&[("Q1", "A1"), ("Q2", "A2"), ("Q3", "A3")]));
    let lines: Vec<u64> = report
        .named_faults
        .iter()
        .filter_map(|fault| fault.line)
        .collect();
    assert_eq!(lines, [3, 4, 6, 8, 10]);
    assert_eq!((report.faults, report.counts.other_lines), (5, 2));
    let told: Vec<String> = report.named_faults.iter().map(ToString::to_string).collect();
    assert!(
        told[1].ends_with("completions.log:4: it is no JSON object"),
        "{told:?}"
    );
    assert!(told[3].contains("longer than"), "{told:?}");
    assert!(told[4].contains("cut off"), "{told:?}");
}

#[test]
fn a_file_with_nothing_but_damage_says_so() {
    let bench = Bench::new();
    let path = bench.folder.path().join("completions.log");
    fs_err::write(&path, "{".repeat(10_000) + "\n\n").unwrap();
    let error = build(&BuildPlan::new([Source::Log(path)]), &bench.dataset()).unwrap_err();
    assert!(matches!(error, BuildError::Nothing { .. }));
    assert!(error.to_string().contains("completions.log:1: "), "{error}");
}

#[test]
fn a_damaged_segment_is_named_and_the_others_are_read() {
    let bench = Bench::with([step("answer0", "Q1", &[("A1", Some(1.0))])]);
    bench.log().roll().unwrap();
    let next_day = NOON + Duration::days(1);
    bench
        .log()
        .record(next_day, &step("answer0", "Q2", &[("A2", Some(1.0))]))
        .unwrap();
    bench.log().flush().unwrap();
    let day = bench.records().join("prompting_steps/version=1/date=2026-11-28");
    fs_err::create_dir_all(&day).unwrap();
    let table = day.join(format!("{:020}-{:020}.parquet", 0, 9));
    fs_err::write(&table, "PAR1 and no more").unwrap();
    let lines = day.join(format!("{:020}.jsonl", 10));
    fs_err::write(&lines, "{\"seq\": 10, \"time\": \"2026-11-28T00:00:00Z\", \"source\": \"s\", \"prompt\": 5, \"completions\": [1]}\nnothing\n").unwrap();
    let newer = bench.records().join("prompting_steps/version=9/date=2026-11-28");
    fs_err::create_dir_all(&newer).unwrap();
    fs_err::write(newer.join(format!("{:020}.jsonl", 0)), "{}\n").unwrap();
    let (report, rows) = bench.rows(&bench.plan());
    assert_eq!(pairs(&rows), owned(&[("Q1", "A1"), ("Q2", "A2")]));
    let told: Vec<String> = report.named_faults.iter().map(ToString::to_string).collect();
    assert_eq!(report.faults, 3, "{told:?}");
    assert!(told[0].contains(".parquet: "), "{told:?}");
    assert!(told[1].contains("lines are no events"), "{told:?}");
    assert!(told[2].contains("version 9"), "{told:?}");
}
