//! `assay up` as a newcomer runs it: the built binary, its exit code, and the document it prints.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

#[cfg(feature = "sql")]
mod on_record;

use serde_json::Value;
use std::{
    fmt::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Runs `assay up --json` in a home of its own, on free ports.
fn up(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(["up", "--json", "--port", "0", "--home"])
        .arg(home)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The document that a run printed, which must have succeeded.
fn summary(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stderr}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error} in\n{}\n{stderr}",
            String::from_utf8_lossy(&output.stdout)
        )
    })
}

fn miner<'a>(summary: &'a Value, name: &str) -> &'a Value {
    let miners = summary["miners"].as_array().unwrap();
    miners
        .iter()
        .find(|miner| miner["name"] == name)
        .unwrap_or_else(|| panic!("no miner {name} in {summary:#}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn the_demonstration_pays_the_good_data_and_names_what_is_wrong_with_the_rest() {
    let home = tempfile::tempdir().unwrap();
    let summary = summary(&up(home.path(), &["--epochs", "3"]));
    let numbers: Vec<_> = summary["epochs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|epoch| &epoch["epoch"])
        .collect();
    assert_eq!(numbers, [1, 2, 3]);

    let clean = miner(&summary, "clean");
    for other in ["noisy", "tiny", "duplicate", "malformed"] {
        let other = miner(&summary, other);
        assert!(
            number(&clean["incentive"]) > number(&other["incentive"]),
            "{other:#}"
        );
        assert!(
            number(&clean["emission_rao"]) > number(&other["emission_rao"]),
            "{other:#}"
        );
        assert!(
            number(&clean["earned_rao"]) > number(&other["earned_rao"]),
            "{other:#}"
        );
    }
    assert!(number(&miner(&summary, "tiny")["loss"]) < number(&miner(&summary, "noisy")["loss"]));

    assert_eq!(miner(&summary, "duplicate")["status"], "copy");
    assert_eq!(miner(&summary, "duplicate")["reason"], "a copy of clean");
    let malformed = miner(&summary, "malformed");
    assert_eq!(malformed["status"], "bad_answer");
    assert!(
        malformed["reason"].as_str().unwrap().contains("line"),
        "{malformed:#}"
    );
    assert_eq!(malformed["earned_rao"], 0);
    #[cfg(feature = "sql")]
    {
        records_tell_the_same(home.path(), &summary);
        let tables = on_record::every_number_on_a_page_is_the_answer_of_its_query(home.path());
        for table in [
            "miners",
            "network",
            "epochs",
            "earnings",
            "evaluations",
            "losses",
            "rounds",
        ] {
            assert!(
                tables.iter().any(|name| name == table),
                "{table} is not in {tables:?}"
            );
        }
    }
    scored_again_the_rounds_are_the_same(home.path());
}

/// With the same settings a replay of what was recorded has the weights that the validator had.
fn scored_again_the_rounds_are_the_same(home: &Path) {
    let replay = |settings: &[&str]| -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_assay"))
            .args(["replay", "datasets", "--json", "--home"])
            .arg(home)
            .args(settings)
            .output()
            .unwrap();
        self::summary(&output)
    };
    let same = replay(&[]);
    assert!(
        same["scored"].as_u64() >= Some(3) && same["left_out"] == 0,
        "{same}"
    );
    for miner in same["miners"].as_array().unwrap() {
        let difference = number(&miner["recorded"]) - number(&miner["replayed"]);
        assert!(difference.abs() < 1e-9, "{miner}");
    }
    // A warmer softmax pays the best one less.
    let warm = replay(&["--temperature", "1"]);
    let best = &warm["miners"][0];
    assert!(
        number(&best["replayed"]) < number(&best["recorded"]) - 0.05,
        "{warm}"
    );
}

/// What `assay query` answers is what the run told.
#[cfg(feature = "sql")]
fn records_tell_the_same(home: &Path, summary: &Value) {
    let ask = |sql: &str| on_record::ask(home, sql);
    let close = |one: &Value, other: f64| (number(one) - other).abs() < 1e-9;
    for epoch in summary["epochs"].as_array().unwrap() {
        for told in epoch["miners"].as_array().unwrap() {
            let (number, hotkey) = (&epoch["epoch"], told["hotkey"].as_str().unwrap());
            let recorded = ask(&format!(
                "SELECT incentive, emission FROM epochs WHERE epoch = {number} AND hotkey = '{hotkey}'"
            ));
            let [recorded] = recorded.as_slice() else {
                panic!("{recorded:?}")
            };
            assert!(
                close(&recorded["incentive"], self::number(&told["incentive"])),
                "{recorded} {told}"
            );
            assert!(
                close(&recorded["emission"], self::number(&told["emission_rao"]) / 1e9),
                "{recorded} {told}"
            );
        }
    }
    let rounds = ask(
        "SELECT block, count(*) AS miners, count(loss) AS measured, count(DISTINCT hotkey) AS different \
         FROM dataset_evaluations WHERE outcome IN ('measured', 'copy', 'bad_answer') GROUP BY block",
    );
    assert!(rounds.len() >= 3, "{rounds:?}");
    for round in rounds {
        // Each miner once, and the three that have a loss.
        assert_eq!(round["miners"], round["different"], "{round}");
        assert_eq!(
            (&round["miners"], &round["measured"]),
            (&5.into(), &3.into()),
            "{round}"
        );
    }
    // Each number of each epoch is that of the round that it paid for.
    for epoch in summary["epochs"].as_array().unwrap() {
        for told in epoch["miners"].as_array().unwrap() {
            let (round, hotkey) = (&epoch["round"], told["hotkey"].as_str().unwrap());
            let recorded = ask(&format!(
                "SELECT * FROM (SELECT hotkey, repo AS dataset, rows, loss, win_rate, weight / sum(weight) OVER () AS weight FROM \
                 dataset_evaluations WHERE block = {round}) WHERE hotkey = '{hotkey}'"
            ));
            for column in ["dataset", "rows", "loss", "win_rate", "weight"] {
                let (recorded, told) = (&recorded[0][column], &told[column]);
                let is_same = match (recorded.as_f64(), told.as_f64()) {
                    (Some(recorded), Some(told)) => (recorded - told).abs() < 1e-9,
                    _ => recorded == told,
                };
                assert!(
                    is_same,
                    "{column} of {hotkey} in round {round}: {recorded} on record, {told} told"
                );
            }
        }
    }
    for told in summary["miners"].as_array().unwrap() {
        let hotkey = told["hotkey"].as_str().unwrap();
        let earned = ask(&format!(
            "SELECT sum(emission) AS earned FROM epochs WHERE hotkey = '{hotkey}'"
        ));
        assert!(
            close(&earned[0]["earned"], number(&told["earned_rao"]) / 1e9),
            "{earned:?} {told}"
        );
    }
}

#[test]
fn data_of_a_users_own_is_ranked_by_its_quality() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<_> = (0..240).map(capital_row).collect();
    let (held_out, rows) = rows.split_at(40);
    let write = |name: &str, rows: &[(String, String)]| {
        let mut text = String::new();
        for (question, answer) in rows {
            let row = serde_json::json!({"system": null, "conversations": [
                {"role": "user", "content": question}, {"role": "assistant", "content": answer},
            ]});
            writeln!(text, "{row}").unwrap();
        }
        let path = folder.path().join(name);
        fs_err::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let scrambled: Vec<_> = rows
        .iter()
        .map(|(question, answer)| (question.clone(), reversed(answer)))
        .collect();
    let eval = write("eval.jsonl", held_out);
    let clean = write("clean.jsonl", rows);
    let bad = write("scrambled.jsonl", &scrambled);
    let tiny = write("tiny.jsonl", &rows[..8]);

    let home = folder.path().join("home");
    let arguments = [
        "--epochs",
        "1",
        "--eval",
        &eval,
        "--dataset",
        &bad,
        "--dataset",
        &tiny,
        "--dataset",
        &clean,
    ];
    let summary = summary(&up(&home, &arguments));
    let loss = |name: &str| number(&miner(&summary, name)["loss"]);
    assert!(loss("clean") < loss("tiny"), "{summary:#}");
    assert!(loss("tiny") < loss("scrambled"), "{summary:#}");
    assert_eq!(summary["miners"][0]["name"], "clean");
}

/// A question and an answer of one kind, in words that the shipped model was not trained on.
fn capital_row(number: usize) -> (String, String) {
    const GOODS: [&str; 8] = ["salt", "tin", "wool", "oats", "copper", "honey", "cedar", "linen"];
    const TOWNS: [&str; 6] = ["Arden", "Brill", "Corfe", "Dunmow", "Eyam", "Frome"];
    let goods = GOODS[number % GOODS.len()];
    let town = TOWNS[number / GOODS.len() % TOWNS.len()];
    let crates = number / (GOODS.len() * TOWNS.len()) + 2;
    (
        format!("How does the {goods} get from {town} to the river?"),
        format!("The {goods} of {town} goes down to the river on {crates} carts before the sun is up."),
    )
}

fn reversed(text: &str) -> String {
    text.split(' ').rev().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_is_started() {
    let home = tempfile::tempdir().unwrap();
    let output = up(home.path(), &["--epochs", "1", "--dataset", "no/such/file.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("no/such/file.jsonl"), "{stderr}");
    assert!(output.stdout.is_empty());
    assert_eq!(fs_err::read_dir(home.path()).unwrap().count(), 0);
}
