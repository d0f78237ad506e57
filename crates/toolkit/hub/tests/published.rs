//! A dataset from the event log to whoever loads it: built, published to our hub through the outbox, and loaded by the real
//! library, in both file formats and in each row format.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_hub::{
    Account, BatchLimits, HubClient, HubServer, HubServerConfig, Others, Outbox, Publication, RepoType,
    Target, Visibility, publish,
};
use assay_peers::Python;
use assay_records::{
    Log, LogConfig,
    dataset::{BuildPlan, Details, Existing, FileKind, Format, Report, Source, Splits, build},
    streams::PromptingStep,
};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use time::{Duration, macros::datetime};

const TOKEN: &str = "hf_minerminerminerminer";

/// A hub, a client of it, an outbox, and a log with sixty steps.
struct Bench {
    hub: HubServer,
    client: HubClient,
    outbox: Outbox,
    folder: TempDir,
    _log: Log,
}

impl Bench {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let hub = HubServer::start(
            HubServerConfig::new(folder.path().join("hub")).account(Account::new("miner", TOKEN)),
        )
        .await
        .unwrap();
        let log = Log::open(LogConfig::new(folder.path().join("records"), "5Fsource")).unwrap();
        for number in 0..60 {
            let step = PromptingStep {
                name: "answer0".to_owned(),
                prompt: format!("Question {number}: \"wofür\"?\n"),
                completions: vec![format!("Because of {number} ☃."), "No idea.".to_owned()],
                rewards: vec![Some(0.5 + f64::from(number) / 200.0), Some(0.1)],
                ..PromptingStep::default()
            };
            let time = datetime!(2026-11-29 12:00:00 UTC) + Duration::seconds(number.into());
            log.record(time, &step).unwrap();
        }
        log.flush().unwrap();
        Self {
            client: HubClient::new(&hub.url(), Some(TOKEN.to_owned().into())).unwrap(),
            outbox: Outbox::open(&folder.path().join("outbox"), BatchLimits::default())
                .await
                .unwrap(),
            hub,
            folder,
            _log: log,
        }
    }

    fn plan(&self) -> BuildPlan {
        let mut plan = BuildPlan::new([Source::Records(self.folder.path().join("records"))]);
        plan.title = "Sixty: questions".to_owned();
        plan.licence = "cc-by-4.0".to_owned();
        plan.splits = Splits::new([("train", 0.7), ("validation", 0.3)]).unwrap();
        plan.existing = Existing::Replace;
        plan.shard_bytes = 3_000;
        plan
    }

    async fn publish(&self, repo: &str, plan: &BuildPlan) -> Report {
        let dataset = self.folder.path().join("dataset");
        let report = build(plan, &dataset).unwrap();
        let publication = Publication {
            folder: dataset,
            target: Target::main(repo.parse().unwrap(), RepoType::Dataset),
            visibility: Visibility::Private,
            message: "Publish a dataset".to_owned(),
            others: Others::RemoveBelow("data".parse().unwrap()),
        };
        publish(&self.client, &self.outbox, &publication).await.unwrap();
        report
    }

    async fn loaded(&self, repo: &str) -> Vec<Value> {
        let (home, work) = (
            self.folder.path().join("home"),
            TempDir::new_in(self.folder.path()).unwrap(),
        );
        let script = Python::venv("hub")
            .script("conformance/hub/published.py")
            .arg(work.path())
            .arg(repo)
            .env("HF_ENDPOINT", self.hub.url())
            .env("HF_HOME", home)
            .env("HF_TOKEN", TOKEN)
            .env("MINER_TOKEN", TOKEN)
            .env("HF_HUB_DISABLE_PROGRESS_BARS", "1")
            .env("HF_HUB_DISABLE_TELEMETRY", "1");
        tokio::task::spawn_blocking(move || script.run()).await.unwrap()
    }
}

/// The rows of a split as we wrote them, which are lines of JSON.
fn written(dataset: &Path, report: &Report, split: usize) -> Vec<Value> {
    let files = &report.splits[split].files;
    files
        .iter()
        .flat_map(|file| {
            let text = fs_err::read_to_string(dataset.join(&file.path)).unwrap();
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect::<Vec<Value>>()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn the_real_library_loads_what_was_published_with_its_card() {
    let bench = Bench::new().await;
    for (name, format) in [
        ("chats", Format::Chat),
        ("prompts", Format::Prompt),
        ("pairs", Format::Preference { margin: 0.1 }),
    ] {
        let mut plan = bench.plan();
        (plan.format, plan.details) = (format, Details::Score);
        for file in [FileKind::Jsonl, FileKind::Parquet] {
            // The rows, as lines, to compare with.
            plan.file = FileKind::Jsonl;
            let report = build(&plan, &bench.folder.path().join("dataset")).unwrap();
            let splits = [0, 1].map(|split| written(&bench.folder.path().join("dataset"), &report, split));
            assert_eq!(splits[0].len() + splits[1].len(), 60);

            plan.file = file;
            let repo = format!("miner/{name}-{file:?}").to_lowercase();
            let report = bench.publish(&repo, &plan).await;
            let facts = bench.loaded(&repo).await;
            for (index, split) in ["train", "validation"].into_iter().enumerate() {
                assert_eq!(facts[index]["split"], split);
                assert_eq!(facts[index]["rows"], Value::from(splits[index].clone()), "{repo}");
                assert_eq!(facts[index]["streamed"], true);
            }
            assert_eq!(report.rows(), 60);
            assert_eq!(
                (
                    &facts[2]["license"],
                    &facts[2]["title"],
                    &facts[2]["config"],
                    &facts[2]["heading"]
                ),
                (
                    &json!("cc-by-4.0"),
                    &json!("Sixty: questions"),
                    &json!("default"),
                    &json!("# Sixty: questions")
                )
            );
            assert_eq!(facts[2]["size"], json!(["n<1K"]));
            assert_eq!(
                facts[2]["files"],
                json!({ "train": "data/train-*", "validation": "data/validation-*" })
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn a_new_edition_takes_the_place_of_the_old_one_there_too() {
    let bench = Bench::new().await;
    let mut plan = bench.plan();
    plan.format = Format::Prompt;
    let first = bench.publish("miner/ore", &plan).await;
    assert!(first.splits[0].files.len() > 1);
    // Fewer rows, one file each: with a leftover of the first edition there would be more.
    plan.min_reward = Some(0.6);
    plan.shard_bytes = 1 << 20;
    let second = bench.publish("miner/ore", &plan).await;
    assert!(second.rows() < first.rows());
    let facts = bench.loaded("miner/ore").await;
    let rows: usize = facts
        .iter()
        .filter_map(|fact| fact["rows"].as_array())
        .map(Vec::len)
        .sum();
    assert_eq!(rows as u64, second.rows());
}
