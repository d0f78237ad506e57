//! Commitments as the original reads them, and what of that must be refused.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_datasets::commitment::{CommitmentError, DatasetCommitment};
use assay_hub::Revision;
use serde_json::Value;

fn cases(key: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../vectors/flock/cases.json");
    let all: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    all[key].as_array().unwrap().clone()
}

#[test]
fn good_commitments_read_as_the_original_reads_them_and_the_rest_is_refused() {
    // Read by the original and refused here: no name of a repository, no name of a competition, blanks.
    let refused = ["::", "a:b:c:d", "http://x/y:1:", " alice/set:"];
    let (mut read, mut turned_away) = (0, 0);
    for case in cases("commitment_parse") {
        let text = case["string"].as_str().unwrap();
        let ours = text.parse::<DatasetCommitment>();
        if case.get("error").is_some() || refused.iter().any(|start| text.starts_with(start)) {
            assert!(ours.is_err(), "{text:?} was read as {ours:?}");
            turned_away += 1;
            continue;
        }
        let ours = ours.unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert_eq!(ours.repo.as_str(), case["namespace"], "{text:?}");
        assert_eq!(ours.competition.as_str(), case["competition_id"], "{text:?}");
        assert_eq!(ours.revision.as_str(), case["commit"], "{text:?}");
        assert_eq!(ours.to_string(), case["reencoded"].as_str().unwrap());
        read += 1;
    }
    assert_eq!((read, turned_away), (4, 6));
}

#[test]
fn the_owner_s_settings_are_no_dataset() {
    let text = r#"{"id":"1","repo":"a/b"}"#;
    assert_eq!(text.parse::<DatasetCommitment>(), Err(CommitmentError::Json));
}

#[test]
fn only_commits_are_pinned() {
    for case in cases("revision_check") {
        let wanted = case["revision"].as_str().unwrap();
        let sha: Revision = case["sha"].as_str().unwrap().parse().unwrap();
        // An empty revision makes no commitment at all.
        let pinned = format!("alice/set:1:{wanted}")
            .parse::<DatasetCommitment>()
            .is_ok_and(|c| c.revision.could_be_a_commit() && c.revision.names(&sha));
        assert_eq!(pinned, case["valid"].as_bool().unwrap(), "{wanted:?}");
    }
}
