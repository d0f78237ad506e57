//! What must not leave the machine, nor come into a log.

use super::{HOTKEY, NOON, Running, Scene, organic, prompting_step, stand_in::KEY, stand_in::StandIn};
use assay_wandb::{Mode, Texts, WandbConfig, WandbError};
use secrecy::SecretString;
use serde_json::json;
use std::{
    io,
    sync::{Arc, Mutex},
};
use tracing_subscriber::fmt::MakeWriter;

const PASSWORD: &str = "correct horse battery";
const HUB_TOKEN: &str = "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn logged() -> &'static Written {
    static LOGGED: std::sync::OnceLock<Written> = std::sync::OnceLock::new();
    LOGGED.get_or_init(|| {
        let written = Written::default();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(written.clone())
            .init();
        written
    })
}

#[tokio::test]
async fn secrets_leave_in_no_way() {
    let written = logged();
    let server = StandIn::start().await;
    let scene = Scene::new();
    let mut step = prompting_step(0);
    step.completions = vec![
        format!("your key is {KEY}"),
        format!("your password is {PASSWORD}, is it not"),
        format!("a token: {HUB_TOKEN}."),
    ];
    scene.log.record(NOON, &step).unwrap();
    scene.log.flush().unwrap();
    let mut config = scene.live(&server);
    config.redaction.secrets = vec![SecretString::from(PASSWORD)];
    config.settings.insert(
        "wallet".to_owned(),
        json!({ "name": "validator", "password": "hunter2hunter2", "hub.token": "something" }),
    );
    config
        .settings
        .insert("url".to_owned(), format!("https://u:{PASSWORD}@host").into());
    assert!(!format!("{config:?}").contains(KEY));
    let exporter = Running::start(config);
    server
        .until(|seen| seen.order.len() == 1 && !seen.run(0).history().is_empty())
        .await;
    exporter.stop().await.unwrap();

    let seen = server.seen();
    let history = seen.run(0).history();
    assert_eq!(
        history[0]["completions"],
        json!([
            "your key is ***",
            "your password is ***, is it not",
            "a token: ***."
        ])
    );
    let wallet = json!({ "value": { "name": "validator", "password": "***", "hub.token": "***" } });
    assert_eq!(seen.run(0).config["wallet"], wallet);
    let kept = fs_err::read_to_string(scene.home.path().join("wandb/exporter.json")).unwrap();
    let logged = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("events go into a W&B run"), "the log was caught");
    for secret in [KEY, PASSWORD, HUB_TOKEN, "hunter2hunter2"] {
        assert!(!seen.bodies.concat().contains(secret), "{secret} was sent");
        assert!(!kept.contains(secret), "{secret} was kept");
        assert!(!logged.contains(secret), "{secret} was logged");
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_without_the_key() {
    let written = logged();
    let server = StandIn::start().await;
    let scene = Scene::new();
    scene.steps(0..1);
    let wrong = "ffffffffffffffffffffffffffffffffffffffff";
    let mut config = scene.live(&server);
    if let Mode::Online(server) = &mut config.mode {
        server.key = SecretString::from(wrong);
    }
    let error = Running::start(config).task.await.unwrap().unwrap_err();
    assert!(
        matches!(error, WandbError::Refused { status: 401, .. }),
        "{error}"
    );
    let logged = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let told = format!("{error} {error:?} {logged}");
    assert!(error.to_string().contains("WANDB_API_KEY"), "{error}");
    use base64::Engine as _;
    let header = base64::engine::general_purpose::STANDARD.encode(format!("api:{wrong}"));
    assert!(!told.contains(wrong) && !told.contains(&header), "{error}");
    // Nothing is lost by it.
    let exporter = Running::start(scene.live(&server));
    server
        .until(|seen| seen.order.len() == 1 && seen.run(0).history().len() == 1)
        .await;
    exporter.stop().await.unwrap();
}

#[tokio::test]
async fn texts_go_where_their_authors_let_them() {
    // What is sent of a user's exchange, of a private one, and of one that the validator made up.
    for (texts, of_users, made_up) in [
        (Texts::All, true, true),
        (Texts::MadeUp, false, true),
        (Texts::Nothing, false, false),
    ] {
        let server = StandIn::start().await;
        let scene = Scene::new();
        scene.log.record(NOON, &organic("from a user", false)).unwrap();
        scene.log.record(NOON, &organic("private", true)).unwrap();
        scene.log.record(NOON, &prompting_step(0)).unwrap();
        scene.log.flush().unwrap();
        let mut config: WandbConfig = scene.live(&server);
        config.redaction.texts = texts;
        let exporter = Running::start(config);
        server
            .until(|seen| seen.order.len() == 1 && seen.run(0).history().len() == 3)
            .await;
        exporter.stop().await.unwrap();
        let history = server.seen().run(0).history();
        let [user, private, own] = &history[..] else {
            panic!("{history:?}")
        };
        assert_eq!(
            user.contains_key("organic_iterations/prompt"),
            of_users,
            "{texts:?}"
        );
        assert_eq!(user.contains_key("organic_iterations/reference"), of_users);
        let miner = |row: &serde_json::Map<String, serde_json::Value>| {
            row["organic_iterations/rewards"][0].as_object().unwrap().clone()
        };
        assert_eq!(miner(user).contains_key("completion"), of_users);
        assert_eq!(miner(user)["hotkey"], HOTKEY);
        assert_eq!(miner(user)["reward"], 0.75);
        assert!(!private.contains_key("organic_iterations/prompt"));
        assert!(!private.contains_key("organic_iterations/reference"));
        assert!(!miner(private).contains_key("completion"));
        for column in ["prompt", "completions", "best"] {
            assert_eq!(own.contains_key(column), made_up, "{texts:?} {column}");
        }
        assert_eq!(own["rewards"], json!([0.25, 0.5, null]), "numbers stay");
    }
}
