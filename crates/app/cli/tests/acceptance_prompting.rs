//! `assay up prompting` as a newcomer runs it: validators ask, reward models and filters judge, the chain pays by it, and what
//! was judged trains better miners.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[cfg(feature = "sql")]
mod on_record;

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command
        .args(["up", "prompting", "--json", "--port", "0", "--home"])
        .arg(home)
        .args(arguments)
        .stdin(Stdio::null());
    command
}

fn up(home: &Path, arguments: &[&str]) -> Value {
    let output = command(home, arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{told}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assay(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_assay"))
        .args(arguments)
        .arg("--json")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{arguments:?}: {}\n{told}",
        output.status
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn miner<'a>(run: &'a Value, name: &str) -> &'a Value {
    let mut miners = run["miners"].as_array().unwrap().iter();
    miners.find(|miner| miner["name"] == name).unwrap()
}

fn earned(run: &Value, name: &str) -> u64 {
    miner(run, name)["earned_rao"].as_u64().unwrap()
}

fn forbidden(run: &Value, name: &str, filter: &str) -> u64 {
    miner(run, name)["forbidden_by"][filter].as_u64().unwrap_or(0)
}

#[test]
fn the_ranking_on_chain_is_that_of_quality_and_the_answers_train_a_better_miner() {
    let home = tempfile::tempdir().unwrap();
    let run = up(home.path(), &["--epochs", "3"]);
    assert_eq!(run["epochs"].as_array().unwrap().len(), 3);
    assert_eq!(run["judging"]["failures"], 0, "{run:#}");
    let steady = earned(&run, "steady");
    assert!(steady > earned(&run, "guessing"), "{run:#}");
    assert!(earned(&run, "guessing") > earned(&run, "untrained"), "{run:#}");
    for (name, filter) in [
        ("copycat", "diversity_reward_model"),
        ("spammer", "blacklist_filter"),
        ("rude", "nsfw_filter"),
    ] {
        assert!(20 * earned(&run, name) < steady, "{name}: {run:#}");
        let answered = miner(&run, name)["answered"].as_u64().unwrap();
        let times = forbidden(&run, name, filter);
        assert!(2 * times > answered && answered > 0, "{name}: {run:#}");
    }
    for name in ["slow", "gone"] {
        assert_eq!(
            (earned(&run, name), &miner(&run, name)["answered"]),
            (0, &0.into()),
            "{run:#}"
        );
    }

    #[cfg(feature = "sql")]
    {
        // The event log says the same, in the originals' columns.
        let ask = |sql: &str| Value::from(on_record::ask(home.path(), sql));
        let told = ask(
            "SELECT hotkey, count(*) FILTER (WHERE diversity < 0.05) AS diversity, count(*) FILTER (WHERE blacklist = 0) AS \
             blacklist, count(*) FILTER (WHERE nsfw = 0) AS nsfw FROM (SELECT unnest(hotkeys) AS hotkey, \
             unnest(diversity_reward_model_normalized) AS diversity, unnest(blacklist_filter) AS blacklist, \
             unnest(nsfw_filter_normalized) AS nsfw FROM prompting_steps) GROUP BY hotkey",
        );
        for (name, column, filter) in [
            ("copycat", "diversity", "diversity_reward_model"),
            ("spammer", "blacklist", "blacklist_filter"),
            ("rude", "nsfw", "nsfw_filter"),
        ] {
            let hotkey = &miner(&run, name)["hotkey"];
            let row = told
                .as_array()
                .unwrap()
                .iter()
                .find(|row| row["hotkey"] == *hotkey)
                .unwrap();
            assert_eq!(row[column], forbidden(&run, name, filter), "{name}: {told}");
        }
        let tables = on_record::every_number_on_a_page_is_the_answer_of_its_query(home.path());
        for table in ["questions", "kinds", "answerers", "models", "miners"] {
            assert!(
                tables.iter().any(|name| name == table),
                "{table} is not in {tables:?}"
            );
        }
    }

    // The loop is closed: what was judged good here trains a model, and it learns from it.
    let path = |name: &str| home.path().join(name).display().to_string();
    let root = home.path().display().to_string();
    let built = assay(&[
        "dataset",
        "build",
        &path("answers"),
        "--home",
        &root,
        "--format",
        "competition",
        "--min-reward",
        "0.3",
    ]);
    assert!(built["rows"].as_u64().unwrap() >= 10, "{built:#}");
    // A split by the prompts' hashes may leave so few rows without a test: every fifth is held out here.
    let rows = fs_err::read_to_string(path("answers/data/train-00000-of-00001.jsonl")).unwrap();
    let (test, train): (Vec<_>, Vec<_>) = rows.lines().enumerate().partition(|(row, _)| row % 5 == 4);
    for (name, part) in [("train", train), ("test", test)] {
        let lines: String = part.iter().map(|(_, line)| format!("{line}\n")).collect();
        fs_err::write(path(&format!("{name}.jsonl")), lines).unwrap();
    }
    let trained = assay(&[
        "model",
        "lora",
        "--dataset",
        &path("train.jsonl"),
        "--eval",
        &path("test.jsonl"),
        "--out",
        &path("adapter"),
    ]);
    let loss = |when: &str| trained[when].as_f64().unwrap();
    assert!(loss("eval_after") < loss("eval_before"), "{trained:#}");
}

#[cfg(feature = "sql")]
#[test]
fn miners_that_the_gate_chooses_earn_more_than_those_chosen_at_random() {
    let home = tempfile::tempdir().unwrap();
    let run = up(home.path(), &["--gating", "--epochs", "6"]);
    // Specialists are there, and five of all are asked at a time.
    assert!(miner(&run, "answerer-2")["asked"].as_u64() > Some(0), "{run:#}");
    let told = Value::from(on_record::ask(
        home.path(),
        "SELECT how, avg(reward) AS reward, count(*) AS answers FROM (SELECT unnest(chosen_by) AS how, unnest(rewards) AS \
         reward FROM prompting_steps) GROUP BY how",
    ));
    let of = |how: &str, column: &str| {
        let rows = told.as_array().unwrap();
        let row = rows.iter().find(|row| row["how"] == how).unwrap();
        row[column].as_f64().unwrap()
    };
    assert_eq!(
        of("gate", "answers"),
        4.0 * of("exploration", "answers"),
        "{told}"
    );
    assert!(of("gate", "reward") > 1.5 * of("exploration", "reward"), "{told}");
}

#[cfg(feature = "sql")]
#[test]
fn whoever_has_another_model_than_the_one_that_all_are_asked_to_run_is_found() {
    let home = tempfile::tempdir().unwrap();
    let run = up(home.path(), &["--inference", "--epochs", "1"]);
    let told = Value::from(on_record::ask(
        home.path(),
        "SELECT hotkey, verdict, reward FROM (SELECT unnest(hotkeys) AS hotkey, unnest(inference_verdict) AS verdict, \
         unnest(rewards) AS reward FROM prompting_steps WHERE name = 'inference')",
    ));
    let of = |name: &str| -> Vec<&Value> {
        let hotkey = &miner(&run, name)["hotkey"];
        let rows = told.as_array().unwrap().iter();
        rows.filter(|row| row["hotkey"] == *hotkey && !row["verdict"].is_null())
            .collect()
    };
    let (right, other) = (of("steady"), of("untrained"));
    assert!(!right.is_empty() && !other.is_empty(), "{told:#}");
    for row in right {
        assert_eq!(row["verdict"], "verified", "{told:#}");
        assert!(row["reward"].as_f64().unwrap() > 0.0, "{told:#}");
    }
    for row in &other {
        assert_ne!(row["verdict"], "verified", "{told:#}");
        assert_eq!(row["reward"], 0.0, "{told:#}");
    }
    assert_eq!(
        forbidden(&run, "untrained", "inference_filter"),
        other.len() as u64
    );
    assert_eq!(forbidden(&run, "steady", "inference_filter"), 0);
    // Who has no model has nothing to be judged.
    assert!(of("rude").is_empty() && of("spammer").is_empty(), "{told:#}");
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(120);
    while !is_there() {
        assert!(Instant::now() < until, "{what} does not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn kept(home: &Path) -> PathBuf {
    let mut runs = fs_err::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    let run = runs.find(|path| path.join("up.json").exists()).unwrap();
    run.join("validators/validator-1")
}

fn statistics(home: &Path) -> Value {
    let content = fs_err::read(kept(home).join("judges/reward_statistics.json")).unwrap();
    serde_json::from_slice(&content).unwrap()
}

fn count(statistics: &Value) -> u64 {
    statistics["rlhf_reward_model"]["count"].as_u64().unwrap()
}

/// Killed with everything it has started: nothing of it gets to write a farewell.
fn kill(mut run: Child) {
    run.kill().unwrap();
    run.wait().unwrap();
}

#[test]
fn a_validator_that_is_killed_goes_on_with_its_scores_statistics_history_and_gate() {
    let home = tempfile::tempdir().unwrap();
    let run = command(home.path(), &["--block-time", "0.5"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the judges' memory", || {
        fs_err::read_dir(home.path()).is_ok_and(|mut found| found.next().is_some())
            && fs_err::read_dir(home.path()).unwrap().any(|entry| {
                let validator = entry.unwrap().path().join("validators/validator-1");
                validator.join("judges/gating_head.json").exists() && validator.join("scores.json").exists()
            })
    });
    kill(run);
    let judges = kept(home.path()).join("judges");
    let before = statistics(home.path());
    let answers = fs_err::read(judges.join("answers.bin")).unwrap();
    let scores = fs_err::read(kept(home.path()).join("scores.json")).unwrap();
    assert!(count(&before) > 0 && answers.len() > 24);

    let again = up(home.path(), &["--epochs", "1", "--block-time", "0.5"]);
    assert_eq!(again["continued"], true);
    let after = statistics(home.path());
    assert!(count(&after) > count(&before), "{before} {after}");
    let more = fs_err::read(judges.join("answers.bin")).unwrap();
    assert_eq!(
        more[20..answers.len()],
        answers[20..],
        "the history goes on where it was"
    );
    // Everybody of whom something was known is still known.
    let known = |content: &[u8]| -> Vec<String> {
        let book: Value = serde_json::from_slice(content).unwrap();
        let text = book.to_string();
        let hotkeys = again["miners"].as_array().unwrap().iter();
        let hotkeys = hotkeys.map(|miner| miner["hotkey"].as_str().unwrap().to_owned());
        hotkeys.filter(|hotkey| text.contains(hotkey)).collect()
    };
    let still = fs_err::read(kept(home.path()).join("scores.json")).unwrap();
    for hotkey in known(&scores) {
        assert!(known(&still).contains(&hotkey), "{hotkey} is forgotten");
    }
}
