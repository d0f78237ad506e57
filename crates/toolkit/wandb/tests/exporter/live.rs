//! To a server.

use super::{
    HOTKEY, Running, Scene, first_line, prompting_step, stand_in::Plan, stand_in::StandIn, steps_of,
};
use assay_wandb::{Begin, Mode, Rotation, WandbConfig, WandbError};
use serde_json::{Value, json};

#[tokio::test]
async fn events_of_all_streams_become_a_run() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    scene.one_of_each();
    let mut config = scene.live(&server);
    config.tags = vec!["custom_gating_model".to_owned()];
    config
        .settings
        .insert("neuron".to_owned(), json!({ "sample_size": 10 }));
    let exporter = Running::start(config);
    server
        .until(|seen| seen.order.len() == 1 && seen.run(0).history().len() == 4)
        .await;
    exporter.stop().await.unwrap();

    let seen = server.seen();
    let run = seen.run(0);
    assert_eq!(
        (run.entity.as_str(), run.project.as_str()),
        ("opentensor-dev", "openvalidators")
    );
    assert_eq!(
        run.tags,
        ["1.2.0", HOTKEY, "netuid_1", "prompting", "custom_gating_model"]
    );
    assert_eq!(run.config["netuid"], json!({ "value": 1 }));
    assert_eq!(run.config["neuron"], json!({ "value": { "sample_size": 10 } }));
    let history = run.history();
    assert_eq!(Value::Object(history[0].clone()), first_line());
    assert_eq!(history[1]["forwards/seconds"], 11.5);
    assert_eq!(history[1]["_step"], 1);
    assert_eq!(history[1]["_runtime"], 1.0);
    assert_eq!(history[2]["set_weights"], json!([[4, 0.75], [7, 0.25]]));
    assert_eq!(history[3]["organic_iterations/rewards"][0]["reward"], 0.75);
    let system = run.rows("wandb-events.jsonl");
    assert_eq!(system[0]["system.cpu"], 12.5);
    assert_eq!(system[0]["system.memory_percent"], 75.0);
    assert_eq!(system[0]["system.gpu.0.gpu"], 97.0);
    let summary = run.summary();
    assert_eq!(summary["block"], 4_100_000);
    assert_eq!(summary["forwards/answered"], 2);
    assert_eq!(summary["_step"], 3);
    assert_eq!(run.exit_code, Some(0), "it ended well");
}

