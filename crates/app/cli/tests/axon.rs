//! `assay axon serve`, `call` and `probe`, and `assay doctor`: a miner from the shell, and why it is not reached.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Spec};
use assay_keys::{KeyRole, Overwrite, Pair, Protection, Scheme, Wallet};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

const ECHO: [&str; 6] = [
    "--field",
    "text:str",
    "--field",
    "reply:Optional[str]=null",
    "--hash",
    "text",
];
const HI: &str = r#"{"text": "hi", "reply": null}"#;

struct Shell {
    folder: TempDir,
}

impl Shell {
    /// With the wallets `m` and `v`.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["m", "v"] {
            let pair = Pair::from_uri(&format!("//{name}//default"), Scheme::Sr25519).unwrap();
            Wallet::open(folder.path().join("w"), name, "default")
                .create(KeyRole::Hotkey, &pair, &Protection::Plain, Overwrite::Refuse)
                .unwrap();
        }
        Self { folder }
    }

    fn command(&self, wallet: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command
            .args(arguments)
            .args(["-w", wallet, "--wallet-path"])
            .arg(self.folder.path().join("w"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, wallet: &str, arguments: &[&str]) -> (Output, String) {
        let output = self.command(wallet, arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output, told)
    }

    /// A miner with these arguments, and `HOTKEY@IP:PORT` of it.
    fn serve(&self, arguments: &[&str]) -> (Serving, String) {
        let all = [
            &["axon", "serve", "Echo", "--listen", "127.0.0.1:0"],
            &ECHO[..],
            arguments,
        ]
        .concat();
        let mut child = self.command("m", &all).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut place = String::new();
        said.read_line(&mut place).unwrap();
        (Serving { child, _said: said }, place.trim().to_owned())
    }
}

/// A miner that ends with this value.
struct Serving {
    child: Child,
    /// Kept open: a miner whose standard error is gone could not tell anything more.
    _said: BufReader<std::process::ChildStderr>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_miner_is_served_called_and_probed_from_the_shell() {
    let shell = Shell::new();
    let (_miner, place) = shell.serve(&[]);
    let (output, told) = shell.run(
        "v",
        &["axon", "call", &place, "Echo", HI, "--hash", "text", "--json"],
    );
    assert!(output.status.success(), "{told}");
    let told = answer(&output);
    assert_eq!(
        (&told["outcome"], &told["answer"]["text"]),
        (&json!("answered"), &json!("hi"))
    );

    // The other dialect, on the same port.
    let (output, told) = shell.run("v", &["axon", "call", &place, "Echo", HI, "--dialect", "btauth"]);
    assert!(output.status.success(), "{told}");

    // What is refused says why, and what to do.
    for (arguments, reason, hint) in [
        (vec![&*place, "Echo", HI], "hash", "--hash"),
        (
            vec![&*place, "Ecko", HI],
            "no such route",
            "name of the synapse's class",
        ),
    ] {
        let (output, told) = shell.run("v", &[&["axon", "call"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(told.contains(reason) && told.contains(hint), "{told}");
    }

    let (output, told) = shell.run("v", &["axon", "probe", &place, "--sign", "--json"]);
    assert!(output.status.success(), "{told}");
    let found = answer(&output);
    assert_eq!(
        (&found["fine"], &found["identity"]),
        (&json!(true), &json!("proven"))
    );
    assert_eq!(found["dialects"].as_array().unwrap().len(), 3);

    // Another hotkey's axon is not taken for the one that was looked for.
    let (_, address) = place.split_once('@').unwrap();
    let other = Pair::from_uri("//Nobody", Scheme::Sr25519).unwrap().account();
    let (output, told) = shell.run("v", &["axon", "probe", &format!("{other}@{address}")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("another hotkey"), "{told}");
}

#[test]
fn a_program_of_any_language_answers_and_its_failures_are_the_miners() {
    let shell = Shell::new();
    let script = |name: &str, text: &str| {
        let path = shell.folder.path().join(name);
        fs_err::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = script(
        "good",
        "#!/bin/sh\ncat > \"$HOME/question\"\necho '{\"text\": \"hi\", \"reply\": \"ih\"}'\n",
    );
    let (miner, place) = shell.serve(&["--exec", &good]);
    let call = ["axon", "call", &place, "Echo", HI, "--hash", "text", "--json"];
    let (output, told) = shell.run("v", &call);
    assert!(output.status.success(), "{told}");
    assert_eq!(answer(&output)["answer"]["reply"], "ih");
    let question: Value =
        serde_json::from_slice(&fs_err::read(shell.folder.path().join("question")).unwrap()).unwrap();
    let caller = Pair::from_uri("//v//default", Scheme::Sr25519).unwrap().account();
    assert_eq!(
        (&question["caller"], &question["fields"]["text"]),
        (&json!(caller.to_string()), &json!("hi"))
    );
    drop(miner);

    for (name, text) in [
        ("failing", "#!/bin/sh\ncat > /dev/null\nexit 3\n"),
        ("babbling", "#!/bin/sh\ncat > /dev/null\necho no JSON\n"),
        ("slow", "#!/bin/sh\nexec sleep 60\n"),
    ] {
        let (_miner, place) = shell.serve(&["--exec", &script(name, text)]);
        let call = [
            "axon",
            "call",
            &place,
            "Echo",
            HI,
            "--hash",
            "text",
            "--timeout",
            "2",
            "--json",
        ];
        let (output, _) = shell.run("v", &call);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert_ne!(answer(&output)["outcome"], "answered", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let spec = Spec::parse(
        r#"
[[wallets]]
name = "owner"
[[wallets]]
name = "m"
[[subnets]]
owner = "owner"
[[subnets.neurons]]
hotkey = "m"
axon = "127.0.0.2:9"
"#,
    )
    .unwrap();
    let devnet = Devnet::start(DevnetConfig {
        blocks: BlockProduction::OnDemand,
        genesis: Some(spec.genesis),
        ..DevnetConfig::default()
    })
    .await
    .unwrap();
    devnet.produce(1).await.unwrap();
    let (shell, url) = (Shell::new(), devnet.url());
    let look = |wallet: &'static str, role: &'static str| {
        let shell = &shell;
        let url = url.clone();
        let command = shell.command(
            wallet,
            &["doctor", "--netuid", "2", "--role", role, "-n", &url, "--json"],
        );
        run_apart(command)
    };
    // Nobody listens where the miner says that it does.
    let (code, found) = look("m", "miner").await;
    assert_eq!(code, Some(1));
    let about = |found: &Value, subject: &str| {
        let findings = found["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|finding| finding["subject"] == subject)
            .cloned()
            .unwrap()
    };
    let stops = |finding: &&Value| finding["subject"] == "axon" && finding["verdict"] == "stops";
    let axon = found["findings"].as_array().unwrap().iter().find(stops);
    assert!(axon.unwrap()["remedy"].is_string(), "{found:#}");
    assert_eq!(about(&found, "registration")["verdict"], "passes");
    // A stranger is told to register.
    let (code, found) = look("v", "validator").await;
    assert_eq!(code, Some(1));
    let registration = about(&found, "registration");
    assert!(
        registration["remedy"].as_str().unwrap().contains("register"),
        "{found:#}"
    );
    devnet.stop().await;
}

/// Runs a program beside the node that it talks to.
async fn run_apart(mut command: Command) -> (Option<i32>, Value) {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
    (output.status.code(), found)
}
