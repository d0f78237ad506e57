//! The tutorial and the examples: what is written is what runs, and what runs pays who does the work.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The blocks of Rust that the tutorial shows as parts of the example.
fn shown(tutorial: &str) -> Vec<&str> {
    tutorial
        .split("```rust\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_tutorial_shows_the_example_word_for_word() {
    let tutorial = include_str!("../../../docs/tutorial.md");
    let example = include_str!("../../../examples/echo.rs");
    let shown = shown(tutorial);
    assert!(shown.len() >= 6, "{}", shown.len());
    for block in shown {
        assert!(
            example.contains(block.trim_end()),
            "not in examples/echo.rs:\n{block}"
        );
    }
}

/// Runs an example in a folder of its own.
fn run(example: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    // Beside this test's own program: cargo builds examples with the tests.
    let programs: PathBuf = std::env::current_exe()
        .unwrap()
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples");
    run_at(&programs.join(example), folder.path())
}

fn run_at(program: &Path, folder: &Path) -> Output {
    Command::new(program)
        .arg(folder.join("subnet"))
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// Each miner's incentive in the last epoch that an example told of.
fn incentives(output: &Output) -> Vec<(String, f64)> {
    let told = String::from_utf8_lossy(&output.stdout);
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{told}\n{trouble}", output.status);
    let last = told.rsplit("epoch ").next().unwrap();
    let of = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "incentive")?;
        Some((words[0].to_owned(), words[at + 1].parse().unwrap()))
    };
    last.lines().filter_map(of).collect()
}

fn of(incentives: &[(String, f64)], name: &str) -> f64 {
    let found = incentives.iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no {name} in {incentives:?}")).1
}

#[test]
fn the_example_subnet_pays_the_miner_that_does_the_work() {
    let incentives = incentives(&run("echo"));
    let [good, lazy, parrot] = ["good", "lazy", "parrot"].map(|name| of(&incentives, name));
    assert!(good > lazy && good > parrot && good > 0.4, "{incentives:?}");
}

#[test]
fn the_organic_example_scores_users_and_its_own_requests() {
    let output = run("organic");
    let incentives = incentives(&output);
    assert!(
        of(&incentives, "good") > of(&incentives, "careless"),
        "{incentives:?}"
    );
    let told = String::from_utf8_lossy(&output.stdout);
    let scored = told.lines().find(|line| line.starts_with("scored")).unwrap();
    let counts: Vec<u64> = scored
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    assert!(
        counts.iter().all(|count| *count > 0) && counts.len() == 2,
        "{scored}"
    );
}
