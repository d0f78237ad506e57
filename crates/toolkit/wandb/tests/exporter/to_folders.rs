//! Into folders that `wandb sync` takes.

use super::{Running, Scene, first_line, run_file, run_file::RunFile, steps_of};
use assay_wandb::{Exporter, Mode, Rotation, WandbConfig};
use serde_json::Value;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

/// The runs' files, oldest first.
fn run_files(scene: &Scene) -> Vec<PathBuf> {
    let Ok(folder) = fs_err::read_dir(scene.home.path().join("wandb")) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|folder| {
            let name = folder.file_name().unwrap().to_str().unwrap();
            let (stamp, id) = name.rsplit_once('-').unwrap();
            assert!(stamp.starts_with("offline-run-202"), "{name}");
            assert!(folder.join("files").is_dir());
            folder.join(format!("run-{id}.wandb"))
        })
        .collect();
    files.sort_by_key(|file| steps_of(&run_file::read(file).history));
    files
}

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

fn only(scene: &Scene) -> (PathBuf, RunFile) {
    let [file] = &run_files(scene)[..] else {
        panic!("{:?}", run_files(scene))
    };
    (file.clone(), run_file::read(file))
}

#[tokio::test]
async fn switched_off_it_touches_nothing() {
    let scene = Scene::new();
    scene.steps(0..3);
    let config = scene.config(Mode::default());
    Running::start(config).stop().await.unwrap();
    assert!(!scene.home.path().join("wandb").exists());
}

#[tokio::test]
async fn events_become_records_of_a_run() {
    let scene = Scene::new();
    scene.one_of_each();
    export(scene.config(Mode::Offline), 5).await;
    let (_, run) = only(&scene);
    assert_eq!(Value::Object(run.history[0].clone()), first_line());
    assert_eq!(run.history.len(), 4);
    assert_eq!(run.summary["forwards/answered"], 2);
    assert_eq!((run.begun, run.ended, run.system), (1, 1, 1));
    assert_eq!(run.numbers, (1..=run.numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn records_larger_than_a_block_and_of_any_length_are_framed() {
    let scene = Scene::new();
    // Each length moves the end of its record by a byte, past all ends of a block.
    for step in 0..300_usize {
        let mut event = super::prompting_step(step as u64);
        event.best = Some("x".repeat(if step % 50 == 0 { 100_000 } else { 31_500 + step }));
        scene.log.record(super::NOON, &event).unwrap();
    }
    scene.log.flush().unwrap();
    export(scene.config(Mode::Offline), 300).await;
    let (_, run) = only(&scene);
    assert_eq!(steps_of(&run.history), (0..300).collect::<Vec<_>>());
    assert_eq!(run.history[50]["best"].as_str().unwrap().len(), 100_000);
}

#[tokio::test]
async fn a_restart_goes_on_in_the_same_file_past_what_a_kill_tore() {
    let scene = Scene::new();
    scene.steps(0..5);
    export(scene.config(Mode::Offline), 5).await;
    let (file, run) = only(&scene);
    assert_eq!(run.ended, 1);
    let mut torn = fs_err::OpenOptions::new().append(true).open(&file).unwrap();
    torn.write_all(b"half a record").unwrap();
    drop(torn);
    scene.steps(5..8);
    export(scene.config(Mode::Offline), 3).await;
    let (again, run) = only(&scene);
    assert_eq!(again, file);
    assert_eq!(steps_of(&run.history), (0..8).collect::<Vec<_>>());
    assert_eq!(run.history[7]["_step"], 7);
    assert_eq!((run.begun, run.ended), (1, 1));
    assert_eq!(run.numbers, (1..=run.numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_run_that_was_uploaded_or_removed_is_followed_by_another() {
    let scene = Scene::new();
    scene.steps(0..2);
    export(scene.config(Mode::Offline), 2).await;
    let first = run_files(&scene).pop().unwrap();
    fs_err::write(first.with_extension("wandb.synced"), "").unwrap();
    scene.steps(2..4);
    export(scene.config(Mode::Offline), 2).await;
    assert_eq!(histories(&scene), [vec![0, 1], vec![2, 3]]);
    let second = run_files(&scene).pop().unwrap();
    fs_err::remove_dir_all(second.parent().unwrap()).unwrap();
    scene.steps(4..6);
    export(scene.config(Mode::Offline), 2).await;
    assert_eq!(histories(&scene), [vec![0, 1], vec![4, 5]]);
}

#[tokio::test]
async fn a_full_run_is_ended_and_another_begins() {
    let scene = Scene::new();
    scene.steps(0..7);
    let rotation = Rotation {
        steps: 3,
        lines: 90_000,
    };
    let config = WandbConfig {
        rotation,
        ..scene.config(Mode::Offline)
    };
    export(config, 7).await;
    assert_eq!(histories(&scene), [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    for file in run_files(&scene) {
        assert_eq!(run_file::read(&file).ended, 1);
    }
}

#[tokio::test]
async fn the_oldest_runs_make_room_and_uploaded_ones_first() {
    let scene = Scene::new();
    let rotation = Rotation {
        steps: 1,
        lines: 90_000,
    };
    let config = |offline_bytes| WandbConfig {
        rotation,
        offline_bytes,
        ..scene.config(Mode::Offline)
    };
    scene.steps(0..4);
    export(config(u64::MAX), 4).await;
    let files = run_files(&scene);
    let bytes = fs_err::metadata(&files[3]).unwrap().len();
    fs_err::write(files[2].with_extension("wandb.synced"), "").unwrap();
    // Room for two and a half beside the new one.
    scene.steps(4..5);
    export(config(bytes * 5 / 2), 1).await;
    assert_eq!(histories(&scene), [vec![1], vec![3], vec![4]]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_waited_for() {
    let scene = Scene::new();
    scene.steps(0..1);
    let config = scene.config(Mode::Offline);
    let exporter = Exporter::open(config.clone()).unwrap();
    let mut status = exporter.status();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(exporter.run_until(async {
        let _ = stopped.await;
    }));
    status.wait_for(|status| status.exported == 1).await.unwrap();
    let away = scene.home.path().join("away");
    fs_err::rename(&config.folder, &away).unwrap();
    fs_err::write(&config.folder, "").unwrap();
    scene.steps(1..3);
    status.wait_for(|status| status.failing.is_some()).await.unwrap();
    put_back(&config.folder, &away);
    scene.steps(3..4);
    let is_well = |status: &assay_wandb::Status| status.exported == 4 && status.failing.is_none();
    status.wait_for(is_well).await.unwrap();
    stop.send(()).unwrap();
    task.await.unwrap().unwrap();
    assert_eq!(histories(&scene), [vec![0, 1, 2, 3]]);
}

fn put_back(folder: &Path, away: &Path) {
    fs_err::remove_file(folder).unwrap();
    fs_err::rename(away, folder).unwrap();
}

fn histories(scene: &Scene) -> Vec<Vec<u64>> {
    run_files(scene)
        .iter()
        .map(|file| steps_of(&run_file::read(file).history))
        .collect()
}
