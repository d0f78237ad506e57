//! The three events of specification case A26, and what the original notebook makes of them.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_analysis::{Follower, Limits, Scope, Table};
use assay_records::{Log, LogConfig, streams::PromptingStep};
use time::{Duration, OffsetDateTime, macros::datetime};

const NOON: OffsetDateTime = datetime!(2026-11-29 12:00:00 UTC);

fn step(name: &str, uids: [u16; 3], texts: [&str; 3], rewards: [f64; 3]) -> PromptingStep {
    PromptingStep {
        name: name.to_owned(),
        uids: uids.into(),
        hotkeys: uids.map(|uid| format!("uid{uid}")).into(),
        completions: texts.map(str::to_owned).into(),
        rewards: rewards.map(Some).into(),
        completion_times: vec![Some(1.0); 3],
        ..PromptingStep::default()
    }
}

fn rows(table: &Table) -> Vec<(String, Vec<f64>)> {
    let rows = table.rows.iter().map(|row| {
        let (hotkey, rest) = row.split_first().unwrap();
        let rest = rest.iter().filter_map(assay_analysis::Cell::number).collect();
        (hotkey.text().unwrap().to_owned(), rest)
    });
    rows.collect()
}

#[test]
fn the_notebooks_diversity_and_likeness() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(LogConfig::new(folder.path(), "5F")).unwrap();
    for (seconds, first, second) in [
        (
            0,
            step("followup0", [1, 2, 3], ["x", "x", ""], [0.6, 0.4, 0.0]),
            step("answer0", [4, 5, 6], ["a", "b", "a"], [0.2, 0.5, 0.3]),
        ),
        (
            400,
            step("followup0", [4, 1, 2], ["y", "z", "x"], [0.1, 0.8, 0.1]),
            step("answer0", [1, 2, 5], ["a", "c", "c"], [0.7, 0.0, 0.3]),
        ),
        (
            4_000,
            step("followup0", [1, 2, 4], ["x", "w", "y"], [0.3, 0.3, 0.4]),
            step("answer0", [5, 6, 3], ["a", "b", "a"], [1.0, 0.0, 0.0]),
        ),
    ] {
        for step in [first, second] {
            log.record(NOON + Duration::seconds(seconds), &step).unwrap();
        }
    }
    log.flush().unwrap();
    let mut follower = Follower::new(&[folder.path().to_owned()], Scope::default(), Limits::none());
    assert_eq!(follower.read(), 6);
    let store = follower.store();

    // followups, their diversity, answers, their diversity, mean reward
    let wanted = [
        ("uid1", [3.0, 2.0 / 3.0, 1.0, 1.0, 0.633_333]),
        ("uid2", [3.0, 2.0 / 3.0, 1.0, 1.0, 0.133_333]),
        ("uid3", [1.0, 1.0, 1.0, 1.0, 0.0]),
        ("uid4", [2.0, 0.5, 1.0, 1.0, 0.225]),
    ];
    let diversity = rows(&store.diversity());
    assert_eq!(diversity.len(), wanted.len(), "{diversity:?}");
    for ((hotkey, found), (miner, wanted)) in diversity.iter().zip(wanted) {
        assert_eq!(hotkey, miner);
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-6, "{miner}: {diversity:?}");
        }
    }

    // Who answered as whom: 1 and 2 said x, 4 and 6 said a, 2 and 5 said c, 3 and 5 said a.
    let alike = store.alike();
    let pairs: Vec<(&str, &str)> = alike
        .rows
        .iter()
        .map(|row| {
            let name = |column| alike.cell(row, column).text().unwrap();
            (name("one"), name("other"))
        })
        .collect();
    assert_eq!(
        pairs,
        [
            ("uid1", "uid2"),
            ("uid2", "uid5"),
            ("uid3", "uid5"),
            ("uid4", "uid6")
        ]
    );
    let share = alike.cell(&alike.rows[0], "share").number().unwrap();
    assert!(
        (share - 0.25).abs() < 1e-9,
        "of the four questions that both answered one: {share}"
    );
}
