//! `assay up organic` as a newcomer runs it: people ask through the gateway, miners answer, and the better answers are paid.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

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
