//! The folder that is made: its splits, files and card, and how it takes its place.

use super::{Bench, lines, pairs, step};
use assay_records::dataset::{BuildError, Details, Existing, FileKind, Format, Splits, build};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

fn many(count: usize) -> Bench {
    Bench::with((0..count).map(|number| {
        step(
            "answer0",
            &format!("Question {}?", number % (count / 2)),
            &[
                (&format!("Answer {number}, at some length."), Some(number as f64)),
                ("None.", Some(-1.0)),
            ],
        )
    }))
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = walk(folder);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            (name, fs_err::read(path).unwrap())
        })
        .collect()
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .collect()
}

#[test]
fn no_prompt_is_in_two_splits_and_the_same_events_make_the_same_files() {
    let bench = many(400);
    let mut plan = bench.plan();
    plan.splits = Splits::new([("train", 0.6), ("validation", 0.2), ("test", 0.2)]).unwrap();
    plan.shard_bytes = 10_000;
    let report = build(&plan, &bench.dataset()).unwrap();
    assert_eq!(report.rows(), 400);
    let mut seen = BTreeSet::new();
    for split in &report.splits {
        let only = assay_records::dataset::Report {
            splits: vec![split.clone()],
            ..report.clone()
        };
        let prompts: BTreeSet<String> = pairs(&lines(&bench.dataset(), &only))
            .into_iter()
            .map(|(prompt, _)| prompt)
            .collect();
        assert!(
            !prompts.is_empty() && prompts.is_disjoint(&seen),
            "{}",
            split.name
        );
        seen.extend(prompts);
    }
    assert_eq!(seen.len(), 200);
    let train = &report.splits[0].files;
    assert!(train.len() > 1);
    assert_eq!(
        train[0].path,
        format!("data/train-00000-of-{:05}.jsonl", train.len())
    );

    let again = bench.folder.path().join("again");
    bench.log().roll().unwrap();
    build(&plan, &again).unwrap();
    assert_eq!(contents(&again), contents(&bench.dataset()));
    assert_eq!(
        contents(&again).len(),
        1 + report.splits.iter().map(|split| split.files.len()).sum::<usize>()
    );
}

#[test]
fn a_split_that_no_prompt_falls_into_is_told_and_not_offered_to_loaders() {
    let bench = many(4);
    let mut plan = bench.plan();
    plan.splits = Splits::new([("train", 0.999), ("test", 0.001)]).unwrap();
    let report = build(&plan, &bench.dataset()).unwrap();
    let told: Vec<_> = report
        .splits
        .iter()
        .map(|split| (&*split.name, split.rows, split.files.len()))
        .collect();
    assert_eq!(told, [("train", 4, 1), ("test", 0, 0)]);
    let card = fs_err::read_to_string(bench.dataset().join("README.md")).unwrap();
    assert!(
        card.contains("| test | 0 | 0 | 0 |") && !card.contains("split: test"),
        "{card}"
    );
}

#[test]
fn the_card_tells_hubs_and_people_what_it_is() {
    let bench = many(40);
    let mut plan = bench.plan();
    plan.title = "Gold: \"questions\"".to_owned();
    plan.licence = "cc-by-4.0".to_owned();
    plan.min_reward = Some(1.0);
    plan.format = Format::Preference { margin: 0.25 };
    build(&plan, &bench.dataset()).unwrap();
    let card = fs_err::read_to_string(bench.dataset().join("README.md")).unwrap();
    for told in [
        "license: \"cc-by-4.0\"\n",
        "pretty_name: \"Gold: \\\"questions\\\"\"\n",
        "size_categories:\n- n<1K\n",
        "configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n---\n",
        "# Gold: \"questions\"\n",
        "| train | 39 | 1 |",
        "| `rejected` |",
        "| left out: answers below the least reward | 2 |",
        "- event log `records`",
        "Their rewards differ by at least 0.25.",
        "A reward of at least 1.",
        "from 2026-11-29T12:01:00Z to 2026-11-29T12:39:00Z",
    ] {
        assert!(card.contains(told), "{told} is not in {card}");
    }
    let home = bench.folder.path().display().to_string();
    assert!(!card.contains(&home), "where it was made is nobody's business");
}

#[test]
fn parquet_holds_the_rows_that_lines_hold() {
    let bench = many(3000);
    for format in [
        Format::Chat,
        Format::Competition,
        Format::Prompt,
        Format::Preference { margin: 0.0 },
    ] {
        let mut plan = bench.plan();
        plan.format = format;
        plan.details = Details::Full;
        let (_, rows) = bench.rows(&plan);
        plan.file = FileKind::Parquet;
        plan.existing = Existing::Replace;
        let report = build(&plan, &bench.dataset()).unwrap();
        let path = bench.dataset().join(&report.splits[0].files[0].path);
        assert!(path.ends_with("data/train-00000-of-00001.parquet"));
        let file = fs_err::File::open(path).unwrap().into_file();
        let mut json = arrow_json::WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, arrow_json::writer::LineDelimited>(Vec::new());
        for batch in ParquetRecordBatchReaderBuilder::try_new(file)
            .unwrap()
            .build()
            .unwrap()
        {
            json.write(&batch.unwrap()).unwrap();
        }
        json.finish().unwrap();
        let written = String::from_utf8(json.into_inner()).unwrap();
        let written: Vec<serde_json::Value> = written
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(written, rows);
    }
}

#[test]
fn what_is_there_is_replaced_only_when_asked_and_when_it_is_a_dataset() {
    let bench = many(10);
    let mut plan = bench.plan();
    build(&plan, &bench.dataset()).unwrap();
    let before = contents(&bench.dataset());
    plan.min_reward = Some(5.0);
    assert!(matches!(
        build(&plan, &bench.dataset()),
        Err(BuildError::Exists { .. })
    ));
    assert_eq!(contents(&bench.dataset()), before);
    plan.existing = Existing::Replace;
    plan.min_reward = Some(1e9);
    assert!(matches!(
        build(&plan, &bench.dataset()),
        Err(BuildError::Nothing { .. })
    ));
    assert_eq!(contents(&bench.dataset()), before, "a failure leaves the old one");
    plan.min_reward = Some(5.0);
    assert_eq!(build(&plan, &bench.dataset()).unwrap().rows(), 5);
    assert_eq!(
        lines(&bench.dataset(), &build(&plan, &bench.dataset()).unwrap()).len(),
        5
    );

    let foreign = bench.folder.path().join("photos");
    fs_err::create_dir_all(foreign.join("data")).unwrap();
    assert!(matches!(
        build(&plan, &foreign),
        Err(BuildError::NoDataset { .. })
    ));
    let left: Vec<_> = fs_err::read_dir(bench.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().ends_with(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_a_kill_left_beside_is_put_right_by_the_next_build() {
    let bench = many(10);
    let plan = bench.plan();
    build(&plan, &bench.dataset()).unwrap();
    let before = contents(&bench.dataset());
    // As a kill between the two steps of a replacement leaves it.
    let beside = bench.folder.path().join(".dataset.part");
    fs_err::create_dir_all(beside.join("dataset/data")).unwrap();
    fs_err::write(beside.join("dataset/data/half.part"), "half").unwrap();
    fs_err::rename(bench.dataset(), beside.join("old")).unwrap();
    assert!(matches!(
        build(&plan, &bench.dataset()),
        Err(BuildError::Exists { .. })
    ));
    assert_eq!(contents(&bench.dataset()), before);
    assert!(!beside.exists());
}
