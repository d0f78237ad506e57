//! A process that is killed while it exports, again and again.

use super::{Running, Scene, config_in, run_file, stand_in::KEY, stand_in::StandIn, steps_of};
use assay_wandb::{Exporter, Mode, Server};
use secrecy::SecretString;
use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

const KILLS: u64 = 40;

/// Steps that happen in each life.
const STEPS: u64 = 10;

const HOME: &str = "ASSAY_WANDB_KILL_HOME";
const SERVER: &str = "ASSAY_WANDB_KILL_SERVER";

/// Kills an exporter again and again while steps happen; how many there were.
async fn killed_again_and_again(scene: &Scene, server: Option<&StandIn>) -> u64 {
    for kill in 0..KILLS {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", "kill::exports_until_it_is_killed", "--ignored"])
            .env(HOME, scene.home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(server) = server {
            command.env(SERVER, server.url());
        }
        let mut child = command.spawn().unwrap();
        for step in kill * STEPS..(kill + 1) * STEPS {
            scene.steps(step..step + 1);
            // Some are hit at their start, some while they send, write or keep their place.
            tokio::time::sleep(Duration::from_millis(kill * 7 % 23)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    KILLS * STEPS
}

#[tokio::test]
async fn kills_neither_lose_nor_double_what_is_sent() {
    let (server, scene) = (StandIn::start().await, Scene::new());
    let steps = killed_again_and_again(&scene, Some(&server)).await;
    let sent_before = server
        .seen()
        .runs
        .values()
        .map(|run| run.history().len())
        .sum::<usize>();
    assert!(sent_before > 0, "the lives were too short for anything");
    let exporter = Running::start(scene.live(&server));
    let all = usize::try_from(steps).unwrap();
    server
        .until(|seen| !seen.order.is_empty() && seen.run(0).history().len() >= all)
        .await;
    exporter.stop().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.order.len(), 1, "one run went on through all lives");
    assert_eq!(seen.run(0).rewritten, 0, "what is sent again is the same");
    assert_eq!(steps_of(&seen.run(0).history()), (0..steps).collect::<Vec<_>>());
}

#[tokio::test]
async fn kills_neither_lose_nor_double_what_is_written() {
    let scene = Scene::new();
    let steps = killed_again_and_again(&scene, None).await;
    scene.steps(steps..steps + 1);
    let exporter = Exporter::open(scene.config(Mode::Offline)).unwrap();
    let mut status = exporter.status();
    let ended = exporter.run_until(async move {
        status.wait_for(|status| status.exported > 0).await.unwrap();
    });
    ended.await.unwrap();
    let folders: Vec<PathBuf> = fs_err::read_dir(scene.home.path().join("wandb"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    let [folder] = &folders[..] else {
        panic!("one run went on through all lives: {folders:?}")
    };
    let id = folder.to_str().unwrap().rsplit_once('-').unwrap().1;
    let run = run_file::read(&folder.join(format!("run-{id}.wandb")));
    assert_eq!(steps_of(&run.history), (0..=steps).collect::<Vec<_>>());
    assert_eq!((run.begun, run.ended), (1, 1));
}

#[tokio::test]
#[ignore = "runs until it is killed"]
async fn exports_until_it_is_killed() {
    let Some(home) = env::var_os(HOME).map(PathBuf::from) else {
        return;
    };
    let mode = match env::var(SERVER) {
        Ok(base_url) => Mode::Online(Server {
            base_url,
            key: SecretString::from(KEY),
        }),
        Err(_) => Mode::Offline,
    };
    let exporter = Exporter::open(config_in(&home, mode)).unwrap();
    exporter.run_until(std::future::pending()).await.unwrap();
}
