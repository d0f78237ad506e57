//! What is done with records from the command line: reports, datasets, exports, replays, a terminal's picture.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../../../toolkit/analysis/tests/made_up/mod.rs"]
mod made_up;

use assay_peers::Python;
use made_up::{MadeUp, hotkey};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// A folder with an hour of records.
struct Work {
    folder: TempDir,
}

impl Work {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let made_up = MadeUp {
            hours: 1,
            ..MadeUp::default()
        };
        made_up.record(&folder.path().join("records"));
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn assay(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env_remove("WANDB_API_KEY")
            .env_remove("AWS_ACCESS_KEY_ID")
            .stdin(Stdio::null());
        command
    }

    /// What a command prints, which must succeed.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.assay(arguments).arg("--json").output().unwrap();
        serde_json::from_str(&printed(&output)).unwrap()
    }
}

fn printed(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{told}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command that must fail tells.
fn refused(output: &Output) -> String {
    assert!(
        !output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A program that says in its first line where it serves, and is ended when this is dropped.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let url = ready["url"].as_str().unwrap().to_owned();
        Self { child, url }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_report_is_a_page_and_its_plots() {
    let work = Work::new();
    let made = work.json(&[
        "report",
        "--home",
        ".",
        "--plots",
        "plots",
        "--title",
        "Subnet <2>",
    ]);
    assert!(made["events"].as_u64().unwrap() > 1_000, "{made}");
    let page = fs_err::read_to_string(work.path("report.html")).unwrap();
    assert!(page.contains("Subnet &lt;2&gt;") && page.contains("<svg"));
    assert!(made["plots"].as_array().unwrap().len() > 15, "{made}");
    for plot in made["plots"].as_array().unwrap() {
        let svg = fs_err::read_to_string(work.path(plot.as_str().unwrap())).unwrap();
        assert!(svg.starts_with("<svg"), "{plot}");
    }
    #[cfg(feature = "png")]
    {
        let made = work.json(&[
            "report",
            "--records",
            "records",
            "--plots",
            "pixels",
            "--format",
            "png",
        ]);
        for plot in made["plots"].as_array().unwrap() {
            let png = fs_err::read(work.path(plot.as_str().unwrap())).unwrap();
            assert!(png.starts_with(b"\x89PNG"), "{plot}");
        }
    }
    let nothing = work
        .assay(&["report", "--records", "records", "--since", "2031-01-01"])
        .output();
    assert!(refused(&nothing.unwrap()).contains("nothing is on record"));
    let nowhere = work.assay(&["report", "--records", "elsewhere"]).output();
    assert!(refused(&nowhere.unwrap()).contains("there is no folder"));
}

#[test]
fn a_dataset_is_built_published_and_published_again_with_what_changed_only() {
    let work = Work::new();
    let made = work.json(&[
        "dataset",
        "build",
        "set",
        "--records",
        "records",
        "--min-reward",
        "0.5",
        "--split",
        "train=0.9,test=0.1",
        "--licence",
        "mit",
    ]);
    let rows = made["rows"].as_u64().unwrap();
    assert!(rows > 50, "{made}");
    let lines: u64 = ["train", "test"]
        .into_iter()
        .map(|split| {
            let name = format!("set/data/{split}-00000-of-00001.jsonl");
            fs_err::read_to_string(work.path(&name)).unwrap().lines().count() as u64
        })
        .sum();
    assert_eq!(lines, rows);
    let card = fs_err::read_to_string(work.path("set/README.md")).unwrap();
    let licence = card.lines().find(|line| line.starts_with("license:")).unwrap();
    assert_eq!(
        licence.trim_start_matches("license:").trim().trim_matches('"'),
        "mit",
        "{card}"
    );
    let again = work
        .assay(&["dataset", "build", "set", "--records", "records"])
        .output();
    assert!(
        refused(&again.unwrap()).contains("set"),
        "an existing folder is not overwritten"
    );

    let root = work.path("hub");
    let serve = [
        "hub", "serve", "--port", "0", "--user", "alice", "--json", "--root",
    ];
    let hub = Served::start(work.assay(&serve).arg(&root));
    let token = fs_err::read_to_string(root.join("token")).unwrap();
    let push = |arguments: &[&str]| {
        let mut command = work.assay(&[
            "dataset",
            "push",
            "set",
            "alice/answers",
            "--outbox",
            "outbox",
            "--json",
        ]);
        command
            .args(arguments)
            .env("HF_ENDPOINT", &hub.url)
            .env("HF_TOKEN", token.trim());
        command.output().unwrap()
    };
    let pushed: Value = serde_json::from_str(&printed(&push(&[]))).unwrap();
    assert_eq!(
        (&pushed["sent"], &pushed["removed"]),
        (&3.into(), &0.into()),
        "{pushed}"
    );
    let unchanged: Value = serde_json::from_str(&printed(&push(&[]))).unwrap();
    assert_eq!(
        (&unchanged["sent"], &unchanged["unchanged"]),
        (&0.into(), &3.into()),
        "{unchanged}"
    );
    assert_eq!(unchanged["revision"], pushed["revision"]);
}

#[test]
fn records_go_into_a_run_for_wandb_once() {
    let work = Work::new();
    let first = work.json(&[
        "export",
        "wandb",
        "--home",
        ".",
        "--project",
        "demo",
        "--netuid",
        "2",
    ]);
    let folder = PathBuf::from(first[0]["folder"].as_str().unwrap());
    let files: Vec<_> = fs_err::read_dir(work.path("").join(&folder)).unwrap().collect();
    assert!(files.len() >= 2, "{files:?}");
    let events = first[0]["events"].as_u64().unwrap();
    assert!(events > 1_000, "{first}");
    let second = work.json(&[
        "export",
        "wandb",
        "--home",
        ".",
        "--project",
        "demo",
        "--netuid",
        "2",
    ]);
    assert_eq!(second[0]["events"], 0, "{second}");
    let online = work
        .assay(&["export", "wandb", "--home", ".", "--online"])
        .output();
    assert!(refused(&online.unwrap()).contains("WANDB_API_KEY"));
}

#[test]
fn other_settings_would_have_paid_otherwise() {
    let work = Work::new();
    let replay = |arguments: &[&str]| {
        let mut command = vec!["replay", "organic", "--records", "records"];
        command.extend(arguments);
        work.json(&command)
    };
    let slow = replay(&[]);
    let fast = replay(&["--share", "0.9"]);
    assert_eq!(slow["scored"], fast["scored"]);
    let replayed = |document: &Value, hotkey: &str| {
        let miners = document["miners"].as_array().unwrap();
        let miner = miners.iter().find(|miner| miner["hotkey"] == hotkey).unwrap();
        miner["replayed"].as_f64().unwrap()
    };
    assert!((replayed(&slow, &hotkey(0)) - replayed(&fast, &hotkey(0))).abs() > 1e-4);
    let sum: f64 = slow["miners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|miner| miner["replayed"].as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-9, "{slow}");
    let wrong = work
        .assay(&["replay", "datasets", "--records", "records", "--epsilon", "7"])
        .output();
    assert!(refused(&wrong.unwrap()).contains("--epsilon is 7"));
}

#[test]
fn a_terminal_shows_what_the_dashboard_does() {
    let work = Work::new();
    let serve = ["dashboard", "--json", "--port", "0", "--records", "records"];
    let dashboard = Served::start(&mut work.assay(&serve));
    let look = |arguments: &[&str]| {
        let mut command = work.assay(&["top", &dashboard.url, "--once"]);
        command.args(arguments).output().unwrap()
    };
    let picture = loop {
        let picture = printed(&look(&["--size", "160x40"]));
        if !picture.contains("Nothing is on record") {
            break picture;
        }
    };
    assert!(picture.contains("Miners: every miner on record"), "{picture}");
    assert!(picture.contains("12 rows"), "{picture}");
    let epochs = printed(&look(&["--table", "epochs", "--size", "100x20"]));
    assert!(epochs.contains("Epochs: what each epoch paid"), "{epochs}");
    assert!(epochs.lines().count() == 20, "{epochs}");
    let unknown = refused(&look(&["--table", "nothing"]));
    assert!(unknown.contains("there are: miners"), "{unknown}");
    let nobody = work.assay(&["top", "http://127.0.0.1:1", "--once"]).output();
    assert!(refused(&nobody.unwrap()).contains("no dashboard answers"));
}

#[test]
#[ignore = "needs prometheus_client: cargo xtask test"]
fn what_is_scraped_is_what_the_official_parsers_read_and_what_a_query_answers() {
    let work = Work::new();
    let serve = ["dashboard", "--json", "--port", "0", "--records", "records"];
    let dashboard = Served::start(&mut work.assay(&serve));
    let address = format!("{}/metrics", dashboard.url.trim_end_matches('/'));
    let scraped = loop {
        let scraped = Python::venv("prometheus")
            .script("conformance/prometheus/scrape.py")
            .arg(&address)
            .run()
            .remove(0);
        // Until the records have been read.
        if scraped["samples"]["assay_events{}"] != 0.0 {
            break scraped;
        }
    };
    assert_eq!(scraped["same"], true, "{scraped}");
    assert_eq!(scraped["helped"], true, "{scraped}");
    let kind = scraped["kind"].as_str().unwrap();
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    let of_miners = work.json(&[
        "query",
        "--records",
        "records",
        "SELECT hotkey, last_value(emission ORDER BY block) AS emission FROM epochs GROUP BY hotkey ORDER BY 2 DESC LIMIT 3",
    ]);
    for miner in of_miners.as_array().unwrap() {
        let hotkey = miner["hotkey"].as_str().unwrap();
        let (_, emission) = scraped["samples"]
            .as_object()
            .unwrap()
            .iter()
            .find(|(name, _)| name.starts_with("assay_miner_emission") && name.contains(hotkey))
            .unwrap_or_else(|| panic!("{hotkey} is not in {scraped}"));
        assert_eq!(emission, &miner["emission"], "{hotkey}");
    }
}

#[test]
#[ignore = "needs moto: cargo xtask test"]
fn records_are_copied_to_a_bucket_and_asked_there() {
    let storage = Python::venv("s3")
        .script("conformance/s3/serve.py")
        .arg("subnet")
        .serve();
    let work = Work::new();
    // As `up` and neurons have them: several programs' under one home.
    fs_err::create_dir_all(work.path("home/validator")).unwrap();
    fs_err::rename(work.path("records"), work.path("home/validator/records")).unwrap();
    MadeUp {
        seed: 2,
        hours: 1,
        ..MadeUp::default()
    }
    .record(&work.path("home/other/records"));
    let assay = |arguments: &[&str]| {
        let mut command = work.assay(arguments);
        command
            .env("AWS_ENDPOINT_URL", storage.said()["address"].as_str().unwrap())
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "hunter2");
        command.output().unwrap()
    };
    let json = |arguments: &[&str]| -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&printed(&assay(&arguments))).unwrap()
    };
    let copy = ["export", "storage", "s3://subnet/all", "--home", "home"];
    let copied = json(&copy);
    for (told, name) in copied.as_array().unwrap().iter().zip(["other", "validator"]) {
        assert_eq!(told["to"], format!("s3://subnet/all/{name}"));
        assert!(told["sent"].as_u64().unwrap() > 5, "{copied}");
    }
    assert!(
        json(&copy)
            .as_array()
            .unwrap()
            .iter()
            .all(|told| told["sent"] == 0)
    );

    let sql = "SELECT source, count(*) AS scores, round(sum(score), 6) AS sum FROM scores GROUP BY source ORDER BY source";
    let here = json(&["query", "--home", "home", sql]);
    assert!(!here.as_array().unwrap().is_empty());
    assert_eq!(json(&["query", "--records", "s3://subnet/all", sql]), here);

    let wrong = assay(&["query", "--records", "s3://nobodys/records", sql]);
    let told = refused(&wrong);
    assert!(
        told.contains("NoSuchBucket") && !told.contains("hunter2"),
        "{told}"
    );
    let unknown = work
        .assay(&["query", "--records", "s3://subnet/all", sql])
        .output();
    assert!(refused(&unknown.unwrap()).contains("AWS_ACCESS_KEY_ID"));
    let folder = assay(&["report", "--records", "s3://subnet/all"]);
    assert!(refused(&folder).contains("reads folders"));
}
