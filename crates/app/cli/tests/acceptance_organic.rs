//! `assay up organic` as a newcomer runs it: people ask through the gateway, miners answer, and the better answers are paid.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[cfg(feature = "sql")]
mod on_record;

use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Stdio},
};

fn up(home: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args([
            "up",
            "organic",
            "--json",
            "--port",
            "0",
            "--gateway-port",
            "0",
            "--home",
        ])
        .arg(home)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{told}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn miner<'a>(run: &'a Value, name: &str) -> &'a Value {
    let mut miners = run["miners"].as_array().unwrap().iter();
    miners.find(|miner| miner["name"] == name).unwrap()
}

/// What `assay query` answers is what the run told.
#[cfg(feature = "sql")]
fn records_tell_the_same(home: &Path, run: &Value) {
    let ask = |sql: &str| Value::from(on_record::ask(home, sql));
    let samples = ask(
        "SELECT count(*) FILTER (WHERE is_organic) AS organic, count(*) FILTER (WHERE NOT is_organic) AS synthetic \
         FROM organic_iterations",
    );
    for source in ["organic", "synthetic"] {
        assert_eq!(samples[0][source], run["scoring"][source], "{samples} {run:#}");
    }
    for miner in run["miners"].as_array().unwrap() {
        let hotkey = miner["hotkey"].as_str().unwrap();
        let recorded = ask(&format!(
            "SELECT emission FROM epochs WHERE hotkey = '{hotkey}' ORDER BY epoch"
        ));
        let name = &miner["name"];
        let paid: Vec<f64> = run["epochs"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|epoch| epoch["miners"].as_array().unwrap())
            .filter(|paid| paid["name"] == *name)
            .map(|paid| paid["emission_rao"].as_f64().unwrap() / 1e9)
            .collect();
        let recorded: Vec<f64> = recorded
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["emission"].as_f64().unwrap())
            .collect();
        assert_eq!(recorded.len(), paid.len(), "{name}");
        for (recorded, paid) in recorded.iter().zip(&paid) {
            assert!((recorded - paid).abs() < 1e-9, "{name}: {recorded} {paid}");
        }
    }
}

#[test]
fn people_are_answered_their_requests_are_scored_and_the_chain_pays_by_it() {
    let home = tempfile::tempdir().unwrap();
    let run = up(home.path(), &["--epochs", "2", "--users", "2"]);
    let earned = |run: &Value, name: &str| miner(run, name)["earned_rao"].as_u64().unwrap();
    assert!(earned(&run, "steady") > earned(&run, "guessing"), "{run:#}");
    assert!(earned(&run, "steady") > earned(&run, "repeating"), "{run:#}");
    assert_eq!(earned(&run, "gone"), 0);
    let steady = miner(&run, "steady");
    assert_eq!(steady["answered"], steady["asked"], "{run:#}");
    assert_eq!(miner(&run, "gone")["answered"], 0);
    // Users' requests come first, and synthetic ones where there are none.
    assert!(run["gateway"]["answered"].as_u64().unwrap() > 0, "{run:#}");
    for source in ["organic", "synthetic"] {
        assert!(run["scoring"][source].as_u64().unwrap() > 0, "{run:#}");
    }
    assert_eq!(run["epochs"].as_array().unwrap().len(), 2);
    #[cfg(feature = "sql")]
    {
        records_tell_the_same(home.path(), &run);
        let tables = on_record::every_number_on_a_page_is_the_answer_of_its_query(home.path());
        for table in [
            "miners",
            "epochs",
            "leaderboard",
            "traffic",
            "answers",
            "requests",
        ] {
            assert!(
                tables.iter().any(|name| name == table),
                "{table} is not in {tables:?}"
            );
        }
    }

    // What people asked here becomes a dataset for training.
    let dataset = home.path().join("dataset");
    let built = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(["dataset", "build", "--json", "--kind", "organic"])
        .arg(&dataset)
        .arg("--home")
        .arg(home.path())
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let built: Value = serde_json::from_slice(&built.stdout).unwrap();
    assert!(built["rows"].as_u64().unwrap() > 0, "{built:#}");

    // The same command goes on with the same chain, scores and key.
    let folder = run["home"].as_str().unwrap();
    let key = fs_err::read_to_string(Path::new(folder).join("gateway-key")).unwrap();
    let again = up(home.path(), &["--epochs", "1"]);
    assert_eq!(
        (&again["continued"], &again["chain"]["genesis"]),
        (&true.into(), &run["chain"]["genesis"])
    );
    assert!(again["chain"]["block"].as_u64() > run["chain"]["block"].as_u64());
    assert!(earned(&again, "steady") > earned(&again, "guessing"), "{again:#}");
    assert_eq!(
        fs_err::read_to_string(Path::new(folder).join("gateway-key")).unwrap(),
        key
    );
}