#[tokio::test]
async fn a_restart_goes_on_with_the_same_run() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    for day in 0..3 {
        scene.steps(day * 5..day * 5 + 5);
        let exporter = Running::start(scene.live(&server));
        let lines = usize::try_from(day * 5 + 5).unwrap();
        server
            .until(|seen| seen.order.len() == 1 && seen.run(0).history().len() == lines)
            .await;
        exporter.stop().await.unwrap();
        // What was read as lines is Parquet the next time.
        scene.log.roll().unwrap();
    }
    let seen = server.seen();
    assert_eq!(seen.order.len(), 1);
    assert_eq!(seen.run(0).announced, 3);
    assert_eq!(steps_of(&seen.run(0).history()), (0..15).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_outage_neither_loses_nor_doubles_events() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    scene.steps(0..5);
    server.change(|seen| {
        seen.plans = [
            Plan::Refuse(503, None),
            Plan::Refuse(429, Some(0)),
            Plan::LoseAnswer, // of the announcement
            Plan::Refuse(500, None),
            Plan::LoseAnswer,
            Plan::LoseAnswer,
        ]
        .into();
    });
    let exporter = Running::start(scene.live(&server));
    server
        .until(|seen| seen.order.len() == 1 && seen.run(0).history().len() == 5)
        .await;
    server.change(|seen| seen.down = Some(Plan::Refuse(503, None)));
    scene.steps(5..40);
    let asked = server.seen().requests;
    server.until(|seen| seen.requests > asked + 3).await;
    server.change(|seen| seen.down = None);
    server.until(|seen| seen.run(0).history().len() == 40).await;
    exporter.stop().await.unwrap();
    let seen = server.seen();
    assert_eq!(steps_of(&seen.run(0).history()), (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for() {
    let scene = Scene::new();
    scene.steps(0..3);
    let server = StandIn::start().await;
    let config = scene.live(&server);
    drop(server);
    let exporter = assay_wandb::Exporter::open(config).unwrap();
    let mut status = exporter.status();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(exporter.run_until(async {
        let _ = stopped.await;
    }));
    let failing = status
        .wait_for(|status| status.failing.is_some())
        .await
        .unwrap()
        .clone();
    assert_eq!(failing.exported, 0);
    stop.send(()).unwrap();
    task.await.unwrap().unwrap();

    let server = StandIn::start().await;
    let exporter = Running::start(scene.live(&server));
    server
        .until(|seen| seen.order.len() == 1 && seen.run(0).history().len() == 3)
        .await;
    exporter.stop().await.unwrap();
}

#[tokio::test]
async fn a_batch_that_arrived_before_a_kill_comes_once() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    let mut lines = 0;
    for life in 0..3 {
        // The lines arrive, and the exporter ends before it knows: nothing tells this from a kill.
        server.change(|seen| seen.down = Some(Plan::LoseLinesAnswer));
        scene.one_of_each();
        scene.steps(life * 3 + 1..life * 3 + 4);
        lines += 7;
        let exporter = Running::start(scene.live(&server));
        server
            .until(|seen| seen.order.len() == 1 && seen.run(0).history().len() == lines)
            .await;
        exporter.stop().await.unwrap();
        server.change(|seen| seen.down = None);
        // More happens before the next start, at the same times.
        scene.one_of_each();
        lines += 4;
        let exporter = Running::start(scene.live(&server));
        server.until(|seen| seen.run(0).history().len() == lines).await;
        exporter.stop().await.unwrap();
    }
    let seen = server.seen();
    assert_eq!(seen.order.len(), 1);
    let history = seen.run(0).history();
    let mut steps = steps_of(&history);
    steps.sort_unstable();
    assert_eq!(steps, [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let numbers: Vec<u64> = history.iter().map(|row| row["_step"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..33).collect::<Vec<_>>());
    assert_eq!(seen.run(0).rewritten, 0, "what is sent again is the same");
}

#[tokio::test]
async fn a_full_run_is_ended_and_another_begins() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    for step in 0..7 {
        // Two rows of the same step stay together.
        scene.steps(step..step + 1);
        scene.steps(step..step + 1);
    }
    let rotation = Rotation {
        steps: 3,
        lines: 90_000,
    };
    let exporter = Running::start(WandbConfig {
        rotation,
        ..scene.live(&server)
    });
    server
        .until(|seen| seen.order.len() == 3 && seen.run(2).history().len() == 2)
        .await;
    exporter.stop().await.unwrap();
    let seen = server.seen();
    let steps: Vec<Vec<u64>> = (0..3).map(|run| steps_of(&seen.run(run).history())).collect();
    assert_eq!(
        steps,
        [vec![0, 0, 1, 1, 2, 2], vec![3, 3, 4, 4, 5, 5], vec![6, 6]]
    );
    assert_eq!(seen.run(1).history()[0]["_step"], 0);
    assert_eq!(seen.run(1).history()[0]["_runtime"], 0.0);
    for run in 0..3 {
        assert_eq!(seen.run(run).exit_code, Some(0));
    }
}

#[tokio::test]
async fn a_run_takes_no_more_lines_than_the_server_does() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    scene.steps(0..10);
    let rotation = Rotation {
        steps: 1_500,
        lines: 4,
    };
    let exporter = Running::start(WandbConfig {
        rotation,
        ..scene.live(&server)
    });
    server
        .until(|seen| seen.order.len() == 3 && seen.run(2).history().len() == 2)
        .await;
    exporter.stop().await.unwrap();
    assert_eq!(server.seen().run(0).history().len(), 4);
}

#[tokio::test]
async fn a_run_that_was_deleted_is_followed_by_another() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    scene.steps(0..2);
    let exporter = Running::start(scene.live(&server));
    server
        .until(|seen| seen.order.len() == 1 && seen.run(0).history().len() == 2)
        .await;
    server.change(|seen| seen.deleted = seen.order.clone());
    scene.steps(2..4);
    server
        .until(|seen| seen.order.len() == 2 && seen.run(1).history().len() == 2)
        .await;
    exporter.stop().await.unwrap();
    assert_eq!(steps_of(&server.seen().run(1).history()), [2, 3]);
}

#[tokio::test]
async fn an_event_that_the_server_does_not_take_holds_nothing_up() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    server.change(|seen| seen.poison = Some("poison".to_owned()));
    scene.steps(0..5);
    let mut bad = prompting_step(5);
    bad.best = Some("poison".to_owned());
    scene
        .log
        .record(super::NOON + time::Duration::minutes(5), &bad)
        .unwrap();
    scene.steps(6..9);
    let exporter = assay_wandb::Exporter::open(scene.live(&server)).unwrap();
    let mut status = exporter.status();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(exporter.run_until(async {
        let _ = stopped.await;
    }));
    let end = status
        .wait_for(|status| status.exported == 8)
        .await
        .unwrap()
        .clone();
    assert_eq!(end.left_out, 1);
    stop.send(()).unwrap();
    task.await.unwrap().unwrap();
    let history = server.seen().run(0).history();
    assert_eq!(steps_of(&history), [0, 1, 2, 3, 4, 6, 7, 8]);
    assert_eq!(history[7]["_step"], 7);
}

