//! `assay yuma run` on files, through the built binary.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../vectors/yuma")
}

fn run(arguments: &[&str], files: &[PathBuf]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(["yuma", "run"])
        .args(arguments)
        .args(files)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A copy of the smallest file with one change.
fn changed(folder: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    let original = fs_err::read(vectors().join("yuma_n4.json")).expect("in the repository");
    let mut document: Value = serde_json::from_slice(&original).expect("json");
    change(&mut document);
    let file = folder.join("changed.json");
    fs_err::write(&file, document.to_string()).expect("written");
    file
}

#[test]
fn every_recorded_epoch_is_reproduced() {
    let names = ["yuma_n4.json", "yuma_n16.json", "yuma_n64.json", "yuma_n256.json"];
    let output = run(&[], &names.map(|name| vectors().join(name)));
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    let summaries: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(_, rest)| rest)
        .collect();
    assert_eq!(
        summaries,
        [
            "24 cases, 72 epochs, all as recorded",
            "32 cases, 128 epochs, all as recorded",
            "12 cases, 48 epochs, all as recorded",
            "6 cases, 18 epochs, all as recorded",
        ]
    );
}

#[test]
fn the_first_difference_is_named_and_ends_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = changed(folder.path(), |document| {
        let epoch = &mut document["cases"][2]["epochs"][1]["expected"];
        let emission = epoch["emission"][3].as_u64().expect("a number");
        epoch["emission"][3] = json!(emission + 1);
    });
    let output = run(&[], &[file.clone(), vectors().join("yuma_n16.json")]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "", "nothing after the difference is run");
    let said = text(&output.stderr);
    assert!(
        said.contains("case n4_05, epoch 1, emission of uid 3: expected "),
        "{said}"
    );
    assert!(said.contains(", got ") && said.contains("hint: "), "{said}");

    let output = run(&["--json"], &[file]);
    assert_eq!(output.status.code(), Some(1));
    let reports: Value = serde_json::from_slice(&output.stdout).expect("json");
    let cases = reports[0]["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 3);
    assert_eq!(cases[2]["difference"]["field"], "emission");
    assert_eq!(cases[2]["difference"]["uid"], 3);
}

#[test]
fn outputs_are_printed_for_what_nobody_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut recorded = Value::Null;
    let file = changed(folder.path(), |document| {
        let cases = document["cases"].as_array_mut().expect("cases");
        cases.truncate(1);
        for epoch in cases[0]["epochs"].as_array_mut().expect("epochs") {
            recorded = epoch
                .as_object_mut()
                .expect("an epoch")
                .remove("expected")
                .expect("recorded");
        }
    });
    let output = run(&["--json"], std::slice::from_ref(&file));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let reports: Value = serde_json::from_slice(&output.stdout).expect("json");
    assert_eq!(reports[0]["compared_epochs"], 0);
    let last = &reports[0]["cases"][0]["outputs"][2];
    for field in [
        "incentive",
        "dividends",
        "emission",
        "server_emission",
        "validator_emission",
        "consensus",
    ] {
        assert_eq!(last[field], recorded[field], "{field}");
    }
    let said = text(&run(&[], &[file]).stdout);
    assert!(
        said.contains("1 cases, 3 epochs, nothing recorded to compare with"),
        "{said}"
    );
}

#[test]
fn a_whole_folder_can_be_given() {
    let output = run(
        &[],
        &["extra_facts.json", "yuma_n4.json"].map(|name| vectors().join(name)),
    );
    let (said, warned) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{warned}");
    assert!(said.contains("24 cases, 72 epochs"), "{said}");
    assert!(
        warned.contains("extra_facts.json has no `schema` and is passed over"),
        "{warned}"
    );
    // Nothing compared is nothing passed.
    let output = run(&[], &[vectors().join("extra_facts.json")]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn files_of_another_kind_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |file: PathBuf| {
        let output = run(&[], std::slice::from_ref(&file));
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains(&file.display().to_string()), "{said}");
        said
    };
    let said = refused(folder.path().join("missing.json"));
    assert!(said.contains("No such file"), "{said}");

    let broken = folder.path().join("broken.json");
    fs_err::write(&broken, r#"{"schema":"yuma-vectors-1","cases":[{"id":7}]}"#).expect("written");
    let said = refused(broken);
    assert!(
        said.contains("not in the format yuma-vectors-1") && said.contains("line 1"),
        "{said}"
    );

    let said = refused(changed(folder.path(), |document| {
        document["schema"] = json!("something-else")
    }));
    assert!(said.contains("the schema is `something-else`"), "{said}");
}
