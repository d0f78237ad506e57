//! Pages, JSON and metrics of what was recorded, through a real socket.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../../../toolkit/analysis/tests/made_up/mod.rs"]
mod made_up_records;

use assay_dashboard::{About, Dashboard, DashboardConfig, report};
use made_up_records::{MadeUp, hotkey};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

struct Serving {
    url: String,
    client: reqwest::Client,
    _stop: oneshot::Sender<()>,
    _records: TempDir,
}

impl Serving {
    async fn start(made_up: &MadeUp) -> Serving {
        let records = tempfile::tempdir().unwrap();
        made_up.record(records.path());
        let config = DashboardConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            ..DashboardConfig::default()
        };
        let folders = vec![records.path().to_owned()];
        let dashboard = Dashboard::bind_to_records(config, folders).await.unwrap();
        let url = dashboard.url().trim_end_matches('/').to_owned();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(dashboard.serve(async {
            let _ = stopped.await;
        }));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build()
            .unwrap();
        let serving = Serving {
            url,
            client,
            _stop: stop,
            _records: records,
        };
        while serving.get("/api/records").await.1 == "[]" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        serving
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self
            .client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

#[tokio::test]
async fn tables_and_miners_are_there_as_json() {
    let serving = Serving::start(&MadeUp::default()).await;
    let tables = serving.json("/api/records").await;
    let names: BTreeSet<&str> = tables
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 30, "{names:?}");
    for name in names {
        let table = serving.json(&format!("/api/records/{name}")).await;
        assert!(table["sql"].as_str().unwrap().contains("SELECT"), "{table}");
        let columns = table["columns"].as_array().unwrap();
        let row = table["rows"][0].as_object().unwrap();
        assert_eq!(row.len(), columns.len(), "{table}");
    }
    let miner = serving.json(&format!("/api/miner/{}", hotkey(3))).await;
    let changes: Vec<&str> = miner["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["what"].as_str().unwrap())
        .collect();
    assert_eq!(changes, ["Incentive", "Emission", "Score", "Loss"]);
    let why = miner["changes"][2]["why"].as_str().unwrap();
    assert!(why.contains("rewards in between"), "{why}");

    assert_eq!(serving.get("/api/records/nothing").await.0, 404);
    assert_eq!(serving.get("/api/miner/5Nobody").await.0, 404);
    let (status, page) = serving.get("/miner/%3Cscript%3E").await;
    assert_eq!(status, 404);
    assert!(!page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn every_metric_that_grafana_draws_is_scraped() {
    let serving = Serving::start(&MadeUp::default()).await;
    let (status, text) = serving.get("/metrics").await;
    assert_eq!(status, 200, "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let scraped: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next().unwrap())
        .collect();
    let miners = serving.json("/api/records/miners").await;
    let first = &miners["rows"][0];
    let line = text
        .lines()
        .find(|line| {
            line.starts_with("assay_miner_score{") && line.contains(first["hotkey"].as_str().unwrap())
        })
        .unwrap();
    let value: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert_eq!(Some(value), first["score"].as_f64(), "{line}");

    let grafana = serving.json("/grafana.json").await;
    let mut drawn = BTreeSet::new();
    for panel in grafana["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let words = target["expr"]
                .as_str()
                .unwrap()
                .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            drawn.extend(words.filter(|word| word.starts_with("assay_")).map(str::to_owned));
        }
    }
    // What only a run knows.
    let of_a_run = ["assay_block", "assay_problems"];
    for metric in &drawn {
        assert!(
            scraped.contains(metric.as_str()) || of_a_run.contains(&metric.as_str()),
            "{metric} is drawn and not scraped: {scraped:?}"
        );
    }
    for metric in scraped {
        assert!(drawn.contains(metric), "{metric} is scraped and not drawn");
    }
}

#[tokio::test]
async fn a_report_stands_alone() {
    let records = tempfile::tempdir().unwrap();
    MadeUp::default().record(records.path());
    let folders = [records.path().to_owned()];
    let mut follower = assay_analysis::Follower::new(
        &folders,
        assay_analysis::Scope::default(),
        assay_analysis::Limits::none(),
    );
    follower.read();
    let about = About {
        title: "A <subnet>".to_owned(),
        names: HashMap::from([(hotkey(0), "steady".to_owned())]),
        ..About::default()
    };
    let made = report(follower.store(), &about);
    assert!(made.html.contains("A &lt;subnet&gt;"));
    assert!(made.html.contains("steady"));
    for elsewhere in ["src=", "href=\"http", "href=\"/", "url(", "<script"] {
        assert!(!made.html.contains(elsewhere), "{elsewhere}");
    }
    let names: BTreeSet<&str> = made.plots.iter().map(|plot| plot.name.as_str()).collect();
    assert_eq!(names.len(), made.plots.len(), "{names:?}");
    assert!(names.len() > 15, "{names:?}");
    for plot in &made.plots {
        assert!(
            plot.svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""),
            "{}",
            plot.svg
        );
        assert!(!plot.svg.contains("NaN"), "{}", plot.name);
    }
}
