//! `assay gateway key`, `assay miner chat` and `assay validator chat` as processes on a devnet.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_chain::{Call, ChainClient, ConnectOptions, NetUid};
use assay_devnet::{BlockProduction, Devnet, DevnetConfig, Spec};
use assay_keys::{KeyRole, Overwrite, Pair, Protection, Scheme, Wallet};
use assay_localnet::free_addresses;
use assay_records::{
    Stream, read,
    streams::{AxonCalls, BlockSeen, Forward, Hardware, OrganicIteration, Score},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Instant, sleep, timeout},
};

/// Nothing here takes long; a test that waits this long has hung.
const PATIENCE: Duration = Duration::from_secs(60);

const SPEC: &str = r#"
[[wallets]]
name = "owner"
[[wallets]]
name = "v"
[[wallets]]
name = "m"
tao = 10
[[subnets]]
owner = "owner"
tempo = 360
commit_reveal = false
[[subnets.neurons]]
hotkey = "v"
stake = 5000
permit = true
[[subnets.neurons]]
hotkey = "m"
"#;

struct World {
    devnet: Devnet,
    folder: TempDir,
    client: reqwest::Client,
}

impl World {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let devnet = Devnet::start(DevnetConfig {
            blocks: BlockProduction::Every(Duration::from_millis(200)),
            genesis: Some(Spec::parse(SPEC).unwrap().genesis),
            ..DevnetConfig::default()
        })
        .await
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in ["v", "m", "stranger"] {
            let pair = Pair::from_uri(&format!("//{name}//default"), Scheme::Sr25519).unwrap();
            Wallet::open(folder.path().join("w"), name, "default")
                .create(KeyRole::Hotkey, &pair, &Protection::Plain, Overwrite::Refuse)
                .unwrap();
        }
        Self {
            devnet,
            folder,
            client: reqwest::Client::new(),
        }
    }

    fn command(&self, wallet: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        command
            .args(arguments)
            .args(["-n", &self.devnet.url(), "-w", wallet, "--wallet-path", "w"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn output(&self, wallet: &str, arguments: &[&str]) -> Output {
        let output = self.command(wallet, arguments).output();
        let output = timeout(PATIENCE, output).await;
        output
            .unwrap_or_else(|_| panic!("{arguments:?} came to no end"))
            .unwrap()
    }

    /// Standard output and standard error of a command that works.
    async fn ran(&self, arguments: &[&str]) -> (String, String) {
        let output = self.output("v", arguments).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (told, prose) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{arguments:?}: {prose}");
        (told, prose)
    }

    /// The exit code and the error of a command that does not.
    async fn refused(&self, wallet: &str, arguments: &[&str]) -> (i32, String) {
        let output = self.output(wallet, arguments).await;
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// The status and the body of a chat.
    async fn chat(&self, gateway: SocketAddr, key: &str, question: &str) -> (StatusCode, Value) {
        let request = self
            .client
            .post(format!("http://{gateway}/v1/chat/completions"))
            .bearer_auth(key)
            .json(&json!({"model": "assay", "messages": [{"role": "user", "content": question}]}));
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// Asks until the gateway answers with this status.
    async fn chat_until(&self, wanted: StatusCode, gateway: SocketAddr, key: &str, question: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, body) = self.chat(gateway, key, question).await;
            if status == wanted {
                return body;
            }
            assert!(Instant::now() < deadline, "it stays {status}: {body}");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The next line of a program.
async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
    serde_json::from_str(&line.unwrap()).unwrap()
}

async fn end(mut child: Child) {
    let asked = Command::new("kill")
        .args(["-TERM", &child.id().unwrap().to_string()])
        .status()
        .await;
    assert!(asked.unwrap().success());
    let status = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}

/// The folder in which a neuron of this side has recorded what it did.
fn records(world: &World, side: &str) -> PathBuf {
    let homes = world.folder.path().join(".assay").join(side);
    let home = std::fs::read_dir(homes).unwrap().next().unwrap().unwrap();
    home.path().join("records")
}

fn events<S: Stream>(folder: &Path) -> Vec<S> {
    let events = read::<S>(folder, ..).unwrap();
    events.map(|event| event.unwrap().event).collect()
}

/// A word of the person's that is in none of the questions that validators make up, which are recorded.
const NAME: &str = "Wilhelmine";

/// Both sides have recorded what they did and saw, each by itself, and nobody's words or keys.
fn recorded(world: &World, key: &str) {
    let validator = records(world, "validators");
    let forwards: Vec<Forward> = events(&validator);
    let scored: u32 = forwards.iter().map(|forward| forward.answered).sum();
    assert!(scored > 0, "{forwards:?}");
    let samples: Vec<OrganicIteration> = events(&validator);
    let private: Vec<_> = samples.iter().filter(|sample| sample.is_private).collect();
    assert!(private.iter().any(|sample| sample.rewards[0].reward > Some(0.0)));
    let scores: Vec<Score> = events(&validator);
    assert!(
        scores
            .iter()
            .any(|score| score.reward > Some(0.0) && score.score > Some(0.0))
    );
    assert!(!events::<BlockSeen>(&validator).is_empty());

    let miner = records(world, "miners");
    let calls: Vec<AxonCalls> = events(&miner);
    let me = Pair::from_uri("//v//default", Scheme::Sr25519).unwrap().account();
    let asked = calls.iter().filter(|calls| calls.caller == Some(me.to_string()));
    assert!(asked.map(|calls| calls.calls).sum::<u64>() > 0, "{calls:?}");
    let hardware: Vec<Hardware> = events(&miner);
    assert!(hardware[0].process_memory_bytes > Some(0));

    let files = [&validator, &miner].map(walkdir::WalkDir::new);
    for file in files.into_iter().flatten() {
        let file = file.unwrap();
        if file.file_type().is_file() {
            let text = String::from_utf8_lossy(&fs_err::read(file.path()).unwrap()).into_owned();
            assert!(
                !text.contains(NAME) && !text.contains(key),
                "{}",
                file.path().display()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_with_a_key_are_answered_by_the_miner_and_scored() {
    let world = World::new().await;
    let keys = ["--folder", "keys"];
    let create = ["gateway", "key", "create"];
    let (key, prose) = world
        .ran(
            &[
                &create[..],
                &["ada", "--private", "--requests-per-minute", "1000"],
                &keys,
            ]
            .concat(),
        )
        .await;
    let key = key.trim();
    assert!(key.starts_with("sk-assay-") && !prose.contains(key), "{prose}");
    let (made, prose) = world
        .ran(&[&create[..], &["bob", "--json", "--relayed-only"], &keys].concat())
        .await;
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(prose, "");
    let (bob, bobs) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let taken = world.refused("v", &[&create[..], &["bob"], &keys].concat()).await;
    assert!(taken.0 == 1 && taken.1.contains("already"), "{taken:?}");

    let (listed, _) = world
        .ran(&[&["gateway", "key", "list"][..], &keys].concat())
        .await;
    for told in [
        "ada",
        "bob",
        bob,
        "1000 a minute",
        "private",
        "the relayed one",
        "open",
    ] {
        assert!(listed.contains(told), "{told}: {listed}");
    }
    let list = [&["gateway", "key", "list", "--json"][..], &keys].concat();
    let (text, _) = world.ran(&list).await;
    let listed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(listed[0]["name"], "ada");
    assert_eq!(listed[0]["quotas"], json!({"requests_per_minute": 1000}));
    assert_eq!(listed[1]["id"], bob);
    for secret in [key, bobs, "sha256"] {
        assert!(!text.contains(secret), "{text}");
    }

    let addresses = free_addresses(2).unwrap();
    let (axon, gateway) = (addresses[0], addresses[1]);
    let miner = world
        .command(
            "m",
            &["miner", "chat", "--netuid", "2", "--axon", &axon.to_string()],
        )
        .spawn()
        .unwrap();
    let mut validator = world
        .command(
            "v",
            &[
                "validator",
                "chat",
                "--netuid",
                "2",
                "--gateway",
                &gateway.to_string(),
                "--keys",
                "keys",
                "--trigger-frequency",
                "1",
                "--trigger-frequency-min",
                "0.1",
                "--json",
            ],
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(validator.stdout.take().unwrap()).lines();
    let serving = json!({"event": "serving", "gateway": format!("http://{gateway}/v1")});
    let mut first = line(&mut lines).await;
    while first["event"] == "failed" {
        // The miner is not seen yet, and the validator has nobody to ask.
        first = line(&mut lines).await;
    }
    assert_eq!(first, serving);
    let question = &*format!("What is the opposite of hot? {NAME} asks.");
    let answer = world.chat_until(StatusCode::OK, gateway, key, question).await;
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(!text.trim().is_empty(), "{answer}");
    let hotkey = Pair::from_uri("//m//default", Scheme::Sr25519).unwrap().account();
    loop {
        let told = line(&mut lines).await;
        assert!(!told.to_string().contains(NAME), "{told}");
        // Until the miner is seen there is nobody to ask, and questions of the validator's own may fail.
        if told["source"] == "private" {
            assert_eq!(told["rewards"][0]["hotkey"], hotkey.to_string());
            assert_eq!(told["rewards"][0]["relayed"], true);
            assert!(told["rewards"][0]["reward"].as_f64().unwrap() > 0.0, "{told}");
            break;
        }
    }

    world.chat_until(StatusCode::OK, gateway, bobs, question).await;
    let revoke = [&["gateway", "key", "revoke", "bob"][..], &keys].concat();
    let (code, said) = world.refused("v", &revoke).await;
    assert!(code == 1 && said.contains("--yes"), "{said}");
    let (said, _) = world.ran(&[&revoke[..], &["--dry-run"]].concat()).await;
    assert!(said.contains("would revoke") && said.contains(bob), "{said}");
    world.chat_until(StatusCode::OK, gateway, bobs, question).await;
    world.ran(&[&revoke[..], &["--yes"]].concat()).await;
    let refusal = world
        .chat_until(StatusCode::UNAUTHORIZED, gateway, bobs, question)
        .await;
    assert_eq!(refusal["error"]["code"], "invalid_api_key");
    let (listed, _) = world.ran(&list).await;
    assert!(serde_json::from_str::<Value>(&listed).unwrap()[1]["revoked"].is_u64());
    let (code, said) = world.refused("v", &[&revoke[..], &["--yes"]].concat()).await;
    assert!(code == 1 && said.contains("no key `bob`"), "{said}");
    world.chat_until(StatusCode::OK, gateway, key, question).await;

    // The pipe stays open to the end: what is told last has a reader.
    end(validator).await;
    drop(lines);
    end(miner).await;
    recorded(&world, key);
    world.devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_loses_its_slot_ends_with_the_code_of_no_permission_and_says_so() {
    let world = World::new().await;
    let axon = free_addresses(1).unwrap()[0].to_string();
    let serve = ["axon", "serve", "Echo", "--field", "text:str", "--netuid", "2"];
    let place = ["--listen", &axon, "--external", &axon];
    let miner = world
        .command("m", &[&serve[..], &place].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();

    let chain = ChainClient::connect(world.devnet.url().parse().unwrap(), ConnectOptions::default())
        .await
        .unwrap();
    let pair = |uri| Pair::from_uri(uri, Scheme::Sr25519).unwrap();
    let hotkey = pair("//m//default").account();
    let until = Instant::now() + PATIENCE;
    loop {
        let metagraph = chain.metagraph(NetUid(2)).await.unwrap();
        if metagraph.by_hotkey(&hotkey).unwrap().axon.is_some() {
            break;
        }
        assert!(Instant::now() < until, "the miner is not published");
        sleep(Duration::from_millis(50)).await;
    }
    // Its owner gives the slot to another hotkey.
    let swap = Call::swap_hotkey(&hotkey, &pair("//m//heir").account(), Some(NetUid(2)));
    let swapped = chain.submit(&pair("//m"), &swap).await.unwrap();
    swapped.finalized().await.unwrap();

    let ended = timeout(PATIENCE, miner.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(77), "{said}");
    assert!(
        said.contains("has lost its slot")
            && said.contains("is not registered in subnet 2")
            && said.contains("assay subnet register --netuid 2"),
        "{said}"
    );
    world.devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_work_is_told_why_and_ends_with_a_code() {
    let world = World::new().await;
    let axon = free_addresses(1).unwrap()[0].to_string();
    let mine = ["miner", "chat", "--netuid", "2", "--axon", &axon];
    let validate = ["validator", "chat", "--netuid", "2", "--gateway", "127.0.0.2:0"];
    for command in [&mine[..], &validate] {
        for dry in [&[][..], &["--dry-run"]] {
            let (code, said) = world.refused("stranger", &[command, dry].concat()).await;
            assert_eq!(code, 77, "{said}");
            assert!(
                said.contains("is not registered in subnet 2")
                    && said.contains("hint: register it for")
                    && said.contains("assay subnet register --netuid 2"),
                "{said}"
            );
        }
    }
    let (planned, _) = world.ran(&[&validate[..], &["--dry-run"]].concat()).await;
    assert!(planned.contains("would validate in subnet 2"), "{planned}");

    let serve = ["axon", "serve", "Echo", "--field", "text:str", "--netuid", "2"];
    let (code, said) = world.refused("stranger", &serve).await;
    assert!(code == 77 && said.contains("hint: register it for"), "{said}");

    // The chain would refuse it, whatever else is right.
    let local = ["miner", "chat", "--netuid", "2", "--axon", "127.0.0.1:9000"];
    for command in [
        &local[..],
        &[&serve[..], &["--external", "127.0.0.1:9000"]].concat(),
    ] {
        let (code, said) = world.refused("m", command).await;
        assert!(code == 78 && said.contains("--external IP:PORT"), "{said}");
    }
    let nobody = ["--endpoint", "http://127.0.0.1:9/v1", "--endpoint-model", "x"];
    let without = ["--endpoint-key-env", "NO_SUCH_KEY", "--home", "h"];
    let (code, said) = world.refused("m", &[&mine[..], &nobody, &without].concat()).await;
    assert!(code == 1 && said.contains("NO_SUCH_KEY"), "{said}");

    let taken = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let beside = ["validator", "chat", "--netuid", "2", "--gateway", &place];
    let (code, said) = world.refused("v", &beside).await;
    assert!(
        code == 78 && said.contains(&place) && said.contains("--gateway"),
        "{said}"
    );

    let organic = world.folder.path().join("organic.toml");
    fs_err::write(&organic, "trigger_frequency = 5.0\nsample_size = 0\n").unwrap();
    let tuned = [&validate[..], &["--organic", "organic.toml"]].concat();
    let (code, said) = world.refused("v", &tuned).await;
    assert!(code == 78 && said.contains("sample_size"), "{said}");
    // A flag counts more than the file.
    let flagged = ["--sample-size", "2", "--trigger-frequency", "0"];
    let (code, said) = world.refused("v", &[&tuned[..], &flagged].concat()).await;
    assert!(code == 78 && said.contains("trigger_frequency"), "{said}");
    fs_err::write(&organic, "[organic]\nsample_size = 2\n").unwrap();
    let (code, said) = world.refused("v", &tuned).await;
    assert!(code == 1 && said.contains("without a table"), "{said}");
    world.devnet.stop().await;
}
