//! The demonstration's files are what the generator makes, and are what they are said to be.

use std::collections::BTreeSet;

use assay_datasets::demo;

fn rows(name: &str) -> Vec<String> {
    let file = demo::files().into_iter().find(|file| file.name == name).unwrap();
    file.content.lines().map(str::to_owned).collect()
}

#[test]
fn the_shipped_files_are_the_generator_s() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../assets/demo");
    for file in demo::files() {
        let shipped = fs_err::read_to_string(format!("{folder}/{}", file.name)).unwrap();
        assert!(
            shipped == file.content,
            "{}: run the example write_demo",
            file.name
        );
    }
}

#[test]
fn held_out_rows_are_in_no_dataset() {
    let distinct = |name| rows(name).into_iter().collect::<BTreeSet<_>>();
    let (clean, eval) = (distinct("clean.jsonl"), distinct("eval.jsonl"));
    assert_eq!((clean.len(), eval.len()), (96, 32));
    assert!(clean.is_disjoint(&eval));
    assert!(distinct("tiny.jsonl").is_subset(&clean));
    assert!(clean.is_disjoint(&distinct("noisy.jsonl")));
}
