//! The official client reads and uploads what we write, and works with the server that stands in for the real one.

use super::{
    Scene, first_line,
    stand_in::{KEY, StandIn, StoredRun},
    steps_of,
};
use assay_peers::Python;
use assay_wandb::{Exporter, Mode, WandbConfig};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Exports until so many events have been, then stops.
async fn export(config: WandbConfig, events: u64) {
    let exporter = Exporter::open(config).unwrap();
    let mut status = exporter.status();
    exporter
        .run_until(async move {
            status.wait_for(|status| status.exported >= events).await.unwrap();
        })
        .await
        .unwrap();
}

/// `wandb sync` of a run's folder.
async fn sync(folder: PathBuf, server: &StandIn, home: &Path) {
    let (url, home) = (server.url(), home.to_owned());
    let uploaded = tokio::task::spawn_blocking(move || {
        Python::venv("wandb")
            .program("wandb")
            .arg("sync")
            .arg(folder)
            .env("WANDB_BASE_URL", url)
            .env("WANDB_API_KEY", KEY)
            .env("WANDB_ERROR_REPORTING", "false")
            .env("WANDB_DIR", &home)
            .env("HOME", home)
            .output()
    });
    uploaded.await.unwrap();
}

/// The folders of runs that were not uploaded.
fn waiting(scene: &Scene) -> Vec<PathBuf> {
    fs_err::read_dir(scene.home.path().join("wandb"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("offline-run-"))
        })
        .filter(|folder| {
            let mut files = fs_err::read_dir(folder).unwrap();
            !files.any(|file| {
                file.unwrap()
                    .file_name()
                    .to_string_lossy()
                    .ends_with(".wandb.synced")
            })
        })
        .collect()
}

/// What the client adds of itself is left out.
fn own(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.remove("_wandb");
    plain(Value::Object(fields)).as_object().cloned().unwrap()
}

/// The client writes 0.0 as 0.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, plain(value)))
                .collect(),
        ),
        other => other,
    }
}

fn rows(run: &StoredRun, file: &str) -> Vec<Map<String, Value>> {
    run.rows(file).into_iter().map(own).collect()
}

/// The config's values; older clients add an empty description to each.
fn settings(run: &StoredRun) -> Map<String, Value> {
    let own = own(run.config.clone());
    own.into_iter()
        .map(|(name, mut setting)| (name, setting["value"].take()))
        .collect()
}

#[tokio::test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn wandb_sync_uploads_our_run_as_we_send_it() {
    let scene = Scene::new();
    scene.one_of_each();
    // Records over several blocks.
    scene.steps(1..400);
    let (direct, synced) = (StandIn::start().await, StandIn::start().await);
    let mut live = scene.live(&direct);
    live.folder = scene.home.path().join("live");
    export(live, 404).await;
    export(scene.config(Mode::Offline), 404).await;
    let [folder] = &waiting(&scene)[..] else {
        panic!("{:?}", waiting(&scene))
    };
    sync(folder.clone(), &synced, scene.home.path()).await;

    let (direct, seen) = (direct.seen(), synced.seen());
    let (ours, theirs) = (direct.run(0), seen.run(0));
    let history = rows(theirs, "wandb-history.jsonl");
    assert_eq!(history.len(), 403);
    assert_eq!(Value::Object(history[0].clone()), plain(first_line()));
    assert_eq!(history, rows(ours, "wandb-history.jsonl"));
    assert_eq!(theirs.tags, ours.tags);
    assert_eq!(settings(theirs), settings(ours));
    assert_eq!((&theirs.entity, &theirs.project), (&ours.entity, &ours.project));
    let (system, ours_of_it) = (
        rows(theirs, "wandb-events.jsonl"),
        rows(ours, "wandb-events.jsonl"),
    );
    assert_eq!(system.len(), 1);
    assert_eq!(system[0]["system.gpu.0.gpu"], ours_of_it[0]["system.gpu.0.gpu"]);
    assert_eq!(system[0]["_runtime"], ours_of_it[0]["_runtime"]);
    assert_eq!(own(theirs.summary()), own(ours.summary()));
    assert_eq!(
        theirs.summary()["_wandb"]["runtime"],
        ours.summary()["_wandb"]["runtime"]
    );
    assert_eq!((theirs.exit_code, ours.exit_code), (Some(0), Some(0)));

    // The client has marked it as uploaded: what comes later is a run of its own.
    scene.steps(400..402);
    export(scene.config(Mode::Offline), 2).await;
    let [folder] = &waiting(&scene)[..] else {
        panic!("{:?}", waiting(&scene))
    };
    sync(folder.clone(), &synced, scene.home.path()).await;
    assert_eq!(steps_of(&synced.seen().run(1).history()), [400, 401]);
}

#[tokio::test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn a_run_that_a_kill_ended_is_uploaded_too() {
    let scene = Scene::new();
    scene.steps(0..50);
    export(scene.config(Mode::Offline), 50).await;
    let folder = waiting(&scene).pop().unwrap();
    // Cut in the middle of its last records.
    let file = fs_err::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "wandb"))
        .unwrap();
    let length = fs_err::metadata(&file).unwrap().len();
    let cut = fs_err::OpenOptions::new().write(true).open(&file).unwrap();
    cut.set_len(length - 600).unwrap();
    let server = StandIn::start().await;
    sync(folder, &server, scene.home.path()).await;
    let steps = steps_of(&server.seen().run(0).history());
    assert!(steps.len() >= 45, "{steps:?}");
    assert_eq!(steps, (0..steps.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn the_official_client_works_with_the_server_that_stands_in() {
    let server = StandIn::start().await;
    let home = tempfile::tempdir().unwrap();
    let (url, folder) = (server.url(), home.path().to_owned());
    let said = tokio::task::spawn_blocking(move || {
        Python::venv("wandb")
            .script("conformance/wandb/client.py")
            .arg(folder.clone())
            .arg("5")
            .env("WANDB_BASE_URL", url)
            .env("WANDB_API_KEY", KEY)
            .env("WANDB_ERROR_REPORTING", "false")
            .env("HOME", folder)
            .run()
    })
    .await
    .unwrap();
    let seen = server.seen();
    let run = seen.run(0);
    assert_eq!(said.last().unwrap()["run"], json!(seen.order[0]));
    assert_eq!(steps_of(&run.history()), (0..5).collect::<Vec<_>>());
    assert_eq!(run.history()[4]["rewards"], json!([0.25, 0.5, null]));
    assert_eq!(run.tags, ["1.2.0", "netuid_1"]);
    assert_eq!(run.config["neuron"], json!({ "value": { "sample_size": 10 } }));
    assert_eq!(run.summary()["block"], 4_100_004);
    assert_eq!(run.exit_code, Some(0));
}