#[tokio::test]
async fn a_silent_run_is_kept_alive() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    scene.steps(0..1);
    let exporter = Running::start(scene.live(&server));
    server
        .until(|seen| seen.order.len() == 1 && seen.run(0).beats >= 3)
        .await;
    exporter.stop().await.unwrap();
    assert_eq!(server.seen().run(0).exit_code, Some(0));
}

#[tokio::test]
async fn what_happened_before_the_first_start_stays_out_unless_asked_for() {
    let server = StandIn::start().await;
    let scene = Scene::new();
    scene.steps(0..3);
    let config = WandbConfig {
        begin: Begin::Now,
        ..scene.live(&server)
    };
    let exporter = Running::start(config.clone());
    // In the future, so that it is after the start on any clock.
    let later = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
    scene.log.record(later, &prompting_step(3)).unwrap();
    scene.log.flush().unwrap();
    server
        .until(|seen| seen.order.len() == 1 && !seen.run(0).history().is_empty())
        .await;
    exporter.stop().await.unwrap();
    assert_eq!(steps_of(&server.seen().run(0).history()), [3]);
}

#[tokio::test]
async fn settings_that_cannot_work_are_told_at_the_start() {
    let scene = Scene::new();
    let server = StandIn::start().await;
    let refused = |change: fn(&mut WandbConfig)| {
        let mut config = scene.live(&server);
        change(&mut config);
        assay_wandb::Exporter::open(config).unwrap_err().to_string()
    };
    assert!(refused(|config| config.project = "a/b".to_owned()).contains("project"));
    assert!(refused(|config| config.tags = vec!["t".repeat(65)]).contains("64 characters"));
    assert!(refused(|config| config.rotation.lines = 0).contains("rotation"));
    assert!(
        refused(|config| {
            if let Mode::Online(server) = &mut config.mode {
                server.base_url = "api.wandb.ai".to_owned();
            }
        })
        .contains("base URL")
    );
    let _first = assay_wandb::Exporter::open(scene.live(&server)).unwrap();
    let second = assay_wandb::Exporter::open(scene.live(&server)).unwrap_err();
    assert!(matches!(second, WandbError::InUse { .. }), "{second}");
}
